"""What the app believes about who is calling, and how.

Judged from facts, not by asking the app, whose code is somebody else's: what Traefik logged about our own marked
requests, Traefik's address, and the trust list of the running server.
"""

from .. import server
from ..facts import Facts, Server, Sighting
from ..project import Project
from .verdict import Outcome, failed, judged, passed, skipped, warned


def scheme(project: Project, facts: Facts) -> Outcome:
    """The app knows that it is served over HTTPS.

    Otherwise its redirects and links begin with http://, and secure cookies get lost. The server must believe
    Traefik's headers: `--proxy-headers` and `--forwarded-allow-ips` with the networks that Docker uses.
    """
    if (unread := _unreadable(project, facts)) is not None:
        return unread
    peer = _proxy_address(project, facts)
    wrong = [
        f"{one.container} does not believe {peer}, which is Traefik"
        for one in facts.servers
        if not _believes(one, peer)
    ]
    if not project.external and facts.slash and facts.slash.location.startswith("http://"):
        wrong.append(f"{facts.slash.url} redirects to {facts.slash.location}")
    right = [f"{one.container} believes {peer}, which is Traefik" for one in facts.servers]
    return judged(
        wrong,
        [*right, *([f"{facts.slash.url} → {facts.slash.location}"] if facts.slash and facts.slash.location else [])],
    )


def client(project: Project, facts: Facts) -> Outcome:
    """The app sees the address of the client, not Traefik's.

    Otherwise logs, rate limits and blocks all name the proxy. Mended in the same place as `app.scheme`. Over IPv6,
    Docker before 27 puts its own address in the visitor's place, unless daemon.json has "experimental": true and
    "ip6tables": true.
    """
    if (unread := _unreadable(project, facts)) is not None:
        return unread
    if (sighting := _sighting(facts, forged=False)) is None:
        return UNLOGGED
    shown = _clients(project, facts, sighting)
    lines = [f"{name} takes {client} for the client; the request came from {sighting.peer}" for name, client in shown]
    if any(client != sighting.peer for _, client in shown):
        return failed(*lines)
    hidden = [
        f"a request to {one.at} came as {one.peer}: over IPv6 nobody's address is seen"
        for one in facts.sightings
        if one.at and one.peer != one.at
    ]
    return warned(*lines, *hidden) if hidden else passed(*lines)


def forged(project: Project, facts: Facts) -> Outcome:
    """A forged X-Forwarded-For is not believed.

    Otherwise anybody can take any address, and get past rate limits and blocks. Traefik must not trust the headers
    of clients (`forwardedHeaders`), and the server must name networks, never `*`.
    """
    if (unread := _unreadable(project, facts)) is not None:
        return unread
    if (sighting := _sighting(facts, forged=True)) is None:
        return UNLOGGED
    if project.external and server.Trust(project.trusted_proxies).believes(sighting.peer):
        return skipped(f"our own request came from {sighting.peer}, which STACK_TRUSTED_PROXIES has")
    shown = _clients(project, facts, sighting)
    lines = [f"sent X-Forwarded-For: {sighting.sent}; {name} takes {client} for the client" for name, client in shown]
    return judged(lines if any(client == sighting.sent for _, client in shown) else (), lines)


UNLOGGED = skipped("Traefik wrote nothing about our own request: is its access log off?")


def _proxy_address(project: Project, facts: Facts) -> str:
    return next(
        (one.addresses[project.edge] for one in facts.of(project.proxy.name) if project.edge in one.addresses), ""
    )


def _unreadable(project: Project, facts: Facts) -> Outcome | None:
    """Say why nothing can be said about forwarded headers; None when something can."""
    if not facts.servers or not all(server.name(one.argv) for one in facts.servers):
        return skipped("the server in the app's container is neither uvicorn nor fastapi")
    if not _proxy_address(project, facts):
        return skipped(f"Traefik has no address on {project.edge}")
    return None


def _believes(one: Server, peer: str) -> bool:
    trust = server.trust(one.argv, one.environment)
    return trust is not None and trust.believes(peer)


def _sighting(facts: Facts, *, forged: bool) -> Sighting | None:
    return next((one for one in facts.sightings if bool(one.sent) is forged and not one.at), None)


def _clients(project: Project, facts: Facts, sighting: Sighting) -> list[tuple[str, str]]:
    """Return whom each app container takes for the client."""
    proxy = _proxy_address(project, facts)
    return [(one.container, _client_shown(one, sighting, proxy)) for one in facts.servers]


def _client_shown(one: Server, sighting: Sighting, proxy: str) -> str:
    """Return whom the app takes for the client, by Uvicorn's rule over what Traefik sends it."""
    trust = server.trust(one.argv, one.environment)
    if trust is None or not trust.believes(proxy):
        return proxy
    chain = sighting.peer if sighting.client == sighting.peer else f"{sighting.client}, {sighting.peer}"
    return trust.client(chain)
