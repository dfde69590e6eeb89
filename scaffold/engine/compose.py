"""Running `docker compose`: quietly to read, line by line to act."""

import errno
import json
import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import places
from ..errors import NotReady, StackError, WrongInput
from ..facts import release
from ..remote.line import FOLDER_GONE, beating
from ..remote.there import There

INSTALL = "https://docs.docker.com/engine/install/ tells how to get Docker Engine with Compose"
DEVELOPMENT = ("compose.yaml", "compose.dev.yaml")
KNOWS_INCLUDE = (2, 20)
"""An older Compose calls the files wrong, when it is itself too old."""
READ_SECONDS = 15
"""How long Compose may take to read its files."""
FEED_SECONDS = 60
END_SECONDS = 5
"""How long a command may take to end that only tells something."""
TAIL = 15
"""Lines of a failed command that are evidence."""

IN_FOLDER = f'cd -- "$1" || exit {FOLDER_GONE}; shift; exec "$@"'

STDIN = ("--project-directory", ".", "--file", "-")
"""What has Compose read a model that it is given."""

Say = Callable[[str], None]
"""Takes one line of progress."""
Patch = Mapping[str, Mapping[str, Any]]
"""What is to be different, for one command, in services."""


def model(folder: Path, files: Sequence[str] = ()) -> str:
    """Return the project as Compose understands its files, as JSON; WrongInput when it does not."""
    return _read(folder, *_named(files), "config", "--format", "json")


def neighbour(folder: Path) -> str:
    """Return the model of a project that is not the one at work; what is set for that one alone does not count."""
    return _read(folder, "config", "--format", "json", own=False)


def services(folder: Path) -> frozenset[str]:
    """Return the names of all services that the files define, those of every profile among them."""
    return frozenset(_read(folder, "--profile", "*", "config", "--services").split())


def hashes(folder: Path, resolved: str) -> dict[str, str]:
    """Return Compose's own hash of every service, as it gives them to containers.

    Of the model, not of the files: of a service with an `env_file` the files have another hash than its container
    (docker/compose issue 14001).
    """
    printed = _read(folder, *STDIN, "config", "--hash", "*", stdin=resolved)
    pairs = (line.split(maxsplit=1) for line in printed.splitlines())
    return {service: digest for service, digest in pairs}  # noqa: C416 - dict() of these would not type-check


def version(folder: Path) -> str:
    """Return the version of Compose on the machine of a folder; NotReady without the plug-in."""
    try:
        done = _printed(folder, ["version", "--short"], "", own=True)
    except subprocess.TimeoutExpired as error:
        raise NotReady(f"`docker compose version` did not end within {READ_SECONDS} s") from error
    if done.returncode:
        raise NotReady("the `docker` command has no Compose plug-in", hint=INSTALL)
    return done.stdout.strip()


def act(folder: Path, say: Say, *words: str, files: Sequence[str] = ()) -> None:
    """Run a command that changes something, a line of progress at a time; ComposeFailed with its last lines."""
    _act(folder, say, [*_named(files), *words], "", words[0])


def act_on(resolved: str, folder: Path, say: Say, *words: str, patch: Patch, alone: bool = False) -> None:
    """Run such a command on a model that Compose has given, with a patch: whatever files it came from are in it.

    When what is patched stands alone, Compose makes no network for anything else.
    """
    _act(folder, say, [*STDIN, *words], _patched(resolved, patch, alone=alone), words[0])


def _act(folder: Path, say: Say, words: Sequence[str], stdin: str, command: str) -> None:
    spoken = _spoken(folder, ["--progress", "plain", *words], fed=len(stdin.encode()))
    process = subprocess.Popen(
        spoken.words,
        **spoken.place,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    tail = _watched(process, stdin, say, tied=isinstance(folder, There))
    if process.returncode:
        raise ComposeFailed(folder, command, process.returncode, tail)


@contextmanager
def lines(folder: Path, *words: str) -> Iterator[Iterator[bytes]]:
    """Run a command that tells something, and give its lines as they come; ComposeFailed with its last ones.

    In bytes, and ended by a new line alone: what else looks like the end of one may be an app's own.
    """
    spoken = _spoken(folder, words, fed=0)
    process = subprocess.Popen(
        spoken.words,
        **spoken.place,
        # On a server the command ends with its standard input, here when it is told to.
        stdin=subprocess.PIPE if isinstance(folder, There) else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    tail: deque[bytes] = deque(maxlen=TAIL)
    try:
        with beating(process) if process.stdin else nullcontext():
            yield _remembered(process.stdout or (), tail)
        if process.wait():
            said = tuple(line.decode(errors="replace") for line in tail)
            raise ComposeFailed(folder, words[0], process.returncode, said)
    finally:
        _end(process)


def _remembered(stream: Iterable[bytes], tail: "deque[bytes]") -> Iterator[bytes]:
    for line in stream:
        tail.append(line.rstrip(b"\n"))
        yield tail[-1]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """See to it that a command has ended, and wait for that."""
    if process.stdin:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


def feed(folder: Path, text: str, *words: str) -> None:
    """Run a command that takes a text, out of the reach of Ctrl-C; ComposeFailed with its last lines.

    StackError when it has not ended after a minute: what it was to do may be done, or not.
    """
    try:
        done = _fed(folder, text, *words)
    except subprocess.TimeoutExpired as error:
        raise StackError(f"`docker compose {words[0]}` did not end within {FEED_SECONDS} s") from error
    if done.returncode:
        raise ComposeFailed(folder, words[0], done.returncode, tuple(done.stdout.splitlines()[-TAIL:]))


def _fed(folder: Path, text: str, *words: str) -> "subprocess.CompletedProcess[str]":
    spoken = _spoken(folder, words)
    return subprocess.run(
        spoken.words,
        **{**spoken.place, "start_new_session": True},
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        timeout=FEED_SECONDS,
    )


@dataclass(frozen=True)
class Ended:
    """How a command ended that had the terminal."""

    status: int
    interrupted: bool


def attached(folder: Path, *words: str, files: Sequence[str] = (), terminal: bool = True) -> Ended:
    """Run a command with our terminal for its own, and wait for it, also when it takes its time after Ctrl-C.

    Or without one, with our standard input and output as they are.
    """
    children: list[subprocess.Popen[bytes]] = []
    spoken = _spoken(folder, [*_named(files), *words], terminal=terminal)
    with _passed_on(children) as heard:
        children.append(subprocess.Popen(spoken.words, **{**spoken.place, "start_new_session": False}))
        status = children[0].wait()
    return Ended(status, bool(heard))


@contextmanager
def _passed_on(children: Iterable[subprocess.Popen[bytes]]) -> Iterator[list[int]]:
    """Let signals end children instead of us, and note them; the terminal sends Ctrl-C to them by itself."""
    heard: list[int] = []

    def hear(number: int, _frame: object) -> None:
        heard.append(number)
        for child in children if number != signal.SIGINT else ():
            child.terminate()

    before = {one: signal.signal(one, hear) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield heard
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


class ComposeFailed(StackError):
    """A `docker compose` command ended with another status than 0."""

    def __init__(self, folder: Path, command: str, status: int, tail: tuple[str, ...]) -> None:
        super().__init__(
            f"`docker compose {command}` failed with status {status}",
            evidence=tail,
            hint=places.shell(folder, f"docker compose {command}"),
        )
        self.status = status


def _named(files: Sequence[str]) -> list[str]:
    return [word for name in files for word in ("--file", name)]


def _watched(process: subprocess.Popen[str], stdin: str, say: Say, *, tied: bool) -> tuple[str, ...]:
    """Return the last lines of a process when it has ended; interrupted, end it and wait until it has.

    One that is tied to its standard input ends with that.
    """
    try:
        if process.stdin:
            process.stdin.write(stdin)
            process.stdin.flush()
            if not tied:
                process.stdin.close()
        with beating(process) if tied else nullcontext():
            return tuple(deque(_said(process.stdout or (), say), maxlen=TAIL))
    except BaseException:
        # Ctrl-C reached it too; whoever ended us alone did not mean to leave it working.
        if not tied:
            process.send_signal(signal.SIGINT)
        raise
    finally:
        if process.stdin:
            process.stdin.close()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _said(lines: Iterable[str], say: Say) -> Iterator[str]:
    for line in lines:
        if line.strip():
            say(line.strip())
            yield line.rstrip()


def _patched(resolved: str, patch: Patch, *, alone: bool) -> str:
    document = json.loads(resolved)
    patched = {service: {**document["services"][service], **changes} for service, changes in patch.items()}
    if alone:
        return json.dumps({**document, "services": patched, "networks": {}})
    return json.dumps({**document, "services": {**document["services"], **patched}})


@dataclass(frozen=True)
class _Spoken:
    """A command as this machine starts it, and where it does."""

    words: list[str]
    place: dict[str, Any]


def _spoken(
    folder: Path, words: Sequence[str], *, fed: int | None = None, own: bool = True, terminal: bool = False
) -> _Spoken:
    """Return `docker compose` with words, as it is started for a folder: here, or on the server where that is.

    `fed` tells how many bytes it gets, of one that is to end when nobody is there any more. On a server its own
    environment counts, and none of what is set here.
    """
    command = ["docker", "compose", *words]
    if not isinstance(folder, There):
        return _Spoken(command, {"cwd": folder, "env": _environment(folder, own=own)})
    if fed is not None:
        return _Spoken(folder.line.tied(folder, command, fed), {"start_new_session": True})
    there = folder.line.client("sh", "-c", IN_FOLDER, "sh", str(folder), *command, terminal=terminal)
    return _Spoken(there, {"start_new_session": True})


def _environment(folder: Path, *, own: bool = True) -> dict[str, str]:
    # Compose takes the folder's name from PWD, which may go through a link; containers remember that name.
    kept = {name: value for name, value in os.environ.items() if own or not name.startswith("COMPOSE_")}
    return {**kept, "PWD": str(folder)}


def _read(folder: Path, *words: str, stdin: str = "", own: bool = True) -> str:
    try:
        done = _printed(folder, words, stdin, own=own)
    except subprocess.TimeoutExpired as error:
        raise NotReady(
            f"`docker compose config` did not end within {READ_SECONDS} s", hint="`uptime` shows what is busy"
        ) from error
    if done.returncode == 0:
        return done.stdout
    said = tuple(line for line in done.stderr.strip().splitlines() if "level=warning" not in line)
    if release(installed := version(folder)) < KNOWS_INCLUDE:
        raise NotReady(f"Compose {installed} is too old: 2.26 or newer is needed", hint=INSTALL)
    raise WrongInput(f"Compose does not accept the files in {folder}", evidence=said[-5:], hint="mend what it names")


def _printed(folder: Path, words: Sequence[str], stdin: str, *, own: bool) -> "subprocess.CompletedProcess[str]":
    spoken = _spoken(folder, words, own=own)
    done = subprocess.run(
        spoken.words,
        **spoken.place,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=READ_SECONDS,
    )
    if isinstance(folder, There) and done.returncode == FOLDER_GONE:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))
    return done
