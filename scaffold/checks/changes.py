"""From one look to the next: what a person who watches wants to hear."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import StackError
from .verdict import Finding, Status

WATCH = "stack check"
"""What has changed when a look came to no findings at all, or comes to some again."""

Look = Sequence[Finding] | StackError
"""What one look came to: findings, or why there are none."""


@dataclass(frozen=True)
class Change:
    """What is otherwise than it was."""

    name: str
    now: Status
    seen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """What looks have come to so far. It does not grow: it has one of each check."""

    found: Mapping[str, Finding] = field(default_factory=dict)
    """What each check found when it was last run."""
    judged: Mapping[str, Status] = field(default_factory=dict)
    """What each check said when it last said anything: that it was skipped is no news, the reason for that is."""
    trouble: str = ""
    """Why the last look came to no findings, and what to do about it."""

    @property
    def bad(self) -> bool:
        """Whether somebody should be told."""
        return bool(self.trouble) or any(one.failed for one in self.found.values())

    def after(self, look: Look) -> "Known":
        """Return what is known after one more look, which may have left checks out."""
        if isinstance(look, StackError):
            return Known(self.found, self.judged, " → ".join(filter(None, (look.message, look.hint))))
        found = {one.check.id: one for one in look}
        said = {name: one.outcome.status for name, one in found.items() if one.outcome.status is not Status.SKIP}
        return Known({**self.found, **found}, {**self.judged, **said})


def changes(before: Known, now: Known) -> Iterator[Change]:
    """Yield what is to be told: what is judged otherwise than before, and what is bad the first time it is judged."""
    if now.trouble != before.trouble:
        yield Change(WATCH, Status.FAIL if now.trouble else Status.PASS, (now.trouble,) if now.trouble else ())
    for name, status in now.judged.items():
        if status is not before.judged.get(name, Status.PASS):
            yield Change(name, status, now.found[name].outcome.seen)
