"""template/joiner/joiner.sh, run by bash beside a small Docker of our own making."""

import json
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

SCRIPT = Path(__file__).parents[2] / "template/joiner/joiner.sh"
TRAEFIK = "proxy-traefik-1"
BODY = {"Container": TRAEFIK}
RARELY = 60
"""Seconds between two looks that no event asks for, in a test that is over long before."""
OFTEN = 0.05
LIMIT = 5
"""Nothing here may take so long; a test that hangs ends."""


@dataclass
class Network:
    """A network, who is in it, and what is answered to whoever wants to join: nothing unusual, when that is empty."""

    members: list[str] = field(default_factory=lambda: ["shop-app-1"])
    proxy: str = "proxy"
    refusal: tuple[int, str] | None = None
    vanishing: bool = False
    """It is listed, and gone when it is asked for."""

    def json(self, name: str) -> dict[str, Any]:
        containers = {f"{number:064x}": {"Name": one, "EndpointID": "e"} for number, one in enumerate(self.members)}
        return {"Name": name, "Id": "n", "Containers": containers}

    def served(self, name: str) -> dict[str, Any]:
        """Return a container that is to be served there, as Docker lists it."""
        return {"Id": "c", "Labels": {"stack.proxy": self.proxy, "traefik.docker.network": name}}


class Handler(BaseHTTPRequestHandler):
    server: "Docker"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        filters = json.loads(parse_qs(url.query).get("filters", ["{}"])[0])
        match url.path.strip("/").split("/"):
            case ["events"] if filters == {"event": ["connect", "start"]}:
                self.stream()
            case ["containers", "json"]:
                self.server.looks += 1
                self.say(200, [one.served(name) for name, one in self.server.labelled(filters)])
            case ["networks", name] if not self.server.networks[name].vanishing:
                self.say(200, self.server.networks[name].json(name))
            case ["containers", name, "json"] if name == TRAEFIK:
                self.say(200, {"Name": f"/{name}", "State": {"Running": self.server.runs}})
            case _:
                self.say(404, {"message": "no such thing"})

    def do_POST(self) -> None:
        name = self.path.removeprefix("/networks/").removesuffix("/connect")
        network = self.server.networks[name]
        assert json.loads(self.rfile.read(int(self.headers["Content-Length"]))) == BODY
        self.server.wanted.append(name)
        if network.refusal:
            self.say(network.refusal[0], {"message": network.refusal[1]})
        else:
            network.members.append(TRAEFIK)
            self.say(200)

    def say(self, status: int, body: object = None) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"" if body is None else json.dumps(body, separators=(",", ":")).encode() + b"\n")

    def stream(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.server.streams += 1
        while line := self.server.events.get():
            self.wfile.write(line.encode() + b"\n")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class Docker(ThreadingHTTPServer):
    """Networks, one container named Traefik, and events when a test says so; an empty one ends their stream."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self.networks: dict[str, Network] = {}
        self.runs = True
        self.events: queue.Queue[str] = queue.Queue()
        self.looks = self.streams = 0
        self.wanted: list[str] = []
        self.server_bind()  # the port is ours; connections are refused until somebody listens

    def labelled(self, filters: dict[str, list[str]]) -> list[tuple[str, Network]]:
        wanted = filters["label"]
        return [(name, one) for name, one in self.networks.items() if wanted == [f"stack.proxy={one.proxy}"]]

    @contextmanager
    def running(self) -> Iterator[None]:
        self.server_activate()
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            thread.join()


@dataclass
class Joiner:
    """The script as a process, what it has said so far, and where it notes that it looked."""

    process: subprocess.Popen[str]
    looked: Path
    said: list[str] = field(default_factory=list)

    def listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(LIMIT)


Start = Callable[..., Joiner]


@pytest.fixture
def docker() -> Iterator[Docker]:
    with Docker() as docker:
        yield docker


@pytest.fixture
def start(docker: Docker, tmp_path: Path) -> Iterator[Start]:
    """Return a function that runs the script, with Docker there unless a test brings it up later."""
    with ExitStack() as stack:

        def run(every: float = RARELY, *, there: bool = True) -> Joiner:
            if there:
                stack.enter_context(docker.running())
            process = stack.enter_context(launch(tmp_path, docker.server_port, every))
            joiner = Joiner(process, tmp_path / "looked")
            listener = threading.Thread(target=joiner.listen)
            listener.start()
            stack.callback(listener.join)
            stack.callback(joiner.process.kill)
            return joiner

        yield run


def launch(folder: Path, port: int, every: float) -> "subprocess.Popen[str]":
    """Run the script with shorter times and a folder of our own."""
    text = SCRIPT.read_text()
    for old, new in {
        "seconds=15": f"seconds={every}",
        "/tmp/looked": f"{folder}/looked",
        "pause 2\n": "pause 0.1\n",
        "pause 0.2\n": "pause 0.01\n",
    }.items():
        assert old in text
        text = text.replace(old, new)
    environment = {
        "PATH": "/usr/bin:/bin",
        "JOINER_API": f"127.0.0.1/{port}",
        "STACK_PROXY": "proxy",
        "STACK_TRAEFIK": TRAEFIK,
    }
    (folder / "joiner.sh").write_text(text)
    return subprocess.Popen(
        ["bash", folder / "joiner.sh"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


def more_looks(docker: Docker, count: int = 2) -> None:
    """Wait until the script has begun so many looks from now on; all but the last are over."""
    wanted = docker.looks + count
    until(lambda: docker.looks >= wanted)


def test_traefik_is_joined_to_the_networks_that_ask_for_it(docker: Docker, start: Start) -> None:
    docker.networks = {"shop_edge": Network(), "blog_edge": Network()}

    joiner = start()
    until(lambda: len(joiner.said) == 2)

    assert joiner.said == ["joiner: blog_edge: joined", "joiner: shop_edge: joined"]
    assert [one.members for one in docker.networks.values()] == [["shop-app-1", TRAEFIK]] * 2


@pytest.mark.parametrize(
    ("name", "network"),
    [
        ("shop_edge", Network(members=[])),
        ("shop_edge", Network(members=[TRAEFIK])),
        ("shop_edge", Network(members=["shop-app-1", TRAEFIK])),
        ("shop_edge", Network(proxy="other")),
        ("shop_backend", Network()),
        ("shop_edge_2", Network()),
        ("shop edge", Network()),
    ],
)
def test_other_networks_are_left_alone(docker: Docker, start: Start, name: str, network: Network) -> None:
    docker.networks = {name: network, "last_edge": Network()}
    before = list(network.members)

    joiner = start(OFTEN)
    until(lambda: joiner.said)
    more_looks(docker)

    assert joiner.said == ["joiner: last_edge: joined"]
    assert network.members == before


def test_an_event_is_a_reason_to_look_at_once(docker: Docker, start: Start) -> None:
    joiner = start()
    until(lambda: docker.streams and joiner.looked.exists())
    docker.networks["shop_edge"] = Network()

    docker.events.put('{"Action":"connect"}')

    until(lambda: joiner.said == ["joiner: shop_edge: joined"])


def test_what_no_event_told_is_seen_at_the_next_look(docker: Docker, start: Start) -> None:
    joiner = start(OFTEN)
    more_looks(docker)

    docker.networks["shop_edge"] = Network()

    until(lambda: joiner.said == ["joiner: shop_edge: joined"])


def test_a_traefik_that_was_made_anew_is_joined_again(docker: Docker, start: Start) -> None:
    docker.networks["shop_edge"] = Network()
    joiner = start(OFTEN)
    until(lambda: joiner.said)

    docker.networks["shop_edge"].members.remove(TRAEFIK)

    until(lambda: joiner.said == ["joiner: shop_edge: joined"] * 2)


def test_a_traefik_that_does_not_run_is_joined_when_it_does(docker: Docker, start: Start) -> None:
    docker.networks["shop_edge"] = Network()
    docker.runs = False
    joiner = start(OFTEN)
    more_looks(docker, 3)
    assert joiner.said == [f"joiner: {TRAEFIK}: does not run; joined when it does"]
    assert docker.wanted == []

    docker.runs = True

    until(lambda: joiner.said[1:] == ["joiner: shop_edge: joined"])


def test_a_refusal_is_said_once_and_again_after_it_was_well(docker: Docker, start: Start) -> None:
    network = docker.networks["shop_edge"] = Network(refusal=(500, "no\taddress\nleft"))
    said = r'joiner: shop_edge: not joined: 500 {"message":"no\taddress\nleft"} '
    joiner = start(OFTEN)
    more_looks(docker, 4)
    assert joiner.said == [said]

    network.refusal = None
    until(lambda: len(joiner.said) == 2)
    network.refusal = (500, "no\taddress\nleft")
    network.members.remove(TRAEFIK)

    until(lambda: joiner.said == [said, "joiner: shop_edge: joined", said])


def test_who_was_joined_by_somebody_else_meanwhile_is_no_news(docker: Docker, start: Start) -> None:
    refusal = (403, f"endpoint with name {TRAEFIK} already exists in network shop_edge")
    docker.networks["shop_edge"] = Network(refusal=refusal)

    joiner = start(OFTEN)
    more_looks(docker, 3)

    assert docker.wanted
    assert joiner.said == []


def test_a_network_that_vanishes_does_not_keep_others_from_being_joined(docker: Docker, start: Start) -> None:
    gone = (404, "network late_edge not found")
    docker.networks = {
        "gone_edge": Network(vanishing=True),
        "late_edge": Network(refusal=gone),
        "shop_edge": Network(),
    }

    joiner = start()
    until(lambda: len(joiner.said) == 2)

    assert joiner.said[0].startswith("joiner: late_edge: not joined: 404 ")
    assert joiner.said[1] == "joiner: shop_edge: joined"


def test_a_docker_that_is_not_there_is_waited_for(docker: Docker, start: Start) -> None:
    docker.networks["shop_edge"] = Network()
    joiner = start(there=False)
    until(lambda: joiner.said)
    assert not joiner.looked.exists()

    with docker.running():
        until(lambda: len(joiner.said) > 1)

    assert joiner.said == ["joiner: Docker: nobody answers", "joiner: shop_edge: joined"]


def test_a_stream_of_events_that_ends_is_opened_again(docker: Docker, start: Start) -> None:
    joiner = start()
    until(lambda: docker.streams)

    docker.events.put("")

    until(lambda: docker.streams == 2)
    docker.networks["shop_edge"] = Network()
    docker.events.put('{"Action":"start"}')
    until(lambda: joiner.said == ["joiner: shop_edge: joined"])


def test_the_time_of_the_last_look_is_noted(docker: Docker, start: Start) -> None:
    joiner = start()

    until(lambda: joiner.looked.exists() and joiner.looked.read_text())

    assert abs(int(joiner.looked.read_text()) - time.time()) < LIMIT


@pytest.mark.parametrize("there", [True, False], ids=["waiting for events", "waiting for Docker"])
def test_it_ends_at_once_when_it_is_told_to(docker: Docker, start: Start, there: bool) -> None:
    joiner = start(there=there)
    until(lambda: joiner.looked.exists() or joiner.said)
    began = time.monotonic()

    assert joiner.end() == 0
    assert time.monotonic() - began < 1
