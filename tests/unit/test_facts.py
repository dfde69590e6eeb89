"""What facts say about themselves: certificates and names, containers and definitions, processes and workers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from scaffold.facts import Container, Handshake, Leaf, OwnFiles, Process, Server

from ..builders import APP, COMMAND, NOW, container, containers, facts, handshake, leaf, server


@pytest.mark.parametrize(
    ("names", "host", "named"),
    [
        (("demo.shop",), "demo.shop", True),
        (("other.test", "demo.shop"), "demo.shop", True),
        (("*.demo.shop",), "www.demo.shop", True),
        (("*.demo.shop",), "demo.shop", False),
        (("*.demo.shop",), "a.www.demo.shop", False),
        (("*.test",), "www.demo.shop", False),
        (("demo.shop",), "www.demo.shop", False),
        (("w*.demo.shop",), "www.demo.shop", False),
        (("localhost",), "localhost", True),
        (("*.localhost",), "localhost", False),
        (("*",), "localhost", False),
        ((), "demo.shop", False),
    ],
    ids=[
        "the same",
        "one of two",
        "wildcard, one label",
        "wildcard, no label",
        "wildcard, two labels",
        "wildcard of a parent",
        "a parent",
        "a star inside a label",
        "one label",
        "wildcard of one label",
        "a bare star",
        "no name",
    ],
)
def test_a_certificate_names_a_host(names: tuple[str, ...], host: str, named: bool) -> None:
    assert Handshake(names=names).names_host(host) is named
    assert OwnFiles(names=names).names_host(host) is named


@pytest.mark.parametrize(
    ("seen", "good"),
    [
        (handshake(), True),
        (handshake(problem="self-signed certificate"), False),
        (handshake("other.test"), False),
        (handshake(not_after=NOW), False),
        (handshake(not_after=NOW + timedelta(seconds=1)), True),
        (Handshake(), False),
    ],
    ids=["healthy", "refused", "other name", "expired", "a second left", "never happened"],
)
def test_a_handshake_is_good_when_a_client_accepts_it(seen: Handshake, good: bool) -> None:
    assert seen.good_for("demo.shop", NOW) is good


@pytest.mark.parametrize(
    ("seen", "good"),
    [
        (leaf(), True),
        (leaf("demo.shop", "more.test"), True),
        (leaf("more.test"), False),
        (leaf(signed_by_us=False), False),
        (leaf(not_after=NOW), False),
    ],
    ids=["healthy", "more names", "other name", "foreign", "expired"],
)
def test_a_leaf_is_good_when_it_is_ours_and_names_the_hosts(seen: Leaf, good: bool) -> None:
    assert seen.good_for(("demo.shop",), NOW) is good


@pytest.mark.parametrize(
    ("seen", "serves"),
    [
        (container("app"), True),
        (container("app", health=""), True),
        (container("app", health="starting"), False),
        (container("app", health="unhealthy"), False),
        (container("app", state="exited"), False),
        (container("app", state="restarting", health=""), False),
    ],
    ids=["healthy", "no healthcheck", "starting", "unhealthy", "exited", "restarting"],
)
def test_a_container_serves_when_it_runs_and_is_healthy(seen: Container, serves: bool) -> None:
    assert seen.serving is serves


@pytest.mark.parametrize(
    ("seen", "matches"),
    [
        (container("app"), True),
        (container("app", health="unhealthy"), True),
        (container("app", config_hash="another"), False),
        (container("app", image_id="sha256:another"), False),
        (container("app", state="exited"), False),
    ],
    ids=["the same", "unhealthy, but the same", "another definition", "another image", "not running"],
)
def test_a_container_matches_what_it_was_made_from(seen: Container, matches: bool) -> None:
    assert seen.matches(APP, "sha256:app") is matches


def test_containers_are_found_by_service() -> None:
    second = container("app", name="demo-app-2")
    seen = facts(containers=(*containers(), second))
    assert [one.name for one in seen.of("app")] == ["demo-app-1", "demo-app-2"]
    assert seen.of("postgres") == ()


@pytest.mark.parametrize(
    ("seen", "workers"),
    [(server(workers=3), 3), (server(workers=0), 1), (Server("demo-app-1", ()), 0)],
    ids=["spawned", "the server itself", "unread"],
)
def test_workers_are_the_processes_that_can_answer(seen: Server, workers: int) -> None:
    assert seen.workers == workers


def test_processes_that_a_worker_starts_are_no_workers() -> None:
    seen = server(workers=2)
    spawned = seen.processes[-1]
    pool = (replace(spawned, pid=20, parent=spawned.pid), replace(spawned, pid=21, parent=spawned.pid))
    assert replace(seen, processes=(*seen.processes, *pool)).workers == 2


def test_helpers_of_the_server_are_no_workers() -> None:
    tracker = Process(7, 1, ("python", "-c", "from multiprocessing.resource_tracker import main;main(4)"))
    healthcheck = Process(20, 0, ("python", "-I", "-S", "/opt/stack/healthcheck.py"))
    seen = Server("demo-app-1", (healthcheck, tracker, Process(1, 0, COMMAND)))
    assert (seen.workers, seen.argv) == (1, COMMAND)
