"""`stack secret rotate`: another password for a data service, and for everybody who needs it."""

import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from .. import inside, places, plan, secretfiles
from ..engine import ComposeFailed, Engine
from ..errors import ExitCode, Interrupted, NotReady, StackError
from ..project import POSTGRES, Project
from . import enter, observe, performing, terminal
from .alone import alone

REFUSED = {2, 3}
"""Statuses of psql after which nothing is changed: it could not connect, or a statement failed."""


def rotate(directory: Path, store: str, *, as_json: bool) -> int:
    """Give a data service a new password, and have every container that needs it read it. Nothing else is touched."""
    engine = Engine.connect(directory)
    project = engine.load(directory, joined=False)
    enter.refuse_without(project, store)
    path = project.password(store)
    with alone(project.directory, "secret rotate"):
        secretfiles.guard(project.directory)
        found = observe.ours(engine, project, hint="cd {}")
        running = {one.service for one in found if one.state == "running"}
        if store == POSTGRES and store not in running:
            _start(engine, project, path)
        terminal.note("Until it is restarted, which comes next, the app cannot open new connections.")
        _change(engine, project, store, path)
        steps = plan.reread(project, running, path)
        _carry_out(engine, project, store, steps)
    _tell(store, steps, as_json=as_json)
    return ExitCode.GOOD


def _start(engine: Engine, project: Project, path: Path) -> None:
    """Start PostgreSQL alone: only it can change its password. The file has to be there for that, whatever it holds."""
    if not path.exists():
        secretfiles.make(path)
    for step in (plan.Start((POSTGRES,)), plan.AwaitHealthy((POSTGRES,))):
        with terminal.step(str(step)) as say:
            engine.apply(project, step, say)


def _change(engine: Engine, project: Project, store: str, path: Path) -> None:
    before = secretfiles.read(path)
    try:
        with undisturbed(), terminal.step(f"give {store} a new password"):
            password = secretfiles.new_password()
            if store == POSTGRES:
                change_role(engine, project, path, password)
            else:
                secretfiles.write(path, f"{password}\n")
    except KeyboardInterrupt:
        if secretfiles.read(path) == before:
            raise Interrupted("interrupted; nothing was changed") from None
        raise Interrupted(f"interrupted; {store} has its new password", hint=_up(project)) from None


def change_role(engine: Engine, project: Project, path: Path, password: str) -> None:
    """Change role and file, or neither."""
    new = path.with_name(f"{path.name}.new")
    secretfiles.write(new, f"{password}\n")
    try:
        engine.feed(project, POSTGRES, inside.SQL, inside.new_password(inside.ROLE, password))
    except StackError as error:
        raise _refused(error, project, new, password) from error
    try:
        secretfiles.rename(new, path)
    except NotReady as error:
        error.message = f"PostgreSQL has the new password, but {error.message}"
        names = [str(one.relative_to(project.directory)) for one in (new, path)]
        error.hint = f"{places.shell(project.directory, shlex.join(['mv', '-f', *names]))}, then stack up"
        raise


def _refused(error: StackError, project: Project, new: Path, password: str) -> StackError:
    """Return what it means that PostgreSQL was not seen to take the password: when psql says so, nothing changed."""
    said = tuple(line for line in error.evidence if password not in line)
    if isinstance(error, ComposeFailed) and error.status in REFUSED:
        secretfiles.remove(new)
        return StackError(
            "PostgreSQL did not take the new password; nothing was changed",
            evidence=said,
            hint=places.shell(project.directory, f"docker compose logs {POSTGRES}"),
        )
    return StackError(
        "nobody knows whether PostgreSQL took the new password: the connection to it was lost",
        evidence=said,
        hint="stack secret rotate postgres, once more, settles it",
    )


def _carry_out(engine: Engine, project: Project, store: str, steps: tuple[plan.Step, ...]) -> None:
    try:
        for step in steps:
            with terminal.step(str(step)) as say:
                performing.perform(engine, project, step, say, since=datetime.now(UTC))
    except StackError as error:
        error.message = f"{store} has its new password, but not everybody reads it yet: {error.message}"
        error.evidence = secretfiles.blanked(project.directory, error.evidence)
        raise


def _tell(store: str, steps: tuple[plan.Step, ...], *, as_json: bool) -> None:
    restarted = [step.service for step in steps if isinstance(step, plan.Restart)]
    if as_json:
        terminal.document({"ok": True, "store": store, "restarted": restarted})
    else:
        terminal.result(f"{store} has a new password{'; restarted: ' + ', '.join(restarted) if restarted else ''}.")


def _up(project: Project) -> str:
    return places.command("up", project.directory)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let Ctrl-C and its like wait until this is over. Around whatever starts a thread, which would hear them, too."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
