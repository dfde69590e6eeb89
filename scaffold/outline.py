"""What a project will be, before it is written: its services and what they may take, its addresses, its files."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from . import dotenv
from .form import Form

if TYPE_CHECKING:
    from .facts import Naming, Room

LIMIT = re.compile(r"(?:\$\{(?P<name>\w+):-(?P<usual>\d+)\}|(?P<fixed>\d+))m")
"""How a limit of memory is written in the files: a number of MB, or the name in .env that decides."""
PARTS = "compose*.yaml"
DEVELOPMENT = "compose.dev.yaml"
MB = 1_000_000
MIB = 1 << 20
ABOVE_WORKERS = 64
"""MB for the process above several workers, as in copier.yml."""
ROW = re.compile(r"\| (?P<names>`[^|]+`) \| (?P<meaning>[^|]+) \|")
"""A row of the manual's first table, in which each file has its meaning."""
LOCAL = re.compile(r"(^|\.)(localhost|test|example|invalid|local|internal|lan|home\.arpa)$")
"""Names that no public DNS knows, as in copier.yml."""


@dataclass(frozen=True)
class Part:
    """One service."""

    service: str
    memory: int = 0
    """The limit of each of its containers, in MB; 0 without one."""
    containers: int = 1


@dataclass(frozen=True)
class Files:
    """What becomes of files, each name relative to the project's folder."""

    new: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    blended: tuple[str, ...] = ()
    """Files of the person's that get lines of ours."""
    renamed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Adoption:
    """What a folder with an app in it makes of the answers, and of the files that are there."""

    answers: Mapping[str, Any]
    said: tuple[str, ...] = ()
    aside: Mapping[str, str] = field(default_factory=dict)
    """Files that get another name, for the stack's own to take their place."""
    found: bool = False
    """Whether there is an app to adopt."""


@dataclass(frozen=True)
class Outline:
    """All that is shown before anything is written."""

    directory: Path
    form: Form
    parts: tuple[Part, ...]
    files: Files
    urls: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()
    """A sentence for each public name: where DNS leads it."""


def public(form: Form) -> tuple[str, ...]:
    """Return the names of a project that DNS has to know."""
    return tuple(one for one in names(form) if not LOCAL.search(one))


def names(form: Form) -> tuple[str, ...]:
    """Return all names that a project is served at, its domain first."""
    others = str(form.get("hosts") or "").split(",")
    return tuple(one for one in (str(form.get("domain") or ""), *others) if one)


def urls(form: Form) -> tuple[str, ...]:
    """Return the addresses that people type."""
    return tuple(f"https://{one}{form.get('path_prefix') or '/'}" for one in names(form))


def parts(rendered: Path) -> tuple[Part, ...]:
    """Return the services in a rendered project's files, as plain `docker compose up` starts them."""
    settings = dotenv.settings((rendered / ".env").read_text(encoding="utf-8", errors="surrogateescape"))
    found: dict[str, Part] = {}
    for path in sorted(rendered.glob(PARTS)):
        if path.name == DEVELOPMENT:
            continue
        for name, body in ((yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("services") or {}).items():
            found[name] = _part(name, body or {}, settings, found.get(name))
    return tuple(found.values())


def _part(name: str, body: Mapping[str, Any], settings: Mapping[str, str], before: Part | None) -> Part:
    """Return a service with what one more file says of it."""
    limit = LIMIT.fullmatch(str(body.get("mem_limit", "")))
    known = before or Part(name)
    said = (limit["fixed"] or settings.get(limit["name"]) or limit["usual"]) if limit else ""
    memory = int(said) if said.isdigit() else known.memory
    replicas = settings.get("STACK_REPLICAS", "1") if name == "app" else "1"
    return Part(name, memory, int(replicas) if replicas.isdigit() else 1)


def arithmetic(form: Form, found: Sequence[Part], cores: int, room: "Room") -> Iterator[str]:
    """Yield a sentence for each sum that has to come out: workers and cores, workers and limit, limits and machine."""
    limits = {one.service: one for one in found}
    app = limits.get("app")
    if app and form.get("workers"):
        yield from _of_workers(form, app, cores)
    total = sum(one.memory * one.containers for one in found if one.service != "prestart")
    more = app.memory if app else 0
    yield f"limits of memory together: {total} MB" + (f", and {more} MB while a new version starts" if more else "")
    if room.memory_total:
        yield from _of_machine(total + more, room.memory_total // MIB, limits.get("postgres"))


def _of_workers(form: Form, app: Part, cores: int) -> Iterator[str]:
    workers, each = int(form.get("workers")), int(form.get("worker_memory"))
    above = ABOVE_WORKERS if workers > 1 else 0
    needs = f"{workers} x {each} MB" + (f" + {above} MB for the process above them" if above else "")
    yield f"memory of the workers: {needs} = {workers * each + above} of {app.memory} MB, the app's limit"
    running = workers * app.containers
    verdict = "one each" if running == cores else "some share one" if running > cores else "some are free"
    yield f"processes that serve: {running}; cores of this machine: {cores} ({verdict})"


def _of_machine(needed: int, there: int, postgres: Part | None) -> Iterator[str]:
    left = there - needed
    if left < 0:
        yield f"this machine has {there} MB, {-left} MB less than all of that: give less to `memory`, or take another"
    else:
        yield f"this machine has {there} MB, so {left} MB are left for the system and what it keeps of files"
    if postgres:
        yield f"PostgreSQL has {postgres.memory} MB of it (STACK_POSTGRES_MEMORY in .env)"


def leads(naming: "Naming", interfaces: Sequence[str]) -> str:
    """Return a sentence that tells where a name leads, and whether that is this machine."""
    if naming.problem:
        return f"where {naming.host} leads could not be asked ({naming.problem})"
    if not naming.addresses:
        return f"{naming.host} leads nowhere yet: give it an A record with your server's address before `stack up`"
    here = set(naming.addresses) <= set(interfaces)
    where = ", ".join(naming.addresses)
    return f"{naming.host} leads to {where}, {'this machine' if here else 'which is no address of this machine itself'}"


def meanings(manual: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Return the files that a project's manual lists, with what they are for, in its order."""
    table = manual.partition("|---|---|\n")[2].partition("\n\n")[0]
    rows = [ROW.fullmatch(line) for line in table.splitlines()]
    return tuple((tuple(re.findall(r"`([^`]+)`", row["names"])), row["meaning"].strip()) for row in rows if row)
