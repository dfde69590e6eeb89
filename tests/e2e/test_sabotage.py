"""The real stack, broken in one way: exactly that check fails."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scaffold import authority
from scaffold.checks import CHECKS

from .conftest import Make
from .stacks import Stack, docker, eventually

OVERRIDE = "compose.override.yaml"


def empty_a_password(stack: Stack) -> None:
    secret(stack, "redis_password").write_text("")


def write_a_line_that_is_none(stack: Stack) -> None:
    secret(stack, "app.env").write_text("API_KEY: value\n")


def leave_a_placeholder(stack: Stack) -> None:
    secret(stack, "app.env").write_text("API_KEY=changeme\n")


def let_everybody_write_a_secret(stack: Stack) -> None:
    secret(stack, "app.env").chmod(0o666)


def give_git_a_secret(stack: Stack) -> None:
    stack.git("init", "--quiet")
    stack.git("add", "--force", "secrets/app.env")


def bring_data_of_another_version(stack: Stack) -> None:
    docker("exec", stack.container("postgres"), "sh", "-c", 'echo 17 > "$PGDATA/PG_VERSION"')


def stop_redis(stack: Stack) -> None:
    docker("stop", stack.container("redis"))


def forget_the_step_before_the_app(stack: Stack) -> None:
    docker("rm", stack.container("prestart"))


def drain_the_app(stack: Stack) -> None:
    docker("exec", stack.container("app"), "touch", "/tmp/drain")
    eventually(lambda: "unhealthy" in docker("inspect", stack.container("app"), "--format", "{{.State.Health.Status}}"))


def stop_the_socket_proxy(stack: Stack) -> None:
    docker("stop", stack.container("socket-proxy"))


def publish_the_app(stack: Stack) -> None:
    compose(stack, "services: {app: {ports: ['8000']}}")


def want_three_workers(stack: Stack) -> None:
    stack.env["STACK_WORKERS"] = "3"


def redirect_for_now_only(stack: Stack) -> None:
    name = "TRAEFIK_ENTRYPOINTS_WEB_HTTP_REDIRECTIONS_ENTRYPOINT_PERMANENT"
    compose(stack, f"services: {{traefik: {{environment: {{{name}: 'false'}}}}}}")


def sign_by_a_stranger(stack: Stack) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(stack.folder.parent / "stranger"))
        authority.sign(stack.folder, ("localhost",), datetime.now(UTC))
    restart_traefik(stack)


def sign_for_another_name(stack: Stack) -> None:
    authority.sign(stack.folder, ("elsewhere.test",), datetime.now(UTC))
    restart_traefik(stack)


def sign_long_ago(stack: Stack) -> None:
    authority.sign(stack.folder, ("localhost",), datetime.now(UTC) - authority.LEAF_LIFE + timedelta(days=5))
    restart_traefik(stack)


def fail_at_the_front_page(stack: Stack) -> None:
    main = stack.folder / "app/main.py"
    main.write_text(main.read_text().replace('return {"message": "Hello from FastAPI"}', "raise RuntimeError"))
    assert stack.compose("up", "--detach", "--wait", "--build").status == 0


def hide_the_app_from_traefik(stack: Stack) -> None:
    compose(stack, "services: {app: {labels: {traefik.enable: 'false'}}}")


def trust_loopback_only(stack: Stack) -> None:
    compose(stack, "services: {app: {command: [uvicorn, app.main:app, --host=0.0.0.0, --workers=2]}}")


def take_anybodys_word(stack: Stack) -> None:
    name = "TRAEFIK_ENTRYPOINTS_WEBSECURE_FORWARDEDHEADERS_INSECURE"
    compose(stack, f"services: {{traefik: {{environment: {{{name}: 'true'}}}}}}")


def mount_what_is_not_there(stack: Stack) -> None:
    (stack.folder / OVERRIDE).write_text("services: {app: {volumes: ['./missing.txt:/missing.txt:ro']}}")


def restart_traefik(stack: Stack) -> None:
    docker("restart", stack.container("traefik"))
    assert stack.compose("up", "--detach", "--wait").status == 0


def want_workers_that_are_no_number(stack: Stack) -> None:
    stack.env["STACK_WORKERS"] = "two"


def secret(stack: Stack, name: str) -> Path:
    return stack.folder / "secrets" / name


def compose(stack: Stack, override: str) -> None:
    """Lay something over the Compose files and start it, without `stack`."""
    (stack.folder / OVERRIDE).write_text(override)
    up = stack.compose("up", "--detach", "--wait")
    assert up.status == 0, up.everything


SABOTAGE: tuple[tuple[str, Callable[[Stack], None]], ...] = (
    ("host.files", mount_what_is_not_there),
    ("host.settings", want_workers_that_are_no_number),
    ("secrets.present", empty_a_password),
    ("secrets.settings", write_a_line_that_is_none),
    ("host.placeholders", leave_a_placeholder),
    ("secrets.private", let_everybody_write_a_secret),
    ("secrets.untracked", give_git_a_secret),
    ("data.version", bring_data_of_another_version),
    ("data.healthy", stop_redis),
    ("app.prestart", forget_the_step_before_the_app),
    ("app.healthy", drain_the_app),
    ("proxy.healthy", stop_the_socket_proxy),
    ("proxy.ports", publish_the_app),
    ("app.workers", want_three_workers),
    ("http.redirects", redirect_for_now_only),
    ("tls.trusted", sign_by_a_stranger),
    ("tls.names", sign_for_another_name),
    ("tls.days", sign_long_ago),
    ("app.answers", fail_at_the_front_page),
    ("app.answers", hide_the_app_from_traefik),
    # A server that does not believe Traefik gets both wrong: there is no way to break one alone.
    ("app.scheme app.client", trust_loopback_only),
    ("app.forged", take_anybodys_word),
)
ELSEWHERE = {
    "host.ports": "test_refusals.py takes the port, by a process and by a container",
    "host.project": "test_main_job.py starts a namesake",
    "proxy.claims": "test_shared.py takes a name that another stack has",
    "proxy.runs": "test_shared.py stops the shared proxy",
    "proxy.joined": "test_shared.py takes the proxy out of a network",
    "http.canonical": "test_shared.py has the other names redirect for now only",
    "host.engine": "an engine that is too old cannot be had here; tests/unit judges its version",
    "host.api": "an engine that is too new for Traefik cannot be had here; tests/unit judges its word",
    "host.memory": "test_refusals.py wants more than there is",
    "host.disk": "a full disk would stop the tests; tests/unit judges its numbers",
    "host.authority": "test_main_job.py orders from one that is down",
    "host.clock": "the clock is everybody's; tests/unit judges the difference",
    "tls.files": "test_certificates.py has none, and then one",
    "tls.caa": "test_certificates.py forbids it",
    "dns.address": "test_certificates.py leads elsewhere",
    "dns.cdn": "test_certificates.py has one in front",
    "dns.agree": "it only warns; tests/unit",
}


def test_every_check_is_sabotaged_here_or_elsewhere() -> None:
    assert {*" ".join(checks for checks, _ in SABOTAGE).split(), *ELSEWHERE} == {check.id for check in CHECKS}


@pytest.fixture(scope="module")
def stack(make: Make) -> Iterator[Stack]:
    stack = make("sabotage")
    stack.new(postgres="true", redis="true")
    stack.up()
    yield stack
    assert stack.stack("up", "--dry-run").json["plan"] == []


@pytest.fixture
def healthy(stack: Stack) -> Iterator[Stack]:
    """The stack, and whatever was done to it undone."""
    main = (stack.folder / "app/main.py").read_text()
    secrets = {path: path.read_bytes() for path in (stack.folder / "secrets").iterdir() if path.is_file()}
    yield stack
    for path, content in secrets.items():
        if path.read_bytes() != content:
            path.write_bytes(content)
    if secret(stack, "app.env").stat().st_mode & 0o002:
        secret(stack, "app.env").chmod(0o644)
    shutil.rmtree(stack.folder / ".git", ignore_errors=True)
    if stack.container("postgres"):
        docker("exec", stack.container("postgres"), "sh", "-c", 'echo 18 > "$PGDATA/PG_VERSION"')
    (stack.folder / OVERRIDE).unlink(missing_ok=True)
    (stack.folder / "app/main.py").write_text(main)
    stack.env.pop("STACK_WORKERS", None)
    stack.up()


@pytest.mark.parametrize(("checks", "sabotage"), SABOTAGE, ids=[sabotage.__name__ for _, sabotage in SABOTAGE])
def test_exactly_this_check_fails(healthy: Stack, checks: str, sabotage: Callable[[Stack], None]) -> None:
    sabotage(healthy)

    found = healthy.stack("check")

    assert found.status == 1, found.everything
    assert found.failed == set(checks.split())
