"""What a check is, and what it says."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from inspect import getdoc

from ..facts import Facts
from ..project import Project


class Status(StrEnum):
    """What a check found."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    WARN = "warn"
    SKIP = "skip"


@dataclass(frozen=True)
class Outcome:
    """A verdict and what it rests on."""

    status: Status
    seen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """A promise, and the checks that must pass for it to mean anything."""

    id: str
    run: Callable[[Project, Facts], Outcome]
    needs: tuple[str, ...] = ()
    before: bool = False
    """Whether it looks at the machine before anything is started."""
    order: bool = False
    """Whether it matters to `up` only when a certificate has to be ordered; it asks others than this machine."""
    app: bool = False
    """Whether it looks at an app or at its names, which a shared proxy has none of."""
    outside: bool = False
    """Whether it can judge a site of which only the address is known."""

    @property
    def promise(self) -> str:
        """The first line of its docstring."""
        return (getdoc(self.run) or "").partition("\n")[0]

    @property
    def hint(self) -> str:
        """The second paragraph of its docstring, on one line."""
        paragraphs = (getdoc(self.run) or "").split("\n\n")
        return " ".join(paragraphs[1].split()) if len(paragraphs) > 1 else ""


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    check: Check
    outcome: Outcome

    @property
    def failed(self) -> bool:
        """Whether the promise is broken."""
        return self.outcome.status is Status.FAIL


def passed(*seen: str) -> Outcome:
    """The promise holds."""
    return Outcome(Status.PASS, seen)


def failed(*seen: str) -> Outcome:
    """The promise is broken."""
    return Outcome(Status.FAIL, seen)


def warned(*seen: str) -> Outcome:
    """The promise holds, for now."""
    return Outcome(Status.WARN, seen)


def skipped(*seen: str) -> Outcome:
    """The promise could not be looked at, or does not apply."""
    return Outcome(Status.SKIP, seen)


def judged(wrong: Iterable[str], right: Iterable[str]) -> Outcome:
    """Fail with what is wrong, or pass with what was seen."""
    problems = tuple(wrong)
    return failed(*problems) if problems else passed(*right)
