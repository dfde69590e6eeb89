"""What uv.lock and poetry.lock say: every version, and what an installation without development groups brings.

Formats as uv 0.9 (version 1) and Poetry 1.1 to 2.2 (lock-version 1.1 to 2.1) write them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

Table = Mapping[str, Any]


@dataclass(frozen=True)
class Lock:
    """What a lock file holds, by canonical names."""

    versions: Mapping[str, tuple[Version, ...]]
    """Several of one package when its version depends on the platform; none when it comes from a folder."""
    installed: frozenset[str]


def table(value: object, *keys: str) -> Table:
    """Return the table at the end of a path of keys; empty when something else is there."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def tables(value: object) -> tuple[Table, ...]:
    """Return the tables in a list; none when it is something else."""
    return tuple(one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()


def words(value: object) -> tuple[str, ...]:
    """Return the strings in a list; none when it is something else."""
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def uv(document: Table) -> Lock:
    """Return what uv.lock holds; installed is what the project in its folder reaches."""
    packages = tables(document.get("package"))
    roots = [one for one in packages if "." in {table(one, "source").get(kind) for kind in ("virtual", "editable")}]
    reached = _reached(packages, [_name(one) for one in roots])
    everything = frozenset(map(_name, packages))
    return Lock(_versions(packages), reached - set(map(_name, roots)) if roots else everything)


def poetry(document: Table) -> Lock:
    """Return what poetry.lock holds; installed is the main group, without what is optional."""
    packages = tables(document.get("package"))
    main = [one for one in packages if not one.get("optional") and "main" in _groups(one)]
    return Lock(_versions(packages), frozenset(map(_name, main)))


def _groups(package: Table) -> tuple[str, ...]:
    """Return the groups that ask for a package; Poetry 1.5 to 1.8 did not write them down."""
    return words(package["groups"]) if "groups" in package else (str(package.get("category", "main")),)


def _name(package: Table) -> str:
    return canonicalize_name(str(package.get("name", "")))


def _versions(packages: Sequence[Table]) -> dict[str, tuple[Version, ...]]:
    found: dict[str, tuple[Version, ...]] = {}
    for one in packages:
        found[_name(one)] = (*found.get(_name(one), ()), *_version(one))
    return found


def _version(package: Table) -> Iterator[Version]:
    try:
        yield Version(str(package.get("version", "")))
    except InvalidVersion:
        return


def _reached(packages: Sequence[Table], roots: Sequence[str]) -> frozenset[str]:
    """Return the names that follow from others, through their requirements and the extras that are asked for."""
    waiting = [(name, "") for name in roots]
    seen = set(waiting)
    for name, extra in waiting:
        for one in (one for one in packages if _name(one) == name):
            found = one.get("dependencies") if not extra else table(one, "optional-dependencies").get(extra)
            for wanted in tables(found):
                new = {(_name(wanted), part) for part in ("", *words(wanted.get("extra")))} - seen
                waiting += sorted(new)
                seen |= new
    return frozenset(name for name, _ in seen)
