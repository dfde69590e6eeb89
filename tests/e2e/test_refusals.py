"""A broken world: a sentence, the documented exit code, nothing started, nothing lost."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Make
from .stacks import BIN, Stack, docker, run


@pytest.fixture(scope="module")
def project(make: Make) -> Stack:
    stack = make("refusals")
    stack.new()
    return stack


@pytest.fixture
def stack(project: Stack) -> Iterator[Stack]:
    """A project of which nothing runs, before and after."""
    yield project
    if project.ids():
        project.compose("down", "--volumes")


@pytest.mark.sabotages("host.ports")
def test_a_port_held_by_a_process_is_refused_with_its_name(stack: Stack) -> None:
    with socket.create_server(("127.0.0.1", stack.https_port)):
        up = stack.stack("up")

    assert up.status == 3, up.everything
    assert up.failed == {"host.ports"}
    assert f"port {stack.https_port} is held by process" in up.out
    assert f"(pid {os.getpid()})" in up.out
    assert stack.ids() == {}


@pytest.mark.sabotages("host.ports")
def test_a_port_held_by_a_container_is_refused_with_its_name(stack: Stack) -> None:
    name = f"{stack.name}-squatter"
    docker("run", "--detach", "--name", name, "--publish", f"{stack.http_port}:80", "haproxy:3.2", "sleep", "60")
    try:
        up = stack.stack("up")
    finally:
        docker("rm", "--force", name)

    assert up.status == 3, up.everything
    assert up.failed == {"host.ports"}
    assert f"port {stack.http_port} is held by container {name}" in up.out
    assert stack.ids() == {}


@pytest.mark.sabotages("host.memory")
def test_more_memory_than_there_is_is_refused(stack: Stack) -> None:
    up = run(BIN / "stack", "up", stack.folder, "--json", env={**stack.env, "STACK_APP_MEMORY": "100000000"})

    assert (up.status, up.failed) == (3, {"host.memory"}), up.everything
    assert stack.ids() == {}


def test_check_before_says_the_same_without_starting_anything(stack: Stack) -> None:
    check = stack.stack("check", "--before")

    assert check.status == 0, check.everything
    assert {one["id"].partition(".")[0] for one in check.json["findings"]} == {
        "host",
        "proxy",
        "secrets",
        "dns",
        "tls",
        "data",
    }
    assert stack.ids() == {}


def test_a_dry_run_prints_the_plan_and_changes_nothing(make: Make) -> None:
    stack = make("dry")
    stack.new()

    done = stack.stack("up", "--dry-run")

    assert done.status == 0, done.everything
    assert [step.split()[0] for step in done.json["plan"]] == [
        "sign",
        "build",
        "import",
        "make",
        "start",
        "wait",
        "wait",
    ]
    assert stack.ids() == {}
    assert not list((stack.folder / "secrets/tls").glob("local.*"))


def test_an_app_that_cannot_be_imported_never_starts(stack: Stack) -> None:
    main = stack.folder / "app/main.py"
    good = main.read_text()
    main.write_text("import nowhere_to_be_found\n")
    try:
        up = stack.stack("up")
    finally:
        main.write_text(good)

    assert up.status == 1, up.everything
    assert "cannot import app.main:app" in up.json["error"]["message"]
    assert any("nowhere_to_be_found" in line for line in up.json["error"]["evidence"])
    assert stack.ids() == {}


def test_an_interrupted_up_says_so_and_the_next_one_goes_on(stack: Stack) -> None:
    process = subprocess.Popen(
        [BIN / "stack", "up", stack.folder],
        env={**os.environ, **stack.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    said = ""
    while "… start" not in said and (line := process.stdout.readline()):
        said += line
    os.killpg(process.pid, signal.SIGINT)
    rest, _ = process.communicate(timeout=60)

    assert process.returncode == 130, said + rest
    assert "interrupted" in rest
    assert "Traceback" not in rest
    assert stack.stack("up").status == 0
    assert len(stack.ids()) == 3


def test_an_engine_that_is_gone_is_exit_3_and_says_how_to_get_one(stack: Stack, tmp_path: Path) -> None:
    for command in ("up", "check", "down"):
        done = run(
            BIN / "stack", command, stack.folder, env={**stack.env, "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
        )
        assert done.status == 3, done.everything
        assert "does not answer" in done.err
        assert "docs.docker.com/engine/install" in done.err
        assert "Traceback" not in done.err


def test_the_engine_named_by_the_current_context_is_the_one_asked(stack: Stack, tmp_path: Path) -> None:
    environment = {"DOCKER_CONFIG": str(tmp_path), **stack.env}
    socket_path = f"unix://{tmp_path}/none.sock"
    assert run("docker", "context", "create", "gone", "--docker", f"host={socket_path}", env=environment).status == 0
    assert run("docker", "context", "use", "gone", env=environment).status == 0

    done = run(BIN / "stack", "check", stack.folder, env=environment)

    assert done.status == 3, done.everything


def test_a_second_stack_is_refused_while_one_is_at_work(stack: Stack) -> None:
    handle = os.open(stack.folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        for command in ("up", "down"):
            done = stack.stack(command)
            assert done.status == 3, done.everything
            assert "another `stack` is at work" in done.json["error"]["message"]
        assert stack.stack("up", "--dry-run").status == 0
    finally:
        os.close(handle)
    assert stack.ids() == {}


def test_a_folder_inside_a_project_is_not_the_project(stack: Stack) -> None:
    done = run(BIN / "stack", "up", stack.folder / "app", env=stack.env)

    assert done.status == 2, done.everything
    assert "there is no compose.yaml in" in done.err


def test_compose_files_that_are_wrong_are_named(stack: Stack) -> None:
    override = stack.folder / "compose.override.yaml"
    override.write_text("services: {app: {no_such_key: 1}}")
    try:
        done = stack.stack("up")
    finally:
        override.unlink()

    assert done.status == 2, done.everything
    assert "no_such_key" in " ".join(done.json["error"]["evidence"])


def test_a_missing_env_file_is_named(stack: Stack) -> None:
    env = stack.folder / ".env"
    text = env.read_text()
    env.unlink()
    try:
        done = stack.stack("up")
    finally:
        env.write_text(text)

    assert done.status == 2, done.everything
    assert "is missing a value: set it in .env" in " ".join(done.json["error"]["evidence"])
