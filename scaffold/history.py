"""What `up` leaves written down in a project, a line of JSON each: `.stack/history.jsonl`."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import wholefile
from .record import KILLED, Record, Stopped

FOLDER = ".stack"
FILE = "history.jsonl"
KEPT = 100
"""How many lines are kept."""
MODE = 0o644


def last(directory: Path) -> Record | None:
    """Return what ended well last in a project; None where nothing is written down, or can be read."""
    return next((one for one in every(directory) if one.good), None)


def ended(directory: Path) -> Record | None:
    """Return what came to an end last in a project, good or not: how far one came that was killed, nobody knows."""
    return next((one for one in every(directory) if one.result != KILLED), None)


def every(directory: Path) -> Iterator[Record]:
    """Yield what can be read, the newest first."""
    for line in reversed(_lines(directory)):
        if record := parse(line):
            yield record


def append(directory: Path, record: Record) -> None:
    """Write one more line down, in one move, and forget the oldest beyond those that are kept; OSError."""
    place = folder(directory)
    if (place / FILE).exists():
        (place / FILE).read_bytes()  # what cannot be read is not to be replaced
    # Other lines stay as they are: a newer version may have written more into them than we know.
    lines = [*_lines(directory)[1 - KEPT :], text(record)]
    wholefile.write(place / FILE, "".join(f"{line}\n" for line in lines).encode(), MODE)


def folder(directory: Path) -> Path:
    """Return the folder for what is written down in a project, made if it is not there; OSError."""
    place = directory / FOLDER
    place.mkdir(exist_ok=True)
    _ignore(place / ".gitignore")
    return place


def text(record: Record) -> str:
    """Return a record as one line of JSON."""
    return json.dumps({**asdict(record), "at": record.at.isoformat()}, ensure_ascii=False)


def parse(line: str) -> Record | None:
    """Return what a line says; None of one that says nothing. What else stands in it is not ours to judge."""
    try:
        said: Mapping[str, Any] = json.loads(line)
        at = datetime.fromisoformat(said["at"])
        stopped = tuple(
            Stopped(str(one["container"]), float(one["seconds"]), one["killed"] is True) for one in said["stopped"]
        )
        return Record(
            at if at.tzinfo else at.replace(tzinfo=UTC),
            float(said["seconds"]),
            str(said["image"]),
            str(said["name"]),
            stopped,
            **_since(said),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _since(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what older versions did not write down, as far as it is there."""
    words = {name: str(said[name]) for name in ("did", "result", "who", "before", "why") if name in said}
    counts = {name: int(said[name]) for name in ("requests", "lost") if said.get(name) is not None}
    lists = {name: tuple(map(str, said[name])) for name in ("failing", "migrations") if name in said}
    return {**words, **counts, **lists, "undone": said.get("undone") is True}


def _lines(directory: Path) -> list[str]:
    try:
        written = (directory / FOLDER / FILE).read_bytes().decode(errors="replace")
    except OSError:
        return []
    return [line for line in written.split("\n") if line.strip()]


def _ignore(path: Path) -> None:
    """Keep a folder out of git without a word in the project's own .gitignore, as caches of tools do."""
    if not path.exists():
        path.write_text("# Written by `stack up`; of this server alone.\n*\n", encoding="utf-8")
