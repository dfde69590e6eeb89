"""A DNS of its own for tests: zones as data, over UDP and TCP; records for ACME's dns-01 come and go over HTTP.

One server is whatever a test takes it for: a resolver when it has all the zones, a zone's own server when it has one.
"""

import json
import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.node
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zone

LOOPBACK = "127.0.0.1"
TTL = 60
ALIASES = 8
"""A chain of more aliases than this is a loop."""
ATTEMPTS = 20
"""Ports that are tried until one is free over UDP and TCP."""
EVERY = "*"
SOA = "@ SOA ns hostmaster 1 60 60 60 60"

type_ = dns.rdatatype.RdataType


@dataclass
class Names:
    """What a DNS server knows and how it behaves; a test may change all of it while it serves."""

    zones: dict[dns.name.Name, dns.zone.Zone]
    default: Mapping[dns.name.Name, str] = field(default_factory=dict)
    """The IPv4 address of every name below one of these that has none of its own."""
    trouble: dict[str, dns.rcode.Rcode | None] = field(default_factory=dict)
    """What questions for a record type get (EVERY: for all) instead of an answer; None for silence."""
    port: int = 0
    delegated: set[dns.name.Name | None] = field(default_factory=set)
    """Zones that others serve: an alias into one ends there."""
    asked: list[str] = field(default_factory=list)
    """The questions so far: `www.demo.test A`."""
    _txt: dict[dns.name.Name, list[str]] = field(default_factory=dict)

    def set_txt(self, name: str, value: str) -> None:
        """Add a TXT record."""
        self._txt.setdefault(dns.name.from_text(name.lower()), []).append(value)

    def clear_txt(self, name: str, value: str | None = None) -> None:
        """Take a TXT record away, or all of a name."""
        values = self._txt.get(dns.name.from_text(name.lower()), [])
        values[:] = [one for one in values if value is not None and one != value]

    def respond(self, wire: bytes, *, size: int = 65535) -> bytes | None:
        """Return the answer to one question as it was sent, of at most `size` bytes; None to stay silent."""
        query = dns.message.from_wire(wire)
        name, kind = query.question[0].name, query.question[0].rdtype
        self.asked.append(f"{name.to_text(omit_final_dot=True)} {dns.rdatatype.to_text(kind)}")
        response = dns.message.make_response(query)
        word = dns.rdatatype.to_text(kind)
        if word in self.trouble or EVERY in self.trouble:
            rcode = self.trouble.get(word, self.trouble.get(EVERY))
            if rcode is None:
                return None
            response.set_rcode(rcode)
        else:
            self._answer(response, dns.name.from_text(name.to_text().lower()), kind)
        try:
            return response.to_wire(max_size=size)
        except dns.exception.TooBig:
            short = dns.message.make_response(query)
            short.flags |= dns.flags.TC
            return short.to_wire()

    def _answer(self, response: dns.message.Message, name: dns.name.Name, kind: type_) -> None:
        """Fill an answer: the records, through aliases as far as they are known here, or why there are none."""
        if self._zone(name) is None:
            response.set_rcode(dns.rcode.REFUSED)
            return
        response.flags |= dns.flags.AA
        for _ in range(ALIASES):
            zone = self._zone(name)
            if zone is None or zone.origin in self.delegated:  # the alias leads out of what is known here
                return
            if found := self._rrset(zone, name, kind):
                response.answer.append(found)
                return
            if (alias := self._rrset(zone, name, dns.rdatatype.CNAME)) is None:
                self._deny(response, zone, name)
                return
            response.answer.append(alias)
            name = alias[0].target

    def _deny(self, response: dns.message.Message, zone: dns.zone.Zone, name: dns.name.Name) -> None:
        origin = zone.origin or dns.name.root
        if soa := self._rrset(zone, origin, dns.rdatatype.SOA):
            response.authority.append(soa)
        known = name in zone.nodes or any(one.is_subdomain(name) for one in (*zone.nodes, *self._txt))
        if not known and self._wild(zone, name) is None and self._fallback(name) is None:
            response.set_rcode(dns.rcode.NXDOMAIN)

    def _zone(self, name: dns.name.Name) -> dns.zone.Zone | None:
        """Return the deepest zone that a name is in."""
        above = [origin for origin in self.zones if name.is_subdomain(origin)]
        return self.zones[max(above, key=len)] if above else None

    def _rrset(self, zone: dns.zone.Zone, name: dns.name.Name, kind: type_) -> dns.rrset.RRset | None:
        if kind == dns.rdatatype.TXT and (values := self._txt.get(name)):
            return dns.rrset.from_text(name, TTL, "IN", "TXT", *(json.dumps(value) for value in values))
        node = zone.nodes.get(name) or self._wild(zone, name)
        data = node.get_rdataset(zone.rdclass, kind) if node else None
        if data:
            return dns.rrset.from_rdata_list(name, TTL, list(data))
        if node is None and kind == dns.rdatatype.A and (address := self._fallback(name)):
            return dns.rrset.from_text(name, TTL, "IN", "A", address)
        return None

    def _wild(self, zone: dns.zone.Zone, name: dns.name.Name) -> dns.node.Node | None:
        """Return the wildcard that stands for a name: the one below the nearest name that exists (RFC 4592)."""
        while name != zone.origin:
            name = name.parent()
            star = zone.nodes.get(dns.name.from_text("*", name))
            if star or name in zone.nodes:
                return star
        return None

    def _fallback(self, name: dns.name.Name) -> str | None:
        return next((address for suffix, address in self.default.items() if name.is_subdomain(suffix)), None)


def known(
    zones: Mapping[str, Sequence[str]], default: Mapping[str, str] | None = None, server: str = LOOPBACK
) -> Names:
    """Return what a server is to know: the lines of each zone's file by its name, without SOA.

    A zone without a line for NS is said to be served at `server`. Below a name of `default` every unknown name has its
    address.
    """
    lines: dict[str, Sequence[str]] = {**dict.fromkeys(default or {}, ()), **zones}
    return Names(
        {dns.name.from_text(origin): _zone(origin, text, server) for origin, text in lines.items()},
        {dns.name.from_text(suffix): address for suffix, address in (default or {}).items()},
    )


def _zone(origin: str, lines: Sequence[str], server: str) -> dns.zone.Zone:
    own = [] if any(" NS " in line for line in lines) else ["@ NS ns", f"ns A {server}"]
    text = "\n".join([f"$TTL {TTL}", SOA, *own, *lines])
    return dns.zone.from_text(text, origin=dns.name.from_text(origin), relativize=False)


@contextmanager
def serve(names: Names, host: str = LOOPBACK, port: int = 0) -> Iterator[Names]:
    """Answer over UDP and TCP; without a port, at a free one, which is `names.port`."""
    with ExitStack() as stack:
        for server in _bound(names, host, port):
            stack.enter_context(_running(server))
        yield names


def _bound(names: Names, host: str, port: int) -> tuple[socketserver.BaseServer, socketserver.BaseServer]:
    """Return a UDP and a TCP server at one port."""
    for left in reversed(range(ATTEMPTS if not port else 1)):
        udp = _Udp((host, port), _Datagram, names)
        try:
            tcp = _Tcp((host, udp.server_address[1]), _Stream, names)
        except OSError:
            udp.server_close()
            if not left:
                raise
        else:
            names.port = udp.server_address[1]
            return udp, tcp
    raise AssertionError


class _Udp(socketserver.ThreadingUDPServer):
    def __init__(self, address: tuple[str, int], handler: type[socketserver.BaseRequestHandler], names: Names) -> None:
        self.names = names
        super().__init__(address, handler)


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True  # a client that keeps its connection open is not waited for

    def __init__(self, address: tuple[str, int], handler: type[socketserver.BaseRequestHandler], names: Names) -> None:
        self.names = names
        super().__init__(address, handler)


class _Datagram(socketserver.BaseRequestHandler):
    server: _Udp

    def handle(self) -> None:
        wire, socket = self.request
        if (response := self.server.names.respond(wire, size=512)) is not None:
            socket.sendto(response, self.client_address)


class _Stream(socketserver.StreamRequestHandler):
    server: _Tcp

    def handle(self) -> None:
        while len(head := self.rfile.read(2)) == 2:
            (length,) = struct.unpack("!H", head)
            if (response := self.server.names.respond(self.rfile.read(length))) is not None:
                self.wfile.write(struct.pack("!H", len(response)) + response)


@contextmanager
def serve_httpreq(names: Names, address: tuple[str, int] = (LOOPBACK, 0)) -> Iterator[str]:
    """Take TXT records over HTTP as lego's provider `httpreq` sends them, and yield the address to give it.

    https://go-acme.github.io/lego/dns/httpreq/: POST /present and /cleanup with `fqdn` and `value`.
    """

    class Requests(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            changes = {"/present": names.set_txt, "/cleanup": names.clear_txt}
            change = changes.get(self.path)
            if change:
                change(body["fqdn"], body["value"])
            self.send_response(200 if change else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(address, Requests)
    with _running(server):
        yield f"http://{address[0]}:{server.server_port}"


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
