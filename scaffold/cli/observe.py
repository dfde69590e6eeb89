"""The one place where engine, probe and the other eyes are joined into Facts."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from .. import authority, detect, probe
from ..engine import Engine
from ..facts import Container, Facts, Handshake, Sighting
from ..project import Project

FORGED = "203.0.113.7"
"""A client that cannot be: RFC 5737 keeps this network for documentation."""
LOG_SECONDS = 3
"""How long Traefik's line about a request may take to reach the engine's log."""


def site(project: Project) -> probe.Site:
    """Return where the project is looked at from here, and whose signature is wanted."""
    roots = project.acme_roots if project.resolver else authority.root_path()
    return probe.Site(project.address, project.http_port, project.https_port, roots)


def machine(engine: Engine, project: Project) -> Facts:
    """Return what can be seen before anything is started, and what a plan needs."""
    containers = engine.containers(project)
    facts = Facts(
        now=datetime.now(UTC),
        versions=engine.versions(),
        containers=containers,
        images=engine.images([*(service.image for service in project.services), engine.build_image(project)]),
        build_image=engine.build_image(project),
        namesakes=tuple(sorted({one.folder for one in containers if one.folder not in {"", str(project.directory)}})),
        missing=tuple(
            sorted({str(path) for one in project.services for path in one.binds.values() if not path.exists()})
        ),
        leaf=None if project.resolver else authority.look(project.directory),
    )
    return replace(_with_holders(engine, project, facts), handshakes=handshakes(project, facts.of(project.proxy.name)))


def _with_holders(engine: Engine, project: Project, facts: Facts) -> Facts:
    """Add who holds the ports: containers first, since to the system they are all one `docker-proxy`."""
    ports = {port.published for service in project.services for port in service.ports}
    published = engine.holders(ports)
    others = detect.holders(ports - {holder.port for holder in published})
    return replace(facts, holders=(*published, *others))


def handshakes(project: Project, proxies: Sequence[Container]) -> dict[str, Handshake]:
    """Return a handshake for every host; none while no Traefik runs."""
    if not any(one.state == "running" for one in proxies):
        return {}
    if not project.resolver and not authority.root_path().exists():
        return dict.fromkeys(project.hosts, Handshake(problem="there is no local authority yet; `stack up` makes one"))
    return {host: probe.handshake(site(project), host) for host in project.hosts}


def everything(engine: Engine, project: Project) -> Facts:
    """Return what can be seen of a stack that runs."""
    facts = machine(engine, project)
    if not facts.handshakes:
        return facts
    here = site(project)
    host = project.hosts[0] if project.hosts else ""
    return replace(
        facts,
        answers={name: probe.https(here, name) for name in project.hosts},
        redirects={name: probe.http(here, name, "/stack-check?a=b") for name in project.hosts},
        slash=probe.slash_redirect(here, host),
        servers=tuple(engine.server(one) for one in facts.of(project.app.name) if one.state == "running"),
        sightings=_sightings(engine, facts.of(project.proxy.name), here, host),
    )


def complaints(engine: Engine, project: Project, since: datetime) -> tuple[str, ...]:
    """Return what Traefik has written about certificates that did not come, since a moment."""
    lines = engine.log((one for one in engine.containers(project) if one.service == project.proxy.name), since)
    errors = (line for line in lines if line.get("level") == "error" and "acme" in str(line.get("providerName", "")))
    return tuple(dict.fromkeys(f"{line.get('message', '')}: {line.get('error', '')}".strip(": ") for line in errors))


def _sightings(engine: Engine, proxies: Sequence[Container], here: probe.Site, host: str) -> tuple[Sighting, ...]:
    """Send two marked requests, one of them forged, and return what Traefik wrote about them."""
    since = datetime.now(UTC) - timedelta(seconds=1)
    marks = {f"/.well-known/stack-check/{secrets.token_hex(8)}": sent for sent in ("", FORGED)}
    for path, sent in marks.items():
        probe.https(here, host, path, {"X-Forwarded-For": sent} if sent else None)
    deadline = time.monotonic() + LOG_SECONDS
    while True:
        lines = {line["RequestPath"]: line for line in engine.log(proxies, since) if line.get("RequestPath") in marks}
        if len(lines) == len(marks) or time.monotonic() > deadline:
            break
        time.sleep(probe.POLL_SECONDS / 5)
    return tuple(
        Sighting(
            sent=marks[path],
            client=str(line["ClientHost"]),
            peer=str(line["ClientAddr"]).rpartition(":")[0].strip("[]"),
        )
        for path, line in lines.items()
    )
