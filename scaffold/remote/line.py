"""One connection to a server that everything of a command goes through: a master of `ssh`, and its clients (ssh(1))."""

import base64
import errno
import os
import re
import secrets
import shlex
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Lock, Thread
from typing import Any

from ..errors import NotReady
from ..facts.survey import Survey, survey
from . import SCRIPT, Server

SHELL = """\
answer() {
  fed=$1
  shift
  {
    status=$({
      {
        if [ "$fed" ]; then printf %s "$fed" | base64 -d | sh -c "$@" 2>&1; else sh -c "$@" 2>&1 </dev/null; fi
        echo "$?" >&4
      } | base64 >&3
    } 4>&1)
  } 3>&1
  echo "= $status"
}
"""
FOLDER_GONE = 97
"""The status of a command whose folder is not there, or closed."""
LIFELINE = f"""\
cd -- "$1" || exit {FOLDER_GONE}
fed=$2
shift 2
exec 3<&0
# Read to its end before anybody else reads: the dot keeps new lines that it ends with.
text=$(head -c "$fed" <&3; echo .)
printf %s "${{text%.}}" | "$@" 3<&- &
child=$!
{{
  while [ "$(timeout 30 head -c 1 <&3 2>/dev/null | wc -c)" -eq 1 ]; do :; done
  kill -TERM "$child" 2>/dev/null
}} >/dev/null 2>&1 &
watch=$!
exec 3<&-
wait "$child"
status=$?
kill "$watch" 2>/dev/null
exit "$status"
"""
"""Arguments: FOLDER BYTES WORDS… Runs these words with the first bytes of what comes, and ends them when no more comes.

So does nothing go on there of which nobody here knows any more: a network that is gone ends nothing by itself. TERM,
because what a shell starts in the background does not hear INT.
"""
LOCK = """\
exec 9<"$1" || exit
# Whoever only looks has it for a moment.
for _ in 1 2 3; do flock -n 9 && break; sleep 1; done
if flock -n 9; then echo $$; else echo taken; exit; fi
while [ "$(timeout 30 head -c 1 2>/dev/null | wc -c)" -eq 1 ]; do :; done
"""
"""Argument: FOLDER. Says its process, and has the lock until its standard input ends, or nothing comes any more."""
FIRST_PORT, PORTS, TRIES = 40_000, 20_000, 10
"""The ports here that a forwarded one may get, and how many are tried."""
BEAT_SECONDS = 5
"""How often whoever waits there hears that we are here."""
READY = b"= ready\n"
SURVEY_SECONDS = 5
"""How long a look at the server is good for."""


@dataclass(frozen=True)
class Answer:
    """What a script has said, standard error among it, and how it ended."""

    status: int
    said: bytes


@dataclass(frozen=True, eq=False)
class Line:
    """A connection that is open; when it is gone, whatever would go through it raises ConnectionError or ends."""

    server: Server
    folder: Path
    """Its sockets, in a place of its own."""
    asking: "list[Shell]" = field(default_factory=list, compare=False)
    _looking: "Lock" = field(default_factory=Lock, compare=False)
    _looks: list[tuple[float, Survey]] = field(default_factory=list, compare=False)
    _ports: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict, compare=False)

    @property
    def address(self) -> str:
        """The server's address, as it was given."""
        return self.server.address

    @property
    def control(self) -> Path:
        """The master's socket."""
        return self.folder / "master"

    def client(self, *words: str, terminal: bool = False) -> list[str]:
        """Return a command that runs words there, each as it is, over this connection and no other."""
        # Nobody's configuration: the connection is there. Without it there is no way, instead of another connection.
        plain = ["ssh", "-F", "none", "-S", str(self.control), "-o", "ProxyCommand=false", "-o", "LogLevel=ERROR"]
        return [*plain, "-tt" if terminal else "-T", "--", self.address, shlex.join(words)]

    def tied(self, folder: Path, words: Sequence[str], fed: int = 0) -> list[str]:
        """Return a command that runs words in a folder there until they end, or its own standard input does."""
        return self.client("sh", "-c", LIFELINE, "sh", str(folder), f"{fed}", *words)

    @property
    def holds(self) -> bool:
        """Whether the connection is there."""
        try:
            return self.run(":").status == 0
        except ConnectionError:
            return False

    def run(self, script: str, *words: str, fed: bytes = b"") -> Answer:
        """Run a POSIX shell script there, with words as its arguments, and wait for it; ConnectionError."""
        return self.asking[0].ask(f"LC_ALL=C; export LC_ALL\n{script}", words, fed)

    def feed(self, script: str, *words: str, fed: bytes) -> Answer:
        """Run a script there that takes much, in a session of its own; what ends the connection ends its input."""
        done = subprocess.run(
            self.client("sh", "-c", f"LC_ALL=C; export LC_ALL\n{script}", "sh", *words),
            input=fed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            start_new_session=True,  # Ctrl-C is for us to hear
        )
        return Answer(done.returncode, done.stdout)

    def survey(self) -> Survey:
        """Return what the server was like within the last few seconds; StackError."""
        with self._looking:
            if not self._looks or time.monotonic() - self._looks[-1][0] > SURVEY_SECONDS:
                self._looks.append((time.monotonic(), self._surveyed()))
            return self._looks[-1][1]

    def _surveyed(self) -> Survey:
        asked, script = time.time(), SCRIPT.read_bytes()
        done = subprocess.run(
            self.client("sh", "-s"), input=script, capture_output=True, check=False, start_new_session=True
        )
        try:
            return survey(done.stdout.decode(errors="replace"), asked=asked, answered=time.time())
        except ValueError as error:
            raise NotReady(f"{self.address} could not be looked at: {error}", hint=f"ssh {self.address}") from error

    @contextmanager
    def locked(self, folder: Path) -> Iterator[int | None]:
        """Have the lock of a folder there, as long as the connection holds; gives the process that has it.

        None when somebody else has it; NotReady when nobody could.
        """
        process = subprocess.Popen(
            self.client("sh", "-c", LOCK, "sh", str(folder)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        said = process.stdout.readline() if process.stdout else b""
        try:
            if said.strip().isdigit():
                with beating(process):
                    yield int(said)
            elif said.strip() == b"taken":
                yield None
            else:
                raise NotReady(f"{folder} on {self.address} cannot be locked", evidence=(said.decode().strip(),))
        finally:
            process.communicate()

    def forward(self, there: str) -> Path:
        """Return a socket here that leads to one there, or to ADDRESS:PORT; NotReady when the server forbids it."""
        here = self.folder / re.sub(r"[^\w.]+", "-", there.strip("/"))
        if here.exists():
            return here
        done = self._tell("forward", "-L", f"{here}:{there}")
        if done.returncode:
            raise NotReady(
                f"{self.address} does not let {there} be reached over SSH",
                evidence=tuple(done.stderr.strip().splitlines()[-3:]),
                hint="AllowStreamLocalForwarding and AllowTcpForwarding yes in /etc/ssh/sshd_config there",
            )
        return here

    def port(self, address: str, port: int) -> tuple[str, int]:
        """Return an address and a port here that lead to those of the server; NotReady when it does not allow that."""
        with self._looking:
            if (address, port) not in self._ports:
                self._ports[address, port] = ("127.0.0.1", self._forwarded(address, port))
            return self._ports[address, port]

    def _forwarded(self, address: str, port: int) -> int:
        said = ""
        for _ in range(TRIES):  # one may be somebody's
            here = FIRST_PORT + secrets.randbelow(PORTS)
            done = self._tell("forward", "-L", f"127.0.0.1:{here}:{address}:{port}")
            if not done.returncode:
                return here
            said = done.stderr
        raise NotReady(
            f"{self.address} does not let port {port} be reached over SSH",
            evidence=tuple(said.strip().splitlines()[-3:]),
            hint="AllowTcpForwarding yes in /etc/ssh/sshd_config there",
        )

    def close(self) -> None:
        """End the connection, and whatever still goes through it."""
        self._tell("exit")

    def _tell(self, what: str, *words: str) -> "subprocess.CompletedProcess[str]":
        master = ["ssh", "-F", "none", "-S", str(self.control), "-O", what, *words, "--", self.address]
        return subprocess.run(master, capture_output=True, text=True, errors="replace", check=False)


@contextmanager
def beating(process: "subprocess.Popen[Any]") -> Iterator[None]:
    """Send something now and then to a process that ends when nothing comes any more."""
    ended = Event()

    def beat() -> None:
        while process.stdin and not ended.wait(BEAT_SECONDS):
            try:
                os.write(process.stdin.fileno(), b".")
            except (OSError, ValueError):
                return

    thread = Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def opened(server: Server) -> Iterator[Line]:
    """Open a connection, asking for what `ssh` has to ask; NotReady that says why when there is no way in."""
    # /tmp, because the name of a socket has room for about a hundred letters.
    with TemporaryDirectory(prefix="stack-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        line = Line(server, Path(folder))
        server.master(line.control, Path(folder) / "said")
        # The master ends by itself a while after the last of its clients: this one is there as long as we are.
        line.asking.append(Shell(line))
        try:
            yield line
        finally:
            line.close()
            shell = line.asking.pop()
            shell.end()
            shell.close()


class Shell:
    """A shell on the server that answers one question after another: a client of `ssh` for each takes 0.1 s alone."""

    def __init__(self, line: Line) -> None:
        self._address = line.address
        self._process = subprocess.Popen(
            line.client("sh", "-s"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us to hear
        )
        if self._process.stdin:
            self._process.stdin.write(SHELL.encode() + b"echo; echo %b" % READY)
        self._ready = False
        # In a thread of its own, which Ctrl-C does not interrupt either: half a question would spoil the next.
        self._thread = ThreadPoolExecutor(1, "server")

    def ask(self, script: str, words: Sequence[str], fed: bytes) -> Answer:
        """Return what a script says that is given words and a standard input; ConnectionError."""
        question = shlex.join([base64.b64encode(fed).decode(), script, "sh", *words])
        try:
            return self._thread.submit(self._answered, question.encode(errors="surrogateescape")).result()
        except (OSError, ValueError, RuntimeError) as error:
            raise ConnectionError(errno.ENOTCONN, f"the connection to {self._address} is gone") from error

    def _answered(self, question: bytes) -> Answer:
        if not self._process.stdin or not self._process.stdout:
            raise ValueError("no pipes")
        self._process.stdin.write(b"answer %b\n" % question)
        self._process.stdin.flush()
        if not self._ready:  # what somebody's profile prints comes before that
            self._ready = any(line == READY for line in self._process.stdout)
        said: list[bytes] = []
        for line in self._process.stdout:
            if line.startswith(b"= "):
                return Answer(int(line[2:]), base64.b64decode(b"".join(said)))
            said.append(line)
        raise ConnectionError("it ended")

    def end(self) -> None:
        """End it at once, whatever it is doing: whoever waits for an answer gets a ConnectionError."""
        self._process.kill()

    def close(self) -> None:
        """Wait for its end, which has to be on its way."""
        self._thread.shutdown()
        self._process.communicate()
