"""`stack history`: needs no engine."""

from pathlib import Path

from .. import history as written
from .. import premises
from ..errors import ExitCode
from ..screens import history as screen
from . import terminal


def history(directory: Path, *, as_json: bool) -> int:
    """Show what was done in a project, the newest last."""
    place = premises.folder(directory)
    records = tuple(written.every(place))[::-1]
    if as_json:
        terminal.document(screen.document(records))
    else:
        terminal.result(screen.text(records, colour=terminal.colour()))
    return ExitCode.GOOD
