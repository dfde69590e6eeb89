"""Where the names lead: here, elsewhere, or to something in front."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from ..facts import Facts, Naming
from ..project import CUSTOM, DNS, HTTP, TLS_ALPN, Project, sample
from . import asked
from .verdict import Outcome, failed, passed, skipped, warned

HOME = tuple(
    map(
        ip_network,
        (
            *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),  # RFC 1918
            *("100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),  # a provider's NAT, loopback, link
            *("fc00::/7", "fe80::/10", "::1/128"),
        ),
    )
)
"""Addresses that nobody reaches from the internet."""
CDNS = {
    # https://www.cloudflare.com/ips-v4 and /ips-v6, as they stood on 14 October 2026
    "Cloudflare's, as of 2026-10": (
        *("173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22", "141.101.64.0/18"),
        *("108.162.192.0/18", "190.93.240.0/20", "188.114.96.0/20", "197.234.240.0/22", "198.41.128.0/17"),
        *("162.158.0.0/15", "104.16.0.0/13", "104.24.0.0/14", "172.64.0.0/13", "131.0.72.0/22"),
        *("2400:cb00::/32", "2606:4700::/32", "2803:f800::/32", "2405:b500::/32", "2405:8100::/32"),
        *("2a06:98c0::/29", "2c0f:f248::/32"),
    ),
    # https://api.fastly.com/public-ip-list, as it stood in October 2025
    "Fastly's, as of 2025-10": (
        *("23.235.32.0/20", "43.249.72.0/22", "103.244.50.0/24", "103.245.222.0/23", "103.245.224.0/24"),
        *("104.156.80.0/20", "140.248.64.0/18", "140.248.128.0/17", "146.75.0.0/17", "151.101.0.0/16"),
        *("157.52.64.0/18", "167.82.0.0/17", "167.82.128.0/20", "167.82.160.0/20", "167.82.224.0/20"),
        *("172.111.64.0/18", "185.31.16.0/22", "199.27.72.0/21", "199.232.0.0/16"),
        *("2a04:4e40::/32", "2a04:4e42::/32"),
    ),
}
"""Networks by whose they are, and of when the list is: an old one has to be seen to be old."""
FRONT = "what STACK_TRUSTED_PROXIES names"
RANGES = tuple((name, ip_network(text)) for name, texts in CDNS.items() for text in texts)
Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class _Place:
    """Where this server is, as far as it can tell."""

    ours: frozenset[Address]
    front: tuple[IPv4Network | IPv6Network, ...]
    """Where something stands whose forwarded headers are believed."""

    def ahead(self, address: Address) -> str:
        """Return who stands in front of this server at an address; empty when it is ours, or a stranger's."""
        front = () if address in self.ours else tuple((FRONT, network) for network in self.front)
        return next((name for name, network in (*RANGES, *front) if address in network), "")

    def elsewhere(self, naming: Naming) -> Iterator[Address]:
        """Yield the addresses of a name that are neither ours nor in front of us, which has a check of its own."""
        for address in map(ip_address, naming.addresses):
            if address not in self.ours and not self.ahead(address):
                yield address

    def hides(self, address: Address) -> bool:
        """Tell whether a public IPv4 address may be ours, because we know of none."""
        return address.version == 4 and not _private(address) and not self.wide  # noqa: PLR2004 - IPv4

    @property
    def wide(self) -> list[IPv4Address]:
        """Our public IPv4 addresses."""
        return sorted(one for one in self.ours if isinstance(one, IPv4Address) and not _private(one))

    @property
    def shown(self) -> str:
        """Our IPv4 addresses, the public ones if there are any."""
        return _list(map(str, self.wide or sorted(one for one in self.ours if isinstance(one, IPv4Address))))


def addresses(project: Project, facts: Facts) -> Outcome:
    """Every name leads to this server, over IPv4 and over IPv6.

    An authority comes to the address that DNS names, and so do visitors; both try IPv6 first, so one old AAAA record is
    enough to lose them. Correct the A and AAAA records where the zone is kept. Behind NAT, a floating or reserved
    address, or a load balancer that passes TLS on, write the public addresses to STACK_ADDRESSES in .env; the addresses
    of what ends TLS itself, a load balancer or a CDN, belong in STACK_TRUSTED_PROXIES.
    """
    if (unseen := asked.unseen(project, facts)) is not None:
        return unseen
    place = _place(project, facts)
    wrong: list[str] = []
    unknown: list[str] = []
    right: list[str] = []
    for naming in asked.namings(project, facts):
        (unknown if _doubtful(project, naming) else wrong).extend(_nowhere(project, naming))
        wrong += _astray(naming, place)
        unknown += _behind_nat(naming, place)
        right += [f"{_name(naming)}: {_record(one)}" for one in map(ip_address, naming.addresses)]
    unknown += asked.silent(project, facts)
    # By dns-01 the certificate can be had all the same.
    return warned(*wrong, *unknown) if project.challenge == DNS and wrong else asked.weighed(wrong, unknown, right)


def agree(project: Project, facts: Facts) -> Outcome:
    """What visitors' resolvers have is what the zone's own servers say.

    Resolvers keep an old answer until its time to live is over: until then some visitors, and perhaps the authority, go
    to where the name led before. Wait for that time, and look again.
    """
    if (unseen := asked.unseen(project, facts)) is not None:
        return unseen
    # A CDN gives everybody another address: the nearest.
    place = _place(project, facts)
    compared = [one for one in asked.namings(project, facts) if one.own is not None and not _in_front(one, place)]
    alone = [one for one in asked.namings(project, facts) if one.own is None]
    unasked = [f"{_name(one)}: the servers of {_zone(one)} could not be asked" for one in alone]
    if unasked and not compared:
        return skipped(*unasked, *asked.silent(project, facts))
    old = [
        f"{_name(one)}: the servers of {_zone(one)} say {_list(one.own or ())};"
        f" {_resolver(project)} has {_list(one.public)}"
        for one in compared
        if set(one.own or ()) != set(one.public)
    ]
    unknown = [*unasked, *asked.silent(project, facts)]
    return asked.weighed([], [*old, *unknown], [f"{_name(one)}: {_list(one.public)}" for one in compared])


def cdn(project: Project, facts: Facts) -> Outcome:
    """Where a CDN stands in front of a name, the challenge can pass it.

    A CDN ends TLS itself, so tls-alpn never arrives; http does only while the CDN forwards plain HTTP on port 80
    unchanged. STACK_CHALLENGE=dns in .env needs no way through. Set the CDN's SSL mode to Full (strict), and its
    networks in STACK_TRUSTED_PROXIES, or the app takes the CDN for the client. What that setting names counts as a CDN.
    """
    if (unseen := asked.unseen(project, facts)) is not None:
        return unseen
    place = _place(project, facts)
    seen = [line for naming in asked.namings(project, facts) for line in _in_front(naming, place)]
    if not seen:
        known = (*CDNS, *((FRONT,) if place.front else ()))
        return passed(f"no name is at an address that is {', or '.join(known)}")
    if project.challenge == TLS_ALPN:
        return failed(*seen, "it ends TLS: the challenge tls-alpn never gets here")
    if project.challenge == HTTP:
        return warned(*seen, "the challenge http passes only while it forwards plain HTTP on port 80 unchanged")
    return passed(*seen)


def _name(naming: Naming) -> str:
    """Return a name as evidence has it: of a wildcard also the name that was asked for in its place."""
    asked = sample(naming.host)
    return naming.host if asked == naming.host else f"{naming.host} (asked as {asked})"


def _zone(naming: Naming) -> str:
    return naming.zone or "its zone"


def _resolver(project: Project) -> str:
    return (
        "a public resolver" if project.name_servers else f"this {'server' if project.known else 'machine'}'s resolver"
    )


def _list(found: Iterable[str]) -> str:
    return ", ".join(found) or "no address"


# ------------------------------------------------------------------ addresses


def _place(project: Project, facts: Facts) -> _Place:
    return _Place(frozenset((*_named(project), *map(ip_address, facts.interfaces))), tuple(_front(project)))


def _named(project: Project) -> Iterator[Address]:
    """Yield the addresses of STACK_ADDRESSES; what is none there is judged by host.settings."""
    for text in project.addresses:
        with suppress(ValueError):
            yield ip_address(text)


def _front(project: Project) -> Iterator[IPv4Network | IPv6Network]:
    """Yield the networks of STACK_TRUSTED_PROXIES; one that has every address in it names nobody."""
    for text in project.trusted_proxies.replace(",", " ").split():
        with suppress(ValueError):
            network = ip_network(text, strict=False)  # as Traefik reads them
            if network.prefixlen:
                yield network


def _nowhere(project: Project, naming: Naming) -> Iterator[str]:
    """Yield a line for a name without any address."""
    if naming.addresses:
        return
    what = "has no address" if naming.exists else "does not exist"
    asked = f"the servers of {_zone(naming)}" if naming.own is not None else _resolver(project)
    yield f"{_name(naming)}: {what} (asked {asked}){_private_dns(project, naming)}"


def _private_dns(project: Project, naming: Naming) -> str:
    """Return what may lead a private authority here all the same."""
    if project.certificates != CUSTOM or _certain(naming):
        return ""
    way = ": STACK_DNS_RESOLVERS in .env, left empty, asks this server's own resolver" if project.name_servers else ""
    return f"; a private authority may have another DNS{way}"


def _doubtful(project: Project, naming: Naming) -> bool:
    """Tell whether the authority may find a name all the same: a private one, where nobody said what DNS has to say."""
    return project.certificates == CUSTOM and not _certain(naming) and not any(_named(project))


def _certain(naming: Naming) -> bool:
    """Tell whether the zone's own servers know the name."""
    return naming.exists and naming.own is not None


def _astray(naming: Naming, place: _Place) -> Iterator[str]:
    """Yield a line for each address of a name that leads elsewhere."""
    for address in place.elsewhere(naming):
        if isinstance(address, IPv6Address):
            yield f"{_name(naming)}: {_record(address)} is not this server: authorities and browsers try IPv6 first"
        elif not place.hides(address):
            yield f"{_name(naming)}: {_record(address)} is not this server ({place.shown})"


def _behind_nat(naming: Naming, place: _Place) -> Iterator[str]:
    """Yield a line for each address that may be this server's, and cannot be told from here."""
    for address in place.elsewhere(naming):
        if place.hides(address):
            yield (
                f"{_name(naming)}: {_record(address)} cannot be judged: this server has no public IPv4 address of its"
                " own; STACK_ADDRESSES in .env names it"
            )


def _in_front(naming: Naming, place: _Place) -> list[str]:
    """Return a line for each address of a name where something stands in front of this server."""
    found = {one: place.ahead(one) for one in map(ip_address, naming.addresses)}
    return [f"{_name(naming)}: {_record(one)} is {who}" for one, who in found.items() if who]


def _private(address: Address) -> bool:
    return any(address in network for network in HOME)


def _record(address: Address) -> str:
    return f"{'A' if isinstance(address, IPv4Address) else 'AAAA'} {address}"
