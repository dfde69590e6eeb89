"""The one place where engine, probe and the other eyes are joined into Facts: side by side, as far as that goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from ... import authority, history, orders
from ...errors import NotReady, StackError
from ...facts import Container, Facts, Holder, guarded
from . import inner, owned, seat, together, visit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from ...engine import Engine
    from ...project import Project

__all__ = [
    "NOTHING",
    "afar",
    "beyond",
    "complaints",
    "everything",
    "holders",
    "machine",
    "ours",
    "outside",
    "said",
    "visit",
]

NOTHING: together.Looks = {}
LAST_HOUR = timedelta(hours=1)
"""How far back the app's log is read for workers that died."""


def machine(engine: Engine, project: Project, also: together.Looks = NOTHING, *, strict: bool = False) -> Facts:
    """Return what can be seen before anything is started, what a plan needs, and what else is to be looked at.

    What cannot be looked at is named in the facts; strictly, the first StackError of these is raised instead.
    """
    clock = together.Clock()
    facts = _looked(Facts(now=datetime.now(UTC)), _first(engine, project), clock, strict=strict)
    return _looked(facts, {**_second(engine, project, guarded(facts)), **also}, clock, strict=strict)


def everything(engine: Engine, project: Project, also: together.Looks = NOTHING) -> Facts:
    """Return what can be seen of a stack that runs, and what else is to be looked at beside it.

    Of a shared proxy, nothing is served that could be asked for.
    """
    clock = together.Clock()
    facts = _looked(Facts(now=datetime.now(UTC)), _first(engine, project), clock)
    known = guarded(facts)
    running = {**_running(engine, project, known), **inner.looks(engine, project, known)}
    facts = _looked(facts, {**_second(engine, project, known), **running, **also}, clock)
    if "containers" in facts.unseen or project.is_proxy or not run(facts.of(project.proxy.name)):
        return facts
    # Last, because Traefik knows the app by then: what was sent before has waited for that.
    return _looked(facts, visit.answers(project, guarded(facts)), clock)


def afar(project: Project, *, dns: bool) -> Facts:
    """Return what can be seen of a site of which only the address is known, and what DNS says if it can be asked."""
    facts = Facts(now=datetime.now(UTC))
    looks = dict(visit.answers(project, facts))
    looks["handshakes",] = lambda: {"handshakes": visit.shaken(project, project.hosts)}
    if dns:
        looks["names",] = beyond(project)["names",]
    if not project.http_port:
        del looks["redirects",]
    return _looked(facts, looks, together.Clock(), strict=True)


def outside(project: Project, facts: Facts) -> Facts:
    """Return facts with what DNS says of the names, and whether the authority answers."""
    return _looked(facts, beyond(project), together.Clock())


def beyond(project: Project) -> together.Looks:
    """Return the looks that ask others than this machine: what DNS says, and whether the authority answers."""
    from ...probe import directory, names

    def authorities() -> Mapping[str, Any]:
        return {"authority": directory.look(project.acme_directory, seat.roots(project), datetime.now(UTC))}

    return {
        ("names",): lambda: {"names": names.look(project.hosts, project.name_servers)},
        ("authority",): authorities,
        ("interfaces",): lambda: {"interfaces": seat.interfaces(project.directory)},
    }


def _looked(facts: Facts, looks: together.Looks, clock: together.Clock, *, strict: bool = False) -> Facts:
    """Return facts with what some looks have seen, and with what they have not."""
    done = together.look(looks, clock.left)
    for error in done.errors if strict else ():
        if isinstance(error, StackError):
            raise error
    return replace(facts, **done.seen, unseen={**facts.unseen, **done.unseen})


def _first(engine: Engine, project: Project) -> together.Looks:
    """Return the looks that need nothing."""
    names = [*(service.image for service in project.services), project.proxy.image]

    def images() -> Mapping[str, Any]:
        good = {one.name for one in history.every(project.directory) if one.good}
        editions = tuple(replace(one, served=one.name in good) for one in engine.editions(project))
        built = engine.build_image(project, editions, partial(_version, project))
        there = {one.name: one.image_id for one in editions}
        return {"images": {**there, **engine.images([*names, built])}, "build_image": built, "editions": editions}

    return {
        ("tried",): lambda: {"tried": history.ended(project.directory)},
        ("versions",): lambda: {"versions": engine.versions(project.directory)},
        ("containers", "orphans"): lambda: _containers(engine, project),
        ("images", "build_image", "editions"): images,
        ("migrations",): lambda: {"migrations": engine.migrations(project)},
        ("server_version",): lambda: {"server_version": _server_version(engine, project)},
        ("room", "limits"): lambda: _host(engine, project),
        ("claims",): lambda: {"claims": engine.claims(project)},
        ("leaf",): lambda: {"leaf": authority.look(project.serving.directory, project.leaf)},
        ("missing", "closed", "modified"): lambda: owned.mounted(project),
        owned.WRITTEN: lambda: owned.written(project),
        ("own",): lambda: owned.certificate(project, datetime.now(UTC)),
    }


def _second(engine: Engine, project: Project, facts: Facts) -> together.Looks:
    """Return the looks that need to know the containers, or the images."""

    def proxies() -> tuple[Container, ...]:
        return facts.of(project.proxy.name)

    def kept() -> Mapping[str, Any]:
        return {"kept": () if project.joins or run(proxies()) else engine.kept(project, facts.images)}

    return {
        ("namesakes",): lambda: {"namesakes": _namesakes(project, facts)},
        ("holders", "leavers"): lambda: _holding(engine, project),
        ("data_version",): lambda: {"data_version": engine.data_version(project, facts.images)},
        ("certified",): lambda: {"certified": engine.certified(project, facts.images)},
        ("kept",): kept,
        ("handshakes",): lambda: {"handshakes": visit.handshakes(project, facts)},
    }


def _running(engine: Engine, project: Project, facts: Facts) -> together.Looks:
    """Return the looks at what goes on in containers that run, and at what has become of them."""
    looks: dict[tuple[str, ...], Callable[[], Mapping[str, Any]]] = {
        ("boots",): lambda: {"boots": seat.boots(project.directory)}
    }
    if project.is_proxy:
        return looks

    def running(service: str) -> list[Container]:
        return [one for one in facts.of(service) if one.state == "running"]

    def servers() -> Mapping[str, Any]:
        return {"servers": engine.insides(running(project.app.name), project)}

    def sightings() -> Mapping[str, Any]:
        there = run(facts.of(project.proxy.name))
        return {"sightings": visit.sightings(engine, project, facts) if there else ()}

    def deaths() -> Mapping[str, Any]:
        return {"deaths": engine.deaths(running(project.app.name), facts.now - LAST_HOUR)}

    looks[("servers",)] = servers
    looks[("sightings",)] = sightings
    looks[("deaths",)] = deaths
    looks[("record",)] = lambda: {"record": history.last(project.directory)}
    return looks


def _version(project: Project) -> str:
    build = project.app.build
    return seat.version(project.directory, build.context) if build else ""


def _host(engine: Engine, project: Project) -> Mapping[str, Any]:
    folder, limits = engine.host(project)
    return {"room": seat.room(folder), "limits": limits}


def _containers(engine: Engine, project: Project) -> Mapping[str, Any]:
    own, defined = engine.containers(project), {one.name for one in project.services}
    front = engine.containers(project.serving) if project.joins else ()
    ours = [one for one in own if one.service in defined]
    strange = [one for one in own if one.service not in defined]
    # The model leaves out the services of profiles that are not in use; they are defined all the same.
    known = engine.services(project) if strange else ()
    return {
        "containers": (*ours, *(one for one in front if one.service not in defined)),
        "orphans": tuple(one for one in strange if one.service not in known),
    }


def _server_version(engine: Engine, project: Project) -> str:
    return engine.server_version(project.database.image) if project.database else ""


def _holding(engine: Engine, project: Project) -> Mapping[str, Any]:
    held = holders(engine, project)
    names = (one.project for one in held)
    return {"holders": held, "leavers": engine.leavers(project, names) if project.is_proxy else ()}


def ours(engine: Engine, project: Project, *, hint: str) -> tuple[Container, ...]:
    """Return the project's containers; NotReady when another folder runs some of that name, `{}` in the hint."""
    containers = engine.containers(project)
    if others := namesakes(project, containers):
        raise NotReady(
            f"{project.name} runs from {', '.join(others)}, not from this folder; nothing was touched",
            hint=hint.format(others[0]),
        )
    return containers


def _namesakes(project: Project, facts: Facts) -> tuple[str, ...]:
    """Return other folders that run containers of the project's own, not of the shared proxy it joins."""
    defined = {one.name for one in project.services}
    return namesakes(project, [*(one for one in facts.containers if one.service in defined), *facts.orphans])


def namesakes(project: Project, containers: Sequence[Container]) -> tuple[str, ...]:
    """Return other folders that run containers of this name; a folder that is gone was moved here, most likely."""
    folders = {project.directory / one.folder for one in containers if one.folder}
    others = {folder for folder in folders if folder.exists() and folder.resolve() != project.directory}
    return tuple(sorted(map(str, others)))


def holders(engine: Engine, project: Project) -> tuple[Holder, ...]:
    """Return who holds the ports: containers first, since to the system they are all one `docker-proxy`."""
    ports = {port.published for service in project.services for port in service.ports}
    published = engine.holders(ports)
    return (*published, *seat.holders(project.directory, ports - {holder.port for holder in published}))


def run(containers: Sequence[Container]) -> bool:
    """Tell whether any of them runs."""
    return any(one.state == "running" for one in containers)


def complaints(engine: Engine, project: Project, since: datetime) -> tuple[str, ...]:
    """Return what Traefik has written about certificates that did not come, since a moment."""
    proxies = (one for one in engine.containers(project.serving) if one.service == project.proxy.name)
    return said(engine, proxies, since - timedelta(seconds=1), project.hosts)


def said(engine: Engine, proxies: Iterable[Container], since: datetime, hosts: Collection[str] = ()) -> tuple[str, ...]:
    """Return what containers of Traefik have written about certificates that did not come, for these hosts or all."""
    return orders.lines(engine.log(proxies, since), hosts)
