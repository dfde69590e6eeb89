"""The one place where engine, probe and the other eyes are joined into Facts."""

import secrets
import stat
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from .. import authority, detect, dotenv, orders, ownfiles, probe, repository, secretfiles
from ..engine import Engine
from ..errors import NotReady
from ..facts import Container, Facts, Handshake, Holder, Reply, SecretFile, Sighting
from ..project import EVERYWHERE, FILES, LEAVES, LOCAL, SECRETS, SETTINGS, STAGING, Project, sample

FORGED = "203.0.113.7"
"""A client that cannot be: RFC 5737 keeps this network for documentation."""
TRIAL = "(STAGING)"
"""What the names of issuers begin with at Let's Encrypt's authority for trials, whose root nobody has."""
ENV_FILES = (secretfiles.APP_ENV, secretfiles.PROXY_ENV)
LOG_SECONDS = 3
"""How long Traefik's line about a request may take to reach the engine's log."""


def site(project: Project) -> probe.Site:
    """Return where the project is looked at from here, and whose signature is wanted."""
    roots = authority.root_path() if project.certificates == LOCAL else project.roots
    trial = TRIAL if project.certificates == STAGING and not roots else None
    return probe.Site(project.address, project.http_port, project.https_port, roots, not project.external, trial)


def machine(engine: Engine, project: Project) -> Facts:
    """Return what can be seen before anything is started, and what a plan needs."""
    own, serving = engine.containers(project), project.serving
    defined = {one.name for one in project.services}
    # What `up` makes itself is not missing.
    ours = project.directory / LEAVES
    mounted = {path for one in project.services for path in one.binds.values() if path != ours}
    read = {path for one in project.services for path in one.reads}
    build_image = engine.build_image(project)
    images = engine.images([*(service.image for service in project.services), project.proxy.image, build_image])
    facts = Facts(
        now=datetime.now(UTC),
        versions=engine.versions(),
        containers=(
            *(one for one in own if one.service in defined),
            *(one for one in (engine.containers(serving) if project.joins else ()) if one.service not in defined),
        ),
        orphans=tuple(one for one in own if one.service not in defined),
        images=images,
        build_image=build_image,
        modified={path: moment for path in read if (moment := secretfiles.modified(path))},
        data_version=engine.data_version(project, images),
        server_version=engine.server_version(project.database.image) if project.database else "",
        room=detect.room(engine.data_folder()),
        certified=engine.certified(project, images),
        namesakes=namesakes(project, own),
        claims=engine.claims(project),
        missing=tuple(sorted({str(path) for path in mounted if not path.exists()})),
        closed=tuple(sorted({str(path) for path in mounted if path.exists() and not _open(path)})),
        leaf=authority.look(serving.directory, project.leaf),
    )
    proxies = facts.of(project.proxy.name)
    held = holders(engine, project)
    return replace(
        _told(project, facts),
        holders=held,
        handshakes=handshakes(project, proxies),
        leavers=engine.leavers(project, (one.project for one in held)) if project.is_proxy else (),
        kept=() if project.joins or _run(proxies) else engine.kept(project, images),
    )


def _told(project: Project, facts: Facts) -> Facts:
    """Return facts with what its owner wrote down beside the Compose files: .env, and what lies in secrets/."""
    texts = {file.name: secretfiles.read(project.directory / file) for file in ENV_FILES}
    found = secretfiles.look(project.directory)
    return replace(
        facts,
        settings=dotenv.settings(secretfiles.read(project.directory / ".env")),
        secrets=found,
        secrets_mode=secretfiles.folder_mode(project.directory),
        unreadable=tuple(
            f"{name}, {problem}"
            for name, text in texts.items()
            for problem in dotenv.problems(text, escapes=name == SETTINGS)
        ),
        placeholders=_placeholders(texts, found),
        tracked=repository.tracked(project.directory, SECRETS),
        own=ownfiles.own(project.serving.directory, facts.now) if project.certificates == FILES else None,
    )


def ours(engine: Engine, project: Project, *, hint: str) -> tuple[Container, ...]:
    """Return the project's containers; NotReady when another folder runs some of that name, `{}` in the hint."""
    containers = engine.containers(project)
    if others := namesakes(project, containers):
        raise NotReady(
            f"{project.name} runs from {', '.join(others)}, not from this folder; nothing was touched",
            hint=hint.format(others[0]),
        )
    return containers


def _placeholders(texts: Mapping[str, str], found: Sequence[SecretFile]) -> tuple[str, ...]:
    """Return the names in secrets/ that wait for a value: settings in these texts, and files of one password."""
    settings = [name for text in texts.values() for name in dotenv.placeholders(text)]
    single = [one.path for one in found if one.path.name not in texts]
    return (*settings, *(path.name for path in single if dotenv.is_placeholder(secretfiles.read(path))))


def namesakes(project: Project, containers: Sequence[Container]) -> tuple[str, ...]:
    """Return other folders that run containers of this name; a folder that is gone was moved here, most likely."""
    folders = {Path(one.folder) for one in containers if one.folder}
    others = {folder for folder in folders if folder.exists() and folder.resolve() != project.directory}
    return tuple(sorted(map(str, others)))


def _open(path: Path) -> bool:
    """Tell whether every user may read a file or list a folder; sockets and devices have rules of their own."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        return bool(mode & stat.S_IROTH and mode & stat.S_IXOTH)
    return not stat.S_ISREG(mode) or bool(mode & stat.S_IROTH)


def holders(engine: Engine, project: Project) -> tuple[Holder, ...]:
    """Return who holds the ports: containers first, since to the system they are all one `docker-proxy`."""
    ports = {port.published for service in project.services for port in service.ports}
    published = engine.holders(ports)
    return (*published, *detect.holders(ports - {holder.port for holder in published}))


def handshakes(project: Project, proxies: Sequence[Container]) -> dict[str, Handshake]:
    """Return a handshake for every host; none while no Traefik runs, or where HTTPS is spoken in front of it."""
    if project.external or not _run(proxies):
        return {}
    if project.certificates == LOCAL and not authority.root_path().exists():
        return dict.fromkeys(project.hosts, Handshake(problem="there is no local authority yet; `stack up` makes one"))
    return {host: probe.handshake(site(project), sample(host)) for host in project.hosts}


def _run(containers: Sequence[Container]) -> bool:
    return any(one.state == "running" for one in containers)


def everything(engine: Engine, project: Project) -> Facts:
    """Return what can be seen of a stack that runs; of a shared proxy, nothing is served that could be asked for."""
    facts = machine(engine, project)
    if project.is_proxy or not _run(facts.of(project.proxy.name)):
        return facts
    here, path = site(project), f"{project.prefix}/stack-check?a=b"
    # First, because it waits until Traefik knows the app.
    sightings = _sightings(engine, project, facts)
    return replace(
        facts,
        sightings=sightings,
        answers={name: probe.get(here, sample(name), f"{project.prefix}/") for name in project.canonical},
        elsewhere={name: probe.get(here, sample(name), path) for name in project.others},
        redirects={name: probe.http(here, sample(name), path) for name in project.hosts},
        slash=probe.slash_redirect(here, sample(project.canonical[0]), project.prefix),
        servers=tuple(engine.server(one) for one in facts.of(project.app.name) if one.state == "running"),
    )


def stage(project: Project, container: Container) -> probe.Site:
    """Return where a rehearsal is looked at: whoever signs there is believed."""
    port = next((one for one in container.ports if one.target == project.https_port), None)
    where = (port.host_ip if port and port.host_ip not in EVERYWHERE else "127.0.0.1", 0, port.published if port else 0)
    return probe.Site(*where, issuers="")


def outside(project: Project, facts: Facts) -> Facts:
    """Return facts with what DNS says of the names, and whether the authority answers."""
    from ..probe import directory, names

    with ThreadPoolExecutor() as pool:
        known = pool.submit(names.look, project.hosts, project.name_servers)
        authority = pool.submit(directory.look, project.acme_directory, project.roots, datetime.now(UTC))
        return replace(facts, names=known.result(), authority=authority.result(), interfaces=detect.interfaces())


def complaints(engine: Engine, project: Project, since: datetime) -> tuple[str, ...]:
    """Return what Traefik has written about certificates that did not come, since a moment."""
    proxies = (one for one in engine.containers(project.serving) if one.service == project.proxy.name)
    return said(engine, proxies, since - timedelta(seconds=1), project.hosts)


def said(engine: Engine, proxies: Iterable[Container], since: datetime, hosts: Collection[str] = ()) -> tuple[str, ...]:
    """Return what containers of Traefik have written about certificates that did not come, for these hosts or all."""
    return orders.lines(engine.log(proxies, since), hosts)


def _sightings(engine: Engine, project: Project, facts: Facts) -> tuple[Sighting, ...]:
    """Send marked requests, and return what Traefik wrote about them.

    A container that has just become healthy is not asked at once: Traefik gets a moment to notice it.
    """
    deadline = time.monotonic() + LOG_SECONDS
    while True:
        seen = _marked(engine, project, facts, deadline)
        if all(one.served for one in seen) or time.monotonic() > deadline:
            return seen
        time.sleep(probe.POLL_SECONDS)


def _marked(engine: Engine, project: Project, facts: Facts, deadline: float) -> tuple[Sighting, ...]:
    """Send a plain request to every canonical name and a forged one to the first, each under a path of its own.

    And one to a public IPv6 address of this machine, as a visitor's would come.
    """
    since = datetime.now(UTC) - timedelta(seconds=1)
    first = project.canonical[0]
    requests = [*((host, "", "") for host in project.canonical), (first, FORGED, "")]
    requests += [(first, "", address) for address in _wide(detect.interfaces())]
    marks = {f"{project.prefix}/.well-known/stack-check/{secrets.token_hex(8)}": request for request in requests}
    replies = {path: _ask(project, path, *request) for path, request in marks.items()}
    if lost := [marks[path] for path, reply in replies.items() if reply.by_proxy]:
        # Traefik does not even log them while it has no router at all
        return tuple(Sighting(sent, "", "", host, served=False, at=at) for host, sent, at in lost)
    wanted = {path for path, reply in replies.items() if reply.status or not marks[path][2]}
    lines: dict[str, Mapping[str, Any]] = {}
    while len(lines) < len(wanted) and time.monotonic() < deadline:
        written = engine.log(facts.of(project.proxy.name), since)
        lines = {line["RequestPath"]: line for line in written if line.get("RequestPath") in wanted}
        time.sleep(probe.POLL_SECONDS / 10)
    return tuple(_sighting(*marks[path], line) for path, line in lines.items() if "ClientAddr" in line)


def _ask(project: Project, path: str, host: str, sent: str, at: str) -> Reply:
    here = site(project)
    where = replace(here, address=at) if at else here
    return probe.get(where, sample(host), path, {"X-Forwarded-For": sent} if sent else None)


def _wide(interfaces: Iterable[str]) -> list[str]:
    """Return the first of some addresses that is a public one of IPv6, if there is one."""
    public = (one for one in map(ip_address, interfaces) if one.version == 6 and one.is_global)  # noqa: PLR2004 - IPv6
    return [str(one) for one in public][:1]


def _sighting(host: str, sent: str, at: str, line: Mapping[str, Any]) -> Sighting:
    peer = str(line["ClientAddr"]).rpartition(":")[0].strip("[]")
    return Sighting(sent, str(line.get("ClientHost", peer)), peer, host, served=bool(line.get("ServiceName")), at=at)
