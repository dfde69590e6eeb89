"""Which settings of the proxy and of the app give the most requests a second: every combination, each by itself.

Beside each stands what a request cost the proxy, the app and the engine in processor time, which a busy neighbour of
this machine changes less.

    python -m tests.bench.sweep              about 40 minutes
    python -m tests.bench.sweep --workers 2

Prints the best and what stands in the template, and writes all of them to .bench/sweep.json.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
from collections.abc import Mapping
from statistics import median

import yaml

from tests.e2e.stacks import ROOT, Stack

from . import costs
from .contenders import NotServed, awaited, made, target
from .pressure import flood

LOG = "TRAEFIK_ACCESSLOG"
DRIVER = "the driver"
"""Not a variable: by what Docker keeps the log."""
READ = (
    "ClientAddr ClientHost Duration DownstreamContentSize DownstreamStatus OriginStatus RequestHost RequestMethod"
    " RequestPath RequestProtocol RouterName ServiceName StartUTC entryPointName"
)
"""The fields of the access log that somebody reads: the others cost as much."""
FEW = {f"{LOG}_FIELDS_DEFAULTMODE": "drop", **{f"{LOG}_FIELDS_NAMES_{name}": "keep" for name in READ.split()}}
ENTRY = "TRAEFIK_ENTRYPOINTS_WEBSECURE_OBSERVABILITY"
IDLE = "TRAEFIK_SERVERSTRANSPORT_MAXIDLECONNSPERHOST"
LAZY = {"GOGC": "400", "GOMEMLIMIT": "200MiB"}
"""Collect garbage more rarely, and as ever when the memory of the container comes to its end."""
ONE = {"GOMAXPROCS": "1"}
CHOICES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "access log": {
        "off": {LOG: "false"},
        "as it is": {},
        "buffered": {f"{LOG}_BUFFERINGSIZE": "1000"},
        "few fields, buffered, Docker's local driver": {**FEW, f"{LOG}_BUFFERINGSIZE": "1000", DRIVER: "local"},
    },
    "observability": {"as it is": {}, "off": {f"{ENTRY}_METRICS": "false", f"{ENTRY}_TRACING": "false"}},
    "idle connections": {number: {IDLE: number} for number in ("64", "256", "1024")},
    "Go": {"as it is": {}, "GOGC 400": LAZY, "one thread": ONE, "GOGC 400, one thread": {**LAZY, **ONE}},
}
WORKERS = (1, 2, 3, 4)
SECONDS = 3
OUT = ROOT / ".bench"


def main() -> int:
    """Measure every combination."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sweep")
    parser.add_argument("--workers", nargs="*", type=int, default=WORKERS)
    parser.add_argument("--rounds", type=int, default=1)
    wish = parser.parse_args()
    (OUT / "work").mkdir(parents=True, exist_ok=True)
    os.environ["XDG_DATA_HOME"] = str(OUT / "work/data")
    found: dict[str, list[dict[str, float]]] = {}
    with made("sweep") as stack:
        for _, workers in itertools.product(range(wish.rounds), wish.workers):
            stack.env |= {"STACK_WORKERS": str(workers), "STACK_APP_MEMORY": "1024"}
            _up(stack, "app")
            for names in itertools.product(*CHOICES.values()):
                name = f"{workers} workers, " + ", ".join(map(": ".join, zip(CHOICES, names, strict=True)))
                found.setdefault(name, []).append(_measured(stack, names))
                print(" ".join(f"{value:8.0f}" for value in found[name][-1].values()), f" {name}", flush=True)
    ranked = sorted(found, key=lambda one: -median(seen["per second"] for seen in found[one]))
    (OUT / "sweep.json").write_text(json.dumps({one: found[one] for one in ranked}, indent=1) + "\n")
    return 0


def _measured(stack: Stack, names: tuple[str, ...]) -> dict[str, float]:
    """Return the requests a second with some settings, and what each has cost; NotServed when one of them fails."""
    chosen = [CHOICES[what][name] for what, name in zip(CHOICES, names, strict=True)]
    environment = {name: value for one in chosen for name, value in one.items()}
    settings = {"environment": environment, "logging": {"driver": environment.pop(DRIVER, "json-file")}}
    stack.override(yaml.safe_dump({"services": {"traefik": settings}}))
    _up(stack, "traefik")
    where = target(stack)
    awaited(where, "/plain")
    flood(where, "/plain", 1)
    seen, paid = costs.paid(where, "/plain", SECONDS)
    if seen.bad:
        raise NotServed(f"{seen.bad} of {seen.requests} requests failed with {environment}")
    return {"per second": seen.per_second, "µs": paid.whole, **vars(paid)}


def _up(stack: Stack, service: str) -> None:
    done = stack.compose("up", "--detach", "--no-deps", "--wait", service)
    if done.status:
        raise NotServed(done.everything)


if __name__ == "__main__":
    sys.exit(main())
