"""The ratios as bars, in a picture that asks nobody for a font."""

from __future__ import annotations

from xml.sax.saxutils import escape

from .figures import Line, Spread, Table

WIDTH, LABEL, BAR, ROW = 900, 420, 380, 22


def chart(table: Table) -> str:
    """Return an SVG: a bar for each ratio as long as its middle one, and a line from the lowest to the highest."""
    drawn = [(line, line.ratio) for line in table.lines if line.ratio]
    most = max((ratio.highest for _, ratio in drawn), default=1.0)
    rows = [_row(line, ratio, place * ROW + 40, BAR / max(most, 1.0)) for place, (line, ratio) in enumerate(drawn)]
    height = len(drawn) * ROW + 60
    one = LABEL + BAR / max(most, 1.0)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">\n'
        "<style>text { font-size: 12px }</style>\n"
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>\n'
        '<text x="10" y="20">Ratios, medians of interleaved rounds; the line at 1 is the yardstick</text>\n'
        f'<line x1="{one:.1f}" x2="{one:.1f}" y1="30" y2="{height - 10}" stroke="#888" stroke-dasharray="3 3"/>\n'
        + "".join(rows)
        + "</svg>\n"
    )


def _row(line: Line, ratio: Spread, top: int, scale: float) -> str:
    def at(value: float) -> str:
        return f"{LABEL + value * scale:.1f}"

    middle, right = top + ROW / 2 - 4, LABEL + ratio.highest * scale + 6
    return (
        f'<text x="{LABEL - 8}" y="{top + 11}" text-anchor="end">{escape(f"{line.what}: {line.who}")}</text>\n'
        f'<rect x="{LABEL}" y="{top}" width="{ratio.median * scale:.1f}" height="{ROW - 8}" fill="#5b8def"/>\n'
        f'<line x1="{at(ratio.lowest)}" x2="{at(ratio.highest)}" y1="{middle}" y2="{middle}" stroke="#222"/>\n'
        f'<text x="{right:.1f}" y="{top + 11}">{ratio.median:.2f} of {escape(line.against)}</text>\n'
    )
