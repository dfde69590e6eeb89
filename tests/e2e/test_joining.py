"""A proxy of its own beside another stack: Traefik gets into that stack's network, and nothing else can be done so."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from .conftest import Make
from .stacks import Stack, docker, eventually, run, unique

NEIGHBOUR = unique("neighbour")
EDGE = f"{NEIGHBOUR}_edge"
OTHER = f"{NEIGHBOUR}_other"
GONE = unique("gone_edge")
KIND = "Content-Type: application/json"
CONNECT = f"/networks/{EDGE}/connect"


@dataclass(frozen=True)
class Port:
    """What the joiner may ask Docker, and the container that it may join."""

    address: str
    traefik: str

    @property
    def body(self) -> str:
        return f'{{"Container":"{self.traefik}"}}'

    def ask(self, method: str, path: str, body: str = "", *headers: str) -> str:
        """Return a reply's status and whose it is: Docker says 403 too, to a container that is in the network."""
        length = () if any("chunked" in one for one in headers) else (f"Content-Length: {len(body)}",)
        lines = (f"{method} {path} HTTP/1.1", "Host: docker", "Connection: close", *length, *headers, "", body)
        with socket.create_connection((self.address, 2376), timeout=10) as connection:
            connection.sendall("\r\n".join(lines).encode())
            _, status, head = connection.makefile("rb").read1(2000).decode().split(" ", 2)
        return f"{status} from {'Docker' if 'api-version:' in head.lower() else 'the port'}"


@pytest.fixture(scope="module")
def proxy(make: Make) -> Stack:
    """Return a project of nothing but a proxy, up."""
    stack = make("joining", STACK_CERTIFICATES="local")
    stack.new(kind="proxy")
    up = stack.compose("up", "--detach", "--wait")
    assert up.status == 0, up.everything
    return stack


@pytest.fixture(scope="module")
def port(proxy: Stack) -> Port:
    networks = inspect(proxy.container("socket-proxy"))["NetworkSettings"]["Networks"]
    return Port(networks[f"{proxy.name}_socket"]["IPAddress"], f"{proxy.name}-traefik-1")


@pytest.fixture(scope="module", autouse=True)
def neighbour(proxy: Stack) -> Iterator[None]:
    """Run another stack, without a label that asks for anybody."""
    try:
        for name in (EDGE, OTHER):
            docker("network", "create", name)
        enter(NEIGHBOUR, EDGE)
        yield
    finally:
        run("docker", "rm", "--force", NEIGHBOUR)
        for name in (EDGE, OTHER):
            run("docker", "network", "disconnect", "--force", name, f"{proxy.name}-traefik-1")
            run("docker", "network", "rm", name)


def enter(name: str, network: str, **labels: str) -> None:
    """Run a container that does nothing in a network."""
    said = [f"--label={key.replace('_', '.')}={value}" for key, value in labels.items()]
    docker(
        "run", "--detach", "--name", name, "--network", network, *said, "--entrypoint", "sleep", "haproxy:3.2", "600"
    )


def inspect(name: str, what: str = "container") -> Any:
    return json.loads(docker(what, "inspect", name))[0]


def members(network: str) -> set[str]:
    return {one["Name"] for one in inspect(network, "network")["Containers"].values()}


@pytest.mark.parametrize(
    "path", ["/containers/json", f"/networks/{EDGE}", "/events?until=1", "/containers/TRAEFIK/json"]
)
def test_it_may_look(port: Port, path: str) -> None:
    assert port.ask("GET", path.replace("TRAEFIK", port.traefik)) == "200 from Docker"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *[(method, "/containers/json") for method in ("HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get")],
        *[("GET", path) for path in ("/", "/_ping", "/info", "/networks", f"/containers/{NEIGHBOUR}/json")],
        *[("GET", path) for path in ("/containers/TRAEFIK/logs", "/images/json", f"/networks/{OTHER}", CONNECT)],
        *[
            ("GET", path)
            for path in ("//networks", "/networks/", "/v1.44/networks", "/%6eetworks", "http://docker/info")
        ],
        *[("GET", f"/networks/{name}_edge") for name in ("../info?", "..%2finfo%3f", f"{OTHER}%00", f"{OTHER};", "")],
        *[(method, CONNECT) for method in ("PUT", "DELETE", "PATCH")],
        ("DELETE", f"/networks/{EDGE}"),
        *[
            ("POST", f"/networks/{EDGE}{end}")
            for end in ("", "/disconnect", "//connect", "/connect/", "/connect?a=_edge/connect")
        ],
        *[("POST", f"/networks/{OTHER}{end}") for end in ("/connect", "%2f_edge/connect", "/connect?/_edge/connect")],
        ("POST", f"/networks/{EDGE}/../{OTHER}/connect"),
        ("POST", f"http://docker/networks/{OTHER}/connect"),
        *[("POST", path) for path in ("/networks/create", "/networks/prune", "/containers/create", "/events")],
        ("POST", "/containers/TRAEFIK/stop"),
    ],
)
def test_nothing_else_is_asked_of_docker(port: Port, method: str, path: str) -> None:
    body = port.body if method not in {"GET", "HEAD", "DELETE", "OPTIONS", "get"} else ""

    assert port.ask(method, path.replace("TRAEFIK", port.traefik), body, KIND) == "403 from the port"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        f'{{"Container":"{NEIGHBOUR}"}}',
        '{"container":"TRAEFIK"}',
        ' {"Container":"TRAEFIK"}',
        '{"Container":"TRAEFIK"} ',
        '{"Container":"TRAEFIK"}\0',
        '{"Container":"TRAEFIK","EndpointConfig":{}}',
        f'{{"Container":"TRAEFIK"}}{{"Container":"{NEIGHBOUR}"}}',
        '{"Container":"TRAEFIK"}' + 20_000 * " ",
    ],
)
def test_nobody_else_and_in_no_other_way_is_joined(port: Port, body: str) -> None:
    assert port.ask("POST", CONNECT, body.replace("TRAEFIK", port.traefik), KIND) == "403 from the port"


@pytest.mark.parametrize("more", [" ", '{"Container":"other"}'])
def test_a_body_in_pieces_is_judged_as_a_whole(port: Port, more: str) -> None:
    pieces = "".join(f"{len(piece):x}\r\n{piece}\r\n" for piece in (port.body, more, ""))

    assert port.ask("POST", CONNECT, pieces, "Transfer-Encoding: chunked", KIND) == "403 from the port"


def test_what_is_allowed_reaches_docker(port: Port) -> None:
    assert port.ask("POST", f"/networks/{GONE}/connect", port.body, KIND) == "404 from Docker"
    assert port.ask("POST", CONNECT, port.body, KIND) == "200 from Docker"
    assert port.ask("POST", CONNECT, port.body, KIND) == "403 from Docker"
    assert members(EDGE) == {NEIGHBOUR, port.traefik}


def test_traefik_gets_into_a_network_that_asks_for_it_and_back_when_it_is_made_anew(proxy: Stack, port: Port) -> None:
    network = unique("asking_edge")
    try:
        docker("network", "create", network)
        enter(network, network, stack_proxy=proxy.name, traefik_docker_network=network)
        eventually(lambda: members(network) == {network, port.traefik})

        proxy.compose("up", "--detach", "--force-recreate", "--no-deps", "traefik")

        eventually(lambda: members(network) == {network, port.traefik})
    finally:
        run("docker", "rm", "--force", network)
        run("docker", "network", "disconnect", "--force", network, port.traefik)
        run("docker", "network", "rm", network)
    assert proxy.compose("logs", "--no-log-prefix", "joiner").out.count("_edge: joined") == 2
