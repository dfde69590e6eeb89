"""Row 6: the memory of each container and of a worker, at rest and under load, and what rest costs."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import docker

from tests.e2e.stacks import Stack

from .contenders import TEMPLATE
from .figures import Table
from .pressure import Target, flood

REST_SECONDS, LOAD_SECONDS = 20, 12
MIB = 1 << 20
CLIENT = docker.from_env(timeout=60)


def weigh(table: Table, stack: Stack, asked: Target, rounds: int) -> None:
    """Measure row 6: at rest, and while it is asked as fast as it answers."""
    services = {_service(name, stack): ident for name, ident in stack.ids().items() if _runs(ident)}
    busy, begun = _busy(services), time.monotonic()
    rest = _watched(services, rounds, REST_SECONDS / rounds)
    share = (_busy(services) - busy) / (time.monotonic() - begun)
    with _asked(asked):
        loaded = _watched(services, rounds, 1)
    for name in services:
        _take(table, f"{name}, MiB", [one[name] for one in rest], [one[name] for one in loaded])
    _take(table, "all of it, MiB", [sum(one.values()) for one in rest], [sum(one.values()) for one in loaded])
    table.take(6, "each worker, MiB of its own", {TEMPLATE: _workers(stack)}, "")
    table.take(6, "processors at rest, of one core", {TEMPLATE: [share]}, "")


def weight(container: str) -> float:
    """Return the MiB that a container takes of its limit, without what the system could give back at once."""
    memory = _stats(container)["memory_stats"]
    idle = memory["stats"].get("total_inactive_file", memory["stats"].get("inactive_file", 0))
    return float(memory["usage"] - idle) / MIB


def seconds(container: str) -> float:
    """Return the seconds of processors that a container has had."""
    return float(_stats(container)["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9


def _take(table: Table, what: str, rest: list[float], loaded: list[float]) -> None:
    table.take(6, what, {"at rest": rest, "under load": loaded}, "at rest")


def _watched(services: Mapping[str, str], times: int, every: float) -> list[dict[str, float]]:
    found = []
    for _ in range(times):
        time.sleep(every)
        found.append({name: weight(ident) for name, ident in services.items()})
    return found


def _busy(services: Mapping[str, str]) -> float:
    """Return the seconds of processors that containers have had."""
    return sum(seconds(ident) for ident in services.values())


def _stats(container: str) -> Any:
    return CLIENT.api.stats(container, stream=False, one_shot=True)


def _runs(container: str) -> bool:
    return bool(CLIENT.api.inspect_container(container)["State"]["Running"])


def _service(name: str, stack: Stack) -> str:
    return re.sub(rf"^{re.escape(stack.name)}-|-\d+$", "", name)


def _workers(stack: Stack) -> list[float]:
    """Return the MiB of each worker that are nobody else's: what one more would cost."""
    first = CLIENT.api.inspect_container(stack.container("app"))["State"]["Pid"]
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    workers = [one for one in children if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]
    return [_own(Path(f"/proc/{one}/smaps_rollup").read_text()) for one in workers]


def _own(rollup: str) -> float:
    return sum(int(number) for number in re.findall(r"^Private_\w+: +(\d+) kB", rollup, re.MULTILINE)) / 1024


@contextmanager
def _asked(target: Target) -> Iterator[None]:
    thread = Thread(target=flood, args=(target, "/plain", LOAD_SECONDS))
    thread.start()
    time.sleep(2)
    try:
        yield
    finally:
        thread.join()
