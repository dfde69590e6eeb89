"""What stands on a terminal, as an SVG that asks nobody for a font."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from itertools import groupby

from pyte.screens import Char
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
NAMES = {"brown": "yellow", "brightbrown": "bright_yellow", "default": "default"}
"""What pyte calls a colour otherwise than rich."""
NORMAL = [(224, 108, 117), (126, 190, 106), (214, 174, 92), (97, 160, 230), (190, 130, 220), (86, 182, 194)]
DARK = TerminalTheme(
    (24, 26, 31),
    (205, 210, 218),
    [(40, 44, 52), *NORMAL, (171, 178, 191)],
    [(92, 99, 112), *NORMAL, (255, 255, 255)],
)


def picture(lines: Sequence[Sequence[Char]], title: str, *, columns: int = 80) -> str:
    """Return a picture of some lines of a terminal, the empty ones at the end left out."""
    console = Console(width=columns, record=True, file=StringIO(), force_terminal=True, color_system="truecolor")
    shown = [_text(line) for line in lines]
    while shown and not shown[-1].plain.strip():
        shown.pop()
    for text in shown:
        console.print(text, soft_wrap=True)
    name = title.replace(" ", "-")
    return console.export_svg(title=title, theme=DARK, code_format=FORMAT, unique_id=f"p-{name}")


def _text(line: Sequence[Char]) -> Text:
    text = Text()
    for style, same in groupby(line, _style):
        text.append("".join(one.data for one in same), style)
    text.rstrip()
    return text


def _style(one: Char) -> Style:
    colour = NAMES.get(one.fg, one.fg)
    known = f"#{colour}" if len(colour) == 6 and all(c in "0123456789abcdef" for c in colour) else colour
    return Style(color=known, bold=one.bold or None, reverse=one.reverse or None, underline=one.underscore or None)
