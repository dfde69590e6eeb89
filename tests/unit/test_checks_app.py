"""How long the stack lasts, what it is held to, and what the last `up` left: every outcome that each check can have."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from scaffold.checks import CHECKS, Outcome, Status, bounds, lasting, rolled, run
from scaffold.facts import Confinement, Container, Deaths, Facts, Server, lately
from scaffold.project import Project
from scaffold.record import Stopped

from ..builders import (
    NOW,
    container,
    containers,
    data_facts,
    data_project,
    facts,
    front_containers,
    joining_facts,
    joining_project,
    made,
    project,
    record,
    server,
    shared_proxy,
    with_service,
)

Check = Callable[[Project, Facts], Outcome]

AS_ROOT = Confinement(0, 0, locked=True)
UNREAD = (Server("demo-app-1", ()),)


def judge(outcome: Outcome, status: Status, *says: str) -> None:
    assert outcome.status is status, outcome
    assert [part for part in says if part not in " | ".join(outcome.seen)] == [], outcome


def is_made(service: str, **changes: Any) -> Facts:
    return facts(containers=containers(container(service, made=made(service, **changes))))


def is_now(service: str, **changes: Any) -> Facts:
    return facts(containers=containers(container(service, **changes)))


def heard(*words: str, minutes: float = 60) -> Facts:
    return facts(deaths=(Deaths("demo-app-1", words, NOW - timedelta(minutes=minutes)),))


def runs(*words: str) -> Facts:
    return facts(servers=(server(*words),))


STATIC = with_service(project(), "app", entrypoint=("nginx", "-e", "stderr"), command=())


# ------------------------------------------------------------------ app.restarts


@pytest.mark.parametrize(
    ("service", "times", "minutes", "says"),
    [
        ("app", 1, 59, "demo-app-1 was started again once, last 59 minutes ago"),
        ("traefik", 3, 1.5, "demo-traefik-1 was started again 3 times, last 1 minute ago"),
        ("socket-proxy", 2, 0, "demo-socket-proxy-1 was started again 2 times, last less than a minute ago"),
    ],
)
def test_what_docker_started_again_of_late_is_named(service: str, times: int, minutes: float, says: str) -> None:
    seen = is_now(service, restarts=times, started=NOW - timedelta(minutes=minutes))
    judge(lasting.restarts(project(), seen), Status.FAIL, says)


def test_what_was_started_again_long_ago_has_held_since() -> None:
    seen = is_now("app", restarts=2, started=NOW - timedelta(hours=1))
    judge(lasting.restarts(project(), seen), Status.PASS, "demo-app-1 2 times, last over an hour ago")


def test_a_start_by_hand_is_none_of_dockers() -> None:
    judge(lasting.restarts(project(), is_now("app", started=NOW)), Status.PASS)


# ------------------------------------------------------------------ app.starved


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (is_now("traefik", starved=True), "demo-traefik-1: a process ended at its limit of 256 MB"),
        (facts(servers=(server(killed=1),)), "demo-app-1: 1 process ended at its limit of 256 MB"),
        (facts(servers=(server(killed=3),)), "demo-app-1: 3 processes ended at its limit of 256 MB"),
    ],
    ids=["by Docker's word", "counted", "counted more than once"],
)
def test_who_was_ended_for_lack_of_memory_is_named(seen: Facts, says: str) -> None:
    judge(lasting.starved(project(), seen), Status.FAIL, says)


@pytest.mark.parametrize("killed", [0, None])
def test_where_nothing_was_ended_for_lack_of_memory_it_is_good(killed: int | None) -> None:
    judge(lasting.starved(project(), facts(servers=(server(killed=killed),))), Status.PASS)


def test_what_was_ended_by_force_did_not_lack_memory() -> None:
    judge(lasting.starved(project(), is_now("traefik", state="exited", exit_code=137)), Status.PASS)


# ------------------------------------------------------------------ app.died


def test_a_worker_that_died_is_named_with_its_moment() -> None:
    seen = heard("Child process [8] died, 11:58:00 UTC", "Child process [9] died, 11:59:00 UTC")
    judge(lasting.died(project(), seen), Status.FAIL, "demo-app-1: Child process [8] died, 11:58:00 UTC", "[9]")


@pytest.mark.parametrize(
    ("minutes", "says"),
    [(60, "demo-app-1: none"), (59.5, "demo-app-1: none"), (12.4, "none in the last 12 minutes: it writes so much")],
)
def test_how_far_back_the_log_was_read_is_said_when_it_is_less_than_an_hour(minutes: float, says: str) -> None:
    outcome = lasting.died(project(), heard(minutes=minutes))
    judge(outcome, Status.PASS, says)
    assert ("minutes" in outcome.seen[0]) == (minutes < 59)


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (facts(deaths=()), "the log of demo-app-1 cannot be read"),
        (facts(servers=UNREAD), "demo-app-1 runs neither uvicorn nor fastapi"),
        (runs("gunicorn", "app.main:app"), "runs neither uvicorn nor fastapi"),
        (runs("uvicorn", "app.main:app", "--log-level=warning"), "at the log level warning"),
        (runs("uvicorn", "app.main:app", "--log-level", "ERROR"), "at the log level ERROR"),
    ],
    ids=["log of another place", "no process", "another server", "quiet", "quieter"],
)
def test_where_the_log_says_nothing_of_workers_nothing_is_claimed(seen: Facts, says: str) -> None:
    judge(lasting.died(project(), seen), Status.SKIP, says)


def test_a_level_in_the_environment_counts_too() -> None:
    quiet = with_service(project(), "app", environment={"UVICORN_LOG_LEVEL": "critical"})
    judge(lasting.died(quiet, facts()), Status.SKIP, "at the log level critical")


@pytest.mark.parametrize(
    ("words", "status"), [((), Status.PASS), (("worker process 7 exited on signal 9, 11:58:00 UTC",), Status.FAIL)]
)
def test_nginx_tells_of_its_workers_too(words: tuple[str, ...], status: Status) -> None:
    judge(lasting.died(STATIC, replace(heard(*words), servers=UNREAD)), status)


def test_a_worker_that_lacked_memory_is_one_failure() -> None:
    seen = replace(heard("Child process [8] died, 11:58:00 UTC"), servers=(server(killed=1),))
    found = {one.check.id: one.outcome for one in run(project(), seen)}
    assert [name for name, outcome in found.items() if outcome.status is Status.FAIL] == ["app.starved"]
    assert found["app.died"].seen == ("needs app.starved",)


# ------------------------------------------------------------------ app.memory


def test_a_container_without_a_limit_is_named() -> None:
    judge(bounds.memory(project(), is_made("socket-proxy", memory=0)), Status.FAIL, "demo-socket-proxy-1 has no limit")


def test_an_engine_that_limits_nothing_is_named() -> None:
    judge(bounds.memory(project(), facts(limits=False)), Status.FAIL, "lets the Docker Engine limit no memory")


def test_limits_are_told() -> None:
    judge(bounds.memory(project(), facts()), Status.PASS, "demo-app-1 256 MB", "demo-traefik-1 256 MB")


def test_what_is_not_there_has_no_limit_to_judge() -> None:
    judge(bounds.memory(project(), facts(containers=())), Status.SKIP, "no container of this project")


# ------------------------------------------------------------------ app.confined


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (facts(servers=(server(confinement=AS_ROOT),)), "demo-app-1 runs as root"),
        (facts(servers=(server(confinement=Confinement(10001, 0x400, locked=True)),)), "the capabilities 0x400"),
        (facts(servers=(server(confinement=Confinement(10001, 0, locked=False)),)), "may get new privileges"),
        (is_made("app", read_only=False), "demo-app-1 may write to its own disk"),
        (replace(is_made("app", user=""), servers=UNREAD), "demo-app-1 runs as root"),
        (replace(is_made("app", user="0:0"), servers=UNREAD), "demo-app-1 runs as root"),
        (replace(is_made("app", user="root"), servers=UNREAD), "demo-app-1 runs as root"),
    ],
    ids=["root", "capabilities", "privileges", "writable", "no user", "user 0", "user root"],
)
def test_a_right_too_many_is_named(seen: Facts, says: str) -> None:
    judge(bounds.confined(project(), seen), Status.FAIL, says)


def test_another_user_than_the_files_say_is_named() -> None:
    wanted = with_service(project(), "app", user="10002:10002")
    says = "demo-app-1 runs as 10001:10001, and the files say 10002:10002"
    judge(bounds.confined(wanted, facts()), Status.FAIL, says)


def test_a_confined_app_passes_and_its_user_is_told() -> None:
    wanted = with_service(project(), "app", user="10001:10001")
    judge(bounds.confined(wanted, facts()), Status.PASS, "demo-app-1 as 10001")


def test_what_only_docker_says_is_said_so() -> None:
    judge(bounds.confined(project(), facts(servers=UNREAD)), Status.SKIP, "cannot be read in demo-app-1")


# ------------------------------------------------------------------ app.stops


def test_who_was_ended_by_force_is_named() -> None:
    gone = (Stopped("demo-app-1", 1.2, killed=False), Stopped("demo-app-2", 30.21, killed=True))
    patient = with_service(project(), "app", grace=30.0)
    outcome = rolled.stops(patient, facts(record=record(stopped=gone)))
    judge(outcome, Status.FAIL, "demo-app-2 was ended by force after 30.2 s; its grace is 30 s")
    assert len(outcome.seen) == 1


def test_who_ended_in_time_passes() -> None:
    judge(rolled.stops(project(), facts()), Status.PASS, "demo-app-1 ended after 1.2 s")


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (facts(record=None), "no `stack up` of this project is written down"),
        (facts(record=record(stopped=())), "had nothing of the app to stop"),
    ],
)
def test_an_end_that_nobody_saw_is_not_judged(seen: Facts, says: str) -> None:
    judge(rolled.stops(project(), seen), Status.SKIP, says)


# ------------------------------------------------------------------ app.image


def test_an_image_that_nobody_brought_up_is_named() -> None:
    seen = is_now("app", image_id="sha256:0123456789abcdef")
    judge(rolled.image(project(), seen), Status.FAIL, "demo-app-1 runs 0123456789ab, not app of 2026-07-31 12:00 UTC")


@pytest.mark.parametrize(
    ("name", "says"),
    [("demo-app:0123456789ab", "demo-app:0123456789ab, since 2026-07-31 12:00 UTC"), ("", "app, since")],
)
def test_the_image_that_was_brought_up_is_told(name: str, says: str) -> None:
    judge(rolled.image(project(), facts(record=record(name=name))), Status.PASS, says)


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (facts(record=None), "no `stack up` of this project is written down"),
        (facts(record=record(image="")), "found no image of the app"),
    ],
)
def test_without_a_record_of_an_image_none_is_compared(seen: Facts, says: str) -> None:
    judge(rolled.image(project(), seen), Status.SKIP, says)


# ------------------------------------------------------------------ host.logs


@pytest.mark.parametrize("size", ["", "-1"])
def test_a_log_without_an_end_is_named(size: str) -> None:
    judge(bounds.logs(project(), is_made("app", log_size=size)), Status.FAIL, "demo-app-1 writes a log without an end")


@pytest.mark.parametrize(("driver", "size"), [("json-file", "10m"), ("local", ""), ("journald", ""), ("none", "")])
def test_a_log_that_has_an_end_passes(driver: str, size: str) -> None:
    seen = is_made("app", log_driver=driver, log_size=size)
    judge(bounds.logs(project(), seen), Status.PASS, f"demo-app-1 {driver} {size}".rstrip())


# ------------------------------------------------------------------ host.boot


@pytest.mark.parametrize(
    ("boots", "says"),
    [
        (True, "the Docker Engine is started with the server"),
        (None, "nothing here tells whether the Docker Engine is started"),
    ],
)
def test_a_stack_that_comes_back_passes(boots: bool | None, says: str) -> None:
    judge(lasting.boot(project(), facts(boots=boots)), Status.PASS, says, "demo-app-1 unless-stopped")


def test_an_engine_that_is_not_started_with_the_server_is_named() -> None:
    judge(lasting.boot(project(), facts(boots=False)), Status.FAIL, "the Docker Engine is not started with the server")


@pytest.mark.parametrize(("policy", "word"), [("no", "no"), ("on-failure", "on-failure"), ("", "no")])
def test_a_container_that_stays_away_is_named(policy: str, word: str) -> None:
    seen = replace(is_made("traefik", restart=policy), boots=None)
    judge(lasting.boot(project(), seen), Status.FAIL, f"demo-traefik-1 has the restart policy {word}")


def test_always_is_as_good() -> None:
    judge(lasting.boot(project(), is_made("traefik", restart="always")), Status.PASS, "demo-traefik-1 always")


def test_what_runs_once_does_not_come_back() -> None:
    judge(lasting.boot(data_project(), data_facts(container("app"))), Status.PASS, "demo-postgres-1")


# ------------------------------------------------------------------ behind a shared proxy, and of it


def theirs(**changes: Any) -> tuple[Container, ...]:
    return (container("app"), *front_containers(**changes))


@pytest.mark.parametrize(
    ("check", "seen"),
    [
        (lasting.restarts, joining_facts(containers=theirs(restarts=1, started=NOW))),
        (lasting.starved, joining_facts(containers=theirs(starved=True))),
        (bounds.memory, joining_facts(containers=theirs(made=made("traefik", memory=0)))),
        (bounds.logs, joining_facts(containers=theirs(made=made("traefik", log_size="")))),
    ],
    ids=["restarts", "starved", "memory", "logs"],
)
def test_what_is_wrong_with_the_shared_proxy_is_told_in_its_own_folder(check: Check, seen: Facts) -> None:
    judge(check(joining_project(), seen), Status.PASS)


def test_without_its_proxy_a_stack_does_not_come_back() -> None:
    seen = joining_facts(containers=theirs(made=made("traefik", restart="no")))
    judge(lasting.boot(joining_project(), seen), Status.FAIL, "proxy-traefik-1 has the restart policy no")


def test_of_a_shared_proxy_all_is_judged_that_needs_no_app() -> None:
    ids = {"app.restarts", "app.starved", "app.memory", "host.logs", "host.boot"}
    found = run(shared_proxy(), facts(containers=front_containers()), [one for one in CHECKS if one.id in ids])
    assert {one.check.id: one.outcome.status for one in found} == dict.fromkeys(ids, Status.PASS)


# ------------------------------------------------------------------ what an `up` is not blamed for


def test_what_befell_a_container_before_an_up_is_no_fault_of_it() -> None:
    befallen = container("app", restarts=2, starved=True, started=NOW - timedelta(minutes=5))
    seen = replace(
        heard("Child process [8] died, 11:58:00 UTC"),
        containers=containers(befallen),
        servers=(server(killed=1),),
        record=record(at=NOW - timedelta(days=1), stopped=(Stopped("demo-app-1", 30.2, killed=True),)),
    )

    def failed(moment: datetime) -> set[str]:
        return {one.check.id for one in run(project(), lately(seen, moment)) if one.failed}

    assert failed(NOW) == set()
    assert failed(NOW - timedelta(days=2)) == {"app.restarts", "app.starved", "app.stops"}
