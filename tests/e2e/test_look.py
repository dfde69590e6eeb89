"""What a look costs, what it leaves behind, and what it says of a world that breaks while it is looked at."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from .between import ask, between
from .conftest import Make
from .stacks import BIN, Done, Stack, docker, run

AT_MOST = 30
"""Seconds in which a check ends, whatever does not answer."""
LOOKS = 5
SLOW = """
import asyncio

from fastapi import FastAPI

app = FastAPI()


@app.get("/healthz")
async def healthz() -> str:
    return "alive"


@app.get("/")
async def root() -> None:
    await asyncio.sleep(3600)
"""


@pytest.fixture(scope="module")
def stack(make: Make) -> Stack:
    """Everything there is: both data services, and a volume of the app's own."""
    stack = make("look")
    stack.new(postgres="true", redis="true", data="/srv/data")
    stack.up()
    return stack


@pytest.fixture
def mended(stack: Stack) -> Iterator[Stack]:
    with stack.later:
        yield stack


def through(stack: Stack, address: str, *words: str) -> Done:
    """Run a check that takes an address for the engine's, in time."""
    done = run(BIN / "stack", "check", stack.folder, "--json", *words, env={**stack.env, "DOCKER_HOST": address})
    print(f"{done.seconds:.1f} s")
    assert done.seconds <= AT_MOST, done.everything
    return done


def test_a_healthy_stack_is_told_so_in_time(stack: Stack) -> None:
    found = [stack.stack("check") for _ in range(LOOKS)]

    print(f"{LOOKS} looks: {', '.join(f'{one.seconds:.1f}' for one in found)} s")
    for one in found:
        assert one.healthy, one.everything
        assert one.seconds <= AT_MOST


# ------------------------------------------------------------------ nothing changes


def test_a_look_changes_nothing(stack: Stack) -> None:
    before = there(stack), files(stack.folder)

    with between() as engine:
        found = through(stack, engine.address)

    assert found.status == 0, found.everything
    assert (there(stack), files(stack.folder)) == before
    acts = [
        re.sub(r"/v[0-9.]+|[0-9a-f]{64}|[?].*", "", one) for one in engine.asked if not one.startswith(("GET", "HEAD"))
    ]
    # What lies in a volume is read through a container that is never started.
    assert acts.count("POST /containers/create") == acts.count("DELETE /containers/") <= 1
    assert {one for one in acts if "/exec" not in one} <= {"POST /containers/create", "DELETE /containers/"}


def there(stack: Stack) -> Mapping[str, Any]:
    """Return what the engine has of a project: containers with their starts, networks, volumes, images."""
    inspected = [ask(f"/containers/{id_}/json")[1] for id_ in stack.ids().values()]
    return {
        "containers": {one["Id"]: (one["Name"], one["State"]["StartedAt"], one["RestartCount"]) for one in inspected},
        "networks": {one["Id"] for one in ask("/networks")[1] if stack.name in one["Name"]},
        "volumes": {one["Name"] for one in ask("/volumes")[1]["Volumes"] if stack.name in one["Name"]},
        "images": {(one["Id"], *one["RepoTags"]) for one in ask("/images/json")[1] if stack.name in str(one)},
    }


def files(folder: Path) -> Mapping[str, tuple[int, int, str]]:
    """Return mode, time and content of everything in a folder."""
    return {str(path.relative_to(folder)): _state(path) for path in (folder, *folder.rglob("*"))}


def _state(path: Path) -> tuple[int, int, str]:
    content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    return path.stat().st_mode, path.stat().st_mtime_ns, content


# ------------------------------------------------------------------ a world that breaks half-way


@pytest.fixture(scope="module")
def requests(stack: Stack) -> int:
    """How often one check asks the engine."""
    with between() as engine:
        through(stack, engine.address)
        return len(engine.asked)


@pytest.mark.parametrize("part", [0.4, 0.8])
def test_an_engine_that_goes_away_is_told(mended: Stack, requests: int, part: float) -> None:
    mended.later.callback(clear_away, mended)
    with between(lives=int(requests * part)) as engine:
        found = through(mended, engine.address)

    assert found.status in {1, 3}, found.everything
    assert "Traceback" not in found.everything
    if found.status == 1:
        assert "host.seen" in found.failed, found.everything


def clear_away(stack: Stack) -> None:
    """Remove what a look could not, because the engine went away: a container that was never started."""
    words = ("--all", "--quiet", "--filter", "status=created", "--filter", f"volume={stack.name}_postgres")
    for left in docker("ps", *words).split():
        print(f"left behind: {left}")
        docker("rm", left)


@pytest.mark.sabotages("host.seen")
def test_an_answer_that_never_comes_is_told(stack: Stack) -> None:
    with between(silent=r"POST .*/exec/\w+/start") as engine:
        found = through(stack, engine.address)

    assert (found.status, found.failed) == (1, {"host.seen"}), found.everything


def test_a_container_that_vanishes_while_it_is_read_is_told(stack: Stack) -> None:
    redis = docker("inspect", stack.container("redis"), "--format", "{{.Id}}")
    with between(gone=rf"GET .*/containers/{redis}/json") as engine:
        found = through(stack, engine.address)

    assert found.status == 1, found.everything
    assert found.failed & {"host.seen", "data.healthy"}, found.everything


def test_an_app_that_never_answers_is_told(mended: Stack) -> None:
    (mended.folder / "slow.py").write_text(SLOW)
    mended.override("services: {app: {volumes: ['./slow.py:/srv/app/main.py:ro']}}")
    up = mended.compose("up", "--detach", "--wait", "app")
    assert up.status == 0, up.everything
    mended.later.callback(mended.compose, "up", "--detach", "--wait", "app")
    mended.later.callback((mended.folder / "slow.py").unlink)
    mended.later.callback((mended.folder / "compose.override.yaml").unlink)
    mended.later.callback(docker, "rm", "--force", mended.container("app"))  # it would wait for its answers

    found = mended.stack("check")

    print(f"{found.seconds:.1f} s")
    assert found.seconds <= AT_MOST, found.everything
    assert found.status == 1, found.everything
    assert "app.answers" in found.failed, found.everything


# ------------------------------------------------------------------ saved


def test_saved_facts_have_no_secret_and_lead_to_the_same_findings(stack: Stack, tmp_path: Path) -> None:
    saved = tmp_path / "facts.json"
    found = stack.stack("check", "--facts", saved)
    again = stack.stack("check", "--from-facts", saved)

    assert found.status == 0, found.everything
    assert again.json == found.json
    text = saved.read_text()
    assert json.loads(text)
    values = [path.read_text().strip() for path in (stack.folder / "secrets").glob("*_password")]
    assert values
    assert not [value for value in values if re.search(re.escape(value), text)]
