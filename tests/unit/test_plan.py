"""From what is wanted and what is seen to what has to be done: plans are compared as values."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from scaffold import plan
from scaffold.facts import Container, Facts, Handshake, Leaf
from scaffold.plan import (
    AwaitCertificate,
    AwaitHealthy,
    AwaitListed,
    BuildImage,
    DropLeaf,
    Forget,
    Join,
    MakeSecret,
    Promote,
    Prove,
    Rehearse,
    Rejoin,
    Release,
    Remove,
    Restart,
    Retire,
    RunOnce,
    SignLeaf,
    Smoke,
    Start,
    Step,
    Stop,
    TakeCertificates,
)
from scaffold.project import DIRECTORIES, STAGING, Project, Service

from ..builders import (
    BUILD_IMAGE,
    HOST,
    NOW,
    OTHER_HOST,
    PASSWORD,
    POSTGRES,
    SETTINGS,
    container,
    containers,
    data_facts,
    data_project,
    facts,
    handshake,
    leaf,
    local_facts,
    local_project,
    project,
    with_environment,
    with_hosts,
    with_service,
)

SERVICES = ("app", "socket-proxy", "traefik")
WAITS = (AwaitHealthy(SERVICES), AwaitCertificate((HOST,)))
BUILD = BuildImage("app", BUILD_IMAGE)
SMOKE = Smoke("app", BUILD_IMAGE, "app.main:app")
PROMOTE = Promote(BUILD_IMAGE, "demo-app:current")
PROVE = Prove(BUILD_IMAGE)
IMAGES = facts().images
TWO_HOSTS = (HOST, OTHER_HOST)
TRIALS = DIRECTORIES[STAGING]
REHEARSAL = Rehearse((HOST,), TRIALS)


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
    assert plan.up(project(), facts(images=without(BUILD_IMAGE))) == (
        BUILD,
        SMOKE,
        PROMOTE,
        Start(("app",)),
        *WAITS,
        PROVE,
    )


def test_code_that_was_built_before_is_not_built_again() -> None:
    back = {**IMAGES, BUILD_IMAGE: "sha256:earlier"}
    assert plan.up(project(), facts(images=back)) == (SMOKE, PROMOTE, Start(("app",)), *WAITS, PROVE)


def test_an_image_that_somebody_else_promoted_is_taken_back() -> None:
    theirs = {**IMAGES, "demo-app:current": "sha256:theirs"}
    assert plan.up(project(), facts(images=theirs)) == (SMOKE, PROMOTE, *WAITS, PROVE)


def test_an_app_that_was_built_but_never_promoted_is_promoted() -> None:
    assert plan.up(project(), facts(images=without("demo-app:current"))) == (SMOKE, PROMOTE, *WAITS, PROVE)


def test_whatever_runs_the_apps_image_is_replaced_with_it() -> None:
    worker = Service(name="worker", image=project().app.image, hash="hash-of-worker")
    stack = replace(project(), services=(*project().services, worker))
    seen = facts(images=without(BUILD_IMAGE), containers=(*containers(), container("worker", image_id="sha256:app")))
    assert Start(("app", "worker")) in plan.up(stack, seen)


def test_a_server_that_names_no_import_string_is_not_tried() -> None:
    stack = with_service(project(), "app", command=("fastapi", "run", "app/main.py"))
    assert plan.up(stack, facts(images=without(BUILD_IMAGE))) == (BUILD, PROMOTE, Start(("app",)), *WAITS, PROVE)


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
    assert plan.up(stack, facts(containers=(*containers(), older))) == (Start(("app",)), *WAITS, PROVE)


# ------------------------------------------------------------------ what keeps data, and what runs before the app


READY = AwaitHealthy(("postgres",))
ONCE, ONCE_NEW = RunOnce("prestart"), RunOnce("prestart", BUILD_IMAGE)
"""On the image that bears the name, and on one that has yet to prove itself."""
DATA_WAITS = (AwaitHealthy(("app", "postgres", "socket-proxy", "traefik")), AwaitCertificate((HOST,)))


def test_where_nothing_changed_what_ran_once_is_not_run_again() -> None:
    assert plan.up(data_project(), data_facts()) == ()


def test_the_first_time_the_app_comes_after_its_data_and_the_step_before_it() -> None:
    nothing = data_facts(containers=(), images={}, handshakes={})
    first = Start(("postgres", "socket-proxy", "traefik"))
    assert plan.up(data_project(), nothing) == (
        BUILD,
        SMOKE,
        first,
        READY,
        ONCE_NEW,
        PROMOTE,
        Start(("app",)),
        *DATA_WAITS,
    )


def test_a_new_image_runs_the_step_before_the_app_and_leaves_the_data_alone() -> None:
    images = {name: one for name, one in data_facts().images.items() if name != BUILD_IMAGE}
    expected = (BUILD, SMOKE, READY, ONCE_NEW, PROMOTE, Start(("app",)), *DATA_WAITS, PROVE)
    assert plan.up(data_project(), data_facts(images=images)) == expected


@pytest.mark.parametrize(
    "found",
    [
        container("prestart", state="exited", health="", image_id="sha256:app", exit_code=1),
        container("prestart", state="exited", health="", image_id="sha256:app", config_hash="old"),
        container("prestart", state="running", health="", image_id="sha256:app"),
        container("prestart", state="created", health="", image_id="sha256:app"),
    ],
    ids=["it failed", "another definition", "it has not ended", "it never ran"],
)
def test_a_step_that_did_not_end_well_is_run_again_and_the_app_is_not_touched(found: Container) -> None:
    assert plan.up(data_project(), data_facts(found)) == (READY, ONCE, *DATA_WAITS)


def test_an_app_with_other_settings_starts_when_its_data_is_there_and_the_step_is_not_run_again() -> None:
    stack = with_service(data_project(), "app", hash="another")
    assert plan.up(stack, data_facts()) == (READY, Start(("app",)), *DATA_WAITS)


def test_a_store_that_is_not_well_gets_its_fresh_start_before_it_is_waited_for() -> None:
    stack = with_service(data_project(), "app", hash="another")
    seen = data_facts(container("postgres", health="unhealthy"))
    restart = Restart("postgres", "it is unhealthy")
    assert plan.up(stack, seen) == (restart, READY, Start(("app",)), *DATA_WAITS)


def test_an_up_that_was_cut_off_after_the_name_had_moved_is_proven_all_the_same() -> None:
    before = container("app", image_id="sha256:older")
    assert plan.up(data_project(), data_facts(before)) == (READY, Start(("app",)), *DATA_WAITS, PROVE)


def test_whatever_needs_the_data_comes_after_the_step_before_the_app() -> None:
    worker = Service(name="worker", image="demo-app:current", hash="hash-of-worker", needs=("prestart",))
    stack = replace(data_project(), services=(*data_project().services, worker))
    images = {name: one for name, one in data_facts().images.items() if name != BUILD_IMAGE}
    seen = data_facts(container("worker", image_id="sha256:app"), images=images)
    assert plan.up(stack, seen)[:6] == (BUILD, SMOKE, READY, ONCE_NEW, PROMOTE, Start(("app", "worker")))


# ------------------------------------------------------------------ back


NAME_BACK = Promote("sha256:app", "demo-app:current")


@pytest.mark.parametrize("done", [(BUILD, SMOKE, PROMOTE, READY), (BUILD, SMOKE, PROMOTE, Start(("postgres",)), ONCE)])
def test_after_a_failure_the_name_goes_back_and_an_app_that_was_not_touched_stays(done: tuple[Step, ...]) -> None:
    assert plan.back(data_project(), data_facts(), data_facts().containers, done) == (NAME_BACK,)


def test_after_a_failure_whatever_runs_the_apps_image_is_replaced_again() -> None:
    worker = Service(name="worker", image="demo-app:current", hash="hash-of-worker", needs=("prestart",))
    stack = replace(data_project(), services=(*data_project().services, worker))
    both = ("app", "worker")
    back = plan.back(stack, data_facts(), data_facts().containers, (BUILD, SMOKE, PROMOTE, READY, ONCE, Start(both)))
    assert back == (NAME_BACK, Start(both), AwaitHealthy(both))


def test_an_image_that_was_promoted_by_an_up_that_was_cut_off_is_taken_back_too() -> None:
    cut_off = data_facts(images={**data_facts().images, "demo-app:current": "sha256:new"})
    assert plan.back(data_project(), cut_off, cut_off.containers, (READY, ONCE)) == (NAME_BACK,)


@pytest.mark.parametrize(
    ("seen", "done"),
    [
        (data_facts(), (READY, Start(("app",)))),
        (data_facts(), (BUILD,)),
        (data_facts(containers=()), (BUILD, SMOKE, PROMOTE, Start(("app",)))),
        (data_facts(container("app", state="exited", health="")), (BUILD, SMOKE, PROMOTE)),
    ],
    ids=["no new image", "not built", "the first time", "it did not run"],
)
def test_where_no_other_image_ran_there_is_nothing_to_go_back_to(seen: Facts, done: tuple[Step, ...]) -> None:
    assert plan.back(data_project(), seen, seen.containers, done) == ()


# ------------------------------------------------------------------ a password that changed


def test_a_new_password_is_read_by_what_needs_it_and_runs() -> None:
    restart, wait = Restart("app", "postgres_password is another one"), AwaitHealthy(("app",))
    assert plan.reread(data_project(), {"app", "postgres", "traefik"}, PASSWORD) == (restart, wait)
    assert plan.reread(data_project(), {"postgres"}, PASSWORD) == ()


def test_a_store_reads_its_password_before_the_app_does() -> None:
    path = Path("/srv/demo/secrets/redis_password")
    redis = Service(name="redis", image="redis:8", binds={"/run/secrets/redis_password": path})
    app = replace(data_project().app, binds=redis.binds)
    steps = plan.reread(replace(project(), services=(app, redis)), {"app", "redis"}, path)
    assert [step.service for step in steps if isinstance(step, Restart)] == ["redis", "app"]


# ------------------------------------------------------------------ contents


def test_a_changed_secret_restarts_what_reads_it() -> None:
    seen = data_facts(modified={PASSWORD: NOW - timedelta(days=2), SETTINGS: NOW})
    reason = "secrets/app.env changed after it had started"
    assert plan.up(data_project(), seen) == (Restart("app", reason), *DATA_WAITS)


def test_a_changed_password_restarts_the_app_and_not_the_database_which_reads_it_once() -> None:
    seen = data_facts(modified={PASSWORD: NOW, SETTINGS: NOW})
    reason = "secrets/postgres_password, secrets/app.env changed after it had started"
    assert plan.up(data_project(), seen) == (Restart("app", reason), *DATA_WAITS)


def test_a_changed_file_of_the_proxys_restarts_it_once() -> None:
    path = Path("/srv/demo/socket-proxy/haproxy.cfg")
    seen = facts(modified={path: NOW})
    reason = "socket-proxy/haproxy.cfg changed after it had started"
    assert plan.up(project(), seen) == (Restart("socket-proxy", reason), *WAITS)


def test_a_container_that_is_replaced_reads_what_changed_anyway() -> None:
    stack = with_service(data_project(), "app", hash="another")
    seen = data_facts(modified={SETTINGS: NOW})
    assert plan.up(stack, seen) == (READY, Start(("app",)), *DATA_WAITS)


def test_a_folder_that_the_container_writes_to_is_no_file_that_changed() -> None:
    uploads = Path("/srv/demo/uploads")
    stack = with_service(project(), "app", binds={"/srv/uploads": uploads}, written=frozenset({"/srv/uploads"}))
    assert plan.up(stack, facts(modified={uploads: NOW})) == ()


def test_a_secret_that_is_missing_is_made_and_read() -> None:
    seen = data_facts(missing=(str(SETTINGS),))
    reason = "secrets/app.env changed after it had started"
    assert plan.up(data_project(), seen) == (MakeSecret(SETTINGS), Restart("app", reason), *DATA_WAITS)


def test_other_files_that_are_missing_are_not_made() -> None:
    assert plan.up(data_project(), data_facts(missing=("/srv/demo/secrets/smtp_password",))) == ()


def test_what_a_database_reads_on_its_first_day_is_no_reason_to_restart_it() -> None:
    script = Path("/srv/demo/postgres/init.sql")
    binds = {**POSTGRES.binds, "/docker-entrypoint-initdb.d/init.sql": script}
    stack = with_service(data_project(), "postgres", binds=binds)
    assert plan.up(stack, data_facts(modified={script: NOW, PASSWORD: NOW - timedelta(days=2)})) == ()


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
    assert plan.up(stack, seen) == (BUILD, PROMOTE, Start(("app",)), *WAITS, PROVE)


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
    (MakeSecret(SETTINGS), ("secrets/app.env",)),
    (Stop("traefik"), ("traefik",)),
    (Release("shop", ("socket-proxy", "traefik"), "it joins proxy"), ("shop", "traefik", "joins proxy")),
    (TakeCertificates(TWO_HOSTS, "shop_acme"), (*TWO_HOSTS, "shop_acme")),
    (Rehearse(TWO_HOSTS, TRIALS), (*TWO_HOSTS, TRIALS)),
    (ONCE, ("prestart",)),
    (BUILD, (BUILD_IMAGE,)),
    (SMOKE, (BUILD_IMAGE, "app.main:app")),
    (PROMOTE, ("demo-app:current",)),
    (Start(("app", "traefik")), ("app", "traefik")),
    (Restart("traefik", "it reads certificates when it starts"), ("traefik", "it reads certificates")),
    (Join("app", BUILD_IMAGE), ("app", BUILD_IMAGE)),
    (AwaitListed(("demo-app-1",)), ("demo-app-1",)),
    (Retire("demo-app-1"), ("demo-app-1",)),
    (Rejoin("demo-app-1"), ("demo-app-1",)),
    (Remove(("demo-app-1", "demo-app-2")), ("demo-app-1", "demo-app-2")),
    (PROVE, ()),
    (Forget((BUILD_IMAGE,)), (BUILD_IMAGE,)),
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


# ------------------------------------------------------------------ an order is rehearsed


def fresh(**changes: object) -> Facts:
    """Return what is seen where nothing runs yet, and no certificate was ever signed."""
    return replace(facts(), containers=(), certified=frozenset(), handshakes={}, **changes)  # type: ignore[arg-type]


BARE = replace(facts(), certified=frozenset(), handshakes={})
"""A first order failed: everything runs, and nothing is served."""


def rehearsed(stack: Project, seen: Facts, *, rehearse: bool = True) -> list[Step]:
    """Return the steps of a plan that belong to a rehearsal."""
    return [step for step in plan.up(stack, seen, rehearse=rehearse) if isinstance(step, Stop | Rehearse)]


def test_the_first_order_for_a_name_is_rehearsed_before_anything_is_built() -> None:
    steps = plan.up(project(), fresh(images={}))
    assert steps[0] == REHEARSAL
    assert BUILD in steps


def test_names_that_have_a_certificate_are_not_rehearsed() -> None:
    stack = with_hosts(project(), *TWO_HOSTS)
    assert rehearsed(stack, replace(fresh(), certified=frozenset({HOST}))) == [Rehearse((OTHER_HOST,), TRIALS)]
    assert rehearsed(stack, replace(fresh(), certified=frozenset(TWO_HOSTS))) == []


def test_what_a_wildcard_covers_is_not_ordered() -> None:
    stack = with_environment(
        with_hosts(project(), "*.demo.test", "a.demo.test", "demo.test"), STACK_CHALLENGE="dns", STACK_DNS_PROVIDER="x"
    )
    assert plan.orders(stack, replace(fresh(), certified=frozenset({"*.demo.test"}))) == ("demo.test",)


def test_the_local_certificate_stays_until_the_rehearsal_went_well() -> None:
    steps = plan.up(project(), replace(fresh(), leaf=leaf()))
    assert steps.index(REHEARSAL) < steps.index(DropLeaf((HOST,)))


def test_the_end_of_files_of_ones_own_restarts_nothing() -> None:
    stack = with_environment(project(), STACK_CERTIFICATES="files")
    ending = handshake(not_after=NOW + timedelta(days=5))
    assert plan.up(stack, facts(handshakes={HOST: ending})) == ()
    assert plan.up(stack, facts(handshakes={HOST: handshake(not_after=NOW)})) != ()


def test_a_storage_that_cannot_be_read_counts_as_empty() -> None:
    assert rehearsed(project(), replace(fresh(), certified=None)) == [REHEARSAL]


def test_a_rehearsal_can_be_left_out() -> None:
    assert rehearsed(project(), fresh(), rehearse=False) == []


@pytest.mark.parametrize("certificates", ["staging", "custom", "local", "files", "external"])
def test_only_a_production_order_is_rehearsed(certificates: str) -> None:
    stack = with_environment(project(), STACK_CERTIFICATES=certificates, STACK_ACME_DIRECTORY="https://ca.example/dir")
    assert rehearsed(stack, fresh()) == []


def test_any_authority_may_have_one_for_trials() -> None:
    stack = with_environment(project(), STACK_CERTIFICATES="custom", STACK_ACME_DIRECTORY="https://ca.example/dir")
    trials = replace(stack, extra={"acme_rehearsal": "https://trials.example/dir"})
    assert rehearsed(trials, fresh()) == [Rehearse((HOST,), "https://trials.example/dir")]


def test_a_traefik_that_serves_nobody_makes_room_for_a_rehearsal() -> None:
    steps = plan.up(project(), BARE)
    assert steps[:2] == (Stop("traefik"), REHEARSAL)
    assert Restart("traefik", f"the certificate of {HOST} is not the one it should be") in steps
    assert not plan.unrehearsed(project(), BARE)


@pytest.mark.parametrize(
    "seen",
    [
        replace(BARE, certified=frozenset({OTHER_HOST})),
        replace(BARE, certified=None),
        replace(BARE, handshakes={HOST: handshake()}),
        replace(BARE, containers=containers(container("app", config_hash="with the name from before"))),
        replace(BARE, containers=containers(container("traefik", config_hash="with a local certificate"))),
    ],
    ids=["another name", "who knows whom", "this name", "a name from before", "another certificate"],
)
def test_nobody_who_may_be_served_is_cut_off_for_a_rehearsal(seen: Facts) -> None:
    assert rehearsed(project(), seen) == []
    assert plan.unrehearsed(project(), seen)


def test_what_needs_no_rehearsal_does_not_lack_one() -> None:
    assert not plan.unrehearsed(project(), facts())
    assert not plan.unrehearsed(with_environment(project(), STACK_CERTIFICATES="staging"), BARE)


def test_a_record_in_dns_can_be_rehearsed_beside_a_traefik_that_serves() -> None:
    stack = with_environment(with_hosts(project(), *TWO_HOSTS), STACK_CHALLENGE="dns", STACK_DNS_PROVIDER="httpreq")
    seen = replace(facts(), certified=frozenset({HOST}), handshakes={HOST: handshake()})
    assert rehearsed(stack, seen) == [Rehearse((OTHER_HOST,), TRIALS)]


def test_where_https_ends_in_front_no_certificate_is_waited_for() -> None:
    stack = with_environment(project(), STACK_CERTIFICATES="external")
    seen = replace(facts(), handshakes={}, certified=frozenset())
    assert plan.up(stack, seen) == ()
    assert not any(isinstance(step, AwaitCertificate) for step in plan.up(stack, replace(seen, containers=())))
