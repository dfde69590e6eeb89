"""Who is calling, and how: what an app that echoes sees, whatever the visitor claims.

Visitors have addresses that look public, since Uvicorn believes the private ones. So has the load balancer, HAProxy:
it adds to `X-Forwarded-For` and says `X-Forwarded-Proto`, as all of them do, and passes everything else on as the
visitor sent it, as most of them do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from .conftest import Make
from .stacks import Done, Stack, docker, eventually, run, unique

ECHO = """
from fastapi import FastAPI, Request

app = FastAPI()


@app.get("/")
@app.get("/healthz")
async def alive() -> str:
    return "alive"


@app.get("/echo")
async def echo(request: Request) -> dict[str, object]:
    return {
        "truth": [request.client.host, str(request.url), request.scope["root_path"]],
        "headers": sorted((name.decode(), value.decode()) for name, value in request.headers.raw),
    }
"""
BROWSER = """
import json, ssl, sys
from http.client import HTTPConnection, HTTPSConnection

ANY = ssl._create_unverified_context()


def ask(address, port, secure, headers):
    made = HTTPSConnection(address, port, timeout=10, context=ANY) if secure else HTTPConnection(address, port, 10)
    made.putrequest("GET", "/echo", skip_host=True)
    for name, value in [("Host", "demo.test"), *headers]:
        made.putheader(name, value)
    made.endheaders()
    return json.loads(made.getresponse().read())


json.dump([ask(*one) for one in json.load(sys.stdin)], sys.stdout)
"""
BALANCER = """
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  option forwardfor

listen four
  bind 0.0.0.0:8004
  bind [::]:8004 v6only
  http-request set-header X-Forwarded-Proto https
  server traefik {four}:{port} {tls}

listen six
  bind 0.0.0.0:8006
  bind [::]:8006 v6only
  http-request set-header X-Forwarded-Proto https
  server traefik [{six}]:{port} {tls}
"""
BALANCED = {4: 8004, 6: 8006}
"""Where the load balancer listens, by how it goes on to Traefik."""
TRAEFIK, HOP, VISITOR = 2, 3, 4
"""Where each of them is in a network: the address before is Docker's."""

Headers = list[tuple[str, str]]

FORGED, FORGED_6 = "192.0.2.66", "2001:db8:bad::66"
FORGERIES: dict[str, Headers] = {
    "nothing": [],
    "X-Forwarded-For": [("X-Forwarded-For", FORGED)],
    "X-Forwarded-For of IPv6": [("X-Forwarded-For", FORGED_6)],
    "X-Forwarded-For of private addresses": [("X-Forwarded-For", "10.6.6.6, 127.0.0.1, fd00::66, ::1")],
    "X-Forwarded-For that is no address": [("X-Forwarded-For", ", unknown, *, ,")],
    "X-Forwarded-For twice": [("X-Forwarded-For", FORGED), ("X-Forwarded-For", FORGED_6)],
    "x-forwarded-for": [("x-forwarded-for", FORGED)],
    "X-FORWARDED-FOR": [("X-FORWARDED-FOR", FORGED)],
    "X_Forwarded_For": [("X_Forwarded_For", FORGED)],
    "Forwarded": [("Forwarded", f'for={FORGED};proto=http;host=forged.example, for="[{FORGED_6}]"')],
    "X-Real-Ip": [("X-Real-Ip", FORGED)],
    "X-Forwarded-Proto http": [("X-Forwarded-Proto", "http")],
    "X-Forwarded-Proto https": [("X-Forwarded-Proto", "https")],
    "X-Forwarded-Host": [("X-Forwarded-Host", "forged.example")],
    "X-Forwarded-Port": [("X-Forwarded-Port", "66")],
    "X-Forwarded-Prefix": [("X-Forwarded-Prefix", "/forged")],
    "X-Forwarded-Server": [("X-Forwarded-Server", "forged.example")],
    "Connection, so that the next one drops what it names": [
        ("Connection", "close, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, X-Real-Ip, Forwarded"),
        ("X-Forwarded-For", FORGED),
    ],
}
"""What a visitor sends to be taken for somebody else."""


@dataclass(frozen=True)
class Way:
    """How a visitor comes to Traefik, by IPv4 or IPv6: straight, or through the load balancer."""

    visitor: int
    hop: int = 0
    """How the load balancer goes on to Traefik; 0 without it."""
    office: bool = False
    """Whether the visitor reaches the load balancer from private addresses."""

    def __str__(self) -> str:
        return "private " * self.office + f"IPv{self.visitor}" + (f", then IPv{self.hop}" if self.hop else "")


WAYS = (
    *(Way(4), Way(6), Way(4, 4), Way(4, 6), Way(6, 4), Way(6, 6)),
    *(Way(4, 4, office=True), Way(6, 6, office=True)),
)


@dataclass(frozen=True)
class Network:
    """A Docker network without a way out, with addresses that we choose."""

    name: str
    ranges: dict[int, str]

    def address(self, version: int, member: int) -> str:
        return str(ip_network(self.ranges[version])[member])

    def make(self) -> None:
        subnets = [f"--subnet={one}" for one in self.ranges.values()]
        docker("network", "create", "--internal", "--ipv6", *subnets, self.name)

    def connect(self, container: str, member: int) -> None:
        places = [f"--ip={self.address(4, member)}", f"--ip6={self.address(6, member)}"]
        docker("network", "connect", *places, self.name, container)


@dataclass(frozen=True)
class World:
    """A stack, a load balancer, and a visitor who comes straight or through that."""

    stack: Stack
    external: bool
    """Whether HTTPS ends at the load balancer."""
    front: Network
    """Traefik, the load balancer and the visitor are in it."""
    behind: Network
    """The visitor reaches the load balancer through it."""
    office: Network
    """The same, with private addresses."""

    @classmethod
    def of(cls, stack: Stack, *, external: bool) -> World:
        """Return what is made. Names sort after that of Traefik's own network, so that its ports stay published."""
        byte = int(unique("")[4:6], 16)  # two checkouts on one machine hardly share it
        front = Network(f"{stack.name}_out-front", {4: f"198.18.{byte}.0/25", 6: f"2001:db8:{byte:x}:1::/64"})
        behind = Network(f"{stack.name}_out-behind", {4: f"198.18.{byte}.128/25", 6: f"2001:db8:{byte:x}:2::/64"})
        office = Network(f"{stack.name}_out-office", {4: f"10.198.{byte}.0/25", 6: f"fd66:db8:{byte:x}::/64"})
        return cls(stack, external, front, behind, office)

    @property
    def networks(self) -> tuple[Network, ...]:
        return self.front, self.behind, self.office

    @property
    def trusted(self) -> str:
        """The load balancer's addresses, as .env names them."""
        return ",".join(self.front.address(version, HOP) for version in (4, 6))

    @property
    def port(self) -> int:
        return self.stack.http_port if self.external else self.stack.https_port

    def visitor(self, way: Way) -> str:
        """Return the address from which a visitor comes."""
        return self._near(way).address(way.visitor, VISITOR)

    def _near(self, way: Way) -> Network:
        """Return the network that a visitor is in."""
        return (self.office if way.office else self.behind) if way.hop else self.front

    def scheme(self, way: Way) -> str:
        """Return what a visitor speaks, by the word of the load balancer where there is one."""
        return "http" if self.external and not way.hop else "https"

    def start(self, folder: Path) -> None:
        """Start the load balancer and the visitor's container, and wait until all ways are open."""
        four, six = (self.front.address(version, TRAEFIK) for version in (4, 6))
        tls = "" if self.external else "ssl verify none"
        (folder / "haproxy.cfg").write_text(BALANCER.format(four=four, six=six, port=self.port, tls=tls))
        for network in self.networks:
            network.make()
        self.front.connect(self.stack.container("traefik"), TRAEFIK)
        self._run(HOP, f"--volume={folder}/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro", "haproxy:3.2")
        self._run(VISITOR, "--entrypoint=sleep", f"{self.stack.name}-app:current", "infinity")
        eventually(lambda: self.ask([(way, []) for way in WAYS]).status == 0)

    def _run(self, member: int, *words: str) -> None:
        name = self._container(member)
        docker("create", f"--name={name}", "--network=none", *words)
        docker("network", "disconnect", "none", name)
        for network in self.networks:
            network.connect(name, member)
        docker("start", name)

    def _container(self, member: int) -> str:
        return f"{self.stack.name}_out-{member}"

    def remove(self) -> None:
        """Take away what was started, or is left of a run that was killed."""
        run("docker", "rm", "--force", *map(self._container, (HOP, VISITOR)))
        run("docker", "network", "disconnect", "--force", self.front.name, f"{self.stack.name}-traefik-1")
        run("docker", "network", "rm", *(network.name for network in self.networks))

    def ask(self, requests: list[tuple[Way, Headers]]) -> Done:
        """Send requests of a visitor, one after the other."""
        asked = [[*self._place(way), headers] for way, headers in requests]
        words = ("exec", "--interactive", self._container(VISITOR), "python", "-c", BROWSER)
        return run("docker", *words, stdin=json.dumps(asked))

    def _place(self, way: Way) -> tuple[str, int, bool]:
        """Return address and port, and whether TLS is spoken there."""
        if way.hop:
            return self._near(way).address(way.visitor, HOP), BALANCED[way.hop], False
        return self._near(way).address(way.visitor, TRAEFIK), self.port, not self.external


@pytest.fixture(scope="module", params=[False, True], ids=["https-here", "https-in-front"])
def world(request: pytest.FixtureRequest, make: Make, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    external: bool = request.param
    stack = make("clients-front" if external else "clients")
    world = World.of(stack, external=external)
    certificates = "external" if external else "local"
    stack.new(domain="demo.test", certificates=certificates, trusted_proxies=world.trusted)
    (stack.folder / "app/main.py").write_text(ECHO)
    up = stack.compose("up", "--detach", "--wait", "--build")
    assert up.status == 0, up.everything
    world.remove()
    try:
        world.start(tmp_path_factory.mktemp("balancer"))
        yield world
    finally:
        world.remove()


Seen = dict[str, dict[Way, Any]]
"""What the app saw, by what was forged and by the way it came."""


@pytest.fixture(scope="module")
def seen(world: World) -> Seen:
    cells = [(forgery, way) for forgery in FORGERIES for way in WAYS]
    done = world.ask([(way, FORGERIES[forgery]) for forgery, way in cells])
    assert done.status == 0, done.everything
    answers = dict(zip(cells, done.json, strict=True))
    return {forgery: {way: answers[forgery, way] for way in WAYS} for forgery in FORGERIES}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_the_app_sees_the_visitors_own_address_and_the_url_that_was_typed(
    world: World, seen: Seen, forgery: str
) -> None:
    truth = {str(way): [world.visitor(way), f"{world.scheme(way)}://demo.test/echo", ""] for way in WAYS}

    assert {str(way): one["truth"] for way, one in seen[forgery].items()} == truth


@pytest.mark.parametrize("forgery", FORGERIES)
def test_no_forged_header_reaches_the_app(seen: Seen, forgery: str) -> None:
    """But for the left of X-Forwarded-For, to which the load balancer adds: the test above looks at that."""
    for way, one in seen[forgery].items():
        added = {"x-forwarded-for"} if way.hop else set()
        kept, honest = (
            [(name, value) for name, value in headers if name not in added]
            for headers in (one["headers"], seen["nothing"][way]["headers"])
        )
        assert kept == honest, way


def test_no_header_says_that_the_load_balancer_is_the_visitor(world: World, seen: Seen) -> None:
    for way, one in seen["nothing"].items():
        said = {value for name, value in one["headers"] if name in {"x-real-ip", "forwarded"}}
        assert said <= {world.visitor(way)}, way
