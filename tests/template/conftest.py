from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from scaffold import answers

from . import projects
from .combinations import Combination

Rendered = Callable[..., Path]
Made = Callable[[Combination], Path]
Understood = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def no_settings_of_the_developer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path.parent / "no-config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path.parent / "data"))


@pytest.fixture
def rendered(tmp_path: Path) -> Rendered:
    """Return a function that makes a project with some answers and returns its folder."""

    def make(name: str = "shop", **answers: object) -> Path:
        return projects.make(tmp_path / name, answers)

    return make


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay the template out as the wheel does, where Copier has no git repository to clone: a third of the time."""
    package = tmp_path_factory.mktemp("package")
    (package / "bundle").mkdir()
    shutil.copy(answers.template() / "copier.yml", package / "bundle")
    shutil.copytree(answers.template() / "template", package / "bundle/template")
    return package


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, package: Path) -> Made:
    """Return a function that gives the folder of a combination's project, made once; nobody may write there."""
    root = tmp_path_factory.mktemp("combinations")

    @cache
    def folder(combination: Combination) -> Path:
        (root / combination.name).mkdir()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(answers, "PACKAGE", package)
            return projects.make(root / combination.name / "shop", combination.answers)

    return folder


@pytest.fixture(scope="session")
def understood(made: Made) -> Understood:
    """Return a function that gives the Compose model of a combination's project, or of some files."""

    @cache
    def model(combination: Combination, *files: str) -> dict[str, Any]:
        return projects.model(made(combination), *files)

    return model
