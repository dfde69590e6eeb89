"""What the template is to be told about an app that exists: what was read in, answers and sentences out."""

import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import yaml
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from . import legacy, server
from .answers import YAML_ERRORS
from .errors import WrongInput
from .source import Candidate, Dependencies, Recipe, Source, Writing

COMPOSE_FILES = tuple(
    f"{name}{middle}.{suffix}"
    for name in ("compose", "docker-compose")
    for middle in ("", ".override")
    for suffix in ("yaml", "yml")
)
"""What Compose reads in a folder by itself: beside ours any of them would be merged, or refused."""
STARTERS = re.compile(r"(.*/)?(uvicorn|gunicorn|fastapi|hypercorn|granian|python[0-9.]*|uv|poetry|(ba|da)?sh)")
"""What an ENTRYPOINT that passes a command on does not begin with."""
OPTION = re.compile(r"--[a-z0-9-]+(=[A-Za-z0-9._/:,@+-]*[A-Za-z0-9._/,@+-])?")
"""An option that the question `server_options` takes."""
PYTHONS = ("3.14", "3.13", "3.12", "3.11", "3.10")
NEEDS = {"pip": ("requirements.txt",), "uv": ("pyproject.toml", "uv.lock"), "poetry": ("pyproject.toml", "poetry.lock")}
"""The files that each dependency tool installs from."""
PORT = "8000"
USER = "10001:10001"
CODE = "/srv"
"""Where the stack's own Dockerfile puts the app's folder."""
FITS = re.compile(r"([.]/|/)?[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*/?")
"""A path that the question `data` takes."""
SYSTEM = frozenset({"/", "/app", "/etc", "/home", "/lib", "/opt", "/root", "/run", "/srv", "/usr", "/var", "/var/log"})
"""Folders that are not a place for data alone."""
ASIDE = ".before-stack"
"""What the name of a file ends in that had to make room."""
WRITTEN = frozenset(
    [
        "cache",
        "data",
        "db",
        "files",
        "instance",
        "log",
        "logs",
        "media",
        "output",
        "outputs",
        "storage",
        "tmp",
        "upload",
        "uploads",
        "var",
    ]
)
"""Folders of these names hold what the app wrote when it was tried, unless there is code in them."""
BEGIN, END = "# >>> stack: what differs from server to server", "# <<< stack"


@dataclass(frozen=True)
class Proposal:
    """Answers that follow from what is in the folder, and why."""

    answers: Mapping[str, Any] = field(default_factory=dict)
    said: tuple[str, ...] = ()

    def __add__(self, other: "Proposal") -> "Proposal":
        return Proposal({**self.answers, **other.answers}, (*self.said, *other.said))


def refuse_adopted(source: Source, folder: str) -> None:
    """Raise WrongInput for a folder that was adopted before, or that another template of Copier's made."""
    note = source.note
    if note is not None and not ({"project_name", "certificates"} <= set(note)):
        raise WrongInput(
            f"{folder}/.copier-answers.yml belongs to another template, {note.get('_src_path', 'unknown')}",
            hint="rename it, if that template is not to update the folder any more; a project can have one",
        )
    if note is not None and note.get("adopt"):
        raise WrongInput(
            f"the app in {folder} has its stack already",
            hint=f"stack update {folder} --data NAME=VALUE changes an answer; `git rm` of the stack's files undoes it",
        )


def adopts(source: Source, given: Mapping[str, Any]) -> bool:
    """Tell whether a folder holds an app to be adopted, unless the person has said."""
    if "adopt" in given:
        return str(given["adopt"]).lower() in {"true", "yes", "y", "on", "1"}
    return source.note is None and (source.python or "app" in given)


def choose(source: Source, folder: str) -> Candidate:
    """Return the one app that was found; WrongInput that names all of them, or where none was."""
    if not source.candidates:
        raise WrongInput(
            f"no FastAPI app was found in {folder}; looked at {', '.join(source.looked) or 'every Python file'}",
            hint="--data app=package.module:name says where it is; a new project wants a new folder",
            evidence=source.notes,
        )
    if len(source.candidates) > 1:
        raise WrongInput(
            f"there is more than one FastAPI app in {folder}",
            evidence=tuple(f"{one.app}{_from(one)}: {one.where}" for one in source.candidates),
            hint=f"--data app={source.candidates[0].app}, or another of these",
        )
    return source.candidates[0]


def told(source: Source, given: Mapping[str, Any]) -> Candidate | None:
    """Return the app that a Dockerfile starts, when it says so in a way that holds outside of it."""
    recipe = source.recipe
    if recipe is None:
        return None
    replaced = given.get("dockerfile") == "replace"
    if (old := legacy.translate(recipe, source.paths)) and given.get("dockerfile") != "keep":
        where = f"as {recipe.base} would have started it"
        return Candidate(old.answers["app"], old.answers.get("app_dir", "."), where) if "app" in old.answers else None
    command = serving(recipe.command)
    name = server.app(command) or server.gunicorn_app(command)
    if replaced or not name:
        return next((one for one in source.candidates if one.app == name), None)
    return Candidate(name, server.option(command, "app-dir") or ".", "the Dockerfile's CMD")


def serving(command: Sequence[str]) -> tuple[str, ...]:
    """Return the part of a CMD that starts a server; all of it when none does."""
    return next((part for part in _parts(command) if _serves(part)), tuple(command))


def propose(source: Source, app: Candidate, given: Mapping[str, Any]) -> Proposal:
    """Return the answers for an app; WrongInput with the reason when it cannot be served as it is."""
    found = Proposal(
        {"adopt": True, "app": app.app, "app_dir": app.folder}, (f"app: {app.app}{_from(app)} ({app.where})",)
    )
    found += _dockerfile(source, given)
    found += _options(source, app)
    keep = {**found.answers, **given}.get("dockerfile") == "keep"
    if not keep:
        found += _dependencies(source, {**found.answers, **given})
    elif source.dependencies:
        _server(source.dependencies, {**found.answers, **given})
    found += _data(source, app, given, keep=keep)
    return found + _health(source) + _env(source)


def in_the_way(source: Source, answers: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the files that have to be set aside for the stack's own, in order."""
    dockerfile = ["Dockerfile"] if answers.get("dockerfile", "replace") == "replace" else []
    return tuple(name for name in (*COMPOSE_FILES, *dockerfile) if name in source.files)


def left_behind(name: str, text: str) -> str:
    """Return a sentence about what a Compose file that is set aside had; empty when nothing can be told."""
    try:
        names = ", ".join(map(str, (yaml.safe_load(text) or {}).get("services") or ()))
    except YAML_ERRORS:
        return ""
    return f"{name}: its services ({names}) and their settings are not part of the stack" if names else ""


def unfit(env: str) -> str:
    """Return why Compose could not live with an .env; empty when it can, as far as its lines tell."""
    for number, raw in enumerate(env.splitlines(), 1):
        name, equals, _ = raw.strip().removeprefix("export ").partition("=")
        if name in {"COMPOSE_FILE", "COMPOSE_PROJECT_NAME"}:
            return f"line {number} sets {name}, which leads Compose elsewhere"
        if equals and not name.startswith("#") and re.search(r"\s", name.strip()):
            return f"line {number} has a space in a name"
        if not equals and re.fullmatch(r"[^#'\"]+\s[^#'\"]+", raw.strip()):
            return f"line {number} is no NAME=VALUE"
    return ""


def with_block(existing: str, ours: str) -> str:
    """Return somebody's .env with the stack's lines at its end, marked; unchanged when they are there."""
    if BEGIN in existing:
        return existing
    gap = "" if not existing or existing.endswith("\n") else "\n"
    return f"{existing}{gap}\n{BEGIN}\n{ours.rstrip()}\n{END}\n"


def with_patterns(theirs: str, ours: str) -> str:
    """Return one list of what stays out of the image: theirs first, so that ours has the last word.

    The healthcheck is let in again: a list that begins with `*` would keep it out.
    """
    return f"# From .dockerignore\n{theirs.rstrip()}\n\n{ours.rstrip()}\n!container/healthcheck.py\n"


def problems(recipe: Recipe) -> tuple[str, ...]:
    """Return why a Dockerfile cannot be kept; none when it can."""
    if recipe.problem:
        return (f"it cannot be read: {recipe.problem}",)
    words, command = recipe.entrypoint, serving(recipe.command)
    said = []
    if words and recipe.entrypoint_in_shell:
        said.append("its ENTRYPOINT is in shell form, so neither the stack's command nor a signal reaches the server")
    elif words and STARTERS.fullmatch(words[0]):
        said.append("its ENTRYPOINT starts the server, and the stack's command would be added to it: make it CMD")
    said += (f"{server.name(command)} does not know {flag}, which its CMD has" for flag in server.unknown(command))
    said += (
        f"it copies {source}, which never gets into an image of a stack"
        for source, _ in recipe.copies
        if PurePosixPath(source).name.startswith(".env")
    )
    if "$" in recipe.user:
        said.append(f"its USER is {recipe.user}, and only the build knows who that is: write the name")
    if (server.option(command, "app-dir") or "").startswith("/"):
        said.append("its CMD has an absolute --app-dir: make it relative to WORKDIR")
    return tuple(said)


def _from(app: Candidate) -> str:
    return "" if app.folder == "." else f" from {app.folder}/"


def _dockerfile(source: Source, given: Mapping[str, Any]) -> Proposal:
    recipe = source.recipe
    if recipe is None:
        if given.get("dockerfile") == "keep":
            raise WrongInput("there is no Dockerfile to keep", hint="leave dockerfile=keep out")
        return Proposal()
    if (old := legacy.translate(recipe, source.paths)) and given.get("dockerfile") != "keep":
        return Proposal({"dockerfile": "replace", **old.answers}, old.said)
    if given.get("dockerfile") == "replace":
        return Proposal({}, ("Dockerfile: replaced, as you said",))
    if why := problems(recipe):
        raise WrongInput(
            "the Dockerfile cannot be kept as it is",
            evidence=why,
            hint="mend it, or --data dockerfile=replace: the old one is set aside",
        )
    return _kept(recipe)


def _kept(recipe: Recipe) -> Proposal:
    user = recipe.user if recipe.user and not re.match(r"(root|0+)(:|$)", recipe.user) else USER
    said = [f"Dockerfile: kept ({recipe.base or 'its own base'}); the app runs as {user}"]
    if recipe.entrypoint:
        said.append(f'its ENTRYPOINT {recipe.entrypoint[0]} gets the server\'s command, and has to end in exec "$@"')
    if recipe.command:
        said.append(f"its CMD is not used: compose.app.yaml has the server's command, on port {PORT}, in exec form")
    said += (f"not carried over from its CMD: {shlex.join(words)}" for words in _before_the_server(recipe.command))
    # An image that has a PYTHONPATH knows where its app is; ours would take the place of it.
    root = {"app_dir": "."} if "PYTHONPATH" in recipe.environment else {}
    return Proposal({"dockerfile": "keep", "app_user": user, **root}, tuple(said))


def _before_the_server(command: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the other commands of a shell line that starts a server: migrations, most often."""
    parts = _parts(command)
    return [part for part in parts if not _serves(part)] if len(parts) > 1 else []


def _parts(command: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the commands of a CMD, a shell's line taken apart."""
    words = list(command)
    match words:
        case [shell, "-c" | "-ec" | "-lc", line, *_] if re.fullmatch(r"(.*/)?(ba|da)?sh", shell):
            words = _split(line)
    parts: list[list[str]] = [[]]
    for word in words:
        if word in {"&&", ";", "||"}:
            parts.append([])
        else:
            parts[-1].append(word.removesuffix(";"))
    return [tuple(part[1:] if part[0] == "exec" else part) for part in parts if part]


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return [line]


def _serves(words: Sequence[str]) -> bool:
    return bool(server.name(words)) or server.gunicorn(words)


def _dependencies(source: Source, answers: Mapping[str, Any]) -> Proposal:
    found = source.dependencies
    if found is None:
        inner = sorted(path for path in source.paths if path.endswith(("/requirements.txt", "/pyproject.toml")))
        raise WrongInput(
            "nothing names the app's dependencies: there is neither requirements.txt nor pyproject.toml",
            hint=f"{inner[0]} is further in: stack new {PurePosixPath(inner[0]).parent}"
            if inner
            else "pip freeze > requirements.txt, in the environment in which the app runs",
        )
    wanted = str(answers.get("dependencies", found.tool))
    if missing := [name for name in NEEDS.get(wanted, ()) if name not in source.files]:
        raise WrongInput(
            f"dependencies={wanted} takes {' and '.join(missing)}, which is not there",
            hint=f"what is there: {found.where}, for dependencies={found.tool}",
        )
    if found.problems:
        raise WrongInput(
            f"the dependencies in {found.where} cannot be installed as they are",
            evidence=found.problems,
            hint="mend what is named above, then try again",
        )
    chosen = _server(found, answers)
    python = _python(found, answers)
    return Proposal(
        {"dependencies": found.tool, "server": chosen, "python_version": python},
        (f"dependencies: {found.where}, installed by {found.tool} with Python {python}",),
    )


def _server(found: Dependencies, answers: Mapping[str, Any]) -> str:
    """Return the server that the dependencies bring; WrongInput without FastAPI or without any."""
    if not found.brings("fastapi"):
        raise WrongInput(f"{found.where} does not name fastapi", hint='add "fastapi[standard]" to it')
    wanted = str(answers.get("server", "uvicorn"))
    package = "fastapi-cli" if wanted == "fastapi" else "uvicorn"
    if not found.brings(package):
        raise WrongInput(
            f"{found.where} names no {package}, so nothing can serve the app",
            hint='add "fastapi[standard]" to it' if wanted == "fastapi" else 'add "uvicorn[standard]" to it',
        )
    return wanted


def _python(found: Dependencies, answers: Mapping[str, Any]) -> str:
    """Return the version of Python that was given, is pinned, or is the newest that fits; WrongInput when none does."""
    try:
        allowed = SpecifierSet(found.python)
    except InvalidSpecifier:
        allowed = SpecifierSet()
    pinned = found.pin if re.fullmatch(r"3[.]1\d([.]\d{1,2})?", found.pin) else ""
    exact = re.fullmatch(r"={2,3}(3[.]1\d[.]\d{1,2})", found.python)
    wanted = str(answers.get("python_version", "")) or pinned or (exact[1] if exact else "")
    fitting = [one for one in ((wanted,) if wanted else PYTHONS) if _allows(allowed, one)]
    if not fitting:
        raise WrongInput(
            f"{found.where} takes Python {found.python}, and {wanted or 'no version from 3.10 to 3.14'} is not in that",
            hint="--data python_version=…, or another requires-python",
        )
    return fitting[0]


def _allows(allowed: SpecifierSet, version: str) -> bool:
    # Of a minor version the image has the newest patch: `<3.13` excludes 3.13.0, `>=3.11.4` takes 3.11.
    return allowed.contains(version if version.count(".") > 1 else f"{version}.99") or not re.match(r"\d", version)


def _options(source: Source, app: Candidate) -> Proposal:
    """Carry over what an existing CMD tells its server, beside what the stack tells it."""
    command = serving(source.recipe.command) if source.recipe else ()
    running = server.name(command)
    found = server.options(command) if running else ()
    kept = [one for one in found if OPTION.fullmatch(one) and (running == "uvicorn" or one.startswith("--root-path="))]
    said = [f"server option {one}, from the Dockerfile's CMD" for one in kept]
    said += (f"not carried over from the Dockerfile's CMD: {one}" for one in found if one not in kept)
    answers: dict[str, Any] = {"server": "fastapi"} if running == "fastapi" else {}
    workers = server.option(command, "workers") or ""
    if workers.isdigit():
        answers["workers"] = int(workers)
        said.append(f"workers: {workers}, from the Dockerfile's CMD")
    if words := (*(["--factory"] if app.factory or "--factory" in command else []), *kept):
        answers["server_options"] = " ".join(words)
    return Proposal(answers, tuple(said))


def _data(source: Source, app: Candidate, given: Mapping[str, Any], *, keep: bool) -> Proposal:
    """Propose a volume for every path that the code writes."""
    if "data" in given:
        return Proposal()
    places = {one: "" if keep else _place(one, app, source.paths) for one in source.writings}
    kept = _outermost(place for place in places.values() if place)
    workdir = source.recipe.workdir if source.recipe else ""
    said: dict[str, str] = {}
    for one, place in places.items():
        said.setdefault(place or one.path, _said(one, place, workdir if keep else ""))
    there = [place for place in kept if any(path == place or path.startswith(place) for path in source.paths)]
    left = (f"data: what is in {place} now is not taken along (STACK.md)" for place in there)
    return Proposal({"data": " ".join(kept)} if kept else {}, (*said.values(), *left))


def _said(one: Writing, place: str, workdir: str) -> str:
    if place:
        return f"data: {place} outlives the container ({one.where})"
    if workdir:
        folder = PurePosixPath(workdir) / (one.path if one.kind == "folder" else PurePosixPath(one.path).parent)
        return (
            f"data: {one.path} is written ({one.where}), where the container may not write; to keep it, have your"
            f" Dockerfile make {folder} for the app's user (RUN install -d -o USER {folder}), and --data data={folder}/"
        )
    return f"data: {one.path} is written ({one.where}), and cannot be kept in a volume as it is"


def _place(one: Writing, app: Candidate, paths: Collection[str]) -> str:
    """Return the answer for one path that is written: a folder of its own, else the file; empty when neither can be."""
    path = PurePosixPath(one.path)
    if not FITS.fullmatch(one.path):
        return ""
    if path.is_relative_to(CODE):
        path = path.relative_to(CODE)
    folder = path if one.kind == "folder" else path.parent
    code = {".", app.folder, app.app.partition(":")[0].partition(".")[0]}
    if not path.is_absolute() and (str(folder) in code or _shipped(folder, path, paths)):
        # Over what is shipped a volume would keep the old content for ever; a file can be a link.
        return "" if one.kind == "folder" or "." not in path.name or path.suffix == ".py" else str(path)
    if str(folder) in SYSTEM or path.is_relative_to("/opt"):
        return ""
    return f"{folder}/"


def _shipped(folder: PurePosixPath, written: PurePosixPath, paths: Collection[str]) -> bool:
    """Tell whether a folder holds files of the project, beside what is written and placeholders such as .gitkeep."""
    inside = [PurePosixPath(one) for one in paths if PurePosixPath(one).is_relative_to(folder)]
    if folder.name in WRITTEN:
        return any(one.suffix == ".py" for one in inside)
    return any(not one.name.startswith((".", written.name)) for one in inside)


def _outermost(places: Iterable[str]) -> tuple[str, ...]:
    """Return the places in order, without those that lie in another."""
    found = tuple(dict.fromkeys(places))
    return tuple(one for one in found if not any(one != other and one.startswith(other) for other in found))


def _env(source: Source) -> Proposal:
    if ".env" not in source.files:
        return Proposal()
    said = [".env: the container does not see it; what the app reads goes under `environment:` in compose.app.yaml"]
    if source.dependencies and source.dependencies.brings("pydantic-settings"):
        said.append(
            "pydantic-settings refuses names in .env that it does not know, such as STACK_…, without extra='ignore'"
        )
    return Proposal({}, tuple(said))


def _health(source: Source) -> Proposal:
    where = f" ({source.health_where})" if source.health_where else ", since no health route was found"
    return Proposal({"health_path": source.health_path}, (f"alive: {source.health_path} answers below 500{where}",))
