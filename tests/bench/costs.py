"""Row 1, too: what a request costs in processor time, which a busy neighbour changes less than speed, and whom."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

from . import memory
from .figures import Table, interleaved
from .pressure import SECONDS, Flood, Target, flood

ENGINE = ("dockerd", "containerd")
"""What the names of the engine's processes begin with: they carry every line that a container logs."""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """Microseconds of one core for a request."""

    proxy: float
    app: float
    engine: float

    @property
    def whole(self) -> float:
        return self.proxy + self.app + self.engine


def weigh(table: Table, who: Mapping[str, Target], path: str, rounds: int, yardstick: str) -> None:
    """Measure what a request costs everybody who has an app behind a proxy."""
    seen: dict[str, list[Cost]] = {name: [] for name in who}

    def noted(name: str) -> float:
        flooded, one = paid(who[name], path, SECONDS)
        table.require(
            flooded.requests and not flooded.bad, f"{name}: {flooded.bad} of {flooded.requests} requests failed"
        )
        seen[name].append(one)
        return one.whole

    whole = interleaved({name: partial(noted, name) for name in who}, rounds)
    for part in (field.name for field in fields(Cost)):
        figures = {name: [getattr(one, part) for one in costs] for name, costs in seen.items()}
        table.take(1, f"plain, processor time in the {part}, µs", figures, yardstick)
    table.take(1, "plain, processor time together, µs", whole, yardstick)


def paid(target: Target, path: str, seconds: float) -> tuple[Flood, Cost]:
    """Return what a flood has seen, and what each request of it has cost."""
    before = _taken(target)
    seen = flood(target, path, seconds)
    taken = (after - earlier for after, earlier in zip(_taken(target), before, strict=True))
    return seen, Cost(*(1e6 * one / max(seen.requests, 1) for one in taken))


def ticks(stat: str, names: tuple[str, ...] = ENGINE) -> int:
    """Return the ticks that a process has had, by its /proc/PID/stat (proc(5)); 0 when its name is another."""
    name, _, rest = stat.partition("(")[2].rpartition(")")
    words = rest.split()
    return int(words[11]) + int(words[12]) if name.startswith(names) else 0


def _taken(target: Target) -> tuple[float, float, float]:
    """Return the seconds that proxy, app and engine have had so far."""
    return memory.seconds(target.container), memory.seconds(target.app), _engine()


def _engine() -> float:
    found = 0
    for one in Path("/proc").glob("[0-9]*/stat"):
        try:
            found += ticks(one.read_text())
        except OSError:  # it has just ended
            continue
    return found / TICKS
