"""What lines of a log mean, where that is known: each kind once, at the first that is of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from . import orders, symptoms, telltales
from .loglines import Line, clean
from .project import PROXY, Project


@dataclass(frozen=True)
class Told:
    """A line, and what to know about it."""

    line: Line
    meaning: str = ""
    """Empty where nothing is known, or all has been said."""


def told(lines: Iterable[Line], project: Project) -> Iterator[Told]:
    """Yield lines as they come, the first of each kind that is known with what it means."""
    known: set[str] = set()
    for line in lines:
        kind, meaning = _meaning(line, project) or ("", "")
        yield Told(line, clean(meaning) if kind not in known else "")
        known.add(kind)


def _meaning(line: Line, project: Project) -> tuple[str, str] | None:
    """Return the kind of a line and what it means; None where that is not known.

    A request may contain any words, and so says nothing.
    """
    if not line.service:
        return telltales.tell(telltales.COMPOSES, line.text)
    if line.service != PROXY:
        return telltales.tell(telltales.APPS, line.text) or telltales.tell(symptoms.KNOWN, line.text)
    if "RequestMethod" in line.entry:
        return None
    return _order(line, project) or telltales.tell(telltales.PROXYS, line.text)


def _order(line: Line, project: Project) -> tuple[str, str] | None:
    said = orders.lines([line.entry])
    found = orders.find(said)
    known = orders.explain(said, project.challenge, project.name) if found else None
    return (found[0].words, f"{known.cause}; {known.hint}") if found and known else None
