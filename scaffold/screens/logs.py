"""What containers say, a line below the other."""

import textwrap
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..explained import Told
from ..loglines import Line
from ..project import Project
from . import BOLD, DIM, RED, YELLOW, Paint, painter

if TYPE_CHECKING:
    from datetime import date

STYLES = ("36", "35", "34", "32", "96", "95", "94", "92")
"""Colours of services; red and yellow mean something."""
NARROW = 40
"""Columns that a sentence gets at the least."""
LEVELS = {"error": RED, "fatal": RED, "panic": RED, "warn": YELLOW}
TROUBLE = 500
"""The first status of an answer that is the server's fault (RFC 9110, section 15.6)."""


class Screen:
    """Writes lines for a person; says the day whenever it is another one."""

    def __init__(self, project: Project, services: Collection[str], *, colour: bool, width: int) -> None:
        self._names = _Names(project, services)
        self._styles = {one.name: STYLES[place % len(STYLES)] for place, one in enumerate(project.services)}
        self._paint: Paint = painter(colour=colour)
        self._width = width
        self._day: date | None = None

    def lines(self, told: Iterable[Told]) -> Iterator[str]:
        """Yield what is to be shown."""
        for one in told:
            yield from self._dated(one.line)
            yield self._shown(one.line)
            if one.meaning:
                yield from self._meaning(one.meaning)

    def _dated(self, line: Line) -> Iterator[str]:
        day = line.at.astimezone().date() if line.at else self._day
        if day and day != self._day:
            self._day = day
            yield self._paint(f"{day:%A}, {day}", BOLD)

    def _shown(self, line: Line) -> str:
        at = f"{line.at.astimezone():%H:%M:%S}" if line.at else " " * 8
        name = self._names.padded(line)
        return f"{self._paint(at, DIM)} {self._paint(name, self._styles.get(line.service, ''))} {self._text(line)}"

    def _text(self, line: Line) -> str:
        return self._paint(line.text, _weight(line))

    def _meaning(self, meaning: str) -> Iterator[str]:
        margin = " " * (9 + self._names.width)
        room = max(self._width - len(margin) - 3, NARROW)
        wrapped = textwrap.wrap(meaning, room, break_long_words=False, break_on_hyphens=False)
        for place, text in enumerate(wrapped):
            yield self._paint(f"{margin} {'  ' if place else '→ '}{text}", YELLOW)


def _weight(line: Line) -> str:
    """Return the colour of what Traefik says that is no good news, and of what Compose says."""
    if not line.at:
        return DIM
    if "RequestMethod" in line.entry:
        status = line.entry.get("DownstreamStatus")
        return RED if isinstance(status, int) and status >= TROUBLE else ""
    return LEVELS.get(str(line.entry.get("level", "")), "")


class _Names:
    """What containers are called: by service, and by number where there may be several."""

    def __init__(self, project: Project, services: Collection[str]) -> None:
        self._several = {one.name for one in project.services if one.replicas > 1}
        shown = [one for one in project.services if not services or one.name in services]
        self.width = max((len(one.name) + 2 * (one.replicas > 1) for one in shown), default=0)

    def padded(self, line: Line) -> str:
        numbered = line.number > 1 or (line.number and line.service in self._several)
        return f"{line.service}{f'-{line.number}' if numbered else ''}".ljust(self.width)


def document(project: str, told: Iterable[Told]) -> dict[str, Any]:
    """Return the document that `stack logs --json` prints; its shape is documented in the README."""
    return {"project": project, "ok": True, "lines": [_line(one) for one in told]}


def _line(one: Told) -> dict[str, Any]:
    return {
        "at": one.line.at.isoformat() if one.line.at else None,
        "service": one.line.service,
        "number": one.line.number,
        "text": one.line.text,
        "meaning": one.meaning,
    }
