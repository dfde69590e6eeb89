"""Which dependency tool a folder uses, what gets installed, and whether its lock file fits.

A lock file fits when each requirement that applies on Linux is in it, at a version that the requirement allows. That
holds for every tool; what uv and Poetry compare beside it (a copy or a hash of the requirements) is theirs.
"""

import platform
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from ..source import Dependencies
from . import locks, requirements, versions
from .locks import Table, table, tables, words
from .requirements import Load

LINUX = {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux", "extra": ""}
PROJECT = "pyproject.toml"
LOCKS: Mapping[str, str] = {"uv": "uv.lock", "poetry": "poetry.lock"}
ELSEWHERE = {"git", "url", "path", "workspace", "file"}
"""What says that a package comes from another place than an index, where its version is not chosen."""

FREEZE = "pip freeze --exclude-editable > requirements.txt"
"""What names all that an environment has, but the project itself."""
WORKSPACE = (
    "pyproject.toml makes a workspace, and the image's dependency step has none of its members: in the app's own folder"
    " `uv export --no-dev --no-emit-workspace --output-file requirements.txt`, and `stack new` there"
)


@dataclass(frozen=True)
class Wanted:
    """One requirement of a project, whichever tool wrote it."""

    name: str
    words: str
    """As the file has it, for people."""
    allowed: tuple[SpecifierSet, ...] = ()
    """One of them has to be met; none when any version will do."""
    extras: frozenset[str] = frozenset()


def read(load: Load, files: AbstractSet[str]) -> Dependencies | None:
    """Return what an app needs, by the tool whose files are at the top of the folder; None without any."""
    document, problem = toml(load, PROJECT) if PROJECT in files else ({}, "")
    tool = _tool(files, document, unread=bool(problem))
    if not tool:
        return None
    found = _pip(load) if tool == "pip" else _project(load, files, document, tool)
    problems = (problem, *found.problems) if problem and tool != "pip" else found.problems
    return replace(found, problems=problems, python=_python(document), pin=_pin(load(".python-version") or ""))


def _tool(files: AbstractSet[str], document: Table, *, unread: bool) -> str:
    project = table(document, "project")
    if PROJECT in files and LOCKS["uv"] in files:
        return "uv"
    if PROJECT in files and (LOCKS["poetry"] in files or table(document, "tool", "poetry")):
        return "poetry"
    if "requirements.txt" in files:
        return "pip"
    return "uv" if unread or "dependencies" in {*project, *words(project.get("dynamic"))} else ""


def toml(load: Load, path: str) -> tuple[Table, str]:
    """Return a TOML document, or a sentence why it cannot be read."""
    text = load(path)
    if text is None:
        return {}, f"{path} cannot be read"
    try:
        return tomllib.loads(text), ""
    except (ValueError, RecursionError) as error:
        return {}, f"{path} is not TOML: {error}"


# ------------------------------------------------------------------ pip


def _pip(load: Load) -> Dependencies:
    if load("requirements.txt") is None:
        return Dependencies("pip", "requirements.txt", problems=("requirements.txt cannot be read",))
    asked = requirements.read(load, "requirements.txt")
    wanted = [_wanted(one) for one in asked.requirements if _applies(one.marker)]
    return Dependencies(
        "pip",
        "requirements.txt",
        frozenset(one.name for one in wanted) | asked.named,
        _extras(wanted),
        asked.problems,
    )


# ------------------------------------------------------------------ uv and Poetry


def _project(load: Load, files: AbstractSet[str], document: Table, tool: str) -> Dependencies:
    name = LOCKS[tool]
    problems = [one for one in _declared(document) if isinstance(one, str)]
    problems += [WORKSPACE] if tool == "uv" and table(document, "tool", "uv", "workspace") else []
    wanted = [one for one in _declared(document) if isinstance(one, Wanted)]
    found = Dependencies(tool, PROJECT, frozenset(one.name for one in wanted), _extras(wanted))
    if name not in files:
        without = "" if tool == "poetry" else f", or without uv `{FREEZE}`"
        return replace(found, problems=(*problems, f"there is no {name}: run `{tool} lock`{without}"))
    locked, problem = toml(load, name)
    if problem:
        return replace(found, where=f"{PROJECT} and {name}", problems=(*problems, f"{problem}: run `{tool} lock`"))
    lock = locks.uv(locked) if tool == "uv" else locks.poetry(locked)
    unfit = [(one.words, _unfit(one, lock, name)) for one in wanted]
    problems += [f"{PROJECT} asks for {asked}, {instead}: run `{tool} lock`" for asked, instead in unfit if instead]
    return replace(found, where=f"{PROJECT} and {name}", names=lock.installed, problems=tuple(problems))


def _unfit(one: Wanted, lock: locks.Lock, name: str) -> str:
    """Return what a lock file has instead of a requirement; empty when it fits."""
    if one.name not in lock.versions:
        return f"which {name} does not have"
    found = lock.versions[one.name]
    fits = any(allowed.contains(version, prereleases=True) for allowed in one.allowed for version in found)
    return "" if fits or not found or not one.allowed else f"{name} has {', '.join(map(str, found))}"


def _declared(document: Table) -> Iterator[Wanted | str]:
    """Yield the requirements that apply, and a sentence for each that cannot be read."""
    elsewhere = {canonicalize_name(name) for name, one in _sources(document) if ELSEWHERE & set(one)}
    for line in words(table(document, "project").get("dependencies")):
        try:
            found = Requirement(line)
        except InvalidRequirement:
            yield f"{PROJECT}: {line!r} is not a requirement"
            continue
        if _applies(found.marker):
            wanted = _wanted(found)
            yield replace(wanted, allowed=()) if wanted.name in elsewhere else wanted
    for name, value in table(document, "tool", "poetry", "dependencies").items():
        if name != "python":
            yield from _of_poetry(name, value)


def _sources(document: Table) -> Iterator[tuple[str, Table]]:
    for name, value in table(document, "tool", "uv", "sources").items():
        yield from ((name, one) for one in tables([value] if isinstance(value, dict) else value))


def _wanted(one: Requirement) -> Wanted:
    extras = f"[{','.join(sorted(one.extras))}]" if one.extras else ""
    # A requirement without a version allows every one, and that is what an empty specifier says.
    allowed = () if one.url else (one.specifier,)
    return Wanted(canonicalize_name(one.name), f"{one.name}{extras}{one.specifier}", allowed, frozenset(one.extras))


def _of_poetry(name: str, value: object) -> Iterator[Wanted | str]:
    """Yield a dependency as Poetry writes it: a constraint, a table, or a list of tables of which some apply."""
    forms = tables([{"version": value}] if isinstance(value, str) else value if isinstance(value, list) else [value])
    apply = [one for one in forms if not one.get("optional") and _applies_to_poetry(one)]
    if not apply:
        return
    constraints = [str(one.get("version", "*")) for one in apply]
    allowed = [versions.alternatives(constraint) for constraint in constraints]
    if None in allowed:
        yield f"{PROJECT}: {name} = {', '.join(map(repr, constraints))} is not a version that can be read"
        return
    free = any(ELSEWHERE & set(one) for one in apply)
    yield Wanted(
        canonicalize_name(name),
        f"{name} {' or '.join(constraints)}",
        () if free else tuple(one for some in allowed for one in some or ()),
        frozenset(extra for one in apply for extra in words(one.get("extras"))),
    )


def _applies_to_poetry(form: Table) -> bool:
    try:
        marker = Marker(str(form["markers"])) if "markers" in form else None
    except InvalidMarker:
        marker = None
    python = versions.alternatives(str(form.get("python", "*"))) or (SpecifierSet(),)
    return _applies(marker) and any(one.contains(platform.python_version(), prereleases=True) for one in python)


def _applies(marker: Marker | None) -> bool:
    """Tell whether a requirement with this marker is for Linux; one that cannot be judged is."""
    try:
        return marker is None or marker.evaluate(LINUX)
    except (UndefinedComparison, UndefinedEnvironmentName):
        return True


def _extras(wanted: Iterable[Wanted]) -> frozenset[str]:
    return frozenset(f"{one.name}[{canonicalize_name(extra)}]" for one in wanted for extra in one.extras)


# ------------------------------------------------------------------ Python


def _python(document: Table) -> str:
    """Return the Python versions a project is for; empty when they are not one plain specifier."""
    asked = table(document, "project").get("requires-python")
    if isinstance(asked, str):
        try:
            return str(SpecifierSet(asked))
        except InvalidSpecifier:
            return ""
    constraint = table(document, "tool", "poetry", "dependencies").get("python")
    plain = versions.alternatives(constraint) if isinstance(constraint, str) else None
    return str(plain[0]) if plain and len(plain) == 1 else ""


def _pin(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found = re.fullmatch(r"(?:cpython@|cpython-|python-?)?(3\.\d+(?:\.\d+)?)", lines[0]) if lines else None
    return found[1] if found else ""
