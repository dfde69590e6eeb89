"""A server over SSH: the user's own `ssh`, with its configuration, agent, jump hosts and known hosts."""

import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

from .. import refusals
from ..errors import NotReady
from ..facts.survey import Survey, logins, survey

SCRIPT = Path(__file__).parent / "look.sh"
CONNECT_SECONDS, LOOK_SECONDS = 15, 90
"""How long a connection may take that nobody types anything for, and all of what is looked at."""
PERSIST_SECONDS = 60
"""How long a master outlives the last of its clients: as long as one that was killed left it alone."""
LOOPBACK = re.compile(r"127\.|\[?::1\]?$|localhost$|.*\.localhost$")
OPTIONS = {
    "ConnectTimeout": f"{CONNECT_SECONDS}",
    "ServerAliveInterval": "5",
    "ServerAliveCountMax": "3",
    # What the configuration may have for people who log in, and would stand in our way.
    "RemoteCommand": "none",
    "RequestTTY": "no",
    "ClearAllForwardings": "yes",
    "ForwardAgent": "no",
}


@dataclass(frozen=True)
class Server:
    """A server, by the address that `ssh` takes."""

    address: str
    ask: bool
    """Whether somebody is there whom `ssh` may ask about an unknown host key, or for a passphrase."""

    @cached_property
    def _configured(self) -> Mapping[str, str]:
        """What the user's configuration says of the connection: ssh_config(5)."""
        done = subprocess.run(
            ["ssh", "-G", "--", self.address], capture_output=True, text=True, errors="replace", check=False
        )
        return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)

    @property
    def host(self) -> str:
        """The name or the address that `ssh` connects to."""
        return self._configured.get("hostname", self.address)

    @property
    def direct(self) -> bool:
        """Whether that leads visitors to the server, too: not from elsewhere, and not to a tunnel that begins here."""
        through = {self._configured.get(name, "none") for name in ("proxyjump", "proxycommand")}
        return through <= {"none"} and not LOOPBACK.match(self.host)

    def look(self) -> Survey:
        """Return what the server is like, and change nothing; NotReady when it cannot be reached, or lets nobody in."""
        asked = time.time()
        done = self._run(SCRIPT.read_text(encoding="utf-8"), "sh", "-s")
        answered = time.time()
        if done.returncode:
            raise refusals.error(self.address, done.returncode, done.stderr)
        try:
            return survey(done.stdout, asked=asked, answered=answered, logins=self._logins())
        except ValueError as error:
            raise NotReady(f"{self.address} could not be looked at: {error}", evidence=_last(done.stderr)) from error

    def master(self, control: Path, log: Path) -> None:
        """Connect, and leave the connection to a master that listens at a socket; NotReady when there is no way in.

        Where `ssh` needs to ask, it does so at the terminal. The master ends a while after the last of its clients.
        """
        options = {"ControlMaster": "yes", "ControlPath": str(control), "ControlPersist": f"{PERSIST_SECONDS}"}
        with log.open("wb") as said:
            # Not through a pipe: an older master keeps its end open, and nobody would see the last of it.
            status = self._started(options, said)
        if status:
            raise refusals.error(self.address, status, log.read_text(errors="replace"))

    def _started(self, options: Mapping[str, str], said: IO[bytes]) -> int:
        limit = None if self.ask else LOOK_SECONDS
        words = self._words(options, "true")
        try:
            return subprocess.run(
                words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False, timeout=limit
            ).returncode
        except subprocess.TimeoutExpired as error:
            raise self._silent() from error

    def _logins(self) -> tuple[str, ...]:
        """Return the ways to log in that it offers, which it names when it is given none."""
        done = self._run("", "true", PreferredAuthentications="none", BatchMode="yes", ControlPath="none")
        return logins(done.stderr)

    def _run(self, stdin: str, *words: str, **options: str) -> "subprocess.CompletedProcess[str]":
        """Run words there, with a text for their standard input; NotReady without an `ssh`, or when it takes too long.

        An unknown host key is shown and asked about by `ssh` itself, at the terminal, or refused: never accepted.
        """
        try:
            return subprocess.run(
                self._words(options, *words),
                input=stdin,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=None if self.ask else LOOK_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise self._silent() from error

    def _words(self, options: Mapping[str, str], *words: str) -> list[str]:
        if not shutil.which("ssh"):
            raise NotReady("there is no `ssh` command", hint="install OpenSSH's client (openssh-client)")
        strict = {"StrictHostKeyChecking": "ask"} if self.ask else {"StrictHostKeyChecking": "yes", "BatchMode": "yes"}
        chosen = {**OPTIONS, **strict, **options}.items()
        return [
            "ssh",
            *(word for name, value in chosen for word in ("-o", f"{name}={value}")),
            "--",
            self.address,
            *words,
        ]

    def _silent(self) -> NotReady:
        return NotReady(f"{self.address} did not answer within {LOOK_SECONDS} s", hint=f"ssh {self.address}")


def _last(said: str) -> tuple[str, ...]:
    return tuple(said.strip().splitlines()[-3:])
