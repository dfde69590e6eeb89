"""PostgreSQL, Redis and what runs before the app: used through HTTPS, killed, and asked for what they kept."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.rig import engine as rig

from .conftest import Make
from .stacks import ROOT, Stack, docker, eventually, kill, run
from .writer import Writer

QUICK = "services: {app: {healthcheck: {start_period: 3s}}}\n"
"""So that an app that is not well says so at once, and not after the minute that a slow one may take."""


@pytest.fixture(scope="module")
def running(make: Make) -> Stack:
    stack = make("data")
    stack.new(postgres="true", redis="true")
    stack.up()
    return stack


@pytest.fixture
def stack(running: Stack) -> Iterator[Stack]:
    """The stack with everything; what a test left behind is put right."""
    yield running
    (running.folder / "compose.override.yaml").unlink(missing_ok=True)
    for name in ("STACK_REPLICAS", "STACK_WORKERS", "STACK_PRESTART_SECONDS", "STACK_POSTGRES_VERSION"):
        running.env.pop(name, None)
    if not prestarts(running):
        # A version that was gone back from, or taken back, leaves none; one more brings it again.
        main = running.folder / "app/main.py"
        main.write_text(f"{main.read_text()}\n# one more\n")
    running.up()


def prestarts(stack: Stack) -> str:
    """Return when the step before the app was started last; empty where nothing of it is there."""
    there = stack.container("prestart")
    return docker("inspect", there, "--format", "{{.State.StartedAt}}") if there else ""


# ------------------------------------------------------------------ through HTTPS


def test_notes_and_visits_are_served_and_a_second_up_does_nothing(stack: Stack) -> None:
    written = stack.post("/notes", text="it's 100 % \u2603 $HOME")

    assert written.status == 201
    assert {"id": written.json["id"], "text": "it's 100 % \u2603 $HOME"} in stack.get("localhost", "/notes").json
    first, second = (stack.get("localhost", "/visits").json["visits"] for _ in range(2))
    assert second == first + 1
    assert stack.get("localhost", "/healthz").json == {"status": "ok"}
    eventually(lambda: stack.stack("check").healthy)
    before, ids = prestarts(stack), stack.ids()
    assert stack.stack("up").json["plan"] == []
    assert (prestarts(stack), stack.ids()) == (before, ids)


def test_plain_compose_replaces_nothing_and_runs_the_step_before_the_app_again(stack: Stack) -> None:
    before, ids = prestarts(stack), stack.ids()

    assert stack.compose("up", "--detach", "--wait").status == 0

    assert stack.ids() == ids
    assert prestarts(stack) != before
    assert stack.stack("up").json["plan"] == []


def test_nobody_outside_reaches_the_data(stack: Stack) -> None:
    addresses = {
        service: docker(
            "inspect", stack.container(service), "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        )
        for service in ("postgres", "redis")
    }
    outside = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)"
    for service, port in (("postgres", "5432"), ("redis", "6379")):
        assert docker("port", stack.container(service)) == ""
        tried = run("docker", "run", "--rm", "python:3.14-slim", "python", "-c", outside, addresses[service], port)
        assert tried.status != 0
        assert "imeout" in tried.err or "unreachable" in tried.err, tried.everything


# ------------------------------------------------------------------ what is killed comes back


def down_and_up(stack: Stack) -> None:
    assert stack.stack("down").status == 0
    stack.up()


def kill_postgres(stack: Stack) -> None:
    kill(stack, "postgres")


def kill_redis(stack: Stack) -> None:
    kill(stack, "redis")


def restart_the_engine(_stack: Stack) -> None:
    if not rig.installed_here() or Path("/run/systemd/system").exists():
        pytest.skip("only the rig's own engine, started by hand, is restarted here")
    daemon = Path("/var/run/docker.pid").read_text().strip()
    os.kill(int(daemon), signal.SIGTERM)
    eventually(lambda: not rig.is_daemon(daemon), 60)
    # By a process that ends: the daemon is to outlive these tests.
    started = run(sys.executable, "-c", "from tests.rig import engine; engine.start()", cwd=ROOT)
    assert started.status == 0, started.everything


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(down_and_up, marks=pytest.mark.long),
        kill_postgres,
        kill_redis,
        pytest.param(restart_the_engine, marks=pytest.mark.alone),
    ],
    ids=lambda event: event.__name__,
)
def test_no_acknowledged_write_is_lost(stack: Stack, event: Callable[[Stack], None]) -> None:
    with Writer.at_work(stack, event.__name__) as writer:
        event(stack)

    lost = writer.lost()

    print(f"{event.__name__:20} {len(writer.notes):5} notes acknowledged, {len(writer.visits):5} visits; lost: {lost}")
    assert lost == ([], 0)
    # Docker has started one again, which is noticed for an hour.
    eventually(lambda: stack.stack("check").failed <= {"app.restarts"}, 60)
    for service in ("postgres", "redis"):
        docker("restart", stack.container(service))  # which forgets it
    eventually(lambda: stack.stack("check").failed == set(), 60)


# ------------------------------------------------------------------ what is wrong says so


def test_a_password_that_the_database_does_not_know_is_named_and_changing_it_mends_it(stack: Stack) -> None:
    stack.override(QUICK)
    stack.up()
    stack.sql("ALTER ROLE app PASSWORD 'another'")
    docker("restart", stack.container("app"))

    failed = stack.stack("up")

    assert failed.status == 1, failed.everything
    error = failed.json["error"]
    assert "InvalidPasswordError" in " ".join(error["evidence"])
    assert "stack secret rotate postgres" in error["hint"]
    assert "unhealthy" in stack.said("app")

    mended = stack.inside("secret", "rotate", "postgres")

    assert mended.status == 0, mended.everything
    assert stack.get("localhost", "/healthz").status == 200


STARTING = """services:
  app: { healthcheck: { start_period: 3s } }
  postgres:
    command: [postgres, -c, hot_standby=off]
    healthcheck: { start_period: 3s, interval: 2s }
"""
"""A database that waits for another one, and until then answers as one that is still starting."""


@pytest.mark.long
def test_a_database_that_is_still_starting_is_named(stack: Stack) -> None:
    stack.override(STARTING)
    stack.up()
    signal_file = ("exec", "--no-TTY", "postgres", "sh", "-c", '"$0" "$PGDATA/standby.signal"')
    assert stack.compose(*signal_file, "touch").status == 0
    docker("restart", stack.container("postgres"))
    try:
        eventually(lambda: "unhealthy" in stack.said("app"), 40)
        said = stack.said("app")
        failed = stack.stack("up")
    finally:
        assert stack.compose(*signal_file, "rm").status == 0
        docker("restart", stack.container("postgres"))

    assert "CannotConnectNowError" in said
    assert failed.status == 1, failed.everything
    assert "postgres" in failed.json["error"]["message"]
    assert "rejecting connections" in " ".join(failed.json["error"]["evidence"])
    assert "docker compose logs postgres" in failed.json["error"]["hint"]
    stack.up()
    assert stack.get("localhost", "/healthz").status == 200


def test_data_of_another_major_version_is_refused_before_anything_starts(stack: Stack) -> None:
    before = stack.ids()
    stack.env["STACK_POSTGRES_VERSION"] = "17"

    refused = stack.stack("up")

    assert refused.status == 3, refused.everything
    assert refused.failed == {"data.version"}
    assert "STACK_POSTGRES_VERSION" in refused.out
    assert stack.ids() == before


# ------------------------------------------------------------------ before the app


MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{after}"


def upgrade():
    {does}


def downgrade():
    pass
"""


def migration(stack: Stack, does: str, revision: str = "") -> Path:
    """Write a migration on top of what the database has."""
    after = stack.sql("SELECT version_num FROM alembic_version")
    name = revision or f"{after}x"
    path = stack.folder / f"migrations/versions/{name}.py"
    path.write_text(MIGRATION.format(revision=name, after=after, does=does))
    return path


COUNTED = """services:
  prestart:
    command: [timeout, -k, "10", "600", sh, -c, alembic upgrade head && python -m app.count]
"""
COUNT = """import asyncio
import asyncpg, os
async def count():
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    await connection.execute("INSERT INTO ran VALUES ('the step')")
asyncio.run(count())
"""


def test_a_migration_runs_once_whatever_the_number_of_replicas_and_workers(stack: Stack) -> None:
    stack.env |= {"STACK_REPLICAS": "2", "STACK_WORKERS": "2"}
    stack.sql("DROP TABLE IF EXISTS ran; CREATE TABLE ran (what text); ALTER TABLE ran OWNER TO app")
    migration(stack, "op.execute(\"INSERT INTO ran VALUES ('the migration')\")", "counted")
    # Alembic itself does nothing the second time; so this counts how often it was asked.
    (stack.folder / "app/count.py").write_text(COUNT)
    stack.override(COUNTED)

    first = stack.stack("up")
    again = stack.stack("up")

    assert (first.status, first.failed) == (0, set()), first.everything
    assert again.json["plan"] == []
    assert len(stack.container("app").split()) == 2
    assert stack.stack("check").finding("app.workers") == "pass"
    assert stack.sql("SELECT what, count(*) FROM ran GROUP BY 1 ORDER BY 1") == "the migration|1\nthe step|1"
    assert stack.sql("SELECT version_num FROM alembic_version") == "counted"


@pytest.mark.long
def test_an_older_version_comes_back_and_nothing_runs_before_it(stack: Stack) -> None:
    stack.edit("app/main.py", lambda text: f"{text}\n# a newer one\n")
    stack.up()

    for _ in ("back", "and forth, where nothing of the step is there any more"):
        done = stack.stack("rollback")
        assert (done.status, done.failed) == (0, set()), done.everything
        assert stack.container("prestart") == ""
        assert done.finding("app.prestart") == "skip"

    assert stack.stack("up").json["plan"] == []


def test_a_migration_that_fails_leaves_the_app_as_it_was(stack: Stack) -> None:
    before, head = stack.container("app"), stack.sql("SELECT version_num FROM alembic_version")
    broken = migration(stack, 'op.execute("INSERT INTO nowhere VALUES (1)")')

    failed = stack.stack("up")
    broken.unlink()

    assert failed.status == 1, failed.everything
    error = failed.json["error"]
    assert "prestart ended with status 1" in error["message"]
    assert "the version from before serves" in error["message"]
    assert 'relation "nowhere" does not exist' in " ".join(error["evidence"])
    assert stack.container("app") == before
    assert stack.get("localhost", "/notes").status == 200
    assert stack.sql("SELECT version_num FROM alembic_version") == head


@pytest.mark.long
def test_a_step_that_takes_too_long_is_ended(stack: Stack) -> None:
    slow = migration(stack, 'op.execute("SELECT pg_sleep(60)")')
    stack.env["STACK_PRESTART_SECONDS"] = "5"

    failed = stack.stack("up")
    slow.unlink()

    assert failed.status == 1, failed.everything
    assert "STACK_PRESTART_SECONDS" in failed.json["error"]["message"]
    assert failed.seconds < 60


def test_a_command_that_is_not_in_the_image_is_named(make: Make) -> None:
    stack = make("nothing")
    stack.new(prestart="no-such-command --at-all")

    failed = stack.stack("up")

    assert failed.status == 1, failed.everything
    assert "prestart ended with status 127" in failed.json["error"]["message"]
    assert "no-such-command" in " ".join(failed.json["error"]["evidence"])
    assert stack.container("app") == ""
