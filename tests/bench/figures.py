"""Figures from interleaved rounds, and what they come to: ratios, never times by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Measure = Callable[[], float]


@dataclass(frozen=True)
class Spread:
    """The middle, the lowest and the highest of some figures."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, figures: Iterable[float]) -> Spread:
        """Return that of at least one figure."""
        known = sorted(figures)
        return cls(median(known), known[0], known[-1])

    def shown(self, digits: int = 2) -> str:
        """Return it as people read it: the middle one, and the others behind it."""
        low, high = _number(self.lowest, digits), _number(self.highest, digits)
        return f"{_number(self.median, digits)} ({low} to {high})"


@dataclass(frozen=True)
class Line:
    """One line of the table: somebody against the yardstick of the same rounds."""

    row: int
    what: str
    """What was measured: `plain, requests/s`."""
    who: str
    figures: tuple[float, ...]
    """One for each round, in the unit that `what` names."""
    yardstick: tuple[float, ...] = ()
    """The yardstick's of the same rounds; none for the yardstick itself, and for what is compared with nobody."""
    against: str = ""

    @property
    def figure(self) -> Spread:
        return Spread.of(self.figures)

    @property
    def ratio(self) -> Spread | None:
        """Return it round by round, so that a machine that is slower for a minute is slower for both."""
        pairs = list(zip(self.figures, self.yardstick, strict=True)) if self.yardstick else []
        return Spread.of(one / other for one, other in pairs) if pairs and all(other for _, other in pairs) else None

    def as_json(self) -> dict[str, Any]:
        body = {"row": self.row, "what": self.what, "who": self.who, "figures": self.figures}
        return {**body, "against": self.against, "ratio": vars(self.ratio) if self.ratio else None}


@dataclass
class Table:
    """All that was measured, and what went wrong."""

    lines: list[Line] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """A sentence for each request that failed and each result that was not right."""

    def take(self, row: int, what: str, found: Mapping[str, Iterable[float]], yardstick: str) -> None:
        """Add what interleaved rounds gave, one line for each name; without a yardstick, compared with nobody."""
        known = {name: tuple(figures) for name, figures in found.items()}
        for name, figures in known.items():
            against = yardstick if name != yardstick else ""
            self.lines.append(Line(row, what, name, figures, known[against] if against else (), against))

    def require(self, right: object, complaint: str) -> None:
        """Note a complaint about a result that is not right."""
        if not right:
            self.wrong.append(complaint)

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield each line as it is read: row and what, who, figures, ratio."""
        for line in self.lines:
            usual = "1" if _is_yardstick(line, self) else ""
            ratio = f"{line.ratio.shown()} of {line.against}" if line.ratio else usual
            yield f"{line.row} {line.what}", line.who, line.figure.shown(), ratio

    def markdown(self) -> str:
        """Return the table for a document."""
        head = ("what", "who", "median (lowest to highest)", "ratio")
        cells = [head, ("---",) * len(head), *self.rows()]
        return "\n".join("| " + " | ".join(row) + " |" for row in cells) + "\n"


def interleaved(measures: Mapping[str, Measure], rounds: int) -> dict[str, list[float]]:
    """Measure each of them once a round, every second round the other way around; return the figures by name."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(rounds):
        for name in list(measures)[:: -1 if number % 2 else 1]:
            found[name].append(measures[name]())
    return found


def _is_yardstick(line: Line, table: Table) -> bool:
    return any(other.what == line.what and other.against == line.who for other in table.lines)


def _number(value: float, digits: int) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.{digits}f}"
