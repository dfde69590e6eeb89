"""What follows from a folder: answers, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Proposal:
    """Answers that follow from what is in the folder, and why."""

    answers: Mapping[str, Any] = field(default_factory=dict)
    said: tuple[str, ...] = ()

    def __add__(self, other: "Proposal") -> "Proposal":
        return Proposal({**self.answers, **other.answers}, (*self.said, *other.said))


def meant(answer: object) -> bool:
    """Tell whether an answer to a yes-or-no question is a yes, as Copier reads it."""
    return str(answer).lower() in {"true", "yes", "y", "on", "1"}
