"""What runs and what it says, as a person reads it and as a machine does. Returns strings; `cli` prints them.

Plain text with colours, because a table of rich's costs a tenth of a second before its first word.
"""

from collections.abc import Callable, Collection, Sequence

RED, GREEN, YELLOW, DIM, BOLD = "31", "32", "33", "2", "1"
"""Of ECMA-48, section 8.3.117: select graphic rendition."""

Paint = Callable[[str, str], str]
"""Takes a text and a colour."""
Cell = tuple[str, str]
"""A text, and its colour."""


def painter(*, colour: bool) -> Paint:
    """Return what paints a text; with no colour it leaves it as it is."""
    return _painted if colour else _plain


def _painted(text: str, style: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if style and text else text


def _plain(text: str, style: str) -> str:
    return text


def columns(rows: Sequence[Sequence[Cell]], right: Collection[int], paint: Paint) -> list[str]:
    """Return a line for each row, its texts below those of the row above; on the right of their column for some."""
    widths = [max(len(row[place][0]) for row in rows) for place in range(len(rows[0]))]
    return [_line(row, widths, right, paint) for row in rows]


def _line(row: Sequence[Cell], widths: Sequence[int], right: Collection[int], paint: Paint) -> str:
    padded = [
        (f"{said:{'>' if place in right else '<'}{widths[place]}}", style) for place, (said, style) in enumerate(row)
    ]
    return "  ".join(paint(*one) for one in padded).rstrip()
