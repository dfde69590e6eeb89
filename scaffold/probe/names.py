"""What DNS says about a name: at the zone's own servers, and at a public resolver as visitors have one."""

import ipaddress
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.nameserver
import dns.rcode
import dns.rdatatype
import dns.resolver

from ..facts import Naming, Property
from ..project import WILDCARD, sample

SECONDS = 5.0
"""How long the questions about one name may take together."""
OWN_SECONDS = 2.0
"""How much of that may be spent on the zone's own servers; the resolver answers for them when they do not."""
TRY_SECONDS = 1.0
"""How long one server is waited for before the next is asked."""
DNS_PORT = 53
OWN_SERVERS = 4
"""How many of a zone's servers are tried."""
AT_ONCE = 16
"""Names that are looked at in parallel."""
SYSTEM = "/etc/resolv.conf"
KINDS = ("A", "AAAA")
CRITICAL = 0x80
"""The flag of a CAA property that must be understood (RFC 8659, section 4.1)."""


class _Unanswered(Exception):
    """Nobody answered a question; the reason is its text."""


@dataclass(frozen=True)
class _Found:
    """What one question gave."""

    records: tuple[Any, ...]  # of the kind asked for, which the types of dnspython cannot tell
    at: dns.name.Name
    """Where the records stand: the name asked for, or what it is an alias of."""
    exists: bool


@dataclass(frozen=True)
class _Line:
    """Servers that can be asked, and the moment to stop."""

    resolver: dns.resolver.Resolver
    deadline: float

    def ask(self, name: dns.name.Name, kind: str) -> dns.message.QueryMessage:
        """Return the answer to one question, an empty one too; _Unanswered when there is none."""
        left = max(self.deadline - time.monotonic(), 0)
        try:
            answer = self.resolver.resolve(name, kind, raise_on_no_answer=False, lifetime=left)
        except dns.resolver.NXDOMAIN as error:
            # Typed and taken by key: its own method `response` is not typed.
            responses: Mapping[dns.name.Name, dns.message.QueryMessage] = error.kwargs["responses"]
            return responses[name]
        except (dns.exception.DNSException, OSError) as error:
            raise _Unanswered(self._explained(error)) from error
        self._prefer(answer.nameserver)
        return answer.response

    def zone(self, name: dns.name.Name) -> dns.name.Name:
        """Return the zone that a name is in; _Unanswered when nobody knows."""
        left = max(self.deadline - time.monotonic(), 0)
        try:
            return dns.resolver.zone_for_name(name, resolver=self.resolver, lifetime=left)
        except (dns.exception.DNSException, OSError) as error:
            raise _Unanswered(self._explained(error)) from error

    @property
    def port(self) -> int:
        """The port of the server that is asked first."""
        first = self.resolver.nameservers[0]
        return self.resolver.port if isinstance(first, str) else first.answer_port()

    def _prefer(self, server: str | None) -> None:
        """Ask the server that has answered first from now on: a silent one is waited for once."""
        if server != _address(self.resolver.nameservers[0]):
            self.resolver.nameservers = sorted(self.resolver.nameservers, key=lambda one: _address(one) != server)

    def _explained(self, error: Exception) -> str:
        servers = ", ".join(map(_address, self.resolver.nameservers))
        if isinstance(error, dns.resolver.NoNameservers):
            said = {str(one[3]) for one in error.kwargs["errors"]}
            return f"asked {servers}: {', '.join(sorted(said))}"
        if isinstance(error, dns.exception.Timeout):
            return f"asked {servers}: no answer"
        return f"asked {servers}: {error}"


@dataclass(frozen=True)
class _View:
    """Who can be asked about one name; by default the resolver alone, for which everything is in one zone."""

    public: _Line
    zone: dns.name.Name = dns.name.root
    own: _Line | None = None

    def find(self, name: dns.name.Name, kind: str) -> _Found:
        """Return what the zone's own servers have, else what the resolver has; _Unanswered when both are silent."""
        if self.own and name.is_subdomain(self.zone):
            with suppress(_Unanswered):
                return self.strict(name, kind)
        return _found(self.public.ask(name, kind))

    def strict(self, name: dns.name.Name, kind: str) -> _Found:
        """Return what the zone's own servers have, and of an alias that leads out of it what the resolver has."""
        answer = (self.own or self.public).ask(name, kind)
        elsewhere = _elsewhere(answer, self.zone) if self.own else None
        return _found(self.public.ask(elsewhere, kind) if elsewhere else answer)


def look(hosts: Sequence[str], servers: Sequence[str]) -> dict[str, Naming]:
    """Return what DNS says about each host; `servers` are the resolvers to ask, or none for the system's."""
    try:
        resolver = _resolver(servers)
    except (dns.exception.DNSException, ValueError) as error:
        return {host: Naming(host, problem=f"nobody to ask: {error}") for host in hosts}
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        return dict(zip(hosts, pool.map(partial(_look, resolver), hosts), strict=True))


def _look(resolver: dns.resolver.Resolver, host: str) -> Naming:
    public = _Line(resolver, time.monotonic() + SECONDS)
    try:
        name = dns.name.from_text(sample(host))
        addresses, exists = _addresses(_View(public), name)
    except (_Unanswered, dns.exception.DNSException) as error:
        return Naming(host, problem=str(error))
    view, own = _nearest(public, name), None
    if view.own:
        try:
            own, exists = _addresses(view, name)
        except _Unanswered:
            view = replace(view, own=None)
    seen = Naming(host, _text(view.zone), own=own, public=addresses, exists=exists)
    return _with_caa(seen, view, dns.name.from_text(host.removeprefix(WILDCARD)))


def _nearest(public: _Line, name: dns.name.Name) -> _View:
    """Return a view with the zone of a name and its own servers, as far as the resolver knows them."""
    try:
        zone = public.zone(name)
        servers = islice(_zone_servers(public, zone), OWN_SERVERS)
        # The port of the resolver: one that is not at 53 stands for a whole DNS of its own, with its zones' servers
        # at that port too; the public one is at 53 everywhere.
        addresses = [dns.nameserver.Do53Nameserver(address, public.port) for address in servers]
    except _Unanswered:
        return _View(public)
    resolver = _asking(addresses)
    resolver.flags = dns.flags.Flag(0)  # no recursion: what the server itself knows, or nothing
    own = _Line(resolver, min(public.deadline, time.monotonic() + OWN_SECONDS))
    return _View(public, zone, own if addresses else None)


def _zone_servers(public: _Line, zone: dns.name.Name) -> Iterator[str]:
    """Yield the addresses of a zone's servers: every server's IPv4 first, since not every machine has IPv6."""
    servers = [record.target for record in _found(public.ask(zone, "NS")).records]
    for kind in KINDS:
        for server in servers:
            yield from (record.address for record in _found(public.ask(server, kind)).records)


def _addresses(view: _View, name: dns.name.Name) -> tuple[tuple[str, ...], bool]:
    """Return the addresses of a name, IPv4 first, and whether it exists."""
    found = [view.strict(name, kind) for kind in KINDS]
    addresses = [sorted(record.address for record in one.records) for one in found]
    return tuple(chain.from_iterable(addresses)), any(one.exists for one in found)


def _with_caa(seen: Naming, view: _View, name: dns.name.Name) -> Naming:
    """Return the naming with the CAA properties nearest to a name, itself first (RFC 8659, section 3)."""
    while name != dns.name.root:
        try:
            found = view.find(name, "CAA")
        except _Unanswered as error:
            return replace(seen, caa_problem=f"CAA of {_text(name)}: {error}")
        if found.records:
            return replace(seen, caa=_properties(found), caa_at=_text(found.at))
        name = name.parent()
    return seen


def _properties(found: _Found) -> tuple[Property, ...]:
    """Return what CAA records say; their texts are bytes, and anybody's."""
    return tuple(
        Property(
            one.tag.decode("ascii", "replace").lower(), one.value.decode("utf-8", "replace"), bool(one.flags & CRITICAL)
        )
        for one in found.records
    )


def _found(answer: dns.message.QueryMessage) -> _Found:
    result = answer.resolve_chaining()
    return _Found(tuple(result.answer or ()), result.canonical_name, answer.rcode() != dns.rcode.NXDOMAIN)


def _elsewhere(answer: dns.message.QueryMessage, zone: dns.name.Name) -> dns.name.Name | None:
    """Return the name that an alias leads to where these servers are not the ones to ask; None while they are."""
    result = answer.resolve_chaining()
    targets = [alias[0].target for alias in result.cnames]
    outside = next((target for target in targets if not target.is_subdomain(zone)), None)
    # Without the SOA that says "no such record", the target is in a part of the zone that others serve.
    ended = result.answer or any(one.rdtype == dns.rdatatype.SOA for one in answer.authority)
    return outside or (result.canonical_name if targets and not ended else None)


def _resolver(servers: Sequence[str]) -> dns.resolver.Resolver:
    """Return the resolver of these servers; ValueError or a DNS error when there is none."""
    if not servers:
        return _patient(dns.resolver.Resolver(SYSTEM))
    return _asking([dns.nameserver.Do53Nameserver(*_endpoint(server)) for server in servers])


def _asking(servers: Sequence[dns.nameserver.Nameserver]) -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = list(servers)
    return _patient(resolver)


def _patient(resolver: dns.resolver.Resolver) -> dns.resolver.Resolver:
    """Return a resolver that waits as long as we do, and asks no question twice."""
    resolver.timeout = TRY_SECONDS
    resolver.cache = dns.resolver.LRUCache()
    return resolver


def _address(server: str | dns.nameserver.Nameserver) -> str:
    return server if isinstance(server, str) else server.answer_nameserver()


def _endpoint(server: str) -> tuple[str, int]:
    """Return address and port of `1.1.1.1`, `127.0.0.1:5353`, `::1` or `[::1]:5353`; ValueError of anything else."""
    address, colon, port = server.rpartition(":")
    if not colon or not (address.endswith("]") or ":" not in address):
        address, port = server, str(DNS_PORT)
    return str(ipaddress.ip_address(address.strip("[]"))), int(port)


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True)
