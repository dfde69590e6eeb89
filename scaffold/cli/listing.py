"""`stack check --list`: the promises by themselves. Needs no Docker, and imports nothing of it."""

from collections.abc import Sequence

from ..checks import Check
from ..errors import ExitCode
from ..screens import promises
from . import terminal


def show(chosen: Sequence[Check], *, as_json: bool) -> int:
    """Show checks and their promises."""
    if as_json:
        listed = [{"id": one.id, "promise": one.promise, "needs": list(one.needs)} for one in chosen]
        terminal.document({"checks": listed})
    else:
        terminal.result(promises.listed(chosen, width=terminal.width()))
    return ExitCode.GOOD
