"""`stack check --list`: the promises by themselves. Needs no Docker, and imports nothing of it."""

from collections.abc import Sequence

from .. import report
from ..checks import Check
from ..errors import ExitCode
from . import terminal


def show(chosen: Sequence[Check], *, as_json: bool) -> int:
    """Show checks and their promises."""
    if as_json:
        listed = [{"id": one.id, "promise": one.promise, "needs": list(one.needs)} for one in chosen]
        terminal.document({"checks": listed})
    else:
        terminal.result(report.check_list(chosen, colour=terminal.colour(), width=terminal.width()))
    return ExitCode.GOOD
