"""`stack exec`, `stack psql` and `stack redis`: into a container that runs."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from .. import inside, places
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
    refuse_without(project, POSTGRES)
    return _enter(engine, project, POSTGRES, (*inside.PSQL, *arguments), inside.PSQL_ENVIRONMENT)


def redis(directory: Path, arguments: Sequence[str]) -> int:
    """Talk to Redis."""
    engine, project = _loaded(directory)
    refuse_without(project, REDIS)
    return _enter(engine, project, REDIS, (*inside.REDIS_CLI, *arguments), {})


def _refuse_loose(words: Sequence[str]) -> None:
    """Raise WrongInput for a command, or an option of one, that does not stand behind `--`."""
    if words and words[0].startswith("-"):
        raise WrongInput(f"no such option: {words[0]}", hint="a command goes behind --: stack exec -- ls -l")
    if words[1:]:
        raise WrongInput("the command goes behind --", hint=f"stack exec {words[0]} -- {shlex.join(words[1:])}")


def service(project: Project, name: str) -> Service:
    """Return a service; WrongInput that names those there are."""
    if found := project.find(name):
        return found
    names = sorted(one.name for one in project.services)
    command = f"to run a command in the app's container: stack exec -- {shlex.quote(name)}"
    raise WrongInput(
        f"{project.name} has no service {name!r}; it has {', '.join(names)}",
        hint=command if APP in names and name != APP else f"stack exec {names[0]}",
    )


def refuse_without(project: Project, store: str) -> None:
    """Raise WrongInput when the project was made without a data service."""
    if project.is_proxy or project.is_static:
        raise WrongInput(f"{project.name} has no {store}: it is no app of its own, but a front end or a proxy")
    if not project.find(store):
        hint = f"stack update {shlex.quote(str(project.directory))} --data {store}=true"
        raise WrongInput(f"{project.name} has no {store}", hint=hint)


def refuse_idle(engine: Engine, project: Project, name: str) -> None:
    """Raise NotReady when no container of a service runs, or when those that do belong to another folder."""
    found = [one for one in observe.ours(engine, project, hint="cd {}") if one.service == name]
    if not any(one.state == "running" for one in found):
        states = ", ".join(f"{one.name} is {one.state}" for one in found) or "there is no container of it"
        raise NotReady(f"{name} does not run: {states}", hint=places.command("up", project.directory))


def _loaded(directory: Path) -> tuple[Engine, Project]:
    engine = Engine.connect(directory)
    return engine, engine.load(directory, joined=False)


def _enter(engine: Engine, project: Project, name: str, words: Sequence[str], environment: Mapping[str, str]) -> int:
    refuse_idle(engine, project, name)
    return engine.enter(project, name, words, environment, terminal=terminal.attached())
