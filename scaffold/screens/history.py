"""What was done in a project: a line for each `up` and `rollback`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..record import GOOD, INTERRUPTED, Record
from . import DIM, GREEN, RED, YELLOW, columns, painter

HEADS = ("when (UTC)", "who", "did", "from", "to", "seconds", "requests", "lost", "became")
RIGHT = {5, 6, 7}
"""Columns of figures."""
NOTHING = "Nothing was done yet: `stack up` writes down what it does."


def text(records: Sequence[Record], *, colour: bool) -> str:
    """Return the screen, the newest line last."""
    if not records:
        return NOTHING
    paint = painter(colour=colour)
    rows = [[(head, DIM) for head in HEADS], *(_cells(one) for one in records)]
    return "\n".join(columns(rows, RIGHT, paint))


def _cells(one: Record) -> list[tuple[str, str]]:
    return [
        (f"{one.at:%Y-%m-%d %H:%M}", ""),
        (one.who, ""),
        (one.did, ""),
        (_tag(one.before), ""),
        (_tag(one.name) or one.image.removeprefix("sha256:")[:12], ""),
        (f"{one.seconds:.0f}", ""),
        (_count(one.requests), ""),
        (_count(one.lost), RED if one.lost else ""),
        (_became(one), GREEN if one.good and not one.failing else YELLOW if one.result in {GOOD, INTERRUPTED} else RED),
    ]


def _became(one: Record) -> str:
    if one.why and one.why != one.result:
        return f"{one.result}: {one.why}"
    return f"{one.result}, but for {', '.join(one.failing)}" if one.failing else one.result


def _tag(name: str) -> str:
    return name.rpartition(":")[2]


def _count(number: int | None) -> str:
    return "" if number is None else str(number)


def document(records: Sequence[Record]) -> dict[str, Any]:
    """Return the document that `stack history --json` prints; its shape is documented in the README."""
    return {"ok": True, "history": [{**asdict(one), "at": one.at.isoformat()} for one in records]}
