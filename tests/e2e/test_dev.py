"""Development: the code as it lies there, on this machine only, beside a stack that serves people."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from .conftest import Make
from .stacks import BIN, Stack, docker, eventually, free_ports, run


@pytest.fixture(scope="module")
def stack(make: Make) -> Iterator[Stack]:
    """A stack that serves people, whose owner works on it on the same machine."""
    stack = make("dev")
    stack.new(postgres="true", redis="true", data="data/")
    stack.env["STACK_DEV_PORT"] = str(free_ports(1)[0])
    stack.up()
    yield stack
    developing(stack, "down", "--volumes", "--timeout", "2")
    for image in docker("image", "ls", "--quiet", f"{stack.name}-dev-app").splitlines():
        run("docker", "image", "rm", "--force", image)


def developing(stack: Stack, *words: str) -> None:
    """Run plain Compose over the files for development."""
    done = stack.compose("-f", "compose.yaml", "-f", "compose.dev.yaml", *words)
    assert done.status == 0, done.everything


def answer(stack: Stack, path: str) -> object:
    """Return what the server for development answers; None while it does not."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{stack.env['STACK_DEV_PORT']}{path}", timeout=5) as reply:
            return json.loads(reply.read())
    except (OSError, ValueError):
        return None


@contextmanager
def at_work(stack: Stack) -> Iterator[subprocess.Popen[bytes]]:
    """Have `stack dev` in a terminal of its own, as far as signals go."""
    log = stack.folder.with_suffix(".log")
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [BIN / "stack", "dev", stack.folder],
            env={**os.environ, **stack.env},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        ) as process,
    ):
        try:
            eventually(lambda: answer(stack, "/healthz") == {"status": "ok"}, 120)
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            process.wait(60)


def test_a_change_is_served_at_once_and_nothing_of_it_touches_the_stack(stack: Stack) -> None:
    served, main = stack.ids(), stack.folder / "app/main.py"
    note = stack.post("/notes", text="of the stack").json
    with at_work(stack) as process:
        assert answer(stack, "/notes") == []
        main.write_text(main.read_text().replace("Hello from FastAPI", "Hello from here"))
        eventually(lambda: answer(stack, "/") == {"message": "Hello from here"}, 30)

        published = docker(
            "ps", "--filter", f"label=com.docker.compose.project={stack.name}-dev", "--format", "{{.Ports}}"
        )
        assert {line.split("->")[0] for line in published.splitlines() if "->" in line} == {
            f"127.0.0.1:{stack.env['STACK_DEV_PORT']}"
        }
        container = docker("ps", "--quiet", "--filter", f"name={stack.name}-dev-app")
        assert run("docker", "exec", container, "touch", "/srv/app/main.py").status != 0
        assert run("docker", "exec", container, "touch", "/srv/data/written").status == 0

    assert process.returncode == 130
    assert stack.ids() == served
    assert note in stack.get("localhost", "/notes").json
    assert stack.get("localhost").json == {"message": "Hello from FastAPI"}
    running = docker("ps", "--quiet", "--filter", f"label=com.docker.compose.project={stack.name}-dev")
    assert running == ""


@pytest.mark.long
def test_plain_compose_does_the_same_and_down_keeps_the_data(stack: Stack) -> None:
    (stack.folder / "data").mkdir(exist_ok=True)
    developing(stack, "up", "--build", "--detach", "--wait")
    assert answer(stack, "/visits") is not None

    down = run(BIN / "stack", "dev", stack.folder, "--down", env=stack.env)

    assert down.status == 0, down.everything
    assert answer(stack, "/") is None
    assert f"{stack.name}-dev_postgres" in docker("volume", "ls", "--quiet").split()
