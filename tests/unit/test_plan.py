"""From what is wanted and what is seen to what has to be done: plans are compared as values."""

from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from scaffold import plan
from scaffold.facts import Container, Facts, Handshake, Leaf
from scaffold.plan import (
    AwaitCertificate,
    AwaitHealthy,
    BuildImage,
    DropLeaf,
    Promote,
    Restart,
    SignLeaf,
    Smoke,
    Start,
    Step,
)
from scaffold.project import Project, Service

from ..builders import (
    BUILD_IMAGE,
    HOST,
    NOW,
    OTHER_HOST,
    container,
    containers,
    facts,
    handshake,
    leaf,
    local_facts,
    local_project,
    project,
    with_hosts,
    with_service,
)

SERVICES = ("app", "socket-proxy", "traefik")
WAITS = (AwaitHealthy(SERVICES), AwaitCertificate((HOST,)))
BUILD = BuildImage("app", BUILD_IMAGE)
SMOKE = Smoke("app", BUILD_IMAGE, "app.main:app")
PROMOTE = Promote(BUILD_IMAGE, "demo-app:current")
IMAGES = facts().images
TWO_HOSTS = (HOST, OTHER_HOST)


def without(*names: str) -> dict[str, str]:
    return {name: image for name, image in IMAGES.items() if name not in names}


# ------------------------------------------------------------------ containers and images


@pytest.mark.parametrize(
    ("stack", "seen"),
    [
        (project(), facts()),
        (local_project(), local_facts()),
        (with_hosts(project(), *TWO_HOSTS), facts(handshakes={name: handshake(name) for name in TWO_HOSTS})),
        (with_hosts(project(), *TWO_HOSTS), facts(handshakes=dict.fromkeys(TWO_HOSTS, handshake(*TWO_HOSTS)))),
    ],
    ids=["acme", "local", "two hosts, two certificates", "two hosts, one certificate"],
)
def test_where_nothing_changed_nothing_is_done(stack: Project, seen: Facts) -> None:
    assert plan.up(stack, seen) == ()


def test_the_first_time_everything_is_built_and_started() -> None:
    nothing = facts(containers=(), images={}, handshakes={})
    assert plan.up(project(), nothing) == (BUILD, SMOKE, PROMOTE, Start(SERVICES), *WAITS)


def test_the_first_time_the_local_authority_signs_before_anything_is_started() -> None:
    nothing = facts(containers=(), images={}, handshakes={})
    expected = (SignLeaf((HOST,)), BUILD, SMOKE, PROMOTE, Start(SERVICES), *WAITS)
    assert plan.up(local_project(), nothing) == expected


def test_after_down_what_was_built_is_started_again() -> None:
    assert plan.up(project(), facts(containers=(), handshakes={})) == (Start(SERVICES), *WAITS)


def test_changed_code_is_built_and_tried_before_the_app_is_replaced() -> None:
    assert plan.up(project(), facts(images=without(BUILD_IMAGE))) == (BUILD, SMOKE, PROMOTE, Start(("app",)), *WAITS)


def test_code_that_was_built_before_is_not_built_again() -> None:
    back = {**IMAGES, BUILD_IMAGE: "sha256:earlier"}
    assert plan.up(project(), facts(images=back)) == (SMOKE, PROMOTE, Start(("app",)), *WAITS)


def test_an_image_that_somebody_else_promoted_is_taken_back() -> None:
    theirs = {**IMAGES, "demo-app:current": "sha256:theirs"}
    assert plan.up(project(), facts(images=theirs)) == (SMOKE, PROMOTE, Start(("app",)), *WAITS)


def test_an_app_that_was_built_but_never_promoted_is_promoted() -> None:
    assert plan.up(project(), facts(images=without("demo-app:current"))) == (SMOKE, PROMOTE, Start(("app",)), *WAITS)


def test_whatever_runs_the_apps_image_is_replaced_with_it() -> None:
    worker = Service(name="worker", image=project().app.image, hash="hash-of-worker")
    stack = replace(project(), services=(*project().services, worker))
    seen = facts(images=without(BUILD_IMAGE), containers=(*containers(), container("worker", image_id="sha256:app")))
    assert Start(("app", "worker")) in plan.up(stack, seen)


def test_a_server_that_names_no_import_string_is_not_tried() -> None:
    stack = with_service(project(), "app", command=("fastapi", "run", "app/main.py"))
    assert plan.up(stack, facts(images=without(BUILD_IMAGE))) == (BUILD, PROMOTE, Start(("app",)), *WAITS)


def test_an_app_without_a_build_is_not_built() -> None:
    stack = with_service(project(), "app", build=None, image="demo-app:current")
    assert plan.up(stack, facts(build_image="", images=without(BUILD_IMAGE))) == ()


@pytest.mark.parametrize("service", SERVICES)
def test_only_a_service_whose_definition_changed_is_started(service: str) -> None:
    stack = with_service(project(), service, hash="another")
    assert plan.up(stack, facts()) == (Start((service,)), *WAITS)


@pytest.mark.parametrize(
    "state", ["created", "exited", "dead", "paused", "restarting"], ids=lambda state: f"it is {state}"
)
def test_a_container_that_does_not_run_is_started(state: str) -> None:
    seen = facts(containers=containers(container("socket-proxy", state=state)))
    assert plan.up(project(), seen) == (Start(("socket-proxy",)), *WAITS)


@pytest.mark.parametrize(
    "images",
    [{**IMAGES, "traefik:v3.7.15": "sha256:newer"}, without("traefik:v3.7.15")],
    ids=["pulled anew", "not there any more"],
)
def test_a_container_of_another_image_is_replaced(images: dict[str, str]) -> None:
    assert plan.up(project(), facts(images=images)) == (Start(("traefik",)), *WAITS)


@pytest.mark.parametrize(
    ("wanted", "seen"),
    [
        (2, containers()),
        (1, (*containers(), container("app", name="demo-app-2"))),
        (0, containers()),
    ],
    ids=["too few", "too many", "none wanted"],
)
def test_another_number_of_replicas_is_put_right(wanted: int, seen: tuple[Container, ...]) -> None:
    stack = with_service(project(), "app", replicas=wanted)
    assert plan.up(stack, facts(containers=seen)) == (Start(("app",)), *WAITS)


def test_as_many_replicas_as_wanted_are_left_alone() -> None:
    stack = with_service(project(), "app", replicas=2)
    assert plan.up(stack, facts(containers=(*containers(), container("app", name="demo-app-2")))) == ()


def test_one_replica_that_differs_is_enough() -> None:
    stack = with_service(project(), "app", replicas=2)
    older = container("app", name="demo-app-2", image_id="sha256:older")
    assert plan.up(stack, facts(containers=(*containers(), older))) == (Start(("app",)), *WAITS)


# ------------------------------------------------------------------ the certificate that is served


@pytest.mark.parametrize(
    "served",
    [
        {},
        {HOST: handshake(problem="self-signed certificate", issuer="TRAEFIK DEFAULT CERT")},
        {HOST: handshake("other.test")},
        {HOST: handshake(not_after=NOW - timedelta(seconds=1))},
        {HOST: Handshake(problem="no TLS handshake")},
    ],
    ids=["never looked at", "Traefik's own", "another name", "expired", "no handshake"],
)
def test_a_certificate_that_is_not_the_wanted_one_restarts_traefik(served: dict[str, Handshake]) -> None:
    reason = f"the certificate of {HOST} is not the one it should be"
    assert plan.up(project(), facts(handshakes=served)) == (Restart("traefik", reason), *WAITS)


def test_a_certificate_in_its_last_week_restarts_traefik_which_orders_at_its_start() -> None:
    seen = facts(handshakes={HOST: handshake(not_after=NOW + timedelta(days=3))})
    assert [type(step) for step in plan.up(project(), seen)] == [Restart, AwaitHealthy, AwaitCertificate]


def test_a_container_that_says_it_is_not_well_gets_a_fresh_start() -> None:
    seen = facts(containers=containers(container("app", health="unhealthy")))
    assert plan.up(project(), seen) == (Restart("app", "it is unhealthy"), *WAITS)


def test_a_container_that_is_replaced_anyway_is_not_restarted() -> None:
    seen = facts(containers=containers(container("app", health="unhealthy", config_hash="old")))
    assert plan.up(project(), seen) == (Start(("app",)), *WAITS)


def test_the_app_is_tried_where_the_server_would_import_it() -> None:
    stack = with_service(project(), "app", command=("uvicorn", "--app-dir=src", "main:app"))
    assert Smoke("app", BUILD_IMAGE, "main:app", "src") in plan.up(stack, facts(images=without(BUILD_IMAGE)))


def test_a_container_that_is_not_healthy_yet_is_waited_for() -> None:
    seen = facts(containers=containers(container("app", health="starting")))
    assert plan.up(project(), seen) == WAITS


def test_an_app_whose_command_is_the_images_own_is_built_and_not_tried() -> None:
    stack, seen = with_service(project(), "app", command=()), facts(images=without(BUILD_IMAGE))
    assert plan.up(stack, seen) == (BUILD, PROMOTE, Start(("app",)), *WAITS)


def test_only_the_host_with_the_wrong_certificate_is_named() -> None:
    stack = with_hosts(project(), *TWO_HOSTS)
    assert plan.up(stack, facts(handshakes=dict.fromkeys(TWO_HOSTS, handshake()))) == (
        Restart("traefik", f"the certificate of {OTHER_HOST} is not the one it should be"),
        AwaitHealthy(SERVICES),
        AwaitCertificate(TWO_HOSTS),
    )


def test_traefik_is_not_restarted_when_it_is_replaced_anyway() -> None:
    stack = with_service(project(), "traefik", hash="another")
    assert plan.up(stack, facts(handshakes={})) == (Start(("traefik",)), *WAITS)


def test_a_new_app_and_a_wrong_certificate_are_both_put_right() -> None:
    stack = with_service(project(), "app", hash="another")
    reason = f"the certificate of {HOST} is not the one it should be"
    assert plan.up(stack, facts(handshakes={})) == (Start(("app",)), Restart("traefik", reason), *WAITS)


# ------------------------------------------------------------------ the certificate of the local authority


@pytest.mark.parametrize(
    "found",
    [
        None,
        leaf(not_after=NOW + timedelta(days=29, hours=23)),
        leaf(not_after=NOW + timedelta(days=30)),
        leaf(not_after=NOW - timedelta(days=1)),
        leaf(signed_by_us=False),
        leaf("other.test"),
    ],
    ids=["missing", "under 30 days left", "30 days left", "expired", "foreign", "for another name"],
)
def test_a_local_certificate_that_will_not_do_is_signed_anew(found: Leaf | None) -> None:
    assert plan.up(local_project(), local_facts(leaf=found)) == (
        SignLeaf((HOST,)),
        Restart("traefik", "it reads certificates when it starts"),
        *WAITS,
    )


def test_a_local_certificate_with_more_than_30_days_left_is_kept() -> None:
    assert plan.up(local_project(), local_facts(leaf=leaf(not_after=NOW + timedelta(days=30, seconds=1)))) == ()


def test_a_second_host_is_signed_for_together_with_the_first() -> None:
    assert plan.up(with_hosts(local_project(), *TWO_HOSTS), local_facts()) == (
        SignLeaf(TWO_HOSTS),
        Restart("traefik", "it reads certificates when it starts"),
        AwaitHealthy(SERVICES),
        AwaitCertificate(TWO_HOSTS),
    )


def test_a_local_certificate_is_taken_away_when_an_authority_is_wanted() -> None:
    stale = containers(container("traefik", config_hash="with the local authority"))
    steps = plan.up(project(), facts(leaf=leaf(), containers=stale))
    assert steps == (DropLeaf((HOST,)), Start(("traefik",)), *WAITS)


def test_the_local_authority_signs_nothing_for_acme() -> None:
    assert plan.up(project(), facts(leaf=None)) == ()


def test_a_signed_certificate_needs_no_restart_when_traefik_is_replaced_anyway() -> None:
    stack = with_service(local_project(), "traefik", hash="another")
    assert plan.up(stack, local_facts(leaf=None)) == (SignLeaf((HOST,)), Start(("traefik",)), *WAITS)


# ------------------------------------------------------------------ words


SPOKEN: tuple[tuple[Step, tuple[str, ...]], ...] = (
    (SignLeaf(TWO_HOSTS), TWO_HOSTS),
    (DropLeaf(TWO_HOSTS), TWO_HOSTS),
    (BUILD, (BUILD_IMAGE,)),
    (SMOKE, (BUILD_IMAGE, "app.main:app")),
    (PROMOTE, ("demo-app:current",)),
    (Start(("app", "traefik")), ("app", "traefik")),
    (Restart("traefik", "it reads certificates when it starts"), ("traefik", "it reads certificates")),
    (AwaitHealthy(SERVICES), SERVICES),
    (AwaitCertificate(TWO_HOSTS), TWO_HOSTS),
)


@pytest.mark.parametrize(("step", "touched"), SPOKEN, ids=[type(step).__name__ for step, _ in SPOKEN])
def test_a_step_says_what_it_touches(step: Step, touched: tuple[str, ...]) -> None:
    sentence = str(step)
    assert len(sentence.split()) > 1
    assert "\n" not in sentence
    assert [name for name in touched if name not in sentence] == []


def test_every_kind_of_step_is_in_that_table() -> None:
    assert {type(step) for step, _ in SPOKEN} == set(get_args(Step))
