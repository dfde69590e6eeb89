"""A new version beside the one that serves, and the way back: plans are compared as values."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from scaffold import overlap, plan
from scaffold.facts import Container, Edition, Facts, Made
from scaffold.plan import (
    AwaitCertificate,
    AwaitHealthy,
    AwaitListed,
    BuildImage,
    Forget,
    Join,
    Promote,
    Prove,
    Rejoin,
    Remove,
    Restart,
    Retire,
    RunOnce,
    Smoke,
    Start,
    Step,
    keeping,
)
from scaffold.project import Port, Project, Service
from scaffold.record import Record

from ..builders import (
    APP,
    BUILD_IMAGE,
    HOST,
    NOW,
    container,
    containers,
    data_facts,
    data_project,
    facts,
    joining_facts,
    joining_project,
    made,
    project,
    record,
    with_environment,
    with_service,
)

CHECKED = ("python", "-I", "-S", "/opt/stack/healthcheck.py", "8000", "/healthz")
IMAGES = facts().images
NEW = "demo-app:59f888d-fedcba987654"
BUILD, SMOKE = BuildImage("app", NEW), Smoke("app", NEW, "app.main:app")
JOIN, RETIRE, PROMOTE = Join("app", NEW), Retire("demo-app-1"), Promote(NEW, "demo-app:current")
WAITS = (AwaitHealthy(("socket-proxy", "traefik")), AwaitCertificate((HOST,)))
GONE, BOTH = ("demo-app-1",), ("demo-app-2", "demo-app-1")
PROVEN = (Prove(NEW, GONE), PROMOTE, Remove(GONE))
ROLL = (BUILD, SMOKE, JOIN, RETIRE, *WAITS, *PROVEN)


def stack(of: Project | None = None, **changes: Any) -> Project:
    return with_service(of or project(), "app", healthcheck=CHECKED, **changes)


def app(number: int, **changes: Any) -> Container:
    own = {"id": f"id-of-app-{number}", "name": f"demo-app-{number}", "made": served()}
    return container("app", **{**own, **changes})


def served(**changes: Any) -> Made:
    return made("app", **{"labels": APP.labels, "healthcheck": ("CMD", *CHECKED), **changes})


def new(number: int, **changes: Any) -> Container:
    return app(number, **{"image_id": "sha256:new", **changes})


def seen(*own: Container, built: bool = False, **changes: Any) -> Facts:
    """Return what is seen when another version is wanted than the one that these containers run."""
    images = {**facts().images, **({NEW: "sha256:new"} if built else {})}
    return facts(**{"build_image": NEW, "images": images, "containers": containers(*(own or (app(1),))), **changes})


# ------------------------------------------------------------------ the order


def test_a_new_version_joins_the_one_that_serves_before_that_one_retires() -> None:
    assert plan.up(stack(), seen()) == ROLL


def test_each_replica_makes_room_for_one_that_serves_already() -> None:
    steps = plan.up(stack(replicas=2), seen(app(1), app(2)))
    assert steps[2:6] == (JOIN, RETIRE, JOIN, Retire("demo-app-2"))
    assert steps[-1] == Remove(("demo-app-1", "demo-app-2"))


def test_what_runs_before_the_app_runs_in_the_new_image_first() -> None:
    steps = plan.up(stack(data_project()), replace(data_facts(app(1)), build_image=NEW))
    assert steps[:5] == (BUILD, SMOKE, AwaitHealthy(("postgres",)), RunOnce("prestart", NEW), JOIN)


def test_another_service_of_the_same_image_starts_on_the_new_one_which_has_no_name_yet() -> None:
    worker = Service(name="worker", image="demo-app:current", hash="hash-of-worker")
    both = replace(stack(), services=(*stack().services, worker))
    steps = plan.up(both, seen(app(1), container("worker", image_id="sha256:app")))
    assert steps[2:5] == (Start(("worker",), NEW), JOIN, RETIRE)
    back = plan.back(both, seen(app(1)), containers(app(1)), steps[:4])
    assert back[-2:] == (Start(("worker",)), AwaitHealthy(("worker",)))


def test_what_needs_the_app_starts_when_the_app_is_new_for_else_compose_would_make_it_anew() -> None:
    worker = Service(name="worker", image="demo-app:current", hash="hash-of-worker", needs=("app",))
    front = Service(name="front", image="nginx", hash="hash-of-front", needs=("worker",))
    both = replace(stack(), services=(*stack().services, worker, front))
    steps = plan.up(
        both, seen(app(1), container("worker", image_id="sha256:app"), container("front", config_hash="old"))
    )
    assert steps[:5] == (BUILD, SMOKE, JOIN, RETIRE, Start(("worker", "front"), NEW))


def test_one_more_replica_joins_and_one_too_many_retires() -> None:
    same = facts(containers=containers(app(1)))
    joins = plan.up(stack(replicas=2), same)
    assert joins[:2] == (AwaitListed(GONE), Join("app", BUILD_IMAGE))
    many = plan.up(stack(), facts(containers=containers(app(1), app(2))))
    second = ("demo-app-2",)
    assert many == (AwaitListed(GONE), Retire(*second), *WAITS, Prove(BUILD_IMAGE, second), Remove(second))


def test_where_all_is_as_it_should_be_nothing_is_done() -> None:
    assert plan.up(stack(), facts(containers=containers(app(1)))) == ()


WORN = Join("app", BUILD_IMAGE, "it is unhealthy")


def test_an_app_that_would_be_restarted_is_replaced_instead() -> None:
    found = facts(containers=containers(app(1, health="unhealthy"), app(2)))
    steps = plan.up(stack(replicas=2), found)
    both = ("demo-app-1", "demo-app-2")
    assert steps == (WORN, RETIRE, WORN, Retire("demo-app-2"), *WAITS, Prove(BUILD_IMAGE, both), Remove(both))
    assert str(WORN).endswith("too: it is unhealthy")
    now = containers(app(1, state="exited"), app(2), app(3), app(4, health="starting"))
    assert plan.back(stack(replicas=2), found, now, steps[:3]) == (
        Rejoin("demo-app-1"),
        Retire("demo-app-3"),
        Remove(("demo-app-3", "demo-app-4")),
    )


# ------------------------------------------------------------------ after an `up` that was cut off


CUT_OFF: tuple[tuple[str, Facts, tuple[Step, ...]], ...] = (
    ("built", seen(built=True), (SMOKE, JOIN, RETIRE, *WAITS, *PROVEN)),
    (
        "one that was created never began",
        seen(app(1), new(2, state="created", health=""), built=True),
        (
            SMOKE,
            JOIN,
            RETIRE,
            *WAITS,
            Prove(NEW, BOTH),
            PROMOTE,
            Remove(BOTH),
        ),
    ),
    (
        "one that was joining",
        seen(app(1), new(2, health="starting"), built=True),
        (SMOKE, AwaitListed(("demo-app-2",)), RETIRE, *WAITS, *PROVEN),
    ),
    (
        "one that was draining",
        seen(app(1, health="unhealthy"), new(2), built=True),
        (SMOKE, AwaitListed(("demo-app-2",)), RETIRE, *WAITS, *PROVEN),
    ),
    (
        "one that had retired",
        seen(app(1, state="exited", health=""), new(2), built=True),
        (SMOKE, AwaitListed(("demo-app-2",)), *WAITS, *PROVEN),
    ),
    (
        "proven, and promoted",
        seen(
            app(1, state="exited", health=""),
            new(2),
            images={**IMAGES, NEW: "sha256:new", "demo-app:current": "sha256:new"},
        ),
        (AwaitListed(("demo-app-2",)), *WAITS, Prove(NEW, GONE), Remove(GONE)),
    ),
)


@pytest.mark.parametrize(("found", "steps"), [one[1:] for one in CUT_OFF], ids=[one[0] for one in CUT_OFF])
def test_an_up_that_was_cut_off_is_taken_up_where_it_ended(found: Facts, steps: tuple[Step, ...]) -> None:
    assert plan.up(stack(), found) == steps


def test_a_version_that_was_left_half_way_leaves_again_when_the_files_are_as_before() -> None:
    found = facts(containers=containers(app(1), new(2)))
    steps = plan.up(stack(), found)
    assert steps[:2] == (AwaitListed(GONE), Retire("demo-app-2"))
    assert steps[-1] == Remove(("demo-app-2",))


# ------------------------------------------------------------------ what is not rolled


OBSTACLES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"ports": (Port(8000, 8000),)}, "published port"),
    ({"container_name": "shop"}, "fixed name"),
    ({"volumes": {"/data": "demo_data"}}, "write to /data"),
    ({"labels": {**APP.labels, overlap.STRATEGY: "recreate"}}, "stack.strategy"),
    ({"healthcheck": ("curl", "localhost:8000")}, "/tmp/drain"),
    ({"healthcheck": ()}, "does not look"),
    ({"labels": {**APP.labels, "traefik.http.routers.demo-app.priority": "5"}}, "labels have changed"),
)


@pytest.mark.parametrize(("changes", "why"), OBSTACLES, ids=[one[1] for one in OBSTACLES])
def test_where_two_cannot_be_the_one_ends_first_and_a_person_is_told_why(changes: dict[str, Any], why: str) -> None:
    alone = with_service(stack(), "app", **changes)
    steps = plan.up(alone, seen())
    assert steps[2:4] == (PROMOTE, Start(("app",)))
    assert [(one.service, why in one.why) for one in plan.outages(alone, seen(), steps)] == [("app", True)]


@pytest.mark.parametrize(
    ("of", "running", "why"),
    [
        (with_service(stack(), "traefik", environment={}), app(1), "does not tell whom it sends requests to"),
        (with_environment(stack(), TRAEFIK_API="false"), app(1), "stack update"),
        (stack(), app(1, made=served(healthcheck=("CMD", "curl", "localhost"))), "of what runs does not look for"),
        (stack(), app(1, made=served(healthcheck=())), "of what runs does not look for"),
    ],
    ids=["Traefik of an older template", "Traefik's API is off", "another healthcheck before", "none before"],
)
def test_what_cannot_be_drained_or_asked_about_is_not_rolled(of: Project, running: Container, why: str) -> None:
    steps = plan.up(of, seen(running))
    assert not any(isinstance(step, Join | Retire) for step in steps)
    assert [why in one.why for one in plan.outages(of, seen(running), steps)][-1:] == [True]


def test_two_may_write_to_a_volume_when_its_owner_says_so() -> None:
    labels = {**APP.labels, overlap.STRATEGY: "rolling"}
    both = stack(labels=labels, volumes={"/data": "demo_data"})
    running = app(1, made=served(labels=labels))
    assert JOIN in plan.up(both, seen(running))


@pytest.mark.parametrize("proxy", [{"state": "exited", "health": ""}, {"health": "unhealthy"}])
def test_where_traefik_serves_nobody_nothing_is_rolled(proxy: dict[str, Any]) -> None:
    found = facts(build_image=NEW, containers=containers(app(1), container("traefik", **proxy)))
    assert any(isinstance(step, Start) and "app" in step.services for step in plan.up(stack(), found))


def test_an_app_that_does_not_run_is_started() -> None:
    assert Start(("app",)) in plan.up(stack(), seen(app(1, state="exited", health="")))


# ------------------------------------------------------------------ outages


def test_a_roll_is_no_outage() -> None:
    assert plan.outages(stack(), seen(), ROLL) == ()


def test_what_is_made_anew_while_it_serves_is_told_with_its_seconds() -> None:
    steps = (Start(("postgres", "socket-proxy", "traefik")), Restart("redis", "its password changed"))
    told = plan.outages(data_project(), data_facts(container("redis")), steps)
    assert [one.service for one in told] == ["postgres", "traefik", "redis"]
    assert str(told[1]).startswith("traefik is made anew, for about 3 s nobody is answered")


def test_what_does_not_serve_has_no_outage() -> None:
    found = facts(containers=containers(container("traefik", health="unhealthy")))
    assert plan.outages(stack(), found, (Start(("app", "traefik")),))[1:] == ()


# ------------------------------------------------------------------ back


BACK: tuple[tuple[str, tuple[Container, ...], tuple[Step, ...], tuple[Step, ...]], ...] = (
    ("not built", (app(1),), (BUILD,), ()),
    ("not imported", (app(1),), (BUILD, SMOKE), ()),
    ("never healthy", (app(1), new(2, health="starting")), (BUILD, SMOKE, JOIN), (Remove(("demo-app-2",)),)),
    (
        "cut off while the old one drained",
        (app(1, health="unhealthy"), new(2)),
        (BUILD, SMOKE, JOIN, RETIRE),
        (Rejoin("demo-app-1"), Retire("demo-app-2"), Remove(("demo-app-2",))),
    ),
    (
        "no good",
        (app(1, state="exited", health=""), new(2)),
        (BUILD, SMOKE, JOIN, RETIRE, *WAITS, Prove(NEW, GONE)),
        (Rejoin("demo-app-1"), Retire("demo-app-2"), Remove(("demo-app-2",))),
    ),
)


@pytest.mark.parametrize(("found", "done", "back"), [one[1:] for one in BACK], ids=[one[0] for one in BACK])
def test_after_a_failure_what_served_before_serves_again_and_nothing_stays(
    found: tuple[Container, ...], done: tuple[Step, ...], back: tuple[Step, ...]
) -> None:
    assert plan.back(stack(), seen(), containers(*found), done) == back


def test_what_an_earlier_up_had_left_goes_too() -> None:
    found = (app(1), new(2, health="unhealthy"))
    assert plan.back(stack(), seen(*found, built=True), containers(*found), (SMOKE, AwaitListed(("demo-app-2",)))) == (
        Remove(("demo-app-2",)),
    )


def test_one_that_an_earlier_up_had_stopped_comes_back() -> None:
    found = (app(1, state="exited", health=""), new(2))
    done = (SMOKE, AwaitListed(("demo-app-2",)), *WAITS, Prove(NEW, GONE))
    assert plan.back(stack(), seen(*found, built=True), containers(*found), done)[0] == Rejoin("demo-app-1")


def test_a_name_that_an_up_had_moved_when_it_was_cut_off_goes_back() -> None:
    before = seen(app(1), built=True, images={**facts().images, NEW: "sha256:new", "demo-app:current": "sha256:new"})
    back = plan.back(stack(), before, containers(app(1), new(2, health="unhealthy")), (JOIN,))
    assert back == (Remove(("demo-app-2",)), Promote("sha256:app", "demo-app:current"))


def test_a_replica_too_many_that_does_not_get_well_goes_and_the_others_stay() -> None:
    before = facts(containers=containers(app(1)))
    found = containers(app(1), app(2, health="unhealthy"))
    done = (AwaitListed(GONE), Join("app", BUILD_IMAGE))
    assert plan.back(stack(replicas=2), before, found, done) == (Remove(("demo-app-2",)),)


def test_what_ran_before_the_app_on_the_new_image_is_removed() -> None:
    before = replace(data_facts(app(1)), build_image=NEW)
    ran = container("prestart", id="new", state="exited", health="", exit_code=1, image_id="sha256:new")
    done = (BUILD, SMOKE, RunOnce("prestart", NEW))
    assert plan.back(stack(data_project()), before, (*before.containers[:-1], ran), done) == (Remove((ran.name,)),)


@pytest.mark.parametrize("tried", [record(result="taken back"), record(did="rollback"), record(undone=True)])
def test_an_app_that_came_back_and_stays_needs_nothing_before_it(tried: Record) -> None:
    found = data_facts(app(1), tried=tried)
    without = replace(found, containers=tuple(one for one in found.containers if one.service != "prestart"))
    assert plan.up(stack(data_project()), without) == ()
    assert RunOnce("prestart") in plan.up(stack(data_project()), replace(without, tried=record()))


def test_what_compose_has_made_along_with_an_app_that_came_back_is_not_run() -> None:
    made_along = container("prestart", state="created", health="", image_id="sha256:app")
    came_back = data_facts(app(1), made_along, tried=record(did="rollback"))
    assert RunOnce("prestart") not in plan.up(stack(data_project()), came_back)


def test_an_app_is_not_tried_before_its_data_is_there() -> None:
    steps = plan.up(stack(data_project()), data_facts(app(1, health="unhealthy")))
    assert steps[:2] == (AwaitHealthy(("postgres",)), WORN)


# ------------------------------------------------------------------ proving


def test_what_is_judged_is_what_will_be() -> None:
    found = facts(containers=containers(app(1, state="exited"), new(2)), images={**facts().images, NEW: "sha256:new"})
    settled = plan.settled(stack(), found, Prove(NEW, GONE))
    assert [one.name for one in settled.of("app")] == ["demo-app-2"]
    assert settled.images["demo-app:current"] == "sha256:new"


# ------------------------------------------------------------------ rollback, and what is kept


def edition(day: int, **changes: Any) -> Edition:
    return replace(Edition(f"demo-app:{day:012x}", f"sha256:{day}", NOW + timedelta(days=day)), **changes)


def test_what_has_served_stays_longer_than_what_never_did() -> None:
    served = tuple(edition(day, served=True) for day in range(1, 6))
    failed = tuple(edition(day) for day in range(6, 10))
    assert keeping.doomed((*served, *failed), "demo-app:new", ()) == (edition(1).name, *(one.name for one in failed))
    assert keeping.doomed(failed, "demo-app:new", ()) == ()


def test_an_older_image_comes_the_same_way_and_nothing_runs_before_it() -> None:
    older = edition(1)
    found = data_facts(app(1), images={**data_facts().images, older.name: older.image_id}, editions=(older,))
    steps = plan.rollback(stack(data_project()), found, older.name)
    ready = AwaitHealthy(("postgres",))
    assert steps[:4] == (Smoke("app", older.name, "app.main:app"), ready, Join("app", older.name), RETIRE)
    assert not any(isinstance(step, RunOnce | BuildImage) for step in steps)
    gone = ("demo-app-1", "demo-prestart-1")
    assert steps[-3:] == (Prove(older.name, gone), Promote(older.name, "demo-app:current"), Remove(gone))
    asked = plan.rollback(stack(data_project()), found, older.name, prestart=True)
    assert any(isinstance(step, RunOnce) for step in asked)


def test_five_images_stay_and_what_is_used() -> None:
    editions = tuple(map(edition, range(1, 9)))
    running = app(1, image_id="sha256:1")
    steps = plan.up(stack(), seen(running, editions=editions))
    assert steps[-1] == Forget(tuple(edition(day).name for day in (2, 3, 4)))


def test_an_image_that_has_a_younger_name_too_stays() -> None:
    editions = (*map(edition, range(1, 6)), edition(9, image_id="sha256:1"))
    assert plan.up(stack(), seen(editions=editions))[-1] == Forget((edition(2).name,))


def test_behind_a_shared_proxy_the_app_rolls_as_well() -> None:
    both = stack(joining_project())
    running = app(1, made=served(labels=both.app.labels))
    rest = tuple(one for one in joining_facts().containers if one.service != "app")
    found = joining_facts(containers=(running, *rest), build_image=NEW)
    assert JOIN in plan.up(both, found)
