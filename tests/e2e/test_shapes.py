"""Apps as people have them: adopted, served over HTTPS, and stopped in time."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from .conftest import Make
from .stacks import BIN, HERE, Stack, docker, eventually, run

GRACE = 30
KILLED = 137
INSTALLS = r"^#(\d+) \[.*\] RUN .*(?:uv sync|pip --python)"


@pytest.fixture
def adopted(make: Make) -> Callable[..., Stack]:
    """Return a function that adopts one of the apps in `apps/`, as its owner's git repository has it."""

    def adopt(app: str, label: str = "", **answers: object) -> Stack:
        stack = make(label or app)
        stack.take(HERE / "apps" / app)
        if app == "sqlite" and not label:  # it was tried at home before
            (stack.folder / "uploads").mkdir()
            (stack.folder / "uploads/tried").write_text("at home")
            with closing(sqlite3.connect(stack.folder / "database.db")) as database:
                database.execute("CREATE TABLE note (text TEXT)")
                database.execute("INSERT INTO note VALUES ('tried at home')")
                database.commit()
        if (stack.folder / "pyproject.toml").exists() and not (stack.folder / "poetry.lock").exists():
            # A committed uv.lock would name the index that it was made with.
            assert run(BIN / "uv", "lock", "--quiet", cwd=stack.folder).status == 0
        stack.git("init", "--quiet")
        stack.git("add", "--all")
        stack.git("commit", "--quiet", "--message", "an app")
        stack.new(**answers)
        return stack

    return adopt


def stopped(stack: Stack) -> dict[str, Any]:
    """Stop the app's containers as Docker does, and return how the last one ended."""
    ids = stack.container("app").split()
    started = time.monotonic()
    docker("stop", *ids)
    assert time.monotonic() - started < GRACE
    states = [json.loads(docker("inspect", "--format", "{{json .State}}", one)) for one in ids]
    assert all(one["ExitCode"] != KILLED for one in states), states
    return dict(states[-1])


def rebuilt_without_installing(stack: Stack, code: Path) -> None:
    """Change a line of code, build, and see that every step that installs something came from the cache."""
    (stack.folder / code).write_text((stack.folder / code).read_text() + "\n# changed\n")
    built = stack.compose("--progress", "plain", "build", "app")
    assert built.status == 0, built.everything
    log = built.out + built.err
    steps = re.findall(INSTALLS, log, re.MULTILINE)
    assert steps, log
    assert [step for step in steps if f"#{step} CACHED" not in log] == []
    assert re.search(r"^#\d+ DONE", log, re.MULTILINE)


def lean(stack: Stack) -> None:
    """See that the image holds no compiler, no cache, and no installer but the base image's own."""
    look = """
        for tool in gcc cc g++ make uv poetry; do command -v $tool; done
        ls /opt/venv/bin | grep -E '^(pip|uv|poetry)[0-9.]*$'
        find / -xdev -path '*/.cache/*' -type f 2>/dev/null | head
        true
    """
    assert docker("run", "--rm", "--user", "0", f"{stack.name}-app:current", "sh", "-c", look) == ""


def served_by(stack: Stack, path: str) -> set[str]:
    """Return the addresses of the containers that Traefik handed requests for a path to."""
    lines = [json.loads(line) for line in docker("logs", stack.container("traefik")).splitlines() if line[:1] == "{"]
    return {line["ServiceAddr"] for line in lines if line.get("RequestPath") == path}


def workers(stack: Stack) -> set[int]:
    """Return the numbers, inside the container, of the server's worker processes."""
    find = "grep -l spawn_[m]ain /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3"
    mine = docker("exec", stack.container("app"), "sh", "-c", f"{find}; true").split()
    return {int(pid) for pid in mine}


def test_a_single_file_with_requirements(adopted: Callable[..., Stack]) -> None:
    stack = adopted(
        "single", health_path="/a.b~c/-_/", server_options="--root-path=/x@y+z,1", data="up.loads/ a_b-c.db"
    )
    before = stack.git("status", "--porcelain")
    assert {line[:2] for line in before.splitlines()} == {"??"}

    stack.up()

    assert stack.get("localhost").json == {"shape": "single"}
    inside = docker("exec", stack.container("app"), "sh", "-c", "tr '\\0' '\\n' < /proc/1/cmdline; cat /proc/mounts")
    assert "--root-path=/x@y+z,1\n" in inside
    assert " /srv/up.loads " in inside
    assert docker("exec", stack.container("app"), "readlink", "/srv/a_b-c.db") == "/var/lib/data-files/a_b-c.db"
    assert "/a.b~c/-_/" in docker("inspect", "--format", "{{json .Config.Healthcheck.Test}}", stack.container("app"))
    lean(stack)
    rebuilt_without_installing(stack, Path("main.py"))


def test_an_open_stream_does_not_keep_the_app_from_closing(adopted: Callable[..., Stack]) -> None:
    stack = adopted("single", "stream", workers=1, server_options="--log-level=info")
    stack.up()
    with socket.create_connection(("127.0.0.1", stack.https_port)) as plain, stack.secured(plain) as stream:
        stream.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"tick" in stream.recv(4096) + stream.recv(4096)
        identity = stack.container("app")

        state = stopped(stack)

    assert state["ExitCode"] == 0
    assert "shop closes" in docker("logs", identity)


def test_a_worker_that_is_killed_comes_back(adopted: Callable[..., Stack]) -> None:
    stack = adopted("single", "killed", workers=2)
    stack.up()
    before = workers(stack)
    assert len(before) == 2

    docker("exec", stack.container("app"), "python", "-c", f"import os; os.kill({min(before)}, 9)")

    eventually(lambda: len(workers(stack)) == 2 and min(before) not in workers(stack))
    assert stack.stack("check", "--only", "app.workers").finding("app.workers") == "pass"


def test_a_src_layout_with_uv_served_by_fastapi_run(adopted: Callable[..., Stack]) -> None:
    stack = adopted("src", server="fastapi")

    stack.up()

    assert stack.get("localhost").json == {"shape": "src"}
    assert "STACK_HEALTH_PATH=/health\n" in (stack.folder / ".env").read_text()
    lean(stack)
    stopped(stack)
    rebuilt_without_installing(stack, Path("src/shop/web.py"))


@pytest.mark.long
def test_poetry_and_three_replicas(adopted: Callable[..., Stack]) -> None:
    stack = adopted("poetry", replicas=3)

    stack.up()

    assert stack.get("localhost").json == {"shape": "poetry"}
    assert len(stack.container("app").split()) == 3
    for _ in range(12):
        stack.get("localhost", "/asked")
    eventually(lambda: len(served_by(stack, "/asked")) == 3)
    lean(stack)
    rebuilt_without_installing(stack, Path("shop/web.py"))
    stopped(stack)


def test_an_app_with_its_own_dockerfile(adopted: Callable[..., Stack]) -> None:
    stack = adopted("own")

    stack.up()

    assert stack.get("localhost").json == {"shape": "own Dockerfile", "root_path": "/bakery"}
    assert docker("exec", stack.container("app"), "id", "-un") == "baker"
    assert stack.git("status", "--porcelain", "--untracked-files=no") == ""
    held = docker("run", "--rm", "--user", "0", f"{stack.name}-app:current", "ls", "-A", "/bakery").split()
    assert sorted(held) == ["requirements.txt", "service"]
    stopped(stack)


def test_an_app_that_writes_sqlite_and_files(adopted: Callable[..., Stack]) -> None:
    stack = adopted("sqlite")
    assert (stack.folder / "database.db").exists()
    stack.up()
    assert stack.get("localhost").json == {"shape": "sqlite", "notes": []}
    assert stack.get("localhost", "/add/bread").json == {"files": ["bread"]}
    first = stack.container("app")

    assert stack.compose("up", "--detach", "--wait", "--force-recreate", "app").status == 0

    assert stack.container("app") != first
    eventually(lambda: stack.serves("localhost"))  # Traefik hears of a healthy app a moment later
    assert stack.get("localhost").json == {"shape": "sqlite", "notes": ["bread"]}
    assert stack.get("localhost", "/add/milk").json == {"files": ["bread", "milk"]}
    assert (stack.folder / "README.md").read_text() == "# My notes\n"
    stopped(stack)


def test_an_app_that_dies_of_a_read_only_path_is_explained(adopted: Callable[..., Stack]) -> None:
    stack = adopted("sqlite", "readonly", data="")

    up = stack.stack("up")

    assert up.status == 1, up.everything
    assert "uploads" in up.json["error"]["message"] + up.json["error"]["hint"]
    assert "data" in up.json["error"]["hint"]
