"""What `up` writes down: a line each, none of them in the way of the next."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scaffold import history
from scaffold.cli.deploying import write_down
from scaffold.record import Record, Stopped

from ..builders import NOW, project, record

WHOLE = record(stopped=(Stopped("demo-app-1", 1.25, killed=True), Stopped("demo-app-2", 0.5, killed=False)))


def lines(folder: Path) -> list[str]:
    return (folder / ".stack/history.jsonl").read_text(encoding="utf-8").splitlines()


def test_what_was_written_down_is_read_again(tmp_path: Path) -> None:
    history.append(tmp_path, record(image="sha256:older"))
    history.append(tmp_path, WHOLE)
    assert history.last(tmp_path) == WHOLE
    assert len(lines(tmp_path)) == 2


def test_without_anything_written_down_there_is_no_record(tmp_path: Path) -> None:
    assert history.last(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_git_does_not_see_it(tmp_path: Path) -> None:
    history.append(tmp_path, WHOLE)
    assert (tmp_path / ".stack/.gitignore").read_text().endswith("\n*\n")
    assert {path.name for path in (tmp_path / ".stack").iterdir()} == {".gitignore", "history.jsonl"}


def test_others_may_read_it(tmp_path: Path) -> None:
    history.append(tmp_path, WHOLE)
    assert (tmp_path / ".stack/history.jsonl").stat().st_mode & 0o777 == 0o644


def test_the_oldest_lines_are_forgotten(tmp_path: Path) -> None:
    (tmp_path / ".stack").mkdir()
    (tmp_path / ".stack/history.jsonl").write_text("".join(f"{number}\n" for number in range(history.KEPT)))
    history.append(tmp_path, WHOLE)
    assert lines(tmp_path) == [*map(str, range(1, history.KEPT)), history.text(WHOLE)]


BROKEN = (
    "",
    "not JSON",
    "[1]",
    "5",
    "null",
    "{}",
    '{"at": "2026-08-01T12:00:00+00:00"}',
    '{"at": "yesterday", "seconds": 1, "image": "", "name": "", "stopped": []}',
    '{"at": 5, "seconds": 1, "image": "", "name": "", "stopped": []}',
    '{"at": "2026-08-01T12:00:00+00:00", "seconds": "long", "image": "", "name": "", "stopped": []}',
    '{"at": "2026-08-01T12:00:00+00:00", "seconds": 1, "image": "", "name": "", "stopped": ["demo-app-1"]}',
    '{"at": "2026-08-01T12:00:00+00:00", "seconds": 1, "image": "", "name": "", "stopped": null}',
    '{"at": "2026-08-01T12:00:00+00:00", "seconds": 1, "ima',
    "\x00\x00\x00",
)


@pytest.mark.parametrize("line", BROKEN)
def test_a_line_that_says_nothing_is_passed_over(tmp_path: Path, line: str) -> None:
    history.append(tmp_path, WHOLE)
    with (tmp_path / ".stack/history.jsonl").open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    assert history.last(tmp_path) == WHOLE


def test_bytes_that_are_no_text_are_passed_over(tmp_path: Path) -> None:
    history.append(tmp_path, WHOLE)
    with (tmp_path / ".stack/history.jsonl").open("ab") as file:
        file.write(b"\xff\xfe{\n")
    assert history.last(tmp_path) == WHOLE


def test_what_a_newer_version_wrote_stays_and_is_read_as_far_as_we_know_it(tmp_path: Path) -> None:
    newer = json.dumps({**json.loads(history.text(WHOLE)), "weather": {"rain": 72}})
    (tmp_path / ".stack").mkdir()
    (tmp_path / ".stack/history.jsonl").write_text(f"{newer}\n")
    assert history.last(tmp_path) == WHOLE
    history.append(tmp_path, record())
    assert lines(tmp_path)[0] == newer


def test_a_moment_without_its_zone_is_taken_for_utc() -> None:
    naive = json.dumps({**json.loads(history.text(WHOLE)), "at": "2026-08-01T12:00:00"})
    read = history.parse(naive)
    assert read
    assert read.at == datetime(2026, 8, 1, 12, tzinfo=UTC)


# ------------------------------------------------------------------ when `up` writes


def at(folder: Path, done: Record, *, idle: bool) -> int:
    """Return how many lines there are after an `up`."""
    write_down(project(directory=folder), done, idle=idle)
    return len(lines(folder))


def test_an_up_that_had_nothing_to_do_is_written_down_when_it_is_news(tmp_path: Path) -> None:
    assert at(tmp_path, record(), idle=True) == 1  # the first
    assert at(tmp_path, record(at=NOW + timedelta(hours=1)), idle=True) == 1
    assert at(tmp_path, record(image="sha256:by-hand"), idle=True) == 2
    assert at(tmp_path, record(image="sha256:by-hand"), idle=False) == 3


def test_a_disk_that_takes_nothing_fails_no_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".stack").write_text("in the way")
    write_down(project(directory=tmp_path), record(), idle=False)
    assert "What was done could not be written down in .stack: " in capsys.readouterr().err
