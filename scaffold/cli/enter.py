"""`stack exec`, `stack psql` and `stack redis`: into a container that runs."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from .. import inside
from ..engine import Engine
from ..errors import NotReady, WrongInput
from ..project import APP, POSTGRES, REDIS, Project, Service
from . import observe, terminal


def shell(directory: Path, words: Sequence[str], command: Sequence[str]) -> int:
    """Run a command, or a shell, in a service's environment."""
    _refuse_loose(words)
    engine, project = _loaded(directory)
    name = words[0] if words else APP
    return _enter(engine, project, name, inside.session(service(project, name), command), {})


def psql(directory: Path, arguments: Sequence[str]) -> int:
    """Be the superuser in the app's database."""
    engine, project = _loaded(directory)
    store(project, POSTGRES)
    return _enter(engine, project, POSTGRES, (*inside.PSQL, *arguments), inside.PSQL_ENVIRONMENT)


def redis(directory: Path, arguments: Sequence[str]) -> int:
    """Talk to Redis."""
    engine, project = _loaded(directory)
    store(project, REDIS)
    return _enter(engine, project, REDIS, (*inside.REDIS_CLI, *arguments), {})


def _refuse_loose(words: Sequence[str]) -> None:
    """Raise WrongInput for a command, or an option of one, that does not stand behind `--`."""
    if words and words[0].startswith("-"):
        raise WrongInput(f"no such option: {words[0]}", hint="a command goes behind --: stack exec -- ls -l")
    if words[1:]:
        raise WrongInput("the command goes behind --", hint=f"stack exec {words[0]} -- {shlex.join(words[1:])}")


def service(project: Project, name: str) -> Service:
    """Return a service; WrongInput that names those there are."""
    for one in project.services:
        if one.name == name:
            return one
    raise WrongInput(
        f"{project.name} has no service {name!r}; it has {', '.join(sorted(one.name for one in project.services))}",
        hint=f"to run a command in the app's container: stack exec -- {shlex.quote(name)}",
    )


def store(project: Project, name: str) -> Service:
    """Return a data service; WrongInput when the project was made without it."""
    for one in project.services:
        if one.name == name:
            return one
    raise WrongInput(
        f"{project.name} has no {name}", hint=f"stack update {shlex.quote(str(project.directory))} --data {name}=true"
    )


def refuse_idle(engine: Engine, project: Project, name: str) -> None:
    """Raise NotReady when no container of a service runs, or when those that do belong to another folder."""
    containers = engine.containers(project)
    if others := observe.namesakes(project, containers):
        raise NotReady(f"{project.name} runs from {', '.join(others)}, not from this folder", hint=f"cd {others[0]}")
    found = [one for one in containers if one.service == name]
    if not any(one.state == "running" for one in found):
        states = ", ".join(f"{one.name} is {one.state}" for one in found) or "there is no container of it"
        raise NotReady(f"{name} does not run: {states}", hint=f"stack up {shlex.quote(str(project.directory))}")


def _loaded(directory: Path) -> tuple[Engine, Project]:
    engine = Engine.connect()
    return engine, engine.load(directory)


def _enter(engine: Engine, project: Project, name: str, words: Sequence[str], environment: Mapping[str, str]) -> int:
    refuse_idle(engine, project, name)
    return engine.enter(project, name, words, environment, terminal=terminal.attached())
