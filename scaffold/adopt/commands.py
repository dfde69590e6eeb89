"""A container's command, which may be a line of a shell: the server in it, and what runs before."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from typing import Any

from .. import server
from ..source import Recipe, shell_words
from .proposal import Proposal

SHELL = re.compile(r"(.*/)?(ba|da)?sh")
OPERATORS = frozenset({"&&", "||", ";", "|", "&"})
THEN = frozenset({"&&", ";"})
"""Operators after which a command comes when the one before has ended."""
FITS = re.compile(r"[A-Za-z0-9_./:=@,+-]+")
"""A word that the question `prestart` takes."""
OF_THE_SHELL = re.compile(r"\.|cd|eval|exit|export|read|source|trap|ulimit|umask|unset|wait|.*=.*|-.*")
"""What a line begins with that only a shell can run."""
RUNNERS = frozenset({("uv", "run"), ("poetry", "run")})
"""What the stack's server is started without, too: packages are on PATH, and uv wants to write."""
HARMLESS = frozenset({"--frozen", "--locked", "--no-dev", "--no-sync"})
"""Options of theirs that take no value."""
SCRIPT = 'put it into a script of the project, and --data prestart="sh prestart.sh" (by the name that it has)'


@dataclass(frozen=True)
class Part:
    """One command of a line."""

    operator: str
    """What stands before it; empty for the first one."""
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.operator} {' '.join(map(_quoted, self.words))}".strip()


def serves(words: Sequence[str]) -> bool:
    """Tell whether a command starts a server that is known here."""
    return bool(server.name(words)) or server.gunicorn(words)


def parts(command: Sequence[str]) -> list[Part]:
    """Return the commands of a CMD, a shell's line taken apart."""
    words = tuple(command)
    match words:
        case [shell, "-c" | "-ec" | "-lc", line, *_] if SHELL.fullmatch(shell):
            words = shell_words(line)
    found: list[tuple[str, list[str]]] = [("", [])]
    for word in words:
        if word in OPERATORS:
            found.append((word, []))
        else:
            found[-1][1].append(word)
    plain = [(operator, tuple(some[1:] if some[:1] == ["exec"] else some)) for operator, some in found]
    return [Part(operator, some) for operator, some in plain if some]


def serving(command: Sequence[str]) -> tuple[str, ...]:
    """Return the part of a CMD that starts a server; all of it when none does."""
    return next((part.words for part in parts(command) if serves(part.words)), tuple(command))


def before(recipe: Recipe, given: Mapping[str, Any], folder: str | None) -> Proposal:
    """Propose `prestart` for what a Dockerfile's CMD runs before its server, or say what to do about it.

    `folder` is where the project has what lies in the image's working directory; None when the image stays as it is.
    """
    line = [part for part in parts(recipe.command) if part.words[0] != "set"]
    place = next((number for number, part in enumerate(line) if serves(part.words)), None)
    if "prestart" in given or place is None or len(line) == 1:
        return Proposal()
    others = line[:place] + line[place + 1 :]
    shown = " ".join(map(str, others)).lstrip("&|; ")
    if place + 1 < len(line) or any(part.operator == "&" for part in line):
        beside = "what runs beside or after the server takes a container of its own"
        return Proposal({}, (f"not carried over from the Dockerfile's CMD: {shown}; {beside}",))
    answer = prestart(others[0].words, folder, recipe.workdir or "/") if len(others) == 1 else ""
    if not answer or line[place].operator not in THEN:
        return Proposal({}, (f"not carried over from the Dockerfile's CMD: {shown}; {SCRIPT}",))
    why = f"translated to prestart={answer}, which runs once before each new version, in a container of its own"
    return Proposal({"prestart": answer}, (f"{shown}, from the Dockerfile's CMD: {why}",))


def prestart(words: Sequence[str], folder: str | None, workdir: str) -> str:
    """Return the answer that runs a command as it ran in an image; empty when the question does not take it."""
    words = _without_runner(words)
    if folder is not None:
        words = tuple(word.removeprefix(f"{workdir}/") for word in words)
    if not words or OF_THE_SHELL.fullmatch(words[0]):
        return ""
    if folder not in {None, "."}:
        words = ("env", "-C", str(folder), *words)
    if not all(map(FITS.fullmatch, words)):
        return ""
    return "alembic" if tuple(words) == ("alembic", "upgrade", "head") else " ".join(words)


def _without_runner(words: Sequence[str]) -> tuple[str, ...]:
    if tuple(words[:2]) not in RUNNERS:
        return tuple(words)
    return tuple(dropwhile(lambda word: word in HARMLESS, words[2:]))


def _quoted(word: str) -> str:
    return f"'{word}'" if re.search(r"\s", word) or not word else word
