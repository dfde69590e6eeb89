"""How a stack stands, what it takes, and the screen that shows it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from scaffold.engine.usage import process
from scaffold.facts import Container, Handshake, Made, Process, Record
from scaffold.facts.usage import Usage, usage
from scaffold.project import Project
from scaffold.record import Stopped
from scaffold.routing import Claim, Route
from scaffold.screens import status as screen
from scaffold.standing import Seen, Standing, Workers, stand

from ..builders import (
    APP,
    HOST,
    NOW,
    container,
    containers,
    data_project,
    front_containers,
    handshake,
    joining_project,
    project,
    server,
    shared_proxy,
    with_environment,
    with_service,
)

MIB = 2**20
LIMITED = Made(memory=512 * MIB)
RECORD = Record(NOW - timedelta(hours=5), 21.4, "sha256:0123456789abcdef", "demo-app:0123456789ab")

# ------------------------------------------------------------------ what a container takes


def stats(at: str, spent: int, **memory: int) -> dict[str, Any]:
    """Return what the engine counts, as `GET /containers/ID/stats?one-shot=true` has it."""
    return {
        "read": f"2026-11-22T19:27:{at}Z",
        "cpu_stats": {"cpu_usage": {"total_usage": spent}, "system_cpu_usage": 121343360000000, "online_cpus": 2},
        "memory_stats": {"usage": 174346240, "stats": memory, "limit": 536870912},
    }


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        ({"inactive_file": 16384, "total_inactive_file": 346240}, 174000000),
        ({"inactive_file": 346240, "active_file": 8192}, 174000000),
        ({}, 174346240),
        ({"inactive_file": 900000000}, 174346240),
    ],
    ids=["cgroup v1", "cgroup v2", "neither", "more than all"],
)
def test_memory_is_without_what_the_kernel_would_give_back(memory: dict[str, int], expected: int) -> None:
    taken = usage(stats("48.1", 5, **memory), stats("48.2", 6, **memory))
    assert taken is not None
    assert taken.memory == expected


def test_the_share_is_of_one_core_between_two_looks() -> None:
    taken = usage(stats("48.36357415", 2_932_874_509), stats("48.61357415", 3_307_874_509))
    assert taken is not None
    assert taken.cpu == pytest.approx(150)


@pytest.mark.parametrize(
    "before",
    [{}, {"read": "0001-01-01T00:00:00Z"}, stats("49", 5), stats("48", 9_999_999_999)],
    ids=["nothing", "not running", "no time between", "started again"],
)
def test_a_share_that_cannot_be_told_is_none(before: dict[str, Any]) -> None:
    taken = usage(before, stats("49", 6))
    assert taken is not None
    assert taken.cpu is None


@pytest.mark.parametrize(
    "after", [{}, {"read": "0001-01-01T00:00:00Z", "memory_stats": {}, "cpu_stats": {}}], ids=["gone", "ended"]
)
def test_a_container_that_has_ended_takes_nothing(after: dict[str, Any]) -> None:
    assert usage(stats("48", 5), after) is None


def test_the_first_process_is_known_by_its_number_on_the_host() -> None:
    rows = [["5301", "5276", "/usr/local/bin/python uvicorn app.main:app"], ["5429", "5301", "python -c x"]]
    assert [process(row, "5301") for row in rows] == [
        Process(1, 5276, ("/usr/local/bin/python", "uvicorn", "app.main:app")),
        Process(5429, 1, ("python", "-c", "x")),
    ]


# ------------------------------------------------------------------ standing


def seen(*different: Container, **changes: Any) -> Seen:
    """Return what is looked at of a healthy stack, some of its containers exchanged."""
    healthy = Seen(NOW, containers(*different), servers=(server(),), handshakes={HOST: handshake()}, record=RECORD)
    return replace(healthy, **changes)


def standing(*different: Container, of: Project | None = None, **changes: Any) -> Standing:
    return stand(of or project(), seen(*different, **changes))


def test_a_healthy_stack_stands_well() -> None:
    assert standing().well
    assert standing().rows[0].workers == Workers(2, 2)


@pytest.mark.parametrize(
    ("changes", "health"),
    [
        ({"health": "unhealthy"}, "unhealthy"),
        ({"health": "starting"}, "starting"),
        ({"state": "exited", "health": ""}, "exited"),
        ({"state": "restarting", "health": ""}, "restarting"),
        ({"state": "paused"}, "paused"),
    ],
)
def test_a_container_that_is_not_as_wanted_is_told_by_its_worst_word(changes: dict[str, Any], health: str) -> None:
    found = standing(container("traefik", **changes))
    assert found.wrong == ("traefik",)
    assert found.rows[2].health == health


def test_a_service_without_its_containers_is_wrong() -> None:
    found = standing(containers=(container("app"), container("traefik")))
    assert found.wrong == ("socket-proxy",)


def test_a_missing_worker_is_wrong() -> None:
    assert standing(servers=(server(workers=1),)).wrong == ("app",)


def test_a_server_that_is_not_known_has_no_workers_to_count() -> None:
    of = with_service(project(), "app", command=())
    assert standing(of=of, servers=(server("gunicorn", "app:app"),)).rows[0].workers is None


def test_replicas_are_added_up_and_the_newest_counts() -> None:
    of = with_service(project(), "app", replicas=2)
    pair = [
        container(
            "app", id=f"app{n}", name=f"demo-app-{n}", restarts=n, started=NOW - n * timedelta(hours=1), made=LIMITED
        )
        for n in (1, 2)
    ]
    taken = {"app1": Usage(1.5, 100 * MIB), "app2": Usage(2.5, 50 * MIB)}
    row = standing(*pair, of=of, usage=taken, servers=(server(), server())).rows[0]
    assert (row.running, row.cpu, row.memory, row.limit) == (2, 4.0, 150 * MIB, 1024 * MIB)
    assert (row.restarts, row.since, row.workers) == (3, NOW - timedelta(hours=1), Workers(4, 4))
    assert row.restarted


def test_a_restart_of_last_week_is_no_trouble() -> None:
    row = standing(container("traefik", restarts=1, started=NOW - timedelta(days=7))).rows[2]
    assert (row.restarts, row.restarted) == (1, False)


@pytest.mark.parametrize(("status", "well"), [(0, True), (1, False)])
def test_a_step_before_the_app_has_to_have_ended_well(status: int, *, well: bool) -> None:
    done = container("prestart", state="exited", health="", exit_code=status)
    found = standing(done, container("postgres"), of=data_project())
    assert found.well is well
    assert ("done" in screen.text(found, colour=False, width=80)) is well


def test_what_the_files_define_no_more_is_wrong() -> None:
    found = standing(container("worker"))
    assert found.wrong == ("worker",)
    assert "left over" in screen.text(found, colour=False, width=80)


def test_what_runs_for_a_profile_is_shown_and_is_not_left_over() -> None:
    found = standing(container("worker", health=""), also=frozenset({"worker"}))
    assert found.well
    assert "✓ worker" in screen.text(found, colour=False, width=80)


@pytest.mark.parametrize(
    ("front", "wrong"), [(front_containers(), ()), (front_containers(state="exited"), ("proxy",)), ((), ("proxy",))]
)
def test_a_joined_stack_needs_the_proxy_that_serves_it(front: tuple[Container, ...], wrong: tuple[str, ...]) -> None:
    found = standing(of=joining_project(), containers=(container("app"),), front=front)
    assert found.wrong == wrong


def test_a_joined_stack_whose_proxy_is_not_there_is_shown_all_the_same() -> None:
    found = standing(of=replace(joining_project(), front=None), containers=(container("app"),), handshakes={})
    assert found.wrong == ("proxy",)
    assert "proxy, a shared proxy that is not there" in screen.text(found, colour=False, width=80)
    assert screen.text(found, colour=False, width=80).startswith("demo\n")


# ------------------------------------------------------------------ the screen


def shown(found: Standing, *, colour: bool = False) -> str:
    return screen.text(found, colour=colour, width=80)


def flowing(found: Standing) -> str:
    """Return the screen without the line breaks of its facts."""
    return shown(found).replace("\n" + " " * 13, " ")


def test_the_screen_of_a_healthy_stack() -> None:
    made = [container(name, made=LIMITED) for name in ("app", "socket-proxy", "traefik")]
    taken = {f"id-of-{name}": Usage(1.25, 163 * MIB) for name in ("app", "socket-proxy", "traefik")}
    assert shown(standing(*made, usage=taken)).splitlines() == [
        "demo  https://demo.shop/",
        "",
        "  service       runs  health   workers    CPU      MiB  restarts  since",
        "✓ app            1/1  healthy      2/2  1.2 %  163/512         0   24 h",
        "✓ socket-proxy   1/1  healthy           1.2 %  163/512         0   24 h",
        "✓ traefik        1/1  healthy           1.2 %  163/512         0   24 h",
        "",
        "certificate  demo.shop: Example CA, 60 days left",
        f"last up      5 h ago ({RECORD.at.astimezone():%Y-%m-%d %H:%M}), took 21 s, demo-app:0123456789ab",
        "",
        "Everything runs.",
    ]


def test_what_is_not_as_wanted_has_a_colour_a_mark_and_the_next_command() -> None:
    found = standing(container("traefik", health="unhealthy"))
    assert "\x1b[31munhealthy\x1b[0m" in shown(found, colour=True)
    plain = shown(found)
    assert "✗ traefik" in plain
    assert "Not as wanted: traefik. Next: stack logs traefik -C /srv/demo; stack check" in plain
    assert "\x1b" not in plain


def test_where_nothing_runs_the_screen_says_so_and_the_next_command() -> None:
    found = standing(containers=(), handshakes={}, servers=())
    assert shown(found).splitlines()[-1] == "Nothing runs. Next: stack up /srv/demo"
    assert "service" not in shown(found)


def test_the_proxy_that_serves_is_named() -> None:
    found = standing(of=joining_project(), containers=(container("app"),), front=front_containers())
    assert "served by    proxy in /srv/proxy, which runs" in shown(found)


def test_a_shared_proxy_names_the_stacks_behind_it() -> None:
    claims = (Claim("blog", "/srv/blog", Route("b.test")), Claim("shop", "/srv/shop", Route("s.test", "/x")))
    of = shared_proxy()
    every = tuple(container(one.name) for one in of.services)
    found = stand(of, Seen(NOW, every, claims=claims))
    assert "proxy  a shared proxy" in shown(found)
    assert "behind it    shop: s.test/x" in shown(found)
    assert found.well


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (handshake(not_after=NOW + timedelta(days=3)), "! demo.shop: Example CA, 3 days left"),
        (handshake(not_after=NOW - timedelta(days=3)), "! demo.shop: Example CA, has expired"),
        (handshake("other.shop"), "✗ demo.shop: Example CA, 60 days left, the certificate is for other.shop"),
        (Handshake(problem="connection refused"), "✗ demo.shop: connection refused"),
    ],
)
def test_a_certificate_that_is_not_as_wanted_is_marked(one: Handshake, expected: str) -> None:
    assert f"certificate  {expected}" in flowing(standing(handshakes={HOST: one}))


def test_where_https_ends_in_front_there_is_no_certificate_to_tell_of() -> None:
    of = with_environment(project(), STACK_CERTIFICATES="external")
    assert "certificate  HTTPS ends in front of this server" in shown(standing(of=of, handshakes={}))


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (None, "last up      none is written down"),
        (replace(RECORD, name=""), "took 21 s, 0123456789ab"),
        (replace(RECORD, stopped=(Stopped("demo-app-1", 30, killed=True),)), "; 1 of 1 containers had to be ended"),
    ],
)
def test_the_last_up_is_told(record: Record | None, expected: str) -> None:
    assert expected in flowing(standing(record=record))


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        (timedelta(seconds=-1), "0 s"),
        (timedelta(seconds=119), "119 s"),
        (timedelta(minutes=2), "2 min"),
        (timedelta(minutes=119), "119 min"),
        (timedelta(hours=47), "47 h"),
        (timedelta(days=400), "400 d"),
    ],
)
def test_a_while_is_told_in_one_unit(passed: timedelta, expected: str) -> None:
    assert screen.ago(passed) == expected


def test_a_stack_of_everything_fits_80_columns() -> None:
    of = replace(
        data_project(),
        services=(*data_project().services, replace(APP, name="a-name-that-is-far-too-long-to-be-shown")),
    )
    every = [container(one.name, made=Made(memory=2048 * MIB), restarts=120) for one in of.services]
    taken = {one.id: Usage(199.9, 1999 * MIB) for one in every}
    found = stand(of, seen(containers=tuple(every), usage=taken, servers=(server(),)))
    assert max(map(len, shown(found).splitlines())) <= 80


def test_the_document_has_everything_and_can_be_printed() -> None:
    document = json.loads(json.dumps(screen.document(standing(usage={"id-of-app": Usage(1.234, MIB)}))))
    assert (document["project"], document["ok"], document["urls"]) == ("demo", True, ["https://demo.shop/"])
    app = document["services"][0]
    assert (app["service"], app["running"], app["workers"], app["cpu_percent"]) == ("app", 1, 2, 1.23)
    assert (app["memory"], app["since"]) == (MIB, (NOW - timedelta(days=1)).isoformat())
    assert document["certificates"][0]["days"] == 60
    assert document["last_up"]["image"] == RECORD.image
    assert (document["proxy"], document["behind"]) == (None, [])
