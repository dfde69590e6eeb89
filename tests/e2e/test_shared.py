"""Several stacks behind one proxy: each at its own name or path, none in another one's way or reach."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Self

import dns.rcode
import pytest

from ..names import EVERY, Names, known, serve
from .acme import Authority
from .conftest import Make
from .stacks import Stack, docker, eventually, run, unique

PLACES: dict[str, dict[str, Any]] = {
    "shop": {"domain": "shop.test", "hosts": "www.shop.test", "postgres": True, "redis": True},
    "blog": {"domain": "blog.test"},
    "staging": {"domain": "staging.club.test"},
    "club": {"domain": "club.test"},
    "api": {"domain": "front.test", "path_prefix": "/api"},
    "front": {"domain": "front.test", "kind": "static"},
}
"""Who is behind the proxy, and where: two apps, an app twice, and a front end with its API on one name."""
APPS = [name for name in PLACES if name != "front"]
ADDRESSES = {name: str(place["domain"]) for name, place in PLACES.items()}
PATHS = {"api": "/api/", "front": "/"}
TRY = """
import concurrent.futures, json, socket, sys
def answers(place):
    try:
        socket.create_connection(place, timeout=1).close()
        return True
    except OSError:
        return False
asked = json.loads(sys.argv[1])
with concurrent.futures.ThreadPoolExecutor(len(asked)) as pool:
    print(json.dumps(dict(zip(asked, pool.map(answers, map(tuple, asked.values()))))))
"""
"""Runs in a container: who of these answers?"""


@dataclass
class World:
    """A server with a shared proxy and its stacks, all up."""

    proxy: Stack
    stacks: dict[str, Stack]
    pebble: Authority
    names: Names

    def get(self, name: str, path: str = "") -> str:
        """Return status and text of a stack's front page."""
        page = self.proxy.get(ADDRESSES[name], PATHS.get(name, "/") + path)
        return f"{page.status} {page.text}"


@pytest.fixture(scope="module")
def world(make: Make, stacks: list[Stack], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("shared")
    with ExitStack() as stack:
        names = stack.enter_context(serve(known({}, {"test": "127.0.0.1"})))
        proxy = make("proxy", STACK_DNS_RESOLVERS=f"127.0.0.1:{names.port}")
        pebble = Authority.prepare(folder, unique("shared"), proxy, f"127.0.0.1:{names.port}")
        stack.callback(pebble.remove)
        pebble.start()
        proxy.new(kind="proxy", **pebble.answers)
        proxy.up()
        world = World(proxy, {}, pebble, names)
        for name, place in PLACES.items():
            world.stacks[name] = joined(proxy, stacks, name, **place)
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(Stack.up, world.stacks.values()))
        yield world


def joined(proxy: Stack, stacks: list[Stack], name: str, **answers: object) -> Stack:
    """Make a project that joins the proxy, on its ports; taken away after it, which is in its network."""
    one = Stack(proxy.folder.parent / unique(name), proxy.http_port, proxy.https_port, dict(proxy.env))
    stacks.append(one)
    one.new(proxy="shared", proxy_project=proxy.name, **answers)
    mark(one, name)
    return one


def mark(stack: Stack, word: str) -> None:
    """Have a project's front page say a word."""
    app, page = stack.folder / "app/main.py", stack.folder / "public/index.html"
    if app.exists():
        lines = app.read_text().splitlines(keepends=True)
        said = [f'    return {{"message": "{word}"}}\n' if '"message"' in line else line for line in lines]
        app.write_text("".join(said))
    else:
        page.write_text(word)


def test_each_is_served_at_its_own_name_and_path(world: World) -> None:
    for name in PLACES:
        status, text = world.get(name).split(" ", 1)
        assert status == "200"
        assert name in text


def test_each_name_has_a_certificate_of_its_own(world: World) -> None:
    names = {*ADDRESSES.values(), "www.shop.test"}
    certificates = {world.proxy.get(name, "/").certificate for name in names}

    assert len(certificates) == len(names)


def test_every_check_holds_behind_a_shared_proxy(world: World) -> None:
    for name in ("shop", "api", "front"):
        checked = world.stacks[name].stack("check")
        assert checked.status == 0, checked.everything
    checked = world.proxy.stack("check")
    assert checked.status == 0, checked.everything


def test_another_name_redirects_for_good_and_keeps_the_path(world: World) -> None:
    page = world.proxy.get("www.shop.test", "/items/3?q=a%20b")

    assert (page.status, page.location) == (301, f"https://shop.test:{world.proxy.https_port}/items/3?q=a%20b")


def test_an_app_below_a_path_knows_where_it_is(world: World) -> None:
    # A container that was just made anew is Traefik's a moment later, and until then the front's rule has all of it.
    eventually(lambda: "/api/openapi.json" in world.proxy.get("front.test", "/api/docs").text)
    assert world.proxy.get("front.test", "/apiary").text == "front"
    assert json.loads(world.proxy.get("front.test", "/api/items/3").text)["item_id"] == 3


@pytest.fixture(scope="module")
def thief(world: World, stacks: list[Stack]) -> Stack:
    return joined(world.proxy, stacks, "thief", domain="thief.test")


@pytest.mark.sabotages("proxy.claims")
@pytest.mark.parametrize(
    ("settings", "owner", "route"),
    [
        ({"STACK_DOMAIN": "shop.test"}, "shop", "shop.test"),
        ({"STACK_HOSTS": "a.test, www.shop.test"}, "shop", "www.shop.test"),
        ({"STACK_DOMAIN": "front.test", "STACK_PATH_PREFIX": "/api"}, "api", "front.test/api"),
    ],
)
def test_a_name_that_another_has_is_refused_before_anything_starts(
    world: World, thief: Stack, settings: dict[str, str], owner: str, route: str
) -> None:
    refused = replace(thief, env=thief.env | settings).stack("up")

    assert refused.status == 3, refused.everything
    seen = next(one["seen"] for one in refused.json["findings"] if one["id"] == "proxy.claims")
    held = world.stacks[owner]
    assert seen == [f"{route} is served from the project {held.name} in {held.folder}"]
    assert thief.ids() == {}


def test_what_happens_to_one_costs_the_others_no_request(world: World) -> None:
    shop, blog, club = (world.stacks[name] for name in ("shop", "blog", "club"))
    untouched = [name for name in PLACES if name not in {"blog", "club"}]
    with Load(world, untouched) as load:
        mark(club, "club, again")
        club.up()
        assert blog.stack("down").status == 0
        assert run("docker", "network", "inspect", f"{blog.name}_edge").status != 0
        eventually(lambda: world.get("blog").startswith("404"))
        blog.up()

    assert "club, again" in world.get("club")
    print(f"answers while club was replaced and blog went and came: {load.done}, failed: {len(load.failed)}")
    assert min(load.done.values()) > 50
    assert load.failed == []
    assert shop.stack("up").json["plan"] == []


class Load:
    """A request after the other to every one of some stacks, until the end of the block."""

    def __init__(self, world: World, names: list[str]) -> None:
        self.world, self.done = world, dict.fromkeys(names, 0)
        self.failed: list[str] = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(name,)) for name in names]

    def ask(self, name: str) -> None:
        while not self.over.wait(0.05):
            try:
                answer = self.world.get(name)
            except OSError as error:
                answer = repr(error)
            self.done[name] += 1
            if not answer.startswith("200"):
                self.failed.append(f"{name}: {answer}")

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()


def test_an_order_that_failed_is_made_again_and_nobody_else_notices(world: World, stacks: list[Stack]) -> None:
    late = joined(world.proxy, stacks, "late", domain="late.test")
    traefik = docker("inspect", world.proxy.container("traefik"), "--format", "{{.State.StartedAt}}")
    world.names.trouble[EVERY] = dns.rcode.SERVFAIL
    try:
        failed = late.stack("up")
    finally:
        world.names.trouble.clear()
    mended = late.stack("up")

    assert failed.status == 1, failed.everything
    assert failed.json["error"]["message"].startswith("the certificate for late.test did not come")
    assert mended.status == 0, mended.everything
    assert any("until it serves, too: the certificate of late.test" in step for step in mended.json["plan"])
    assert docker("inspect", world.proxy.container("traefik"), "--format", "{{.State.StartedAt}}") == traefik
    assert world.proxy.stack("check").failed == set()  # what is mended is no trouble any more


# ------------------------------------------------------------------ sabotage


@pytest.mark.sabotages("proxy.joined")
def test_a_proxy_that_left_the_network_is_noticed(world: World) -> None:
    place = (f"{world.stacks['shop'].name}_edge", f"{world.proxy.name}-traefik-1")
    docker("network", "disconnect", *place)

    def noticed() -> bool:
        # The joiner brings it back whenever a container starts, of other tests, too.
        run("docker", "network", "disconnect", *place)
        return world.stacks["shop"].stack("check").failed == {"proxy.joined"}

    try:
        eventually(noticed, 60)
    finally:
        run("docker", "network", "connect", *place)


@pytest.mark.sabotages("proxy.runs")
def test_a_proxy_that_stands_still_is_noticed_before_anything_is_done(world: World) -> None:
    world.proxy.compose("stop", "traefik")
    try:
        refused = world.stacks["shop"].stack("up")
        assert refused.status == 3, refused.everything
        assert refused.failed == {"proxy.runs"}
    finally:
        world.proxy.compose("start", "traefik")
    eventually(lambda: all(map(world.proxy.serves, ADDRESSES.values())))
    eventually(lambda: all(world.get(name).startswith("200") for name in PLACES))


@pytest.mark.sabotages("http.canonical")
def test_a_redirect_that_is_not_for_good_is_noticed(world: World) -> None:
    api = world.stacks["api"]
    label = f"traefik.http.middlewares.{api.name}-canonical.redirectregex.permanent=false"
    api.override(f"services: {{ app: {{ labels: ['{label}'] }} }}\n")
    api.env["STACK_HOSTS"] = "www.front.test"
    try:
        assert api.stack("up").failed == {"http.canonical"}
    finally:
        (api.folder / "compose.override.yaml").unlink()
        del api.env["STACK_HOSTS"]
        api.up()


# ------------------------------------------------------------------ isolation


def addresses(stack: Stack) -> dict[str, tuple[str, list[str]]]:
    """Return service and addresses of every container of a project, by its name."""
    found = {}
    for name, container in stack.ids().items():
        inspected = json.loads(docker("inspect", container))[0]
        networks = inspected["NetworkSettings"]["Networks"].values()
        places = [one[kind] for one in networks for kind in ("IPAddress", "GlobalIPv6Address") if one[kind]]
        found[name] = (inspected["Config"]["Labels"]["com.docker.compose.service"], places)
    return found


PORTS = {
    "app": [8000],
    "postgres": [5432],
    "redis": [6379],
    "traefik": [8080, 50080],
    "socket-proxy": [2375, 2376],
    "joiner": [],
}


def places(stack: Stack) -> dict[str, tuple[str, int]]:
    """Return every place of a project where something listens that is nobody else's business."""
    return {
        f"{service} of {stack.name} at {address} port {port}": (address, port)
        for service, found in addresses(stack).values()
        for address in found
        for port in PORTS[service]
    }


def reached(stack: Stack, where: dict[str, tuple[str, int]]) -> list[str]:
    """Return who of these answers to a stack's app."""
    done = run("docker", "exec", stack.container("app"), "python", "-c", TRY, json.dumps(where))
    assert done.status == 0, done.everything
    return [name for name, answers in done.json.items() if answers]


@pytest.mark.parametrize("name", APPS)
def test_no_app_reaches_into_another_stack_or_the_proxy(world: World, name: str) -> None:
    mine = world.stacks[name]
    others = [world.proxy, *(one for one in world.stacks.values() if one is not mine)]
    own = {key: place for key, place in places(mine).items() if ":" not in place[0]}

    assert sorted(reached(mine, own)) == sorted(own)  # or the probe sees nothing at all
    foreign = {key: place for one in others for key, place in places(one).items()}
    assert len(foreign) > 20
    print(f"{name}: {len(own)} places of its own answer, {len(foreign)} of others and the proxy are asked")
    assert reached(mine, foreign) == []


def test_names_of_services_lead_to_ones_own(world: World) -> None:
    for name in ("blog", "shop"):
        script = "import socket; print(socket.gethostbyname_ex('app')[2])"
        done = run("docker", "exec", world.stacks[name].container("app"), "python", "-c", script)
        own = next(places for service, places in addresses(world.stacks[name]).values() if service == "app")
        assert set(json.loads(done.out.replace("'", '"'))) <= set(own)


# ------------------------------------------------------------------ the proxy itself


def test_the_proxy_tells_whom_it_would_leave_without(world: World) -> None:
    asked = world.proxy.stack("down")

    assert asked.status == 2, asked.everything
    message = json.dumps(asked.json["error"])
    for name, stack in world.stacks.items():
        assert ADDRESSES[name] in message
        assert str(stack.folder) in message
    assert world.get("shop").startswith("200")


def test_a_proxy_that_is_made_anew_finds_its_stacks_again(world: World) -> None:
    made = world.proxy.compose("up", "--detach", "--force-recreate", "--wait")

    assert made.status == 0, made.everything
    eventually(lambda: all(world.get(name).startswith("200") for name in PLACES))
