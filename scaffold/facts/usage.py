"""What a container takes of the machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

INACTIVE = ("total_inactive_file", "inactive_file")
"""What the kernel would give back at once, in the words of cgroup v1 and v2."""


@dataclass(frozen=True)
class Usage:
    """What one container takes."""

    cpu: float | None
    """In % of one core; None where it could not be seen twice."""
    memory: int
    """In bytes, without what the kernel keeps of files and would give back."""


def usage(before: Mapping[str, Any], after: Mapping[str, Any]) -> Usage | None:
    """Return what a container takes, from what the engine counted at two moments; None when it has ended since.

    Memory as `docker stats` has it: docker/cli at 0163d9c0, cli/command/container/stats_helpers.go.
    """
    counted = after.get("memory_stats") or {}
    if "usage" not in counted:
        return None
    return Usage(_cpu(before, after), _memory(counted))


def _memory(counted: Mapping[str, Any]) -> int:
    detail, used = counted.get("stats") or {}, int(counted["usage"])
    # Version 1 has both names; the one without `total_` leaves out what is below.
    idle = next((int(detail[name]) for name in INACTIVE if name in detail), 0)
    return used - idle if idle < used else used


def _cpu(before: Mapping[str, Any], after: Mapping[str, Any]) -> float | None:
    first, last = _counted(before), _counted(after)
    if first is None or last is None:
        return None
    seconds = (last[0] - first[0]).total_seconds()
    spent = last[1] - first[1]
    return 100 * spent / 1e9 / seconds if seconds > 0 and spent >= 0 else None


def _counted(seen: Mapping[str, Any]) -> tuple[datetime, int] | None:
    """Return when the engine looked, and the nanoseconds of a core that had been spent by then."""
    spent = ((seen.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage")
    at = datetime.fromisoformat(seen.get("read") or "0001-01-01T00:00:00Z")
    return (at, int(spent)) if spent and at.year > 1 else None
