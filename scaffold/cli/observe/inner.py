"""What nobody outside should reach: data services, Traefik's inside, secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import secretfiles
from ...facts import Container, Facts, Store
from ...project import SOCKET_PROXY, STORES, Project, sample
from . import seat, together

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...engine import Engine
    from ...probe.inner import Peer

DOCKER_API = 2375
INSECURE = 8080
"""Where Traefik's API is without any router, when somebody has switched it on."""
STORE_SECONDS = 8.0
LOOPBACK = ("127.", "[::1]", "localhost")


def looks(engine: Engine, project: Project, facts: Facts) -> together.Looks:
    """Return the looks at it; of a shared proxy, those at Traefik alone."""
    insight = engine.insight(project, facts)
    values = secretfiles.telling

    def socket_proxy() -> Mapping[str, Any]:
        return {"socket_proxy": _socket_proxy(project, facts)}

    found: dict[tuple[str, ...], Any] = {
        ("complaints",): lambda: {"complaints": insight.complaints()},
        ("storage",): lambda: {"storage": insight.storage()},
        ("api",): lambda: {"api": _api(project, facts)},
        ("socket_proxy",): socket_proxy,
        ("exposed",): lambda: {"exposed": insight.exposed(values(project.directory))},
    }
    if not project.is_proxy:
        found |= {
            ("stores",): lambda: {"stores": _stores(engine, project, facts)},
            ("dials",): lambda: {"dials": insight.dials(_running(facts, *STORES))},
            ("baked",): lambda: {"baked": insight.baked(values(project.directory))},
        }
    return found


def _stores(engine: Engine, project: Project, facts: Facts) -> tuple[Store, ...]:
    """Return what each data service says of itself, asked side by side."""
    insight, running = engine.insight(project, facts), _running(facts, *STORES)
    asked = together.look({(one.name,): _asking(insight.store, one) for one in running}, STORE_SECONDS)
    answers = (asked.seen.get(one.name) or Store(one.service, problem=asked.unseen[one.name]) for one in running)
    return tuple(answers)


def _asking(ask: Any, container: Container) -> Any:  # noqa: ANN401
    return lambda: {container.name: ask(container)}


def _api(project: Project, facts: Facts) -> tuple[str, ...] | None:
    """Return where Traefik's API answers, from outside and from the network of apps; None when nobody could ask."""
    from ...probe import inner

    traefik = next(iter(_running(facts, project.proxy.name)), None)
    if traefik is None:
        return None
    host = "localhost" if project.is_proxy else sample(project.canonical[0])
    published = [port.published for port in traefik.ports]
    known = seat.ways(project, published)
    outside = [inner.Peer(*known.get(port, (seat.address(project), port))) for port in published]
    edges = {name: one for name, one in traefik.addresses.items() if project.is_proxy or name == project.edge}
    inside = [_peer(project, address, port) for address in edges.values() for port in entry_points(project)]
    found = inner.api(dict.fromkeys((*outside, *inside)), host)
    near = any(inner.accepts(_peer(project, address, project.http_port)) for address in edges.values())
    return found if found or near else None


def entry_points(project: Project) -> tuple[int, ...]:
    """Return the ports that Traefik listens on for others than itself, and where its API would be."""
    told = (value for name, value in sorted(project.proxy.environment.items()) if _is_address(name))
    return tuple(dict.fromkeys((*_ports(told), INSECURE)))


def _is_address(name: str) -> bool:
    return name.startswith("TRAEFIK_ENTRYPOINTS_") and name.endswith("_ADDRESS")


def _ports(addresses: Iterator[str]) -> Iterator[int]:
    for address in addresses:
        port = address.partition("/")[0].rpartition(":")[2]
        if port.isdigit() and not address.startswith(LOOPBACK) and "/udp" not in address:
            yield int(port)


def _socket_proxy(project: Project, facts: Facts) -> Mapping[str, int]:
    from ...probe import inner

    addresses = (address for one in _running(facts, SOCKET_PROXY) for address in one.addresses.values())
    peers = (_peer(project, address, DOCKER_API) for address in addresses)
    return next(filter(None, map(inner.socket_proxy, peers)), {})


def _peer(project: Project, address: str, port: int) -> Peer:
    from ...probe import inner

    return inner.Peer(address, port, seat.way(project, address, port))


def _running(facts: Facts, *services: str) -> list[Container]:
    return [one for one in facts.containers if one.service in services and one.state == "running"]
