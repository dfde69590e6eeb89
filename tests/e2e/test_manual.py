"""A project's own manual: its commands for the data, run as they stand there, and an update with PostgreSQL running."""

from __future__ import annotations

import re
import shutil
import textwrap
from pathlib import Path

import pytest

from .conftest import Make
from .stacks import BIN, ROOT, Stack, eventually, run


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a git repository with this checkout's template as v1, and a newer one as v2."""
    repository = tmp_path_factory.mktemp("template") / "stack-template"
    shutil.copytree(ROOT / "template", repository / "template")
    shutil.copy(ROOT / "copier.yml", repository)
    newer = Stack(repository, 0, 0)
    newer.git("init", "--quiet")
    for version in ("v1", "v2"):
        newer.git("add", "--all", "--force")
        newer.git("commit", "--quiet", "--message", version)
        newer.git("tag", version)
        postgres = repository / "template/compose.postgres.yaml"
        postgres.write_text(postgres.read_text().replace("pids_limit: 256", "pids_limit: 300"))
    return repository


@pytest.fixture(scope="module")
def stack(make: Make, template: Path) -> Stack:
    stack = make("manual")
    done = run(
        *(BIN / "stack", "new", stack.folder, "--defaults", "--template", template),
        *("--ref", "v1", "--data", "postgres=true", "--data", "redis=true"),
        env=stack.env,
    )
    assert done.status == 0, done.everything
    stack.git("init", "--quiet")
    stack.git("add", "--all")
    stack.git("commit", "--quiet", "--message", "everything")
    stack.up()
    return stack


def commands(stack: Stack, heading: str) -> list[str]:
    """Return the blocks of commands below a heading of the project's manual."""
    text = (stack.folder / "README.md").read_text()
    return blocks(text.split(f"### {heading}\n", 1)[1].split("\n#", 1)[0])


def by_hand(stack: Stack) -> list[str]:
    """Return all blocks of commands of the project's manual."""
    return blocks((stack.folder / "README.md").read_text())


def blocks(text: str) -> list[str]:
    return [textwrap.dedent(block) for block in re.findall(r"(?:^    .*\n?)+", text, re.MULTILINE)]


def in_a_shell(stack: Stack, script: str) -> None:
    done = run("sh", "-euc", script, cwd=stack.folder, env=stack.env)
    assert done.status == 0, done.everything


def test_the_dump_of_postgresql_comes_back(stack: Stack) -> None:
    dump, restore = commands(stack, "A dump of PostgreSQL, and back")
    kept = stack.post("/notes", text="kept").json

    in_a_shell(stack, dump)
    stack.sql("DROP TABLE notes, alembic_version")
    in_a_shell(stack, restore)

    eventually(lambda: stack.get("localhost", "/healthz").status == 200, 40)
    assert kept in stack.get("localhost", "/notes").json
    assert stack.post("/notes", text="more").status == 201
    assert stack.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'notes'") == "app"


def test_the_copy_of_redis_comes_back(stack: Stack) -> None:
    copy, restore = commands(stack, "A copy of Redis, and back")
    counted = stack.get("localhost", "/visits").json["visits"]

    in_a_shell(stack, copy)
    eventually(lambda: stack.get("localhost", "/visits").status == 200, 40)
    in_a_shell(stack, restore)

    eventually(lambda: stack.get("localhost", "/healthz").status == 200, 40)
    assert stack.get("localhost", "/visits").json == {"visits": counted + 1}


def test_a_new_password_by_hand(stack: Stack) -> None:
    block = next(one for one in by_hand(stack) if "ALTER ROLE" in one)
    before = (stack.folder / "secrets/postgres_password").read_text()

    in_a_shell(stack, block)

    assert (stack.folder / "secrets/postgres_password").read_text() != before
    eventually(lambda: stack.get("localhost", "/notes").status == 200, 40)
    assert stack.stack("check").failed == set()


def test_a_password_by_hand_that_the_database_refuses_changes_nothing(stack: Stack) -> None:
    before = (stack.folder / "secrets/postgres_password").read_text()
    stack.sql("ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()")
    try:
        block = next(one for one in by_hand(stack) if "ALTER ROLE" in one).split("docker compose restart")[0]
        refused = run("sh", "-uc", block, cwd=stack.folder, env=stack.env)
    finally:
        stack.sql(
            "SET default_transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only;"
            "SELECT pg_reload_conf()"
        )

    assert "read-only" in refused.err
    assert (stack.folder / "secrets/postgres_password").read_text() == before
    new = (stack.folder / "secrets/new").read_text().strip()
    (stack.folder / "secrets/new").unlink()
    assert new not in stack.compose("logs", "postgres").out


@pytest.mark.long
def test_plain_deploying_with_a_migration_that_fails_leaves_the_app_as_it_was(stack: Stack) -> None:
    deploy = re.search(r"(?m)^\| deploy a change \| `([^`]+)`", (stack.folder / "README.md").read_text())
    assert deploy
    before, broken = stack.container("app"), stack.folder / "migrations/versions/0002_broken.py"
    broken.write_text('revision = "0002"\ndown_revision = "0001"\n\n\ndef upgrade():\n    raise SystemExit("no")\n')

    failed = run("sh", "-c", deploy[1], cwd=stack.folder, env=stack.env)
    broken.unlink()

    assert failed.status != 0
    assert stack.container("app") == before
    assert stack.get("localhost", "/notes").status == 200
    in_a_shell(stack, deploy[1])
    assert stack.get("localhost", "/notes").status == 200


def test_an_update_keeps_the_secrets_and_the_data(stack: Stack) -> None:
    secrets = {path: path.read_bytes() for path in (stack.folder / "secrets").glob("*") if path.is_file()}
    kept = stack.post("/notes", text="from before the update").json

    updated = stack.stack("update", "--to", "v2")

    assert updated.status == 0, updated.everything
    assert [one["path"] for one in updated.json["changes"]] == [".copier-answers.yml", "compose.postgres.yaml"]
    assert any(step.startswith("start postgres") for step in updated.json["plan"])
    stack.up()
    assert {path: path.read_bytes() for path in secrets} == secrets
    assert kept in stack.get("localhost", "/notes").json
    assert stack.stack("up").json["plan"] == []
