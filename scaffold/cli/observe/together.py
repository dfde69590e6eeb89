"""Looking at many things side by side, until a deadline."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

SECONDS = 22.0
"""How long all rounds together may take: with what is before and after them, a check ends within 30 s."""
LEAST = 1.0
"""How long a round may take whose predecessors took all there was, in seconds."""

Seen = Mapping[str, Any]
"""Values of fields of Facts, by name."""
Looks = Mapping[tuple[str, ...], Callable[[], Seen]]
"""What looks, by the names of the fields that it tells."""


class Clock:
    """What is left of the time for all rounds."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that the next round may take."""
        return max(LEAST, self.end - time.monotonic())


class Round:
    """What one round of looks has seen, and why it has not seen the rest."""

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {}
        self.unseen: dict[str, str] = {}
        self.errors: list[Exception] = []


def look(looks: Looks, seconds: float) -> Round:
    """Return what each look saw; of one that failed, or did not end in time, why it saw nothing."""
    found: dict[tuple[str, ...], Seen | Exception] = {}
    threads = [_begun(fields, call, found) for fields, call in looks.items()]
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    done = dict(found)  # one that ends later is late
    result = Round()
    for fields in looks:
        _sort(result, fields, done.get(fields, TimeoutError(f"no answer within {seconds:.0f} s")))
    return result


def _begun(
    fields: tuple[str, ...], call: Callable[[], Seen], found: dict[tuple[str, ...], Seen | Exception]
) -> threading.Thread:
    def work() -> None:
        try:
            found[fields] = call()
        except Exception as error:  # noqa: BLE001 - it is what there is to tell
            found[fields] = error

    # A daemon: nobody waits for one that hangs, not even the end of the process.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def _sort(result: Round, fields: tuple[str, ...], came: Seen | Exception) -> None:
    if isinstance(came, Exception):
        result.errors.append(came)
        result.unseen |= dict.fromkeys(fields, str(came) or type(came).__name__)
    else:
        result.seen |= came
