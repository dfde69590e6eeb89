"""An existing Dockerfile: the app that it starts, whether it can be kept, and what of its CMD goes on."""

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from .. import server
from ..errors import WrongInput
from ..source import Candidate, Recipe, Source
from . import legacy
from .proposal import Proposal

STARTERS = re.compile(r"(.*/)?(uvicorn|gunicorn|fastapi|hypercorn|granian|python[0-9.]*|uv|poetry|(ba|da)?sh)")
"""What an ENTRYPOINT that passes a command on does not begin with."""
OPTION = re.compile(r"--[a-z0-9-]+(=[A-Za-z0-9._/:,@+-]*[A-Za-z0-9._/,@+-])?")
"""An option that the question `server_options` takes."""
PORT = "8000"
USER = "10001:10001"


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


def fate(source: Source, given: Mapping[str, Any]) -> Proposal:
    """Return what becomes of a Dockerfile that is there; WrongInput when the person has to say."""
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


def options(source: Source, app: Candidate) -> Proposal:
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
