"""`stack dev`."""

import shlex
from pathlib import Path

from .. import premises, secretfiles
from ..engine import DEVELOPMENT, Engine
from ..errors import ExitCode, NotReady, WrongInput
from ..project import NO_APP, Project
from . import observe, terminal


def dev(directory: Path, *, down: bool) -> int:
    """Run the project for development in the foreground, or take away what was left of that."""
    _refuse_lacking(premises.folder(directory))
    engine = Engine.connect(directory)
    project = engine.load(directory, DEVELOPMENT)
    observe.ours(engine, project, hint="another `name:` in compose.dev.yaml")
    if down:
        with terminal.step(f"remove the containers and networks of {project.name}") as say:
            engine.down(project, say, volumes=False, files=DEVELOPMENT)
        return ExitCode.GOOD
    _refuse_taken(engine, project)
    secretfiles.guard(project.directory)
    for path in (path for path in project.secrets if not path.exists()):
        secretfiles.make(path)
    _make_room(project)
    return _run(engine, project)


def address(project: Project) -> str:
    """Return where the app is for its developer; WrongInput when it is nowhere."""
    for port in project.app.ports:
        return f"http://{port.host_ip or '127.0.0.1'}:{port.published}"
    raise WrongInput(
        f"the app publishes no port in {' and '.join(DEVELOPMENT)}", hint='ports: !override ["127.0.0.1:8000:8000"]'
    )


def _run(engine: Engine, project: Project) -> int:
    terminal.note(f"{project.name}: {address(project)}, once it is built and healthy. Ctrl-C ends it.")
    ended = engine.develop(project)
    if ended.interrupted:
        return ExitCode.INTERRUPTED
    if ended.status:
        terminal.note(f"What may still run: stack dev --down {shlex.quote(str(project.directory))}")
        return ExitCode.FAILED
    return ExitCode.GOOD


def _refuse_lacking(folder: Path) -> None:
    if any((folder / name).is_file() for name in NO_APP):
        raise WrongInput(f"there is nothing to develop in {folder}: it is a built front end, or a proxy")
    for name in DEVELOPMENT:
        if not (folder / name).is_file():
            raise WrongInput(
                f"there is no {name} in {folder}",
                hint=f"stack update {shlex.quote(str(folder))} brings it to a project that is older than it",
            )


def _refuse_taken(engine: Engine, project: Project) -> None:
    for holder in observe.holders(engine, project):
        if holder.project != project.name:
            raise NotReady(
                f"port {holder.port} is held by {holder.who}",
                hint="another port, here or in .env: STACK_DEV_PORT=8001 stack dev",
            )


def _make_room(project: Project) -> None:
    """Make the folders over which volumes are mounted: in code that is mounted read-only Docker cannot."""
    needed = {path for service in project.services for path in service.mount_points}
    for path in sorted(path for path in needed if not path.exists()):
        try:
            path.mkdir(parents=True)
        except OSError as error:
            raise NotReady(f"{path} cannot be made: {error.strerror}", hint="you should own the folder") from error
        terminal.note(f"made {path}, over which a volume is mounted; the data is in the volume")
