"""What requirements.txt asks for. Read as pip reads it: pip 26, `req/req_file.py`."""

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

COMMENT = re.compile(r"(^|\s+)#.*$")
INCLUDE = re.compile(r"(-r|--requirement|-c|--constraint)(?:\s+|=)?(\S.*)")
OPTIONS = re.compile(r"\s--[a-z].*$")
"""What may follow a requirement: --hash, --config-settings."""
ELSEWHERE = re.compile(r"[./~$]|[a-z+]+:|.*\.(whl|zip|tar\.gz|tgz)$|\S*/", re.IGNORECASE)
"""How a path, an address or a file begins: pip takes those too, and only it can tell what they are called."""
EGG = re.compile(r"#(?:.*&)?egg=([A-Za-z0-9._-]+)")

LOCAL = re.compile(r"((-e|--editable)[ =]?\s*)?(\.{0,2}/|\.(\[|$)|file:|[^:]*\.(whl|zip|tar\.gz)$)")
COPIED = re.compile(r"(requirements|constraints)[^/]*\.txt|requirements/.+")
"""The files that the image's dependency step is given."""
UNSEEN = "is nothing that the image's dependency step has; keep a Dockerfile of your own (dockerfile=keep)"

Load = Callable[[str], str | None]
"""Gives a file's text by its path in the project; None when there is no such text."""


@dataclass(frozen=True)
class Asked:
    """What requirements files ask for, the included ones with them."""

    requirements: tuple[Requirement, ...]
    named: frozenset[str]
    """What comes from somewhere else and says its name."""
    problems: tuple[str, ...]


def read(load: Load, path: str) -> Asked:
    """Return what a requirements file asks for, and those that it includes."""
    requirements: list[Requirement] = []
    named: set[str] = set()
    problems: list[str] = []
    for file, number, line in _lines(load, path, set(), problems):
        if LOCAL.match(line):
            problems.append(f"{file}, line {number}: {line!r} {UNSEEN}")
        found = _one(line)
        if isinstance(found, Requirement):
            requirements.append(found)
        elif found is None:
            problems.append(f"{file}, line {number}: {line!r} is not a requirement")
        else:
            named |= found
    return Asked(tuple(requirements), frozenset(named), tuple(problems))


def _one(line: str) -> Requirement | set[str] | None:
    """Return the requirement in a line, or the names in one that leads elsewhere; None when it is neither."""
    text = OPTIONS.sub("", f" {line}").strip()
    try:
        return Requirement(text)
    except InvalidRequirement:
        editable = line.startswith(("-e", "--editable"))
        fits = not text or editable or ELSEWHERE.match(text)
        return {canonicalize_name(name) for name in EGG.findall(line)} if fits or line.startswith("-") else None


def _lines(load: Load, path: str, seen: set[str], problems: list[str]) -> Iterator[tuple[str, int, str]]:
    """Yield the lines that ask for something, with file and number, through `-r`."""
    seen.add(path)
    for number, line in _joined(load(path) or ""):
        include = INCLUDE.match(line)
        if not include:
            yield path, number, line
        elif "://" not in line:
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), include[2].strip("\"'")))
            if target.startswith(("../", "/")) or load(target) is None:
                problems.append(_missing(path, number, target))
                continue
            if not COPIED.fullmatch(target):
                problems.append(f"{path}, line {number} includes {target}, which {UNSEEN}")
            if target not in seen and include[1] in {"-r", "--requirement"}:
                yield from _lines(load, target, seen, problems)


def _missing(path: str, number: int, target: str) -> str:
    why = "lies outside the project" if target.startswith(("../", "/")) else "is not there, or cannot be read"
    return f"{path}, line {number} includes {target}, which {why}"


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not empty, without comments, and those that a backslash continues as one."""
    start, parts = 1, ""
    for number, raw in enumerate(text.split("\n"), 1):
        start = start if parts else number
        if raw.endswith("\\") and not raw.lstrip().startswith("#"):
            parts += raw[:-1]
            continue
        line = COMMENT.sub("", parts + raw).strip()
        parts = ""
        if line:
            yield start, line
