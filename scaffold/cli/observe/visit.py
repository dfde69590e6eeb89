"""What a visitor of the site meets."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from ... import authority, probe
from ...facts import TRIALS, Container, Facts, Handshake, Reply, Sighting
from ...probe import outdated, visitors
from ...project import LOCAL, STAGING, Port, Project, sample
from . import seat

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ...engine import Engine
    from .together import Looks

FORGED = "203.0.113.7"
"""A client that cannot be: RFC 5737 keeps this network for documentation."""
SERVED_SECONDS = 3
"""How long Traefik may take to notice a container that has just become healthy."""
LOG_SECONDS = 5
"""How long Traefik's line about a request that was answered may take to reach the engine's log."""


def site(project: Project) -> probe.Site:
    """Return where the project is looked at from here, and whose signature is wanted."""
    roots = authority.root_path() if project.certificates == LOCAL else seat.roots(project)
    trial = TRIALS if project.certificates == STAGING and not roots else None
    # What somebody else serves on this machine may be signed by anybody whom the system believes.
    besides = project.certificates == LOCAL and not project.known
    ports = (project.http_port, project.https_port)
    ways = seat.ways(project, ports)
    return probe.Site(seat.address(project), *ports, roots, not project.external, trial, besides, ways)


def handshakes(project: Project, facts: Facts) -> dict[str, Handshake]:
    """Return a handshake for every host; none while no Traefik runs, or where HTTPS is spoken in front of it.

    A shared proxy has no host of its own: those of its stacks are looked at.
    """
    there = any(one.state == "running" for one in facts.of(project.proxy.name))
    hosts = dict.fromkeys(one.route.host for one in facts.claims) if project.is_proxy else project.hosts
    return shaken(project, hosts) if there and not project.external else {}


def shaken(project: Project, hosts: Iterable[str]) -> dict[str, Handshake]:
    """Return a handshake for each of some hosts."""
    if project.certificates == LOCAL and not authority.root_path().exists():
        return dict.fromkeys(hosts, Handshake(problem="there is no local authority yet; `stack up` makes one"))
    return {host: probe.handshake(site(project), sample(host)) for host in hosts}


def answers(project: Project, facts: Facts) -> Looks:
    """Return the looks at what is answered over HTTPS and HTTP; Traefik has to run."""
    here, path = site(project), f"{project.prefix}/stack-check?a=b"

    def canonical() -> Mapping[str, Any]:
        return {"answers": {name: probe.get(here, sample(name), f"{project.prefix}/") for name in project.canonical}}

    return {
        ("answers",): canonical,
        ("elsewhere",): lambda: {"elsewhere": {name: probe.get(here, sample(name), path) for name in project.others}},
        ("redirects",): lambda: {"redirects": {name: probe.http(here, sample(name), path) for name in project.hosts}},
        ("slash",): lambda: {"slash": probe.slash_redirect(here, sample(project.canonical[0]), project.prefix)},
        **strange(project),
    }


def strange(project: Project) -> Looks:
    """Return the looks at what visitors meet who come otherwise than most."""
    here, first, prefix = site(project), sample(project.canonical[0]), project.prefix

    def large() -> Mapping[str, Any]:
        limit = project.upload_limit
        return {"large": visitors.large(here, first, prefix, limit + 1) if limit else None}

    return {
        ("stranger",): lambda: {"stranger": visitors.stranger(here, first, f"{prefix}/")},
        ("large",): large,
        ("parts",): lambda: {"parts": visitors.parts(here, first, prefix)},
        ("outdated",): lambda: {"outdated": {} if project.external else outdated.look(here, first)},
    }


def sightings(engine: Engine, project: Project, facts: Facts) -> tuple[Sighting, ...]:
    """Send marked requests, and return what Traefik wrote about them.

    A container that has just become healthy is not asked at once: Traefik gets a moment to notice it.
    """
    deadline = time.monotonic() + SERVED_SECONDS
    while True:
        seen = _marked(engine, project, facts)
        if all(one.served for one in seen) or time.monotonic() > deadline:
            return seen
        time.sleep(probe.POLL_SECONDS)


def _marked(engine: Engine, project: Project, facts: Facts) -> tuple[Sighting, ...]:
    """Send a plain request to every canonical name and a forged one to the first, each under a path of its own.

    And one to a public IPv6 address of this machine, as a visitor's would come.
    """
    since = datetime.now(UTC) - timedelta(seconds=1)
    first = project.canonical[0]
    requests = [*((host, "", "") for host in project.canonical), (first, FORGED, "")]
    requests += [(first, "", address) for address in _wide(seat.interfaces(project.directory))]
    marks = {f"{project.prefix}/.well-known/stack-check/{secrets.token_hex(8)}": request for request in requests}
    replies = {path: _ask(project, path, *request) for path, request in marks.items()}
    if lost := [marks[path] for path, reply in replies.items() if reply.by_proxy]:
        # Traefik does not even log them while it has no router at all
        return tuple(Sighting(sent, "", "", host, served=False, at=at) for host, sent, at in lost)
    wanted = {path for path, reply in replies.items() if reply.status or not marks[path][2]}
    lines: dict[str, Mapping[str, Any]] = {}
    deadline = time.monotonic() + LOG_SECONDS
    while len(lines) < len(wanted) and time.monotonic() < deadline:
        written = engine.log(facts.of(project.proxy.name), since)
        lines = {line["RequestPath"]: line for line in written if line.get("RequestPath") in wanted}
        time.sleep(probe.POLL_SECONDS / 10)
    return tuple(_sighting(*marks[path], line) for path, line in lines.items() if "ClientAddr" in line)


def _ask(project: Project, path: str, host: str, sent: str, at: str) -> Reply:
    here = site(project)
    where = replace(here, address=at, ways={}) if at else here
    return probe.get(where, sample(host), path, {"X-Forwarded-For": sent} if sent else None)


def _wide(interfaces: Iterable[str]) -> list[str]:
    """Return the first of some addresses that is a public one of IPv6, if there is one."""
    public = (one for one in map(ip_address, interfaces) if one.version == 6 and one.is_global)  # noqa: PLR2004 - IPv6
    return [str(one) for one in public][:1]


def _sighting(host: str, sent: str, at: str, line: Mapping[str, Any]) -> Sighting:
    peer = str(line["ClientAddr"]).rpartition(":")[0].strip("[]")
    return Sighting(sent, str(line.get("ClientHost", peer)), peer, host, served=bool(line.get("ServiceName")), at=at)


def stage(project: Project, container: Container) -> probe.Site:
    """Return where a rehearsal is looked at: whoever signs there is believed."""
    port = next((one for one in container.ports if one.target == project.https_port), Port(0, 0, "127.0.0.1"))
    return probe.Site(*seat.entry(project, port), issuers="")
