"""What runs and what it says, as a person reads it and as a machine does. Returns strings; `cli` prints them.

Plain text with colours, because a table of rich's costs a tenth of a second before its first word.
"""

from collections.abc import Callable

RED, GREEN, YELLOW, DIM, BOLD = "31", "32", "33", "2", "1"
"""Of ECMA-48, section 8.3.117: select graphic rendition."""

Paint = Callable[[str, str], str]
"""Takes a text and a colour."""


def painter(*, colour: bool) -> Paint:
    """Return what paints a text; with no colour it leaves it as it is."""
    return _painted if colour else _plain


def _painted(text: str, style: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if style and text else text


def _plain(text: str, style: str) -> str:
    return text
