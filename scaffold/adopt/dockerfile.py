"""An existing Dockerfile: the app that it starts, whether it can be kept, and what of its CMD goes on."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from .. import server
from ..errors import WrongInput
from ..source import Candidate, Recipe, Source
from . import commands, image, legacy
from .proposal import Proposal

RUNNER = re.compile(r"(.*/)?(uv|poetry)")
INTERPRETER = re.compile(r"(.*/)?(python[0-9.]*|(ba|da)?sh)")
"""What an ENTRYPOINT begins with that starts a server or hands a command on: what follows decides."""
WORD = re.compile(r"[A-Za-z0-9_./=@+-]+")
"""A word that the question `entrypoint` takes."""
WITHOUT = re.compile(r"((docker\.io|index\.docker\.io)/)?(library/)?(python|debian|ubuntu)(:.*|@.*)?")
"""Base images that have no ENTRYPOINT."""
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
    command = commands.serving(recipe.command)
    name = server.app(command) or server.gunicorn_app(command)
    if replaced or not name:
        return next((one for one in source.candidates if one.app == name), None)
    return Candidate(name, server.option(command, "app-dir") or ".", "the Dockerfile's CMD")


def problems(recipe: Recipe, given: Mapping[str, Any] = MappingProxyType({})) -> tuple[str, ...]:
    """Return why a Dockerfile cannot be kept, beside the answers that were given; none when it can."""
    if recipe.problem:
        return (f"it cannot be read: {recipe.problem}",)
    command = commands.serving(recipe.command)
    why = _unfit(recipe) if recipe.entrypoint and "entrypoint" not in given else ""
    said = [f"{why}; --data entrypoint= leaves it out"] if why else []
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


def _unfit(recipe: Recipe) -> str:
    """Return why an ENTRYPOINT cannot be given the stack's command; empty when it can."""
    words = recipe.entrypoint
    if recipe.entrypoint_in_shell:
        return "its ENTRYPOINT is in shell form, which hands no command on: make it CMD, or write it as a list"
    if any(commands.serves(part.words) for part in commands.parts(words)):
        return "its ENTRYPOINT starts the server, which the stack's command does: make it CMD"
    if RUNNER.fullmatch(words[0]):
        return f"its ENTRYPOINT starts {words[0]}, which may write nothing in the container: put its packages on PATH"
    if INTERPRETER.fullmatch(words[0]) and not _hands_on(recipe):
        return f"its ENTRYPOINT, {words[0]}, runs what it names and no other command: make it CMD"
    if strange := [word for word in words if not WORD.fullmatch(word)]:
        return f"its ENTRYPOINT has the word {strange[0]!r}, which only a script can hold"
    return ""


def _hands_on(recipe: Recipe) -> bool:
    """Tell whether a script is given a command: there is one, and a CMD that starts a server."""
    words = recipe.entrypoint
    script = len(words) > 1 and not words[1].startswith("-")
    return script and commands.serves(commands.serving(recipe.command))


def fate(source: Source, given: Mapping[str, Any]) -> Proposal:
    """Return what becomes of a Dockerfile that is there; WrongInput when the person has to say."""
    recipe = source.recipe
    if recipe is None:
        if given.get("dockerfile") == "keep":
            raise WrongInput("there is no Dockerfile to keep", hint="leave dockerfile=keep out")
        return Proposal()
    if (old := legacy.translate(recipe, source.paths)) and given.get("dockerfile") != "keep":
        here = replace(recipe, workdir=recipe.workdir or legacy.HOME)
        folder = image.counterpart(here, source.paths, here.workdir)
        return Proposal({"dockerfile": "replace", **old.answers}, old.said) + commands.before(here, given, folder)
    if given.get("dockerfile") == "replace":
        folder = image.counterpart(recipe, source.paths, recipe.workdir or "/")
        return Proposal({}, ("Dockerfile: replaced, as you said",)) + commands.before(recipe, given, folder)
    if why := problems(recipe, given):
        raise WrongInput(
            "the Dockerfile cannot be kept as it is",
            evidence=why,
            hint="mend it, or --data dockerfile=replace: the old one is set aside",
        )
    return _kept(recipe, given) + commands.before(recipe, given, None)


def _kept(recipe: Recipe, given: Mapping[str, Any]) -> Proposal:
    user = recipe.user if recipe.user and not re.match(r"(root|0+)(:|$)", recipe.user) else USER
    said = [f"Dockerfile: kept ({recipe.base or 'its own base'}); the app runs as {user}"]
    answers = {"dockerfile": "keep", "app_user": user}
    if recipe.entrypoint and "entrypoint" not in given:
        answers["entrypoint"] = words = " ".join(recipe.entrypoint)
        said.append(f'its ENTRYPOINT {words} is given the command of app and of prestart, and has to end in exec "$@"')
    elif recipe.base and not recipe.entrypoint and not WITHOUT.fullmatch(recipe.base):
        said.append(f"an ENTRYPOINT of {recipe.base}, if it has one, is not used: --data entrypoint=WORDS names it")
    if recipe.command:
        said.append(f"its CMD is not used: compose.app.yaml has the server's command, on port {PORT}, in exec form")
    # An image that has a PYTHONPATH knows where its app is; ours would take the place of it.
    root = {"app_dir": "."} if "PYTHONPATH" in recipe.environment else {}
    return Proposal({**answers, **root}, tuple(said))


def options(source: Source, app: Candidate) -> Proposal:
    """Carry over what an existing CMD tells its server, beside what the stack tells it."""
    command = commands.serving(source.recipe.command) if source.recipe else ()
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
