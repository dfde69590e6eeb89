"""What nobody outside should reach: data services, Traefik's inside, secrets."""

from dataclasses import replace
from datetime import timedelta

import pytest

from scaffold import checks
from scaffold.checks import CHECKS, Outcome, Status
from scaffold.facts import Complaint, Dial, Facts, Made, Server, Space, Store
from scaffold.project import Port, Project, Service

from ..builders import (
    ASKED,
    EDGE,
    HOST,
    KEPT,
    NOW,
    STORED,
    container,
    containers,
    data_facts,
    data_project,
    facts,
    handshake,
    joining_facts,
    joining_project,
    local_project,
    project,
    server,
    shared_proxy,
    with_service,
)

KNOWN = {check.id: check for check in CHECKS}
MB = 2**20
REDIS = Service(name="redis", image="redis:8", volumes={"/data": "demo_redis"})
BOTH = data_project(services=(*data_project().services, REDIS))
DATA = ("data.reached", "data.private", "data.published", "data.persistent")
RUNNING_REDIS = container("redis")


def both(*different: Store, **changes: object) -> Facts:
    """Return what is seen of a stack with PostgreSQL and Redis, one of which says something else of itself."""
    stores = {**STORED, **{one.service: one for one in different}}
    seen = data_facts(RUNNING_REDIS, stores=tuple(stores.values()))
    return replace(seen, **changes)  # type: ignore[arg-type]


def saying(service: str, **settings: str) -> Store:
    said = {name.replace("_policy", "-policy"): value for name, value in settings.items()}
    return replace(STORED[service], settings={**STORED[service].settings, **said})


def judge(check: str, stack: Project, seen: Facts, status: Status, says: str = "") -> Outcome:
    outcome = KNOWN[check].run(stack, seen)
    assert (outcome.status, says in " | ".join(outcome.seen)) == (status, True), outcome
    return outcome


# ------------------------------------------------------------------ data services


@pytest.mark.parametrize("check", DATA)
def test_a_stack_without_data_services_keeps_what_is_promised_of_them(check: str) -> None:
    judge(check, project(), facts(), Status.PASS, "no data services")


@pytest.mark.parametrize("check", [*DATA, "data.room"])
def test_a_healthy_stack_with_both_data_services_passes(check: str) -> None:
    reached = server(reached={"postgres": "", "redis": ""})
    judge(check, BOTH, both(servers=(reached,)), Status.PASS)


@pytest.mark.parametrize(
    ("reached", "says"),
    [
        ({"postgres": "[Errno -2] Name or service not known"}, "demo-app-1 does not reach postgres: [Errno -2] Name"),
        ({}, "demo-app-1 does not reach postgres: no answer in time"),
    ],
)
def test_a_data_service_that_the_app_does_not_reach_is_named(reached: dict[str, str], says: str) -> None:
    judge("data.reached", data_project(), data_facts(servers=(server(reached=reached),)), Status.FAIL, says)


@pytest.mark.parametrize("servers", [(), (Server("demo-app-1", ()),)], ids=["none", "unread"])
def test_without_a_look_into_the_app_nothing_is_said_of_what_it_reaches(servers: tuple[Server, ...]) -> None:
    judge("data.reached", data_project(), data_facts(servers=servers), Status.SKIP, "nothing could be asked")


def test_a_data_service_that_traefik_reaches_is_not_private() -> None:
    leaky = container("postgres", addresses={EDGE: "172.18.0.9", "demo_backend": "172.20.0.3"})
    dials = (Dial("postgres", "172.18.0.9", open=True), Dial("postgres", "172.20.0.3", open=False))
    outcome = judge("data.private", data_project(), data_facts(leaky, dials=dials), Status.FAIL)
    assert outcome.seen == (f"postgres can be reached from Traefik's container, at 172.18.0.9 on {EDGE}",)


def test_without_a_tool_to_dial_with_nobody_knows_who_is_private() -> None:
    judge("data.private", data_project(), data_facts(dials=None), Status.SKIP, "no `nc` there")


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        ("0.0.0.0", Status.FAIL, "demo-postgres-1 publishes 5432"),
        ("127.0.0.1", Status.WARN, "demo-postgres-1 publishes 5432 on 127.0.0.1, for this server only"),
    ],
)
def test_a_published_data_service_is_the_business_of_one_check(address: str, status: Status, says: str) -> None:
    seen = data_facts(container("postgres", ports=(Port(5432, 5432, address),)))
    judge("data.published", data_project(), seen, status, says)
    judge("proxy.ports", data_project(), seen, Status.PASS)


@pytest.mark.parametrize(
    ("store", "says"),
    [
        (saying("postgres", fsync="off"), "postgres: fsync is off"),
        (saying("postgres", full_page_writes="off"), "postgres: full_page_writes is off"),
        (saying("postgres", synchronous_commit="off"), "postgres: synchronous_commit is off"),
        (saying("redis", appendonly="no"), "redis: appendonly is no"),
        (saying("redis", appendfsync="no"), "redis: appendfsync is no"),
        (Store("redis", {"dir": "/data"}), "redis: appendonly is not told"),
        (saying("redis", dir="/tmp"), "redis: /tmp in demo-redis-1 is on no volume"),
        (saying("postgres", data_directory="/tmp/pg"), "postgres: /tmp/pg in demo-postgres-1 is on no volume"),
    ],
)
def test_what_may_be_lost_is_named_with_its_setting(store: Store, says: str) -> None:
    judge("data.persistent", BOTH, both(store), Status.FAIL, says)


def test_redis_may_write_once_a_second() -> None:
    judge("data.persistent", BOTH, both(saying("redis", appendfsync="everysec")), Status.PASS)


@pytest.mark.parametrize(("kept", "says"), [("0" * 64, "on a volume without a name"), ("", "is on no volume")])
def test_data_on_a_volume_that_goes_with_the_container_is_lost(kept: str, says: str) -> None:
    thrown = container("postgres", made=Made(mounts={"/var/lib/postgresql": kept}))
    judge("data.persistent", data_project(), data_facts(thrown), Status.FAIL, says)


def test_data_in_a_folder_of_the_server_lasts() -> None:
    bound = container("postgres", made=Made(mounts={"/var/lib": "/mnt", **KEPT["postgres"]}))
    judge("data.persistent", data_project(), data_facts(bound), Status.PASS)


@pytest.mark.parametrize(("policy", "status"), [("allkeys-lru", Status.WARN), ("volatile-lru", Status.PASS)])
def test_a_redis_that_drops_what_has_no_end_is_to_be_watched(policy: str, status: Status) -> None:
    judge("data.persistent", BOTH, both(saying("redis", maxmemory_policy=policy)), status)


@pytest.mark.parametrize(
    ("stores", "says"),
    [((Store("postgres", problem="connection refused"),), "postgres could not be asked: connection refused"), ((), "")],
)
def test_a_data_service_that_cannot_be_asked_is_skipped(stores: tuple[Store, ...], says: str) -> None:
    judge("data.persistent", data_project(), data_facts(stores=stores), Status.SKIP, says)


@pytest.mark.parametrize(
    ("free", "total", "status"),
    [
        (2000, 80_000, Status.PASS),
        (1999, 80_000, Status.WARN),
        (500, 80_000, Status.WARN),
        (499, 80_000, Status.FAIL),
        (250, 1000, Status.PASS),
        (249, 1000, Status.WARN),
        (99, 1000, Status.FAIL),
    ],
)
def test_room_is_measured_in_bytes_and_on_a_small_volume_by_its_size(free: int, total: int, status: Status) -> None:
    space = Space(free * MB, total * MB)
    stored = data_facts(stores=(replace(STORED["postgres"], room=space),))
    judge("data.room", data_project(), stored, status, f"postgres: {free} MB free of {total} MB")
    uploads = facts(servers=(server(room={"/data": space}),))
    judge("data.room", project(), uploads, status, f"demo-app-1:/data: {free} MB free of {total} MB")


def test_of_several_volumes_only_those_without_room_are_named() -> None:
    full = replace(STORED["redis"], room=Space(0, 80_000 * MB))
    assert judge("data.room", BOTH, both(full), Status.FAIL).seen == ("redis: 0 MB free of 80000 MB",)


def test_room_that_nobody_saw_is_skipped_and_without_volumes_there_is_none() -> None:
    unseen = (replace(STORED["postgres"], room=None),)
    judge("data.room", data_project(), data_facts(stores=unseen), Status.SKIP)
    judge("data.room", with_service(project(), "app", volumes={"/data": "x"}), facts(), Status.SKIP)
    for stack in (project(), shared_proxy()):
        judge("data.room", stack, facts(), Status.PASS, "no volume of data")


# ------------------------------------------------------------------ Traefik's inside


def test_an_api_that_answers_is_named_with_its_address() -> None:
    judge("proxy.api", project(), facts(api=("http://172.18.0.2:8080/api/version",)), Status.FAIL, ":8080/api/version")
    judge("proxy.api", project(), facts(api=None), Status.SKIP, "cannot be reached from here")
    judge("proxy.api", project(), facts(), Status.PASS)


@pytest.mark.parametrize(
    "source", ["/var/run/docker.sock", "/run/docker.sock", "/run/user/1000/docker.sock", "/run", "/"]
)
def test_a_socket_in_another_container_is_found_also_in_a_folder(source: str) -> None:
    rootless = container("socket-proxy", made=Made(mounts={"/var/run/docker.sock": "/run/user/1000/docker.sock"}))
    open_ = container("app", made=Made(mounts={"/somewhere": source}))
    judge("proxy.socket", project(), facts(containers=containers(rootless, open_)), Status.FAIL, f"mounts {source}")
    orphan = replace(open_, service="old", name="demo-old-1")
    seen = facts(containers=containers(rootless), orphans=(orphan,))
    judge("proxy.socket", project(), seen, Status.FAIL, f"demo-old-1 mounts {source}")


@pytest.mark.parametrize("source", ["demo_data", "/srv/demo/run", "/var/running", ""])
def test_other_mounts_are_nobodys_business(source: str) -> None:
    mounted = container("app", made=Made(mounts={"/somewhere": source}))
    judge("proxy.socket", project(), facts(containers=containers(mounted)), Status.PASS, "demo-socket-proxy-1")


def test_behind_a_shared_proxy_the_socket_is_that_ones() -> None:
    judge("proxy.socket", joining_project(), joining_facts(), Status.PASS, "proxy-socket-proxy-1")


@pytest.mark.parametrize("status", [200, 204, 404, 500])
def test_a_socket_proxy_that_lets_a_request_through_is_found(status: int) -> None:
    request = next(one for one in ASKED if one.startswith("POST"))
    seen = facts(socket_proxy={**ASKED, request: status})
    outcome = judge("proxy.readonly", project(), seen, Status.FAIL)
    assert outcome.seen == (f"{request} was let through: {status}",)


def test_a_socket_proxy_is_judged_where_it_is_and_answers() -> None:
    assert len(judge("proxy.readonly", project(), facts(), Status.PASS).seen) == len(ASKED) - 1
    judge("proxy.readonly", project(), facts(socket_proxy={}), Status.SKIP, "cannot be reached")
    without = facts(containers=(container("app"), container("traefik")), socket_proxy={})
    judge("proxy.readonly", project(), without, Status.PASS, "no socket proxy")


@pytest.mark.parametrize(("mode", "status"), [(0o600, Status.PASS), (0o640, Status.FAIL), (0o604, Status.FAIL)])
def test_keys_are_for_traefik_alone(mode: int, status: Status) -> None:
    judge("proxy.storage", project(), facts(storage={"/tmp/acme.json": mode}), status, f"{mode:04o}")


def test_without_orders_there_are_no_keys() -> None:
    judge("proxy.storage", local_project(), facts(storage={}), Status.PASS, "keeps no keys")


TROUBLE = Complaint(
    NOW - timedelta(days=3),
    "Unable to obtain ACME certificate for domains: acme: error: 400 :: urn:ietf:params:acme:error:connection ::"
    " 198.51.100.1: Fetching http://demo.shop/.well-known/acme-challenge/x: Connection refused",
    "orders",
    (HOST,),
)


def signed(days: float, problem: str = "") -> Facts:
    made = handshake(not_before=NOW - timedelta(days=days), problem=problem)
    return facts(complaints=(TROUBLE,), handshakes={HOST: made})


def test_trouble_with_an_authority_is_told_with_its_cause_and_what_to_do() -> None:
    outcome = judge("proxy.orders", project(), signed(days=60), Status.FAIL, "nothing listens on port 80")
    assert outcome.seen[1].startswith("to mend it: port 80 of this server has to be open")
    assert outcome.seen[-1].startswith("2026-07-29 12:00 UTC: Unable to obtain")


def test_trouble_that_is_not_known_is_told_as_it_is() -> None:
    strange = replace(TROUBLE, text="something new", hosts=())
    outcome = judge("proxy.orders", project(), facts(complaints=(strange,)), Status.FAIL)
    assert outcome.seen == ("2026-07-29 12:00 UTC: something new",)


@pytest.mark.parametrize(
    ("days", "problem", "status"),
    [(2, "", Status.PASS), (3.04, "", Status.PASS), (3.05, "", Status.FAIL), (2, "expired", Status.FAIL)],
)
def test_trouble_is_settled_by_a_certificate_that_came_later(days: float, problem: str, status: Status) -> None:
    judge("proxy.orders", project(), signed(days, problem), status)


def test_a_certificate_of_another_name_settles_nothing() -> None:
    other = replace(signed(days=2), complaints=(replace(TROUBLE, hosts=("www.demo.shop",)),))
    judge("proxy.orders", project(), other, Status.FAIL)


def test_a_router_that_is_not_served_is_told_once() -> None:
    one = Complaint(NOW, 'demo-app@docker: middleware "gone@docker" does not exist', "routers")
    outcome = judge("proxy.routers", project(), facts(complaints=(one, one)), Status.FAIL)
    assert outcome.seen == (one.text,)
    judge("proxy.orders", project(), facts(complaints=(one,)), Status.PASS)
    judge("proxy.routers", project(), facts(complaints=(TROUBLE,)), Status.PASS)


# ------------------------------------------------------------------ secrets


def test_a_secret_in_an_inspection_is_named() -> None:
    where = "API_KEY of secrets/app.env, in the environment of demo-app-1"
    assert judge("secrets.inspect", project(), facts(exposed=(where,)), Status.FAIL).seen == (where,)
    judge("secrets.inspect", project(), facts(), Status.PASS)


def test_a_secret_in_the_image_is_named() -> None:
    where = "API_KEY of secrets/app.env, in /srv/app/settings.py"
    assert judge("secrets.image", project(), facts(baked=(where,)), Status.FAIL).seen == (where,)
    judge("secrets.image", project(), facts(), Status.PASS)
    judge("secrets.image", project(), facts(baked=None), Status.SKIP, "demo-app:current could not be searched")


# ------------------------------------------------------------------ all together


@pytest.mark.parametrize(
    ("stack", "seen"),
    [(data_project(), data_facts()), (joining_project(), joining_facts())],
    ids=["with data", "behind a shared proxy"],
)
def test_a_healthy_stack_has_no_failure_and_no_warning(stack: Project, seen: Facts) -> None:
    found = {one.check.id: one.outcome for one in checks.run(stack, seen)}
    assert {name for name, one in found.items() if one.status in {Status.FAIL, Status.WARN}} == set()


def test_nothing_here_is_judged_before_what_it_needs() -> None:
    down = data_facts(container("postgres", state="exited"), stores=(), dials=None)
    found = {one.check.id: one.outcome for one in checks.run(data_project(), down)}
    assert {found[name].status for name in ("data.reached", "data.private", "data.persistent")} == {Status.SKIP}
    assert [name for name, one in found.items() if one.status is Status.FAIL] == ["data.healthy"]
