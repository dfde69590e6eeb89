"""The README's ways to install, each from a clone into a place of its own; and its demo."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.e2e.stacks import ROOT, run
from tests.e2e.test_readme import ELSEWHERE

HERE = Path(sys.executable).parent


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    done = run("git", "clone", "--quiet", ROOT, tmp_path / "clone")
    assert done.status == 0, done.everything
    return tmp_path / "clone"


def test_pip(clone: Path, tmp_path: Path) -> None:
    assert "pip install ." in ELSEWHERE
    assert run(sys.executable, "-m", "venv", tmp_path / "venv").status == 0
    done = run(tmp_path / "venv/bin/pip", "install", ".", cwd=clone)
    assert done.status == 0, done.everything
    _makes_a_project(tmp_path / "venv/bin/stack", tmp_path)


def test_uv(clone: Path, tmp_path: Path) -> None:
    assert "uv tool install ." in ELSEWHERE
    index = run(HERE / "pip", "config", "get", "global.index-url").out.strip()  # uv does not read pip's settings
    env = {"UV_TOOL_DIR": f"{tmp_path}/tools", "UV_TOOL_BIN_DIR": f"{tmp_path}/bin"}
    more = {"UV_DEFAULT_INDEX": index} if index else {}
    done = run(HERE / "uv", "tool", "install", ".", cwd=clone, env={**env, **more})
    assert done.status == 0, done.everything
    _makes_a_project(tmp_path / "bin/stack", tmp_path)


def test_pipx(clone: Path, tmp_path: Path) -> None:
    assert "pipx install ." in ELSEWHERE
    assert run(sys.executable, "-m", "venv", tmp_path / "venv").status == 0
    done = run(tmp_path / "venv/bin/pip", "install", "pipx")
    assert done.status == 0, done.everything
    env = {"PIPX_HOME": f"{tmp_path}/pipx", "PIPX_BIN_DIR": f"{tmp_path}/bin"}
    done = run(tmp_path / "venv/bin/pipx", "install", ".", cwd=clone, env=env)
    assert done.status == 0, done.everything
    _makes_a_project(tmp_path / "bin/stack", tmp_path)


def test_demo(clone: Path) -> None:
    assert "make demo" in ELSEWHERE
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = run("make", "demo", cwd=clone, env=env)
    down = run("make", "demo-down", cwd=clone, env=env)
    assert done.status == 0, done.everything
    assert " 0 failed" in done.out
    assert down.status == 0, down.everything


def _makes_a_project(stack: Path, folder: Path) -> None:
    done = run(stack, "new", folder / "made", "--defaults")
    assert done.status == 0, done.everything
    assert (folder / "made/compose.yaml").exists()
