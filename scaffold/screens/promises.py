"""What `stack check --list` shows."""

import textwrap
from collections.abc import Sequence

from ..checks import Check


def listed(checks: Sequence[Check], *, width: int) -> str:
    """Return a line for each check: its id, and what it promises."""
    wide = max((len(one.id) for one in checks), default=0) + 2
    return "\n".join(
        textwrap.fill(one.promise, width, initial_indent=f"{one.id:{wide}}", subsequent_indent=" " * wide)
        for one in checks
    )
