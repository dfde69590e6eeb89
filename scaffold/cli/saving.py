"""What `stack check` has seen, to a file and back."""

from collections.abc import Sequence
from pathlib import Path

from .. import checks, saved, secretfiles
from ..checks import Check
from ..errors import StackError, WrongInput
from ..facts import Facts
from ..project import Project
from . import terminal


def keep(file: Path, project: Project, facts: Facts, chosen: Sequence[Check]) -> tuple[Project, Facts]:
    """Write down what is to be judged, and return it as the file says it: whoever has the file finds the same."""
    seen = saved.Saved(project, facts, tuple(check.id for check in chosen))
    text = saved.dump(saved.discreet(seen, _secrets(project)))
    saved.write(file, text)
    terminal.note(
        f"{file} holds what was seen: names, addresses and settings, and no secret. Read it before you share it."
    )
    again = saved.load(text, str(file))
    return again.project, again.facts


def again(file: Path, only: Sequence[str], *, before: bool) -> tuple[Project, Facts, tuple[Check, ...]]:
    """Return what a file holds, and the checks that judge it: those of the file, or some of them."""
    seen = saved.read(file)
    known = {check.id for check in checks.select(seen.checks)}
    chosen = tuple(check for check in checks.select(only, before=before) if check.id in known)
    if not chosen:
        raise WrongInput(f"none of these checks was run when {file} was saved", hint=f"stack check --from-facts {file}")
    return seen.project, seen.facts, chosen


def _secrets(project: Project) -> frozenset[str]:
    """Return what is secret in a project, and behind a shared proxy what is that one's, as far as it can be read."""
    found = secretfiles.values(project.directory)
    try:
        return found | secretfiles.values(project.serving.directory)
    except StackError:
        return found
