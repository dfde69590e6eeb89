"""Steps that are no business of Docker's: a certificate of the local authority, and the Traefik that is told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scaffold import authority
from scaffold.cli.alone import alone
from scaffold.cli.performing import perform
from scaffold.errors import NotReady
from scaffold.plan import DropLeaf, Rehearse, SignLeaf, Step
from scaffold.project import Project

from ..builders import HOST, NOW, joining_project, local_project

NOBODY: Any = None
"""No engine is asked."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of whoever speaks HTTPS; its authority is made on the way."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "home/traefik").mkdir(parents=True)
    return tmp_path / "home"


def joining(home: Path, folder: Path) -> Project:
    stack = joining_project(STACK_CERTIFICATES="local")
    assert stack.front
    return replace(stack, directory=folder, front=replace(stack.front, directory=home))


def done(stack: Project, *steps: Step) -> None:
    for step in steps:
        perform(NOBODY, stack, step, lambda _: None, since=NOW)


def lying(home: Path) -> set[str]:
    return {path.name for path in (home / "secrets/tls").iterdir()}


def test_a_stack_that_joins_signs_in_the_proxys_folder_and_tells_traefik(home: Path, tmp_path: Path) -> None:
    done(joining(home, tmp_path / "stack"), SignLeaf((HOST,)))
    assert lying(home) == {"demo.crt", "demo.key", "demo.yaml"}
    assert (home / "traefik/reload.yaml").exists()
    assert not (tmp_path / "stack").exists()


def test_a_certificate_that_is_taken_away_is_told_too(home: Path, tmp_path: Path) -> None:
    authority.sign(home, ("shop.test",), datetime.now(UTC), "shop")
    authority.sign(home, (HOST,), datetime.now(UTC), "demo")
    done(joining(home, tmp_path / "stack"), DropLeaf((HOST,)))
    assert lying(home) == {"shop.crt", "shop.key", "shop.yaml"}
    assert (home / "traefik/reload.yaml").exists()


def test_a_traefik_of_its_own_is_restarted_and_not_told(home: Path) -> None:
    stack = local_project(directory=home)
    done(stack, SignLeaf((HOST,)))
    assert lying(home) == {"local.crt", "local.key", "local.yaml"}
    done(stack, DropLeaf((HOST,)))
    assert lying(home) == set()
    assert not (home / "traefik/reload.yaml").exists()


def test_nobody_rehearses_at_a_shared_proxy_where_another_stack_is_at_work(home: Path, tmp_path: Path) -> None:
    with alone(home), pytest.raises(NotReady, match=f"at work in {home}"):
        done(joining(home, tmp_path / "stack"), Rehearse((HOST,), "https://trials.test/directory"))
