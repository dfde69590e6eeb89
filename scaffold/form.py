"""The questions of a template as they stand after some answers: what is asked, what each comes to, what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Choice:
    """One of the answers that a question allows."""

    label: str
    value: Any


@dataclass(frozen=True)
class Question:
    """One question."""

    name: str
    kind: str
    """`str`, `int` or `bool`, as the template says."""
    text: str
    """What it asks, for people."""
    value: Any
    """What it comes to: what was given, else its default; None where it has none."""
    asked: bool = True
    """Whether it means anything after the answers before it."""
    given: bool = False
    choices: tuple[Choice, ...] = ()
    """Every answer that is allowed; empty where anything is."""
    problem: str = ""
    """Why Copier refuses what it comes to; else empty."""

    @property
    def open(self) -> bool:
        """Whether somebody has to say something, or something else."""
        return bool(self.problem) or (self.asked and self.value is None)

    @property
    def shown(self) -> str:
        """The answer, as people write it."""
        if self.kind == "bool":
            return "yes" if self.value else "no"
        return "" if self.value is None else str(self.value)


@dataclass(frozen=True)
class Form:
    """All questions that can be answered, in the template's order."""

    questions: tuple[Question, ...]

    def __getitem__(self, name: str) -> Question:
        return next(one for one in self.questions if one.name == name)

    def get(self, name: str) -> Any:  # noqa: ANN401 - an answer
        """Return what a question comes to; None for one that is not asked, or not there."""
        return next((one.value for one in self.questions if one.name == name and one.asked), None)

    @property
    def asked(self) -> tuple[Question, ...]:
        """The questions that mean something."""
        return tuple(one for one in self.questions if one.asked)

    @property
    def open(self) -> tuple[Question, ...]:
        """The questions of which one at least has to be answered, or answered differently."""
        return tuple(one for one in self.questions if one.open)

    def without_idle(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return some answers without those to questions that are not asked any more."""
        idle = {one.name for one in self.questions if not one.asked}
        return {name: value for name, value in given.items() if name not in idle}
