"""Row 2: a changed line of code, brought up under load, by `stack up` and by plain Compose."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from tests.e2e.stacks import Done
from tests.e2e.test_roll import Rolling

from .contenders import reserved
from .figures import Table, interleaved

STACK, COMPOSE = "stack up", "docker compose up -d --build --wait"
RATE = 200


def deploy(table: Table, rounds: int) -> None:
    """Measure row 2, on two stacks of the same app."""
    failed: dict[str, list[float]] = {STACK: [], COMPOSE: []}
    with ExitStack() as undone:

        def rolling(label: str) -> Rolling:
            stack = reserved(label)
            undone.callback(stack.remove)
            return Rolling.made(stack, workers=2)

        ours, theirs = rolling("roll"), rolling("plain")

        def plain() -> Done:
            return theirs.stack.compose("up", "--detach", "--build", "--wait")

        found = interleaved(
            {
                COMPOSE: lambda: _seconds(theirs, plain, failed[COMPOSE]),
                STACK: lambda: _seconds(ours, ours.up, failed[STACK]),
            },
            rounds,
        )
    table.take(2, f"a changed line at {RATE} requests/s, seconds until it serves alone", found, COMPOSE)
    table.take(2, f"a changed line at {RATE} requests/s, requests that failed", failed, COMPOSE)
    table.require(not any(failed[STACK]), f"{STACK}: {sum(failed[STACK]):.0f} requests failed")


def _seconds(rolling: Rolling, bring: Callable[[], Done], failed: list[float]) -> float:
    seconds, _, tally = rolling.until_alone(bring, RATE)
    failed.append(tally.failed)
    return seconds
