"""What can be gone back to: a line for each image."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import DIM, GREEN, YELLOW, columns, painter

HEADS = ("image", "served (UTC)", "")
NEVER = "never, as far as known"
NOTHING = "There is no image to go back to: every `stack up` of a new version leaves one, and five are kept."


@dataclass(frozen=True)
class Choice:
    """An image of the app."""

    tag: str
    served: datetime | None
    """When it was brought up last; None where that is not written down."""
    serves: bool
    between: tuple[str, ...] | None
    """The migrations that it does not know, but the one that serves; None where that is not written down."""


def text(choices: Sequence[Choice], *, colour: bool) -> str:
    """Return the screen, the newest line last."""
    if not choices:
        return NOTHING
    paint = painter(colour=colour)
    rows = [[(head, DIM) for head in HEADS], *(_cells(one) for one in choices)]
    return "\n".join(columns(rows, set(), paint))


def _cells(one: Choice) -> list[tuple[str, str]]:
    said = ("serves now", GREEN) if one.serves else (crossing(one.between), YELLOW)
    return [(one.tag, ""), (f"{one.served:%Y-%m-%d %H:%M}", "") if one.served else (NEVER, YELLOW), said]


def crossing(between: Sequence[str] | None) -> str:
    """Return what lies between an image and the one that serves; empty when nothing does."""
    if between is None:
        return "what migrations lie between is not written down"
    count = f"{len(between)} migration{'s' if len(between) > 1 else ''}"
    return f"{count} lie{'' if len(between) > 1 else 's'} between: {', '.join(between)}" if between else ""


def document(project: str, choices: Sequence[Choice]) -> dict[str, Any]:
    """Return the document that `stack rollback --list --json` prints; its shape is documented in the README."""
    return {
        "project": project,
        "ok": True,
        "images": [
            {
                "tag": one.tag,
                "served": one.served.isoformat() if one.served else None,
                "serves": one.serves,
                "migrations_between": None if one.between is None else list(one.between),
            }
            for one in choices
        ],
    }
