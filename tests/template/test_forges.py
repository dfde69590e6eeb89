"""The workflow with which a forge runs `stack up --on`: pinned, with the least rights, one at a time."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from scaffold import __version__
from scaffold.cli import cli

from . import projects

GITHUB, GITLAB, INCLUDED = ".github/workflows/stack.yml", ".gitlab-ci.yml", ".gitlab/stack.yml"


def read(folder: Path, name: str) -> dict[Any, Any]:
    found = yaml.safe_load((folder / name).read_text())
    assert isinstance(found, dict)
    return found


@pytest.fixture
def github(tmp_path: Path) -> Any:
    return read(projects.make(tmp_path / "shop", {"deploy": "github"}), GITHUB)


@pytest.fixture
def gitlab(tmp_path: Path) -> Any:
    return read(projects.make(tmp_path / "shop", {"deploy": "gitlab"}), GITLAB)["stack up"]


def test_github_runs_pinned_actions_with_the_right_to_read_one_at_a_time(github: dict[Any, Any]) -> None:
    steps = github["jobs"]["up"]["steps"]
    uses = [step["uses"] for step in steps if "uses" in step]
    assert uses
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", one) for one in uses)
    assert github["permissions"] == {"contents": "read"}
    assert github["concurrency"]["cancel-in-progress"] is False
    assert github["jobs"]["up"]["environment"] == "production"
    assert next(step["with"]["persist-credentials"] for step in steps if "uses" in step) is False
    assert set(github["on"]) == {"push", "workflow_dispatch"}


def test_what_is_secret_reaches_one_step_and_no_command_line(github: dict[Any, Any]) -> None:
    told = [step for step in github["jobs"]["up"]["steps"] if "${{ secrets." in str(step)]
    assert len(told) == 1
    assert not any("${{" in step.get("run", "") for step in github["jobs"]["up"]["steps"])


def test_gitlab_runs_one_at_a_time_and_cuts_none_off(gitlab: dict[str, Any]) -> None:
    assert gitlab["resource_group"]
    assert gitlab["interruptible"] is False
    assert gitlab["environment"] == "production"
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", gitlab["image"])


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_both_run_this_version_and_a_command_that_there_is(forge: str, tmp_path: Path) -> None:
    text = str(read(projects.make(tmp_path / "shop", {"deploy": forge}), {"github": GITHUB, "gitlab": GITLAB}[forge]))
    assert re.findall(r"fastapi-stack==([0-9.]+)", text) == [__version__]
    command = re.search(r"stack (up --on [^\n']+)", text)
    assert command
    words = shlex.split(command[1].replace("\\n", " "))
    assert words[:2] == ["up", "--on"]
    assert "--on" in {option for one in cli.commands["up"].params for option in one.opts}


def test_an_app_that_is_adopted_keeps_its_own_pipeline(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "main.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n")
    made = projects.make(folder, {"deploy": "gitlab", "adopt": "true", "app": "main:app"})
    assert (made / INCLUDED).exists()
    assert not (made / GITLAB).exists()
    assert f"include: {{local: {INCLUDED}}}" in (made / "STACK.md").read_text()
