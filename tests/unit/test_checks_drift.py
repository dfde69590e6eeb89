"""What of a container differs from the files, and what only looks so."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scaffold.checks import Outcome, Status, drift
from scaffold.facts import Container, Made
from scaffold.project import Project, Service

from ..builders import (
    PRESTART,
    container,
    containers,
    data_facts,
    data_project,
    facts,
    joining_facts,
    joining_project,
    made,
    project,
    with_service,
)

MB = 2**20
WANTED = Service(
    name="app",
    image="demo-app:current",
    hash="hash-of-app",
    entrypoint=("python", "entrypoint.py"),
    command=("uvicorn", "app.main:app"),
    environment={"MODE": "hunter2", "HTTP_PROXY": ""},
    labels={"traefik.enable": "true"},
    binds={"/run/secrets/app.env": Path("/srv/demo/secrets/app.env")},
    volumes={"/srv/data/": "demo_data", "/cache": ""},
    memory=512 * MB,
    pids=64,
    user="10001:10001",
)
MADE = Made(
    image="demo-app:current",
    entrypoint=("python", "entrypoint.py"),
    command=("uvicorn", "app.main:app"),
    variables=frozenset({"MODE", "HTTP_PROXY", "PATH"}),
    labels={"traefik.enable": "true", "of.the.image": "1"},
    inherited=frozenset({"PATH", "of.the.image"}),
    memory=512 * MB,
    pids=64,
    mounts={"/run/secrets/app.env": "/srv/demo/secrets/app.env", "/srv/data": "demo_data", "/cache": "ab" * 32},
    user="10001:10001",
)


def stack(**changes: Any) -> Project:
    """Return a stack whose app is `WANTED`, with changes."""
    return replace(project(), services=(replace(WANTED, **changes), *project().services[1:]))


def judged(wanted: Project, *found: Container, **changes: Any) -> Outcome:
    return drift.containers(wanted, facts(containers=containers(*found), **changes))


def made_otherwise(**changes: Any) -> Outcome:
    """Return what is said of a container of the app that was made from an earlier definition."""
    return judged(stack(), container("app", config_hash="earlier", made=replace(MADE, **changes)))


def told(outcome: Outcome) -> str:
    (line,) = outcome.seen
    assert (outcome.status, line.partition(": ")[0]) == (Status.FAIL, "demo-app-1")
    return line.partition(": ")[2]


def test_containers_as_the_files_say_pass_and_are_named() -> None:
    outcome = judged(stack(), container("app", made=MADE))
    assert outcome.status is Status.PASS
    assert "demo-app-1" in outcome.seen


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"image": "demo-app:v1"}, "image demo-app:v1 (files: demo-app:current)"),
        ({"entrypoint": ()}, "entrypoint"),
        ({"command": ("uvicorn", "app.main:app", "--reload")}, "command"),
        ({"user": ""}, "user of the image (files: 10001:10001)"),
        ({"user": "0"}, "user 0 (files: 10001:10001)"),
        ({"memory": 256 * MB}, "memory 256 MB (files: 512 MB)"),
        ({"memory": 0}, "memory without a limit (files: 512 MB)"),
        ({"pids": 32}, "pids 32 (files: 64)"),
        ({"pids": 0}, "pids without a limit (files: 64)"),
        ({"variables": frozenset({"HTTP_PROXY", "PATH"})}, "variable MODE (not in the container)"),
        ({"variables": MADE.variables | {"OLD"}}, "variable OLD (not in the files)"),
        ({"labels": {}}, "label traefik.enable (not in the container)"),
        ({"labels": {**MADE.labels, "old": "1"}}, "label old (not in the files)"),
        ({"labels": {"traefik.enable": "false"}}, "label traefik.enable"),
        ({"mounts": {**MADE.mounts, "/old": "/srv/old"}}, "mount /old (not in the files)"),
        ({"mounts": {**MADE.mounts, "/old": "demo_old"}}, "mount /old (not in the files)"),
        ({"mounts": {**MADE.mounts, "/srv/data": "x"}}, "mount /srv/data is x (files: demo_data)"),
        (
            {"mounts": {key: value for key, value in MADE.mounts.items() if key != "/cache"}},
            "mount /cache (not in the container)",
        ),
        ({"user": "0", "pids": 0}, "user 0 (files: 10001:10001); pids without a limit (files: 64)"),
        ({}, drift.DEFINITION),
    ],
)
def test_what_differs_is_named(changes: dict[str, Any], says: str) -> None:
    assert told(made_otherwise(**changes)) == says


@pytest.mark.parametrize(
    "changes",
    [
        {"variables": MADE.variables | {"https_proxy", "NO_PROXY"}},
        {"labels": {**MADE.labels, "desktop.docker.io/binds/0/Source": "/x"}},
        {"mounts": {**MADE.mounts, "/image": "0f" * 32}},
        {"mounts": {**MADE.mounts, "/memory": ""}},
        {"variables": MADE.variables | {"LANG"}, "inherited": frozenset()},
        {"labels": {**MADE.labels, "x": "y"}, "inherited": frozenset()},
    ],
    ids=[
        "the client's proxies",
        "Docker's own label",
        "an image's volume",
        "a tmpfs",
        "image gone",
        "image gone, label",
    ],
)
def test_what_the_files_are_not_to_say_is_no_difference(changes: dict[str, Any]) -> None:
    assert told(made_otherwise(**changes)) == drift.DEFINITION


@pytest.mark.parametrize(
    "changes", [{"entrypoint": ()}, {"command": ()}, {"user": ""}], ids=["entrypoint", "command", "user"]
)
def test_what_the_files_leave_to_the_image_is_not_compared(changes: dict[str, Any]) -> None:
    found = container("app", config_hash="earlier", made=MADE)
    assert told(judged(stack(**changes), found)) == drift.DEFINITION


def test_no_value_of_a_variable_or_a_label_is_shown() -> None:
    secret = "user:$apr1$very$secret"
    found = made_otherwise(labels={"traefik.enable": secret}, command=("x", secret), variables=frozenset())
    assert secret not in told(found)
    assert "hunter2" not in told(found)


# ------------------------------------------------------------------ what no hash tells


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"memory": 600 * MB}, "memory 600 MB (files: 512 MB)"),
        ({"pids": 65}, "pids 65 (files: 64)"),
        ({"mounts": {**MADE.mounts, "/srv/data": "other_data"}}, "mount /srv/data is other_data (files: demo_data)"),
        (
            {"mounts": {**MADE.mounts, "/run/secrets/app.env": "/old.env"}},
            "mount /run/secrets/app.env is /old.env (files: /srv/demo/secrets/app.env)",
        ),
    ],
    ids=["docker update", "docker update of pids", "a volume renamed", "a secret that lies elsewhere"],
)
def test_what_changes_without_the_hash_is_seen(changes: dict[str, Any], says: str) -> None:
    assert told(judged(stack(), container("app", made=replace(MADE, **changes)))) == says


@pytest.mark.parametrize(
    "changes",
    [{"memory": 0}, {"pids": 0}, {"mounts": {**MADE.mounts, "/from/another": "/srv/x"}}, {"labels": {}}, {"user": "7"}],
    ids=["no memory limit in force", "no pids limit in force", "volumes_from", "labels", "user"],
)
def test_what_compose_made_of_these_very_files_is_believed(changes: dict[str, Any]) -> None:
    assert judged(stack(), container("app", made=replace(MADE, **changes))).status is Status.PASS


def test_an_image_that_its_name_does_not_mean_any_more_is_seen() -> None:
    older = container("app", image_id="sha256:older", made=MADE)
    assert told(judged(stack(), older)) == "image (demo-app:current is another one by now)"


def test_an_image_without_a_name_by_now_is_no_difference() -> None:
    assert judged(stack(), container("app", made=MADE), images={}).status is Status.PASS


# ------------------------------------------------------------------ whose containers


def test_a_container_that_the_files_do_not_define_any_more_is_named() -> None:
    left = container("worker")
    outcome = judged(project(), orphans=(left,))
    assert (outcome.status, outcome.seen) == (Status.FAIL, ("demo-worker-1: the files have no service worker",))


def test_before_the_first_start_there_is_nothing_to_compare() -> None:
    outcome = drift.containers(project(), facts(containers=()))
    assert (outcome.status, outcome.seen) == (Status.SKIP, ("there is no container yet",))


def test_a_step_that_has_not_run_yet_is_no_difference() -> None:
    seen = data_facts()
    without = replace(seen, containers=tuple(one for one in seen.containers if one.service != "prestart"))
    assert drift.containers(data_project(), without).status is Status.PASS


def test_a_step_that_ran_from_an_earlier_definition_is_seen() -> None:
    ended = container("prestart", state="exited", health="", image_id="sha256:app", config_hash="earlier")
    assert "demo-prestart-1: " in drift.containers(data_project(), data_facts(ended)).seen[0]


def test_every_replica_is_looked_at() -> None:
    second = container(
        "app", name="demo-app-2", config_hash="earlier", made=made("app", image="demo-app:current", user="")
    )
    scaled = with_service(project(), "app", replicas=2, command=(), labels={}, environment={}, binds=PRESTART.binds)
    outcome = judged(scaled, container("app"), second)
    assert outcome.seen == (f"demo-app-2: {drift.DEFINITION}",)


def test_a_shared_proxys_containers_are_its_own_affair() -> None:
    seen = joining_facts()
    changed = tuple(replace(one, config_hash="earlier") if one.service == "traefik" else one for one in seen.containers)
    assert drift.containers(joining_project(), replace(seen, containers=changed)).status is Status.PASS
