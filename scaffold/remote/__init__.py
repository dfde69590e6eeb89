"""A server over SSH: the user's own `ssh`, with its configuration, agent, jump hosts and known hosts."""

import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .. import refusals
from ..errors import NotReady
from ..facts.survey import Survey, logins, survey

SCRIPT = Path(__file__).parent / "look.sh"
CONNECT_SECONDS, LOOK_SECONDS = 15, 90
"""How long a connection may take that nobody types anything for, and all of what is looked at."""
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

    def _logins(self) -> tuple[str, ...]:
        """Return the ways to log in that it offers, which it names when it is given none."""
        done = self._run("", "true", PreferredAuthentications="none", BatchMode="yes", ControlPath="none")
        return logins(done.stderr)

    def _run(self, stdin: str, *words: str, **options: str) -> "subprocess.CompletedProcess[str]":
        """Run words there, with a text for their standard input; NotReady without an `ssh`, or when it takes too long.

        An unknown host key is shown and asked about by `ssh` itself, at the terminal, or refused: never accepted.
        """
        if not shutil.which("ssh"):
            raise NotReady("there is no `ssh` command", hint="install OpenSSH's client (openssh-client)")
        strict = {"StrictHostKeyChecking": "ask"} if self.ask else {"StrictHostKeyChecking": "yes", "BatchMode": "yes"}
        chosen = [
            word for name, value in {**OPTIONS, **strict, **options}.items() for word in ("-o", f"{name}={value}")
        ]
        try:
            return subprocess.run(
                ["ssh", *chosen, "--", self.address, *words],
                input=stdin,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=None if self.ask else LOOK_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise NotReady(
                f"{self.address} did not answer within {LOOK_SECONDS} s", hint=f"ssh {self.address}"
            ) from error


def _last(said: str) -> tuple[str, ...]:
    return tuple(said.strip().splitlines()[-3:])
