"""The plans of a shared proxy, of the stacks that join it, and of those that move."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scaffold import plan
from scaffold.facts import Container, Facts, Handshake, Kept, Leaver
from scaffold.plan import (
    AwaitCertificate,
    AwaitHealthy,
    DropLeaf,
    MakeSecret,
    Promote,
    Rehearse,
    Release,
    Restart,
    SignLeaf,
    Start,
    Step,
    Stop,
    TakeCertificates,
)
from scaffold.project import DIRECTORIES, STAGING, Project
from scaffold.routing import Claim, Route

from ..builders import (
    FRONT,
    HOST,
    NOW,
    OTHER_HOST,
    container,
    containers,
    facts,
    front_containers,
    handshake,
    joining_facts,
    joining_project,
    leaf,
    project,
    shared_proxy,
    with_environment,
    with_hosts,
    with_service,
)

JOINER = container("joiner", image_id="sha256:socket-proxy")
"""It runs the image of the socket proxy."""
FRONT_SERVICES = ("joiner", "socket-proxy", "traefik")
FRONT_WAIT = AwaitHealthy(FRONT_SERVICES)
APP_WAITS = (AwaitHealthy(("app",)), AwaitCertificate((HOST,)))
LEAVER = Leaver("demo", "/srv/demo", (HOST,))
AWAY = Release("demo", ("socket-proxy", "traefik"), "it joins proxy; nobody answers for it until `stack up` there")
LOCAL = {"STACK_CERTIFICATES": "local"}
EXTERNAL = {"STACK_CERTIFICATES": "external"}
DNS = {"STACK_CHALLENGE": "dns", "STACK_DNS_PROVIDER": "httpreq"}
TRIALS = DIRECTORIES[STAGING]


def proxy_facts(**changes: Any) -> Facts:
    """Return what is seen when a shared proxy runs as it should."""
    running = (JOINER, *(one for one in front_containers() if one.service != "joiner"))
    return replace(facts(containers=running, certified=frozenset(), handshakes={}, build_image=""), **changes)


def stopped(**changes: Any) -> Facts:
    """Return what is seen before a shared proxy runs for the first time."""
    return proxy_facts(containers=(), **changes)


def claim(host: str, name: str = "demo") -> Claim:
    return Claim(name, f"/srv/{name}", Route(host))


def kept(*names: str, volume: str = "demo_acme") -> Kept:
    return Kept(volume, frozenset(names))


def takings(stack: Project, seen: Facts) -> list[Step]:
    return [step for step in plan.up(stack, seen) if isinstance(step, TakeCertificates)]


# ------------------------------------------------------------------ a shared proxy


def test_a_shared_proxy_that_runs_as_it_should_has_nothing_to_do() -> None:
    assert plan.up(shared_proxy(), proxy_facts()) == ()


@pytest.mark.parametrize("environment", [{}, LOCAL, EXTERNAL, DNS], ids=["acme", "local", "external", "dns"])
def test_a_shared_proxy_has_no_app_to_build_and_no_certificate_to_wait_for(environment: dict[str, str]) -> None:
    assert plan.up(shared_proxy(**environment), stopped()) == (Start(FRONT_SERVICES), FRONT_WAIT)


def test_a_shared_proxy_leaves_the_certificates_of_its_stacks_alone() -> None:
    assert plan.up(shared_proxy(), proxy_facts(leaf=leaf())) == ()


def test_a_shared_proxy_orders_nothing_and_rehearses_nothing() -> None:
    seen = stopped(claims=(claim(HOST),))
    assert plan.orders(shared_proxy(), seen) == ()
    assert not plan.unrehearsed(shared_proxy(), seen)
    assert not any(isinstance(step, Rehearse | Stop) for step in plan.up(shared_proxy(), seen))


def test_of_a_shared_proxy_that_fails_there_is_no_image_to_go_back_to() -> None:
    assert plan.back(shared_proxy(), proxy_facts(), proxy_facts().containers, (Start(FRONT_SERVICES), FRONT_WAIT)) == ()


def test_a_shared_proxy_reads_changed_secrets_by_a_restart() -> None:
    path = FRONT / "secrets/traefik.env"
    stack = with_service(shared_proxy(), "traefik", binds={"/run/secrets/traefik.env": path})
    assert plan.up(stack, proxy_facts(modified={path: NOW})) == (
        Restart("traefik", "secrets/traefik.env changed after it had started"),
        FRONT_WAIT,
    )
    assert plan.up(stack, stopped(missing=(str(path),)))[0] == MakeSecret(path)


TOLD = {"/etc/traefik/dynamic/local": FRONT / "secrets/tls", "/etc/reload.yaml": FRONT / "traefik/reload.yaml"}


@pytest.mark.parametrize("certificates", ["local", "acme", "external"])
def test_what_its_stacks_sign_or_take_away_is_read_without_a_restart(certificates: str) -> None:
    stack = with_service(shared_proxy(STACK_CERTIFICATES=certificates), "traefik", binds=TOLD)
    assert plan.up(stack, proxy_facts(modified=dict.fromkeys(TOLD.values(), NOW))) == ()


def test_what_tells_traefik_to_read_again_is_no_reason_to_restart_it() -> None:
    path = Path("/srv/demo/traefik/reload.yaml")
    stack = with_service(project(), "traefik", binds={"/etc/traefik/dynamic/reload.yaml": path})
    assert plan.up(stack, facts(modified={path: NOW})) == ()


@pytest.mark.parametrize(
    ("stack", "seen", "folder"),
    [
        (shared_proxy(STACK_CERTIFICATES="files"), proxy_facts(), FRONT),
        (with_environment(project(), **LOCAL), facts(leaf=leaf()), Path("/srv/demo")),
    ],
    ids=["files of its owner's", "a proxy of its own"],
)
def test_any_other_certificate_that_changed_is_read_by_a_restart(stack: Project, seen: Facts, folder: Path) -> None:
    path = folder / "secrets/tls"
    changed = with_service(stack, "traefik", binds={"/etc/traefik/dynamic/local": path})
    reason = "secrets/tls changed after it had started"
    assert Restart("traefik", reason) in plan.up(changed, replace(seen, modified={path: NOW}))


# ------------------------------------------------------------------ a stack comes to a shared proxy


def test_a_proxy_takes_certificates_and_then_ports_over_before_it_starts() -> None:
    steps = plan.up(shared_proxy(), stopped(leavers=(LEAVER,), kept=(kept(HOST),)))
    assert steps == (TakeCertificates((HOST,), "demo_acme"), AWAY, Start(FRONT_SERVICES), FRONT_WAIT)


def test_everybody_who_comes_lets_go_of_the_ports() -> None:
    both = (LEAVER, Leaver("shop", "/srv/shop", ("shop.test",)))
    steps = plan.up(shared_proxy(), stopped(leavers=both))
    assert steps[:2] == (AWAY, replace(AWAY, project="shop"))


def test_certificates_come_for_those_who_stand_behind_a_proxy_already() -> None:
    seen = stopped(claims=(claim("shop.test", "shop"),), kept=(kept("shop.test", "gone.test", volume="shop_acme"),))
    assert takings(shared_proxy(), seen) == [TakeCertificates(("shop.test",), "shop_acme")]


def test_what_both_the_files_and_the_containers_of_a_stack_name_is_taken_once() -> None:
    seen = stopped(leavers=(LEAVER,), claims=(claim(HOST),), kept=(kept(HOST),))
    assert takings(shared_proxy(), seen) == [TakeCertificates((HOST,), "demo_acme")]


def test_of_two_volumes_with_a_certificate_one_is_enough() -> None:
    stack = with_hosts(project(), HOST, OTHER_HOST)
    seen = facts(containers=(), certified=frozenset(), kept=(kept(HOST), kept(HOST, OTHER_HOST, volume="proxy_acme")))
    taken = [TakeCertificates((HOST,), "demo_acme"), TakeCertificates((OTHER_HOST,), "proxy_acme")]
    assert takings(stack, seen) == taken
    assert takings(project(), seen) == taken[:1]


def test_a_wildcard_is_taken_for_the_host_that_it_covers() -> None:
    seen = stopped(claims=(claim("a.shop.test"), claim("deep.a.shop.test")), kept=(kept("*.shop.test"),))
    assert takings(shared_proxy(), seen) == [TakeCertificates(("a.shop.test",), "demo_acme")]


@pytest.mark.parametrize(
    ("stack", "seen"),
    [
        (shared_proxy(), proxy_facts(claims=(claim(HOST),), kept=(kept(HOST),))),
        (shared_proxy(), stopped(claims=(claim(HOST),), kept=(kept(HOST),), certified=frozenset({HOST}))),
        (
            shared_proxy(),
            stopped(claims=(claim("a.shop.test"),), kept=(kept("a.shop.test"),), certified={"*.shop.test"}),
        ),
        (shared_proxy(), stopped(kept=(kept(HOST),))),
        (shared_proxy(), stopped(claims=(claim(HOST),), kept=(kept("other.test"),))),
        (shared_proxy(**LOCAL), stopped(claims=(claim(HOST),), kept=(kept(HOST),))),
        (joining_project(), joining_facts(containers=(), kept=(kept(HOST),), certified=frozenset())),
    ],
    ids=["Traefik runs", "certified", "by a wildcard", "nobody behind", "another name", "no order", "a stack behind"],
)
def test_otherwise_no_certificate_is_taken(stack: Project, seen: Facts) -> None:
    assert takings(stack, seen) == []


@pytest.mark.parametrize("state", ["created", "exited", "dead"])
def test_a_traefik_that_does_not_run_takes_certificates_over(state: str) -> None:
    gone = tuple(replace(one, state=state) if one.service == "traefik" else one for one in proxy_facts().containers)
    seen = proxy_facts(containers=gone, claims=(claim(HOST),), kept=(kept(HOST),))
    assert plan.up(shared_proxy(), seen) == (TakeCertificates((HOST,), "demo_acme"), Start(("traefik",)), FRONT_WAIT)


def test_ports_are_taken_also_where_no_certificate_comes() -> None:
    assert plan.up(shared_proxy(), stopped(leavers=(LEAVER,))) == (AWAY, Start(FRONT_SERVICES), FRONT_WAIT)


# ------------------------------------------------------------------ a stack goes back to a proxy of its own


ALONE = facts(containers=(), certified=frozenset(), handshakes={}, kept=(kept(HOST, volume="proxy_acme"),))
BACK = TakeCertificates((HOST,), "proxy_acme")


def test_a_stack_takes_its_certificate_back_and_orders_none() -> None:
    steps = plan.up(project(), ALONE)
    assert steps[0] == BACK
    assert isinstance(steps[1], Start)
    assert not any(isinstance(step, Rehearse) for step in steps)
    assert plan.orders(project(), ALONE) == ()


def test_what_nobody_kept_is_ordered_and_rehearsed() -> None:
    stack = with_hosts(project(), HOST, OTHER_HOST)
    steps = plan.up(stack, ALONE)
    assert plan.orders(stack, ALONE) == (OTHER_HOST,)
    assert steps.index(Rehearse((OTHER_HOST,), TRIALS)) < steps.index(BACK)


def test_a_traefik_that_runs_and_serves_orders_itself() -> None:
    seen = replace(ALONE, containers=containers())
    assert takings(project(), seen) == []
    assert plan.orders(project(), seen) == (HOST,)


def test_a_stack_with_a_proxy_of_its_own_takes_nothing_for_others() -> None:
    seen = replace(ALONE, claims=(claim("shop.test", "shop"),), kept=(kept("shop.test", volume="shop_acme"),))
    assert takings(project(), seen) == []


# ------------------------------------------------------------------ a stack that joins


def test_a_stack_that_joins_and_is_served_has_nothing_to_do() -> None:
    assert plan.up(joining_project(), joining_facts()) == ()


def test_a_stack_that_joins_starts_what_is_its_own() -> None:
    seen = joining_facts(containers=front_containers(), handshakes={})
    assert plan.up(joining_project(), seen) == (Start(("app",)), *APP_WAITS)


def test_a_proxy_that_is_not_well_is_its_own_business() -> None:
    seen = joining_facts(containers=(container("app"), *front_containers(health="unhealthy", config_hash="another")))
    assert plan.up(joining_project(), seen) == ()


@pytest.mark.parametrize(
    "served",
    [
        {},
        {HOST: handshake(problem="self-signed certificate", issuer="TRAEFIK DEFAULT CERT")},
        {HOST: handshake("other.test")},
        {HOST: handshake(not_after=NOW)},
    ],
    ids=["never looked at", "Traefik's own", "another name", "expired"],
)
def test_a_missing_certificate_restarts_the_app_and_never_the_shared_traefik(served: dict[str, Handshake]) -> None:
    reason = f"the certificate of {HOST} is not the one it should be"
    assert plan.up(joining_project(), joining_facts(handshakes=served)) == (Restart("app", reason), *APP_WAITS)


def test_a_certificate_near_its_end_is_renewed_by_the_shared_traefik_alone() -> None:
    ending = joining_facts(handshakes={HOST: handshake(not_after=NOW + timedelta(days=1))})
    assert plan.up(joining_project(), ending) == ()


def test_an_app_that_is_started_anew_is_not_restarted_for_its_certificate() -> None:
    stack = with_service(joining_project(), "app", hash="another")
    assert plan.up(stack, joining_facts(handshakes={})) == (Start(("app",)), *APP_WAITS)


def test_an_app_gets_one_restart_for_two_reasons() -> None:
    sick = (container("app", health="unhealthy"), *front_containers())
    restarts = [
        step
        for step in plan.up(joining_project(), joining_facts(handshakes={}, containers=sick))
        if isinstance(step, Restart)
    ]
    assert [one.service for one in restarts] == ["app"]


@pytest.mark.parametrize("certificates", ["files", "external"])
def test_where_the_proxy_orders_nothing_the_app_is_not_restarted(certificates: str) -> None:
    stack = joining_project(STACK_CERTIFICATES=certificates)
    assert plan.up(stack, joining_facts(handshakes={})) == ()


def test_where_https_ends_in_front_of_the_shared_proxy_no_certificate_is_waited_for() -> None:
    seen = joining_facts(containers=front_containers(), handshakes={})
    assert plan.up(joining_project(**EXTERNAL), seen) == (Start(("app",)), AwaitHealthy(("app",)))


def test_an_order_by_a_shared_proxy_is_not_rehearsed_on_its_ports() -> None:
    seen = joining_facts(certified=frozenset(), handshakes={})
    assert plan.orders(joining_project(), seen) == (HOST,)
    assert plan.unrehearsed(joining_project(), seen)
    assert not any(isinstance(step, Rehearse | Stop) for step in plan.up(joining_project(), seen))


def test_nor_while_its_traefik_is_stopped() -> None:
    seen = joining_facts(certified=frozenset(), handshakes={}, containers=front_containers(state="exited"))
    assert not any(isinstance(step, Rehearse | Stop) for step in plan.up(joining_project(), seen))


def test_a_record_in_dns_is_rehearsed_beside_a_shared_proxy() -> None:
    seen = joining_facts(certified=frozenset(), handshakes={})
    assert plan.up(joining_project(**DNS), seen)[0] == Rehearse((HOST,), TRIALS)
    assert not plan.unrehearsed(joining_project(**DNS), seen)


def test_after_a_failure_the_app_behind_a_shared_proxy_goes_back() -> None:
    promote = Promote("demo-app:0123456789ab", "demo-app:current")
    back = plan.back(joining_project(), joining_facts(), joining_facts().containers, (promote, Start(("app",))))
    assert back == (Promote("sha256:app", "demo-app:current"), Start(("app",)), AwaitHealthy(("app",)))


# ------------------------------------------------------------------ its local certificate


SIGN = SignLeaf((HOST,))
NO_HANDSHAKE = {HOST: handshake(problem="unknown authority")}


def test_a_local_certificate_behind_a_shared_proxy_is_signed_and_nothing_is_restarted() -> None:
    assert plan.up(joining_project(**LOCAL), joining_facts(leaf=None)) == (SIGN, *APP_WAITS)


def test_a_good_local_certificate_that_is_served_is_kept() -> None:
    assert plan.up(joining_project(**LOCAL), joining_facts(leaf=leaf())) == ()


@pytest.mark.parametrize("served", [{}, NO_HANDSHAKE], ids=["nothing", "another one"])
def test_one_that_the_shared_proxy_does_not_serve_is_signed_again(served: dict[str, Handshake]) -> None:
    assert plan.up(joining_project(**LOCAL), joining_facts(leaf=leaf(), handshakes=served)) == (SIGN, *APP_WAITS)


def test_one_near_its_end_is_signed_again_though_it_is_served() -> None:
    ending = leaf(not_after=NOW + timedelta(days=29))
    assert plan.up(joining_project(**LOCAL), joining_facts(leaf=ending)) == (SIGN, *APP_WAITS)


def test_where_the_shared_proxy_orders_certificates_the_local_one_is_taken_away() -> None:
    assert plan.up(joining_project(), joining_facts(leaf=leaf())) == (DropLeaf((HOST,)), *APP_WAITS)
    still = joining_facts(leaf=leaf(), handshakes=NO_HANDSHAKE)
    reason = f"the certificate of {HOST} is not the one it should be"
    assert plan.up(joining_project(), still) == (DropLeaf((HOST,)), Restart("app", reason), *APP_WAITS)


# ------------------------------------------------------------------ the Traefik that it had before


OVER = Release("demo", ("socket-proxy", "traefik"), "proxy serves it now")


def left(*services: str) -> tuple[Container, ...]:
    return tuple(container(service) for service in services)


def test_the_traefik_that_a_stack_had_goes_when_the_shared_one_serves_it() -> None:
    seen = joining_facts(orphans=left("traefik", "socket-proxy"))
    assert plan.up(joining_project(), seen) == (*APP_WAITS, OVER)


def test_it_goes_last() -> None:
    seen = joining_facts(containers=front_containers(), handshakes={}, orphans=left("traefik", "socket-proxy"))
    assert plan.up(joining_project(), seen) == (Start(("app",)), *APP_WAITS, OVER)


def test_only_what_is_left_of_it_is_taken_away() -> None:
    seen = joining_facts(orphans=left("traefik", "redis", "traefik"))
    assert plan.up(joining_project(), seen)[-1] == replace(OVER, services=("traefik",))


@pytest.mark.parametrize(
    ("stack", "seen"),
    [
        (joining_project(), joining_facts(orphans=left("redis"))),
        (project(), facts(orphans=left("joiner", "traefik"))),
        (shared_proxy(), proxy_facts(orphans=left("app"))),
    ],
    ids=["no part of a Traefik", "a proxy of its own", "a shared proxy"],
)
def test_what_else_the_files_do_not_define_is_left_alone(stack: Project, seen: Facts) -> None:
    assert plan.up(stack, seen) == ()
