"""`stack new` and the answers it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scaffold import answers, cli

STACK = Path(sys.executable).parent / "stack"

REFUSED = {
    "domain-with-space": ("domain=a b.com", "domain"),
    "domain-with-scheme": ("domain=https://example.com", "domain"),
    "domain-with-path": ("domain=example.com/shop", "domain"),
    "domain-with-underscore": ("domain=my_shop.example.com", "domain"),
    "domain-with-port": ("domain=example.com:8443", "domain"),
    "domain-with-capitals": ("domain=Example.com", "domain"),
    "domain-with-backtick": ("domain=a`.com", "domain"),
    "domain-empty": ("domain=", "domain"),
    "name-empty": ("project_name=", "project_name"),
    "name-absolute-path": ("project_name=/srv/shop", "project_name"),
    "name-newline": ("project_name=shop\n", "project_name"),
    "postgres-word": ("postgres=nope", "postgres"),
    "redis-list": ("redis=[]", "redis"),
    "workers-zero": ("workers=0", "workers"),
    "workers-negative": ("workers=-1", "workers"),
    "workers-word": ("workers=many", "workers"),
    "workers-fraction": ("workers=1.5", "workers"),
    "memory-word": ("memory=lots", "memory"),
    "unknown": ("wrokers=2", "wrokers"),
    "no-equals": ("workers", "NAME=VALUE"),
    "certificates": ("certificates=maybe", "certificates"),
    "acme-for-localhost": ("certificates=acme", "localhost"),
    "python": ("python_version=latest", "python_version"),
    "health-path": ("health_path=healthz", "health_path"),
}


@pytest.fixture(autouse=True)
def _quick(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "PACKAGE", package)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for 64 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], check=False)
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Copier's walk is left half way
def test_a_full_disk_is_told_and_nothing_is_left_on_it(disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["new", str(disk / "shop"), "--defaults"]) == 3

    assert f"nothing can be written in {disk}: No space left on device" in capsys.readouterr().err
    assert list(disk.iterdir()) == []


@pytest.mark.parametrize(("pair", "named"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_answer_is_exit_2_and_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], pair: str, named: str
) -> None:
    status = cli.run(["new", str(tmp_path / "shop"), "--defaults", "--data", pair])

    said = capsys.readouterr()
    assert status == 2
    assert said.out == ""
    first, hint = said.err.splitlines()
    assert named in first
    assert hint.startswith("  → ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "named"),
    [
        pytest.param("{: :", "not YAML", id="not-yaml"),
        pytest.param("- domain", "NAME: VALUE", id="a-list"),
        pytest.param("wrokers: 2", "wrokers", id="unknown"),
        pytest.param("workers: many", "workers", id="mistyped"),
        pytest.param("\x00", "not YAML", id="binary"),
    ],
)
def test_a_wrong_answers_file_is_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, named: str
) -> None:
    answers = tmp_path / "answers.yml"
    answers.write_text(content)

    assert cli.run(["new", str(tmp_path / "shop"), "--defaults", "--answers", str(answers)]) == 2

    assert named in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [answers]


def test_a_missing_answers_file_is_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["new", str(tmp_path / "shop"), "--defaults", "--answers", str(tmp_path / "none")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_single_answers_win_over_the_file(tmp_path: Path) -> None:
    answers = tmp_path / "answers.yml"
    answers.write_text("workers: 3\nmemory: 700\n")

    status = cli.run(["new", str(tmp_path / "shop"), "--defaults", "--answers", str(answers), "--data", "workers=4"])

    env = (tmp_path / "shop/.env").read_text()
    assert status == 0
    assert "STACK_WORKERS=4" in env
    assert "STACK_APP_MEMORY=700" in env


def test_a_projects_own_answers_make_the_same_project(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert cli.run(["new", str(one), "--defaults", "--data", "workers=3", "--data", "project_name=same"]) == 0
    assert cli.run(["new", str(two), "--defaults", "--answers", str(one / ".copier-answers.yml")]) == 0

    assert (one / ".env").read_text() == (two / ".env").read_text()
    assert (one / "compose.yaml").read_text() == (two / "compose.yaml").read_text()


def test_files_that_are_there_are_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "README.md").write_text("mine")

    assert cli.run(["new", str(tmp_path), "--defaults"]) == 2

    assert "README.md" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    assert (tmp_path / "README.md").read_text() == "mine"


def test_files_that_are_there_are_overwritten_when_told_so(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "notes.txt").write_text("mine too")

    assert cli.run(["new", str(tmp_path), "--defaults", "--yes"]) == 0

    assert (tmp_path / "README.md").read_text() != "mine"
    assert (tmp_path / "notes.txt").read_text() == "mine too"


def test_env_and_secrets_are_never_overwritten(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    assert cli.run(["new", str(shop), "--defaults"]) == 0
    (shop / ".env").write_text("STACK_DOMAIN=mine.example.com\n")
    (shop / "secrets/.gitignore").write_text("mine")

    assert cli.run(["new", str(shop), "--defaults"]) == 2
    assert cli.run(["new", str(shop), "--defaults", "--yes"]) == 0

    assert (shop / ".env").read_text() == "STACK_DOMAIN=mine.example.com\n"
    assert (shop / "secrets/.gitignore").read_text() == "mine"


def test_the_same_project_again_is_no_conflict(tmp_path: Path) -> None:
    assert cli.run(["new", str(tmp_path / "shop"), "--defaults"]) == 0
    assert cli.run(["new", str(tmp_path / "shop"), "--defaults"]) == 0


def test_an_empty_name_is_exit_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["new", "", "--defaults"]) == 2
    assert list(tmp_path.iterdir()) == []


def test_any_umask_makes_a_project_that_containers_can_read(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        assert cli.run(["new", str(tmp_path / "deep/shop"), "--defaults"]) == 0
    finally:
        os.umask(before)

    shop = tmp_path / "deep/shop"
    closed = {str(path.relative_to(shop)) for path in shop.rglob("*") if not path.stat().st_mode & 0o004}
    assert closed == {"secrets"}


def test_an_interrupted_placing_puts_everything_back(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "traefik").write_text("a file where a folder has to be")

    assert cli.run(["new", str(tmp_path), "--defaults", "--yes"]) == 3

    assert {path.name for path in tmp_path.iterdir()} == {"README.md", "traefik"}
    assert (tmp_path / "README.md").read_text() == "mine"


def test_a_destination_that_is_a_file_is_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shop").write_text("")

    assert cli.run(["new", str(tmp_path / "shop"), "--defaults"]) == 2
    assert "is a file" in capsys.readouterr().err


def test_json_is_one_document_for_results_and_for_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["new", str(tmp_path / "shop"), "--defaults", "--json"]) == 0
    assert "compose.yaml" in json.loads(capsys.readouterr().out)["files"]

    assert cli.run(["new", str(tmp_path / "shop"), "--defaults", "--json", "--data", "workers=0"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["ok"], document["exit_code"]) == (False, 2)
    assert "workers" in document["error"]["message"]


def test_without_a_terminal_nothing_hangs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["new", str(tmp_path / "shop")]) == 2
    assert "--defaults" in capsys.readouterr().err


def test_a_terminal_without_our_signs_gets_the_project_and_the_next_command(tmp_path: Path) -> None:
    words = [str(STACK), "new", str(tmp_path / "shop"), "--defaults"]
    narrow = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(words, env=narrow, check=False, capture_output=True, encoding="ascii")
    assert done.returncode == 0, done.stderr
    assert "Next: stack up" in done.stdout
