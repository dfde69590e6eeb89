"""Looking into containers, as far as that is decided without Docker."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scaffold import dotenv, secretfiles
from scaffold.cli.observe import inner
from scaffold.engine import leaks
from scaffold.engine.insight import Insight, store
from scaffold.facts import Facts, Space
from scaffold.probe.inner import is_api
from scaffold.project import Project

from ..builders import (
    EDGE,
    NOW,
    container,
    containers,
    data_facts,
    data_project,
    facts,
    front_containers,
    joining_project,
    project,
    shared_proxy,
    with_environment,
)

ROOM = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 4000 1000 3000 38% /data\n"

# ------------------------------------------------------------------ data services


@pytest.mark.parametrize(
    ("service", "said", "known"),
    [
        ("postgres", "fsync=on\ndata_directory=/var/lib/x=y\n", {"fsync": "on", "data_directory": "/var/lib/x=y"}),
        ("redis", "maxmemory-policy\nnoeviction\ndir\n/data\n", {"maxmemory-policy": "noeviction", "dir": "/data"}),
    ],
)
def test_what_a_data_service_says_is_read(service: str, said: str, known: dict[str, str]) -> None:
    found = store(service, 0, ROOM + said)
    assert (found.settings, found.problem, found.room) == (known, "", Space(3000 * 1024, 4000 * 1024))


@pytest.mark.parametrize(
    ("status", "said", "problem"),
    [
        (2, ROOM + "psql: error: connection to server failed\n", "psql: error: connection to server failed"),
        (1, "409 Client Error: container is paused", "409 Client Error: container is paused"),
        (124, ROOM, "it ended with status 124"),
        (0, ROOM + "(error) NOAUTH Authentication required.\n", "(error) NOAUTH Authentication required."),
    ],
)
def test_why_a_data_service_says_nothing_is_kept(status: int, said: str, problem: str) -> None:
    assert store("redis", status, said).problem == problem


class Peers:
    """A Traefik's container in which a command is answered, the last time as every time after."""

    def __init__(self, *times: tuple[str, ...]) -> None:
        self.said = ["\n".join(answers) for answers in times]
        self.containers = self

    def get(self, name: str) -> "Peers":
        assert name == "id-of-traefik"
        return self

    def exec_run(self, words: list[str], *, stderr: bool) -> tuple[int, bytes]:
        assert (words[0], stderr) == ("sh", True)
        return 0, (self.said.pop(0) if self.said[1:] else self.said[0]).encode()


def dialled(*answers: str, afterwards: tuple[str, ...] = ()) -> Any:
    app = container("app", addresses={EDGE: "172.18.0.5"})
    postgres = container("postgres", addresses={"demo_backend": "172.20.0.3"})
    client: Any = Peers(answers, *([afterwards] if afterwards else []))
    return Insight(client, data_project(), data_facts(app, postgres)).dials([postgres])


def test_a_dial_counts_when_the_app_can_be_dialled() -> None:
    assert [one.open for one in dialled("1 172.20.0.3/5432", "0 172.18.0.5/8000")] == [False]
    assert [one.open for one in dialled("0 172.20.0.3/5432", "0 172.18.0.5/8000")] == [True]


def test_what_was_open_for_a_moment_while_docker_changed_its_rules_is_not_open() -> None:
    first, then = ("0 172.20.0.3/5432", "0 172.18.0.5/8000"), ("1 172.20.0.3/5432", "0 172.18.0.5/8000")
    assert [one.open for one in dialled(*first, afterwards=then)] == [False]


@pytest.mark.parametrize(
    "answers",
    [
        ("1 172.20.0.3/5432", "1 172.18.0.5/8000"),
        ("127 172.20.0.3/5432", "127 172.18.0.5/8000"),
        ("0 172.18.0.5/8000",),
        ("sh: not found",),
    ],
    ids=["app closed", "no nc", "half an answer", "no shell"],
)
def test_otherwise_nobody_knows(answers: tuple[str, ...]) -> None:
    assert dialled(*answers) is None


def test_without_data_services_there_is_nothing_to_dial_and_without_an_app_no_way_to() -> None:
    nobody: Any = SimpleNamespace()
    assert Insight(nobody, project(), facts()).dials([]) == ()
    postgres = container("postgres", addresses={"demo_backend": "172.20.0.3"})
    assert Insight(nobody, data_project(), data_facts(postgres)).dials([postgres]) is None


# ------------------------------------------------------------------ Traefik's log

STARTED = NOW - timedelta(days=1)
LABELLED = {
    "Id": "id-of-app",
    "Names": ["/demo-app-1"],
    "Labels": {"traefik.http.routers.demo-app.rule": "x"},
    "Created": STARTED.timestamp(),
}
ROUTER = {"routerName": "demo-app@docker", "error": "the service does not exist"}
FILE = {"providerName": "file", "error": "yaml: line 1", "message": "Error occurred during watcher callback"}
ORDER = {"providerName": "acme.acme", "domains": ["demo.shop"], "error": "x", "message": "Unable to obtain"}


def logged(*entries: dict[str, Any], at: datetime = NOW) -> Any:
    """Return an engine with a Traefik that wrote these errors, among other things, and an app that it serves."""
    lines = [{"level": "error", "time": at.isoformat(), **one} for one in entries]
    text = "\n".join(json.dumps(one, separators=(",", ":")) for one in [*lines, {"level": "info", **ROUTER}])
    api = SimpleNamespace(logs=lambda *_, **__: text.encode(), containers=lambda **_: [LABELLED])
    return SimpleNamespace(api=api)


def complaints(client: Any, stack: Project | None = None, seen: Facts | None = None) -> list[tuple[str, str]]:
    found = Insight(client, stack or project(), seen or facts()).complaints()
    return [(one.about, one.text) for one in found]


def test_a_log_is_sorted_by_what_it_is_about() -> None:
    assert complaints(logged(ROUTER, ORDER, {"error": "of another kind"})) == [
        ("orders", "Unable to obtain: x"),
        ("routers", "demo-app@docker: the service does not exist"),
    ]


def test_what_was_said_before_the_app_started_is_over() -> None:
    assert complaints(logged(ROUTER, at=STARTED - timedelta(seconds=1))) == []
    assert complaints(logged(ROUTER, at=STARTED)) != []
    later = facts(containers=containers(container("app", started=NOW + timedelta(seconds=1))))
    assert complaints(logged(ROUTER), seen=later) == []


def test_a_shared_proxy_knows_a_stack_that_was_made_anew_by_its_container() -> None:
    proxy = facts(containers=front_containers())
    assert complaints(logged(ROUTER), shared_proxy(), proxy) != []
    client = logged(ROUTER)
    client.api.containers = lambda **_: [{**LABELLED, "Created": NOW.timestamp() + 1}]
    assert complaints(client, shared_proxy(), proxy) == []


def test_what_was_said_of_a_file_is_over_when_files_have_changed() -> None:
    binds = {"/etc/traefik/dynamic/stack": Path("/srv/demo/traefik/dynamic")}
    stack = project(services=tuple(_bound(one, binds) for one in project().services))
    for changed, over in ((NOW + timedelta(minutes=1), True), (NOW - timedelta(minutes=1), False)):
        seen = facts(modified={Path("/srv/demo/traefik/dynamic"): changed})
        assert (complaints(logged(FILE), stack, seen) == []) == over
        assert complaints(logged(ROUTER), stack, seen) != []


def test_what_names_a_container_that_is_gone_is_over() -> None:
    assert complaints(logged({"container": f"app-demo-{'c' * 64}", "error": "port is missing"})) == []
    assert complaints(logged({**ROUTER, "routerName": "gone@docker"})) == []


def test_behind_a_shared_proxy_only_the_stacks_own_counts() -> None:
    joined = facts(containers=(container("app"), *front_containers()))
    others = {"routerName": "other@docker", "error": "x"}, FILE, {**ORDER, "domains": ["other.test"]}
    assert complaints(logged(*others), joining_project(), joined) == []
    assert [about for about, _ in complaints(logged(ROUTER, ORDER), joining_project(), joined)] == ["orders", "routers"]


def _bound(service: Any, binds: dict[str, Path]) -> Any:
    from dataclasses import replace

    return replace(service, binds=binds) if service.name == "traefik" else service


# ------------------------------------------------------------------ Traefik's API


def test_the_ports_to_ask_are_those_that_others_reach_and_the_usual_one() -> None:
    more = with_environment(
        project(),
        TRAEFIK_ENTRYPOINTS_PING_ADDRESS="127.0.0.1:50080",
        TRAEFIK_ENTRYPOINTS_METRICS_ADDRESS=":9100/tcp",
        TRAEFIK_ENTRYPOINTS_DNS_ADDRESS=":53/udp",
    )
    assert set(inner.entry_points(project())) == {80, 443, 8080}
    assert set(inner.entry_points(more)) == {80, 443, 8080, 9100}


@pytest.mark.parametrize(
    ("body", "is_it"),
    [
        (b'{"Version":"3.7.15","Codename":"x","startDate":"2026-11-22"}', True),
        (b'{"version":"1.0"}', False),
        (b"[1]", False),
        (b"404 page not found\n", False),
    ],
)
def test_traefiks_own_answer_is_told_from_an_apps(body: bytes, is_it: bool) -> None:
    assert is_api(body) == is_it


# ------------------------------------------------------------------ secrets

TOKEN = "Zx9-secret/Token77"


@pytest.mark.parametrize(
    "value",
    [TOKEN, "0123456789abcdef", "correct-horse-battery", "postgres://app:hunter2222@db/x", "https://x.org/?key=abc123"],
)
def test_what_may_be_a_secret_is_looked_for(value: str) -> None:
    assert dotenv.looks_secret(value)


@pytest.mark.parametrize(
    "value",
    [
        "production",
        "Production",
        "short1",
        "2026-11-22",
        "smtp.example.com:587",
        "me@shop.example.com",
        "Europe/Berlin",
        "/var/lib/app/data1",
        "en_US.UTF-8",
        "https://api.example.com/v1",
        "redis://redis:6379/0",
        "changeme",
    ],
)
def test_what_is_no_secret_by_its_looks_is_not(value: str) -> None:
    assert not dotenv.looks_secret(value)


def test_secrets_have_a_name_and_every_form_they_may_be_written_in(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/postgres_password").write_text("abcdef\n")
    (tmp_path / "secrets/redis_password").write_text("\n")
    (tmp_path / "secrets/app.env").write_text(f'# A=1\nKEY="{TOKEN}"\nMODE=production\nDB=x://me:a%2Fb9c8d7@h/\n')
    found = secretfiles.telling(tmp_path)
    assert set(found) == {"secrets/postgres_password", "KEY of secrets/app.env", "DB of secrets/app.env"}
    assert found["KEY of secrets/app.env"] >= {TOKEN, "Zx9-secret%2FToken77"}
    assert "a%2Fb9c8d7" in found["DB of secrets/app.env"]


INSPECTED = {
    "Name": "/demo-app-1",
    "Args": ["--key", "first-secret"],
    "Config": {"Env": ["A=1", "KEY=second%2Fsecret"], "Labels": {"third-secret": "x"}, "Cmd": ["first-secret"]},
    "State": {"Health": {"Log": [{"Output": "said first-secret"}]}},
    "Mounts": [{"Source": "/srv/first-secret"}],
}
VALUES = {
    "A": frozenset({"first-secret"}),
    "B": frozenset({"second/secret", "second%2Fsecret"}),
    "C": frozenset({"third-secret"}),
    "D": frozenset({"nowhere"}),
}


def test_an_inspection_is_searched_as_a_whole_and_no_value_is_told() -> None:
    client: Any = SimpleNamespace(api=SimpleNamespace(inspect_container=lambda _: INSPECTED))
    found = leaks.exposed(client, [container("app")], VALUES)
    assert set(found) == {
        "A, in the command of demo-app-1",
        "A, in what the healthcheck said of demo-app-1",
        "A, in `docker inspect` of demo-app-1",
        "B, in the environment of demo-app-1",
        "C, in a label of demo-app-1",
    }
    assert "secret" not in " ".join(found)


def image(created: str, **config: Any) -> Any:
    made = SimpleNamespace(history=lambda: [{"CreatedBy": created}, {"CreatedBy": None}], attrs={"Config": config})
    return SimpleNamespace(images=SimpleNamespace(get=lambda _: made))


def test_an_image_is_searched_in_how_it_was_made_and_in_its_settings() -> None:
    assert leaks.baked(image("RUN pip --key first-secret", Env=["K=third-secret"]), "x", [], VALUES) == (
        "A, in how it was made",
        "C, in its Env",
    )
    assert leaks.baked(image("RUN true"), "x", [], VALUES) is None  # its files were not seen


def searched(tmp_path: Path, **files: str) -> list[str]:
    """Return what the program finds that runs in the app's container, with its folder of secrets elsewhere."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run/postgres_password").write_text("0123456789abcdef\n")
    (tmp_path / "run/app.env").write_text(f"KEY='{TOKEN}'\nMODE=production\n")
    for name, text in files.items():
        path = tmp_path / "srv" / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    program = leaks.FIND_SECRETS.replace('"/run/secrets"', repr(str(tmp_path / "run")))
    program = program.replace('(os.getcwd(), "/srv", "/app", "/home", "/root", "/opt", "/tmp")', "(os.getcwd(),)")
    words = [sys.executable, "-I", "-S", "-c", program, json.dumps(leaks.QUESTION)]
    (tmp_path / "srv").mkdir(exist_ok=True)
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=tmp_path / "srv")
    return [one.replace(str(tmp_path), "") for one in json.loads(done.stdout)["found"]]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("app__settings_dot_py", f"KEY = '{TOKEN}'", ["KEY of secrets/app.env, in /srv/app/settings.py"]),
        ("notes", "x Zx9-secret%2FToken77 y", ["KEY of secrets/app.env, in /srv/notes"]),
        ("pw", "0123456789abcdef", ["secrets/postgres_password, in /srv/pw"]),
        ("secrets__app_dot_env", "A=b\n", ["a copy of secrets/app.env, /srv/secrets/app.env"]),
        ("config__app_dot_env", "A=b\n", []),
        ("_dot_env", "DB_PASSWORD=hunter2222\nMODE=x\n", ["DB_PASSWORD, in /srv/.env"]),
        ("_dot_env_dot_prod", "API_KEY=a1b2c3d4e5\n", ["API_KEY, in /srv/.env.prod"]),
        ("_dot_env_dot_example", "API_KEY=a1b2c3d4e5\n", []),
        ("app_dot_env", "# nothing\n", []),
        ("settings_dot_py", "MODE = 'production'", []),
        ("x__site-packages__y_dot_py", TOKEN, []),
        ("large", TOKEN + " " * leaks.LARGEST, []),
    ],
)
def test_files_of_an_image_are_searched_for_what_the_app_was_given(
    tmp_path: Path, name: str, text: str, told: list[str]
) -> None:
    assert searched(tmp_path, **{name: text}) == told


def test_the_moment_of_an_entry_without_one_is_long_ago() -> None:
    undated = logged({**ROUTER, "time": "yesterday"})
    assert complaints(undated) == []
    assert datetime.min.replace(tzinfo=UTC) < STARTED
