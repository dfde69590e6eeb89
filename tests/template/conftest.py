from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scaffold import render
from scaffold.cli import create

Rendered = Callable[..., Path]


@pytest.fixture(autouse=True)
def no_settings_of_the_developer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path.parent / "no-config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path.parent / "data"))


@pytest.fixture
def rendered(tmp_path: Path) -> Rendered:
    """Return a function that makes a project with some answers and returns its folder."""

    def make(name: str = "shop", **answers: object) -> Path:
        data = create.given(None, [f"{key}={value}" for key, value in answers.items()])
        with render.rendered(tmp_path / name, data, ask=False) as folder:
            render.place(folder, tmp_path / name)
        return tmp_path / name

    return make
