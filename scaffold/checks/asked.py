"""What the checks of names and authorities have in common: what was asked, and what nobody answered."""

from collections.abc import Sequence

from ..facts import Facts, Naming
from ..project import Project
from .verdict import Outcome, failed, passed, skipped, warned

UNSEEN = "it was not looked at"


def unneeded(project: Project) -> Outcome:
    """Nothing has to be asked, because nothing is ordered."""
    if not project.known:
        return skipped("DNS is not asked about this machine's own names")
    return skipped(f"no authority is asked: STACK_CERTIFICATES is {project.certificates}")


def unseen(project: Project, facts: Facts) -> Outcome | None:
    """Say why nothing can be said about the names; None when something can."""
    if not project.ordered:
        return unneeded(project)
    return None if namings(project, facts) else skipped(*silent(project, facts))


def namings(project: Project, facts: Facts) -> list[Naming]:
    """Return what is known, by name; without those that nobody could be asked about."""
    return [facts.names[host] for host in project.hosts if host in facts.names and not facts.names[host].problem]


def silent(project: Project, facts: Facts) -> list[str]:
    """Return a line for each name that nobody could be asked about."""
    seen = {host: facts.names.get(host, Naming(host, problem=UNSEEN)) for host in project.hosts}
    return [f"{host}: {naming.problem}" for host, naming in seen.items() if naming.problem]


def weighed(wrong: Sequence[str], unknown: Sequence[str], right: Sequence[str]) -> Outcome:
    """Fail with what is wrong, warn of what is not known, or pass with what was seen."""
    if wrong:
        return failed(*wrong, *unknown)
    return warned(*unknown) if unknown else passed(*right)
