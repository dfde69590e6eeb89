"""Another password for a data service: the file and, in PostgreSQL, the role."""

import os
import signal
import threading
from pathlib import Path

import docker
import pytest

from scaffold.cli import rotate
from scaffold.engine import Engine
from scaffold.errors import NotReady, StackError

from ..builders import project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secrets").mkdir()
    return tmp_path


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Return an engine whose `docker` keeps the SQL that it is given, and ends as the file `status` says."""
    script = tmp_path / "bin" / "docker"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\ntee "{tmp_path}/sql"\nexit $(cat "{tmp_path}/status")\n', encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    (tmp_path / "status").write_text("0", encoding="utf-8")
    return Engine(docker.DockerClient(base_url="unix:///nowhere", version="1.44"))


@pytest.fixture
def password(folder: Path) -> Path:
    path = folder / "secrets" / "postgres_password"
    path.write_text("old\n", encoding="utf-8")
    return path


def test_role_and_file_get_the_same_password(folder: Path, engine: Engine, password: Path) -> None:
    rotate.change_role(engine, project(directory=folder), password, "0123abcd")
    assert (folder / "sql").read_text(encoding="utf-8").endswith("ALTER ROLE \"app\" PASSWORD '0123abcd';\n")
    assert [(one.name, one.read_text(encoding="utf-8")) for one in password.parent.iterdir()] == [
        (password.name, "0123abcd\n")
    ]


def test_when_the_role_does_not_change_the_file_does_not_and_nothing_is_shown(
    folder: Path, engine: Engine, password: Path
) -> None:
    (folder / "status").write_text("3", encoding="utf-8")
    with pytest.raises(StackError, match="nothing was changed") as caught:
        rotate.change_role(engine, project(directory=folder), password, "0123abcd")
    assert [(one.name, one.read_text(encoding="utf-8")) for one in password.parent.iterdir()] == [
        (password.name, "old\n")
    ]
    assert caught.value.evidence
    assert "0123abcd" not in f"{caught.value.message}{caught.value.evidence}"


def test_when_nobody_knows_both_passwords_are_kept(folder: Path, engine: Engine, password: Path) -> None:
    (folder / "status").write_text("1", encoding="utf-8")
    with pytest.raises(StackError, match="nobody knows") as caught:
        rotate.change_role(engine, project(directory=folder), password, "0123abcd")
    assert password.read_text(encoding="utf-8") == "old\n"
    assert Path(f"{password}.new").read_text(encoding="utf-8") == "0123abcd\n"
    assert "once more" in caught.value.hint


def test_when_only_the_role_changed_the_person_learns_what_to_do(folder: Path, engine: Engine, password: Path) -> None:
    password.unlink()
    (password / "in the way").mkdir(parents=True)
    with pytest.raises(NotReady) as caught:
        rotate.change_role(engine, project(directory=folder), password, "0123abcd")
    assert caught.value.message.startswith(f"PostgreSQL has the new password, but {password} cannot be written")
    own = password.relative_to(folder)
    assert caught.value.hint == f"cd {folder} && mv -f {own}.new {own}, then stack up"
    assert Path(f"{password}.new").read_text(encoding="utf-8") == "0123abcd\n"


def test_an_interruption_waits_until_role_and_file_agree() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        with rotate.undisturbed():
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)  # other threads of the tests do not wait
            assert heard == []
        assert heard == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)
