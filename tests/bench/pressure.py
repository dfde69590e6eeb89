"""Requests as fast as they are answered (wrk), or at a rate (hey), from inside the container that is asked.

A generator that shares the network of the proxy's container reaches it on 127.0.0.1, whatever is published, and nobody
else: no port forwarding of Docker's stands between them.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.stacks import run
from tests.rig.images import TOOLBOX

HERE = Path(__file__).parent
CONNECTIONS = 32
SECONDS = 5


@dataclass(frozen=True)
class Target:
    """Somebody who answers."""

    container: str
    """The one in whose network the generator stands."""
    url: str
    """What stands before the path, as in that network: https://localhost:443."""
    app: str = ""
    """The container behind it that has the app."""


@dataclass(frozen=True)
class Flood:
    """What wrk has seen."""

    per_second: float
    requests: int
    bad: int


@dataclass(frozen=True)
class Stream:
    """What hey has seen at a steady rate; seconds."""

    median: float
    slowest_percent: float
    """The 99th percentile."""
    requests: int
    bad: int


class LoadFailed(Exception):
    """The generator itself did not do its work."""


def flood(target: Target, path: str, seconds: float = SECONDS) -> Flood:
    """Ask as fast as answers come, on connections that are kept."""
    words = ("wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds:g}s", "--timeout", "10s", "-s", "/report.lua")
    return flooded(_generator(target, *words, target.url + path))


def stream(target: Target, path: str, rate: float, seconds: float = SECONDS) -> Stream:
    """Ask at a steady rate, in requests a second."""
    each = rate / CONNECTIONS
    words = ("hey", "-z", f"{seconds:g}s", "-c", str(CONNECTIONS), "-q", f"{each:.3f}", "-t", "10", "-o", "csv")
    return streamed(_generator(target, *words, target.url + path))


def flooded(said: str) -> Flood:
    """Return what wrk's words mean, with report.lua; LoadFailed when they are others."""
    try:
        seen = json.loads(said.splitlines()[-1])
        return Flood(seen["requests"] / seen["microseconds"] * 1e6, seen["requests"], seen["bad"])
    except (ValueError, LookupError, ZeroDivisionError) as error:
        raise LoadFailed(f"wrk says {said!r}") from error


def streamed(said: str) -> Stream:
    """Return what hey's CSV means; LoadFailed when there is nothing in it.

    A connection that waits for an answer sends nothing meanwhile: who is slow gets fewer requests than the rate.
    """
    rows = list(csv.DictReader(io.StringIO(said)))
    times = sorted(float(row["response-time"]) for row in rows)
    if not times:
        raise LoadFailed(f"hey says {said!r}")
    bad = sum(not row["status-code"].startswith("2") for row in rows)
    return Stream(times[len(times) // 2], times[int(len(times) * 0.99)], len(times), bad)


def _generator(target: Target, *words: str) -> str:
    script = f"{HERE}/report.lua:/report.lua:ro"
    done = run(*_inside(target), "--volume", script, TOOLBOX, *words)
    if done.status:
        raise LoadFailed(done.everything)
    return done.out


def _inside(target: Target) -> tuple[str, ...]:
    return ("docker", "run", "--rm", "--network", f"container:{target.container}")
