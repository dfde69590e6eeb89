"""`stack logs`."""

import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from .. import explained, loglines, places
from ..engine import Engine
from ..errors import ExitCode, NotReady, WrongInput
from ..loglines import Line
from ..project import Project
from . import terminal

TAIL = 200
"""How many lines are shown when nobody says since when, or how many."""


@dataclass(frozen=True)
class Wish:
    """What somebody wants to read."""

    services: tuple[str, ...] = ()
    """None means all."""
    since: str | None = None
    tail: int | None = None
    follow: bool = False

    @property
    def most(self) -> int | None:
        """How many lines are shown of what has been written; None for all."""
        return TAIL if self.tail is None and self.since is None else self.tail


def logs(directory: Path, wish: Wish, *, as_json: bool) -> int:
    """Show what the containers have written, and with --follow what they write until Ctrl-C, which is the way out."""
    now = datetime.now(UTC)
    since = loglines.since(wish.since, now) if wish.since is not None else None
    if wish.follow and as_json:
        raise WrongInput("--follow has no end, and --json prints one document", hint="stack logs --json --since 1h")
    engine = Engine.connect(directory)
    project = engine.load(directory, joined=False, hashed=False)
    _refuse_unknown(project, wish.services)
    _refuse_without_containers(engine, project)
    try:
        return _shown(engine, project, wish, (since, now), as_json=as_json)
    except KeyboardInterrupt:
        if not wish.follow:
            raise
        return ExitCode.GOOD
    except BrokenPipeError:  # whoever read has seen enough: `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.GOOD


def _shown(
    engine: Engine, project: Project, wish: Wish, times: tuple[datetime | None, datetime], *, as_json: bool
) -> int:
    from ..screens import logs as screen

    since, now = times
    written = _written(engine, project, wish, since, now)
    if as_json:
        terminal.document(screen.document(project.name, explained.told(written, project)))
        return ExitCode.GOOD
    if not written and not wish.follow:
        terminal.note(f"{project.name} has written nothing{f' since {wish.since}' if wish.since else ''}.")
    paper = screen.Screen(project, wish.services, colour=terminal.colour(), width=terminal.width())
    coming = _coming(engine, project, wish, now) if wish.follow else ()
    for text in paper.lines(explained.told(_all(written, coming), project)):
        terminal.result(text)
    return ExitCode.GOOD


def _all(written: Iterable[Line], coming: Iterable[Line]) -> Iterator[Line]:
    yield from written
    yield from coming


def _written(engine: Engine, project: Project, wish: Wish, since: datetime | None, until: datetime) -> Sequence[Line]:
    """Return what has been written until a moment, in order; the last lines when only so many are wanted."""
    if wish.most == 0:
        return ()
    options = [f"--until={_moment(until)}", *([f"--since={_moment(since)}"] if since else [])]
    # Compose counts the lines of each container.
    options += [f"--tail={wish.most}"] if wish.most is not None else []
    with engine.said(project, wish.services, *options) as raw:
        found = loglines.merged(_parsed(project, raw))
    return found if wish.most is None else tuple(deque(found, wish.most))


def _coming(engine: Engine, project: Project, wish: Wish, since: datetime) -> Iterator[Line]:
    """Yield what is written from a moment on, in new containers, too."""
    with engine.said(project, wish.services, "--follow", f"--since={_moment(since)}") as raw:
        yield from _parsed(project, raw)


def _parsed(project: Project, raw: Iterable[bytes]) -> Iterator[Line]:
    services = {one.name for one in project.services}
    return (loglines.parse(one, services) for one in raw)


def _moment(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _refuse_unknown(project: Project, services: Iterable[str]) -> None:
    """Raise WrongInput for a service that the files do not define; of a joined stack, Traefik is elsewhere."""
    names = sorted(one.name for one in project.services)
    for name in services:
        if not project.find(name):
            raise WrongInput(
                f"{project.name} has no service {name!r}; it has {', '.join(names)}", hint=_elsewhere(project, names)
            )


def _elsewhere(project: Project, names: Sequence[str]) -> str:
    if project.joins:
        return f"Traefik is in the folder of the project {project.joins!r}: stack logs traefik -C THAT_FOLDER"
    return f"stack logs {names[0]}"


def _refuse_without_containers(engine: Engine, project: Project) -> None:
    from . import observe

    if not observe.ours(engine, project, hint="stack logs -C {}"):
        hint = places.command("up", project.directory)
        raise NotReady(f"{project.name} has no containers, and so no logs", hint=hint)
