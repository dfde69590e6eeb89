"""One command at a time may change a project: a lock that ends with the process, and a note on who has it."""

import fcntl
import getpass
import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from .. import history, wholefile
from ..errors import NotReady
from ..record import ROLLBACK, UP
from ..remote.there import There

FILE = "lock"
LOCK_SECONDS = 0.5
"""How long whoever looks at a lock may have it."""
MODE = 0o644
WRITING = {UP, ROLLBACK}
"""The commands that make the folder where it is not there yet: they write their history into it."""


@dataclass(frozen=True)
class Holder:
    """Who has the lock."""

    command: str
    who: str
    pid: int
    since: str

    def __str__(self) -> str:
        return f"`stack {self.command}` of {self.who} (process {self.pid}), since {self.since}"


def who() -> str:
    """Return the person, also behind sudo, and the machine."""
    person = os.environ.get("SUDO_USER", "")
    with suppress(OSError, KeyError):  # a user without a name
        person = person or getpass.getuser()
    return f"{person or os.getuid()}@{platform.node()}"


@contextmanager
def alone(directory: Path, command: str = "") -> Iterator[Holder | None]:
    """Keep a second command that changes something away from a project; NotReady that names the first one for it.

    Gives who had it before and did not end: that process was killed. The lock itself ends with its process. Without a
    command, nothing is noted.
    """
    with (
        _locked_there(directory) if isinstance(directory, There) else _locked_here(directory) as pid,
        _noted(directory, command, pid) if command else nullcontext(holder(directory)) as before,
    ):
        yield before


@contextmanager
def _locked_here(directory: Path) -> Iterator[int]:
    handle = os.open(directory, os.O_RDONLY)
    try:
        _lock(handle, directory)
        yield os.getpid()
    finally:
        os.close(handle)


@contextmanager
def _locked_there(directory: There) -> Iterator[int]:
    """Have the lock on the server, where a process has it as long as the connection holds: gives that one."""
    with directory.line.locked(directory) as pid:
        if pid is None:
            raise _taken(directory, holder(directory))
        yield pid


@contextmanager
def _noted(directory: Path, command: str, pid: int) -> Iterator[Holder | None]:
    before = holder(directory)
    ours = Holder(command, who(), pid, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
    with suppress(OSError):  # the lock holds without it
        place = history.folder(directory) if command in WRITING else directory / history.FOLDER
        wholefile.write(place / FILE, json.dumps(asdict(ours)).encode(), MODE)
    try:
        yield before
    finally:
        # Also of one that failed: it has said so, and a note that is left means that nobody could.
        with suppress(OSError):
            (directory / history.FOLDER / FILE).unlink(missing_ok=True)


def holder(directory: Path) -> Holder | None:
    """Return who has written that he has the lock; None where nobody has, or it cannot be read."""
    try:
        return Holder(**json.loads((directory / history.FOLDER / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _alive(holder: Holder | None) -> Holder | None:
    """Return who has written that he has the lock, unless his process has ended: the note may be an older one's."""
    try:
        if holder:
            os.kill(holder.pid, 0)
    except PermissionError:
        return holder
    except OSError:
        return None
    return holder


def _lock(handle: int, directory: Path) -> None:
    """Take the lock, also from somebody who has it for a moment, to see whether it is free."""
    deadline = time.monotonic() + LOCK_SECONDS
    while not _locked(handle):
        if time.monotonic() > deadline:
            raise _taken(directory, _alive(holder(directory)))
        time.sleep(LOCK_SECONDS / 10)


def _taken(directory: Path, by: Holder | None) -> NotReady:
    return NotReady(
        f"{by or 'another `stack`'} is at work in {directory}; nothing was touched", hint="wait for it, then try again"
    )


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
