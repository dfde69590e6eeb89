"""`stack status`: in less than a second, so that nobody thinks twice.

What can be looked at side by side is: while Compose reads the files, the engine counts for the first time, and the
rest of what is needed is imported.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from .. import premises, standing
from ..engine import Engine, Meter
from ..errors import ExitCode
from ..facts import Container, Handshake
from ..project import Project, sample
from . import terminal

SECONDS, ANSWER_SECONDS = 3.0, 2.0
"""How long all looks together may take, and a site that does not answer."""


def status(directory: Path, *, as_json: bool) -> int:
    """Show how the stack stands; whether everything runs is the exit code."""
    from ..screens import status as screen

    found = _look(directory)
    if as_json:
        terminal.document(screen.document(found))
    else:
        terminal.result(screen.text(found, colour=terminal.colour(), width=terminal.width()))
    return ExitCode.GOOD if found.well else ExitCode.FAILED


def _look(directory: Path) -> standing.Standing:
    place = premises.folder(directory)
    engine = Engine.connect(place)
    with ThreadPoolExecutor(1) as thread:
        reading = thread.submit(engine.load, place, hashed=False)
        meter = engine.meter()
        meter.begin(engine.started_from(place))
        from . import observe  # takes a while

        project = reading.result()
    containers = observe.ours(engine, project, hint="stack status {}")
    # What was started before its folder was moved is not known by it.
    meter.begin(one.id for one in containers if one.state == "running")
    return standing.stand(project, _seen(engine, project, containers, meter))


def _seen(engine: Engine, project: Project, containers: Sequence[Container], meter: Meter) -> standing.Seen:
    from .. import history
    from .observe import together

    front = engine.containers(project.front) if project.front else ()
    looks: together.Looks = {
        ("usage",): lambda: {"usage": meter.end()},
        ("servers",): lambda: {"servers": engine.servers(containers)},
        ("claims",): lambda: {"claims": engine.claims(project) if project.is_proxy else ()},
        ("handshakes",): lambda: {"handshakes": _handshakes(project, front if project.joins else containers)},
        ("also",): lambda: {"also": _also(engine, project, containers)},
        ("record",): lambda: {"record": history.last(project.directory)},
    }
    done = together.look(looks, SECONDS)
    return standing.Seen(datetime.now(UTC), tuple(containers), front=tuple(front), unseen=done.unseen, **done.seen)


def _handshakes(project: Project, proxies: Sequence[Container]) -> dict[str, Handshake]:
    """Return a handshake for each canonical name; none while nothing answers, or where HTTPS ends in front of it."""
    from .. import probe
    from . import observe

    if (project.joins and not project.front) or project.external:
        return {}
    if not observe.run([one for one in proxies if one.service == project.proxy.name]):
        return {}
    site = observe.visit.site(project)

    def looking(host: str) -> Callable[[], Mapping[str, Handshake]]:
        return lambda: {host: probe.handshake(site, sample(host))}

    done = observe.together.look({(host,): looking(host) for host in project.canonical}, ANSWER_SECONDS)
    return {**done.seen, **{host: Handshake(problem=why) for host, why in done.unseen.items()}}


def _also(engine: Engine, project: Project, containers: Sequence[Container]) -> frozenset[str]:
    """Return what else the files define, when something runs that they do not seem to; Compose is asked once more."""
    defined = {one.name for one in project.services}
    return frozenset() if all(one.service in defined for one in containers) else engine.services(project)
