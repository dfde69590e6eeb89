"""What a plan takes out of service, and for how long: what a person is asked about before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .. import overlap
from ..facts import Facts
from ..project import APP, POSTGRES, PROXY, REDIS, Project
from .steps import Restart, Start, Step

SECONDS: Mapping[str, int] = {APP: 10, PROXY: 3, POSTGRES: 5, REDIS: 2}
"""About how long nobody answers while a service is made anew: from the end of the one to the first answer of the other.

Seen on 2 cores with the stand-ins; a large database takes longer to stop and start.
"""
MEANS: Mapping[str, str] = {
    APP: "requests fail",
    PROXY: "nobody is answered, on any of its names",
    POSTGRES: "requests that need the database fail",
    REDIS: "requests that need it fail",
}


@dataclass(frozen=True)
class Outage:
    """One service that serves now, and will not for a while."""

    service: str
    seconds: int
    """About."""
    why: str

    def __str__(self) -> str:
        means = MEANS.get(self.service, "what needs it fails")
        return f"{self.service} is made anew, for about {self.seconds} s {means}: {self.why}"


def outages(project: Project, facts: Facts, steps: Sequence[Step]) -> tuple[Outage, ...]:
    """Return what these steps take out of service that serves now, in their order."""
    return tuple(
        Outage(name, SECONDS[name], why)
        for name, why in _ended(project, facts, steps)
        if name in SECONDS and any(one.serving for one in facts.of(name))
    )


def _ended(project: Project, facts: Facts, steps: Iterable[Step]) -> Iterable[tuple[str, str]]:
    for step in steps:
        if isinstance(step, Restart):
            yield step.service, step.reason
        for name in step.services if isinstance(step, Start) else ():
            why = overlap.obstacle(project, facts) if name == APP else ""
            yield name, why or "its definition or its image has changed"
