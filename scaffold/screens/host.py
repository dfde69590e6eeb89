"""What a server lacks: what is there a line each, then what is missing with the command that mends it, in order."""

from collections.abc import Sequence
from typing import Any

from ..checks.readiness import Met
from ..checks.verdict import Status
from . import DIM, GREEN, RED, YELLOW, painter

MARKS = {Status.PASS: ("✓", GREEN), Status.SKIP: ("-", DIM), Status.WARN: ("!", YELLOW), Status.FAIL: ("✗", RED)}
ORDER = (Status.PASS, Status.SKIP, Status.WARN, Status.FAIL)
"""What matters most comes last, where the eye is."""
READY = "Ready: `stack up` has all that it needs there."


def text(title: str, found: Sequence[Met], *, colour: bool) -> str:
    """Return the screen."""
    paint = painter(colour=colour)
    lines = [title, ""]
    for status in ORDER:
        mark, style = MARKS[status]
        for one in (met for met in found if met.verdict.outcome.status is status):
            seen = one.verdict.outcome.seen
            lines += [f"{paint(mark, style)} {one.need.id:18} {one.need.promise}"]
            lines += [f"    {line}" for line in seen]
            lines += [f"    → {one.verdict.mend}"] if one.verdict.mend else []
    missing = sum(one.missing for one in found)
    better = sum(one.verdict.outcome.status is Status.WARN for one in found)
    last = f"{missing} missing, before a stack can be brought up there" if missing else READY
    return "\n".join(
        [*lines, "", paint(last, RED if missing else GREEN), *([f"{better} to be made better"] if better else [])]
    )


def document(address: str, found: Sequence[Met]) -> dict[str, Any]:
    """Return the document that `stack host --json` prints; its shape is documented in the README."""
    return {
        "server": address,
        "ok": not any(one.missing for one in found),
        "findings": [
            {
                "id": one.need.id,
                "status": one.verdict.outcome.status.value,
                "promise": one.need.promise,
                "seen": list(one.verdict.outcome.seen),
                "mend": one.verdict.mend,
            }
            for one in found
        ],
    }
