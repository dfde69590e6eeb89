"""What the machine has to have before a start: memory, disk, an API in common, settings that somebody wrote."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from scaffold.checks import Outcome, Status, room
from scaffold.dotenv import may_be_placeholder
from scaffold.facts import Facts, Room, Versions
from scaffold.project import Project

from ..builders import (
    container,
    containers,
    data_project,
    facts,
    local_project,
    made,
    project,
    with_environment,
    with_hosts,
    with_service,
)

MB = room.MB
PLENTY = Room(memory=4000 * MB, memory_total=8000 * MB, swap=0, disk=50_000 * MB)


def limited(stack: Project, **limits: int) -> Project:
    for name, size in limits.items():
        stack = with_service(stack, name, memory=size * MB)
    return stack


DEFAULT = limited(project(), **{"app": 512, "socket-proxy": 64, "traefik": 256})


def seen(**changes: Any) -> Facts:
    """Return a machine with little else on it, where nothing of the stack runs."""
    return facts(containers=(), room=replace(PLENTY, **changes))


def judge(outcome: Outcome, status: Status, says: str) -> None:
    assert (outcome.status, says in " | ".join(outcome.seen)) == (status, True), outcome


# ------------------------------------------------------------------ memory


@pytest.mark.parametrize(
    ("memory", "swap", "status"),
    [
        (832, 0, Status.PASS),
        (831, 0, Status.WARN),
        (208, 0, Status.WARN),
        (207, 0, Status.FAIL),
        (107, 100, Status.FAIL),
        (107, 101, Status.WARN),
        (831, 8000, Status.WARN),
    ],
)
def test_memory_is_measured_against_limits_and_with_swap_against_what_is_taken_at_rest(
    memory: int, swap: int, status: Status
) -> None:
    outcome = room.memory(DEFAULT, seen(memory=memory * MB, swap=swap * MB))
    judge(outcome, status, f"available: {memory} MB of 8000 MB, and {swap} MB of swap")
    judge(outcome, status, "app 512 MB, socket-proxy 64 MB, traefik 256 MB; at most 832 MB")


def test_what_is_needed_at_rest_is_said_when_it_is_not_there() -> None:
    judge(room.memory(DEFAULT, seen(memory=0)), Status.FAIL, "needed at rest: about 208 MB")


def test_what_runs_has_its_memory() -> None:
    low = replace(PLENTY, memory=100 * MB)
    judge(room.memory(DEFAULT, facts(room=low)), Status.PASS, "all of it runs already")
    one_gone = facts(room=low, containers=containers(container("traefik", state="exited")))
    judge(room.memory(DEFAULT, one_gone), Status.WARN, "to be started: traefik 256 MB; at most 256 MB")


def test_replicas_that_do_not_run_are_counted() -> None:
    three = with_service(DEFAULT, "app", replicas=3)
    outcome = room.memory(three, facts(room=replace(PLENTY, memory=1023 * MB)))
    judge(outcome, Status.WARN, "app x 2 1024 MB")


def test_a_service_without_a_limit_is_named() -> None:
    judge(room.memory(with_service(DEFAULT, "app", memory=0), seen()), Status.PASS, "app any amount")


def test_what_ends_before_the_others_start_is_not_counted() -> None:
    outcome = room.memory(limited(data_project(), prestart=512), seen())
    judge(outcome, Status.PASS, "at most 1024 MB")


@pytest.mark.parametrize("unknown", [None, Room()], ids=["not looked at", "not told"])
def test_unknown_memory_and_disk_are_skipped(unknown: Room | None) -> None:
    judge(room.memory(DEFAULT, facts(containers=(), room=unknown)), Status.SKIP, "cannot be told")
    judge(room.disk(DEFAULT, facts(room=unknown)), Status.SKIP, "cannot be seen")


# ------------------------------------------------------------------ disk


@pytest.mark.parametrize(
    ("free", "absent", "status", "says"),
    [
        (2000, 0, Status.PASS, "free: 2000 MB"),
        (1999, 0, Status.WARN, "free: 1999 MB"),
        (500, 0, Status.WARN, "free: 500 MB"),
        (499, 0, Status.FAIL, "needed: 500 MB"),
        (2500, 1, Status.PASS, "not here yet: traefik:v3.7.15, about 500 MB"),
        (2499, 1, Status.WARN, "free: 2499 MB"),
        (999, 1, Status.FAIL, "needed: 1000 MB"),
        (2000, 3, Status.WARN, "not here yet: demo-app:current, haproxy:3.2, traefik:v3.7.15"),
        (1999, 3, Status.FAIL, "needed: 2000 MB"),
    ],
)
def test_disk_is_measured_after_what_is_to_be_fetched(free: int, absent: int, status: Status, says: str) -> None:
    here = ("demo-app:current", "haproxy:3.2", "traefik:v3.7.15")[: 3 - absent]
    world = facts(images=dict.fromkeys(here, "sha256:x"), room=replace(PLENTY, disk=free * MB))
    judge(room.disk(project(), world), status, says)


def test_an_image_that_two_services_share_is_fetched_once() -> None:
    judge(room.disk(data_project(), facts(images={}, room=PLENTY)), Status.PASS, "about 2000 MB")


# ------------------------------------------------------------------ Docker's API

NEW, OLD = "1.44", "1.24"


@pytest.mark.parametrize(
    ("image", "oldest", "status"),
    [
        ("traefik:v3.7.15", NEW, Status.PASS),
        ("traefik:v3.6.1", NEW, Status.PASS),
        ("traefik:v3.6.0", NEW, Status.FAIL),
        ("traefik:3.5", NEW, Status.FAIL),
        ("traefik:v3.5.3", NEW, Status.FAIL),
        ("traefik:v3.5.3", "1.40", Status.FAIL),
        ("traefik:v3.5.3", OLD, Status.PASS),
        ("docker.io/library/traefik:v3.5", NEW, Status.FAIL),
        ("traefik:v3.5.3-windowsservercore-ltsc2022", NEW, Status.FAIL),
        ("traefik:v3.5@sha256:00", NEW, Status.FAIL),
        ("traefik:v2.11.31", NEW, Status.PASS),
        ("traefik:v2.11.30", NEW, Status.FAIL),
        ("traefik:v2.10.7", NEW, Status.FAIL),
        ("traefik:v1.7", NEW, Status.FAIL),
        ("traefik:v4.0.0", NEW, Status.PASS),
        ("traefik:v3.10.0", NEW, Status.PASS),
        ("traefik:v3.6", NEW, Status.PASS),
        ("traefik:v3", NEW, Status.PASS),
        ("traefik:v2", NEW, Status.PASS),
        ("traefik:v2.11", NEW, Status.PASS),
        ("traefik:latest", NEW, Status.PASS),
        ("traefik", NEW, Status.PASS),
        ("traefik@sha256:3500", NEW, Status.PASS),
        ("my-traefik:1.0", NEW, Status.PASS),
    ],
)
def test_a_traefik_that_asks_with_an_old_api_is_seen_by_its_tag(image: str, oldest: str, status: Status) -> None:
    world = facts(versions=Versions("29.0.0", "2.40.0", oldest))
    outcome = room.api(with_service(project(), "traefik", image=image), world)
    judge(outcome, status, image)
    judge(outcome, status, f"API {oldest}")


@pytest.mark.parametrize("versions", [None, Versions("28.5.1", "2.40.0")], ids=["unknown engine", "no word"])
def test_an_engine_that_does_not_tell_its_oldest_api_is_skipped(versions: Versions | None) -> None:
    judge(room.api(project(), facts(versions=versions)), Status.SKIP, "did not tell")


# ------------------------------------------------------------------ placeholders


PUBLIC = with_hosts(project(), "shop.example-garden.org")
LOCAL = local_project()


def written(settings: Mapping[str, str]) -> Facts:
    """Return what is seen when .env says this."""
    return facts(settings=settings, doubtful=tuple(filter(lambda name: may_be_placeholder(settings[name]), settings)))


def test_settings_that_somebody_wrote_pass() -> None:
    settings = {"STACK_DOMAIN": "shop.example-garden.org", "STACK_ACME_EMAIL": "me@shop.org", "STACK_WORKERS": "2"}
    assert room.placeholders(PUBLIC, written(settings)).status is Status.PASS


@pytest.mark.parametrize(
    ("settings", "status", "says"),
    [
        ({"STACK_DNS_PROVIDER": "changeme"}, Status.FAIL, "STACK_DNS_PROVIDER in .env waits for its value"),
        ({"STACK_DNS_PROVIDER": "your-api-key"}, Status.WARN, "STACK_DNS_PROVIDER in .env may wait"),
        ({"API_KEY": "changeme"}, Status.WARN, "API_KEY in .env may wait for its value"),
        ({"LABEL": "Enter your email address"}, Status.WARN, "LABEL in .env may wait for its value"),
        ({"STACK_DOMAIN": "static.1.2.3.4.clients.your-server.de"}, Status.PASS, ""),
        ({"MAIL_HOST": "mail.your-server.de", "FOLDER": "/srv/xxx"}, Status.PASS, ""),
    ],
)
def test_only_a_setting_of_the_stack_that_nobody_can_mean_fails(
    settings: dict[str, str], status: Status, says: str
) -> None:
    judge(room.placeholders(LOCAL, written(settings)), status, says)


def test_a_placeholder_is_named_and_its_value_is_not_shown() -> None:
    world = facts(settings={"STACK_WORKERS": "2", "STACK_ADDRESSES": "change-me"}, placeholders=("MAIL_KEY",))
    outcome = room.placeholders(LOCAL, world)
    assert outcome.status is Status.FAIL
    assert outcome.seen == ("STACK_ADDRESSES in .env waits for its value", "MAIL_KEY in secrets/ waits for its value")


RESERVED = (
    "example.com",
    "api.example.org",
    "shop.Example.NET",
    "demo.test",
    "shop.example",
    "a.invalid",
    "localhost",
    "www.localhost",
    "nas.local",
    "nas.corp.internal",
    "demo.test.",
)


def addressed(stack: Project, mail: str) -> Project:
    return with_environment(stack, STACK_ACME_EMAIL=mail)


@pytest.mark.parametrize("certificates", ["acme", "staging"])
@pytest.mark.parametrize("name", RESERVED)
def test_a_public_authority_signs_for_no_reserved_name(name: str, certificates: str) -> None:
    public = with_environment(PUBLIC, STACK_CERTIFICATES=certificates)
    host = room.placeholders(with_hosts(public, "shop.de", name), facts())
    assert (host.status, host.seen) == (
        Status.FAIL,
        (f"the host {name.lower()} has a reserved name, and certificates are public",),
    )
    mail = room.placeholders(addressed(public, f"me@{name}"), facts())
    judge(mail, Status.FAIL, "STACK_ACME_EMAIL in .env has a reserved name")


def test_a_wildcard_below_a_reserved_name_is_reserved() -> None:
    judge(room.placeholders(with_hosts(PUBLIC, "*.demo.test"), facts()), Status.FAIL, "the host *.demo.test")


def test_not_env_but_what_compose_makes_of_it_is_judged() -> None:
    unused = {"STACK_DOMAIN": "example.com", "STACK_ACME_EMAIL": "me@example.com"}
    assert room.placeholders(PUBLIC, facts(settings=unused)).status is Status.PASS


@pytest.mark.parametrize("name", RESERVED)
def test_without_a_public_authority_a_reserved_name_will_do(name: str) -> None:
    stack = addressed(with_hosts(LOCAL, name), f"me@{name}")
    assert room.placeholders(stack, facts()).status is Status.PASS


@pytest.mark.parametrize("name", ["contest.com", "notexample.com", "example.com.br", "test.de", "local.io"])
def test_a_name_that_only_looks_reserved_passes(name: str) -> None:
    stack = addressed(with_hosts(PUBLIC, name), f"me@{name}")
    assert room.placeholders(stack, facts()).status is Status.PASS


def test_a_new_version_needs_the_memory_of_one_more_container() -> None:
    low = replace(PLENTY, memory=200 * MB)
    stack = with_service(DEFAULT, "app", healthcheck=("python", "healthcheck.py"), replicas=2)
    served = made("app", labels=stack.app.labels, healthcheck=("CMD", "python", "healthcheck.py"))
    running = [container("app", id=name, name=name, made=served) for name in ("1", "2")]
    found = facts(room=low, containers=containers(*running), build_image="demo-app:new")
    judge(room.memory(stack, found), Status.WARN, "to be started: app 512 MB; at most 512 MB")
