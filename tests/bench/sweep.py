"""Which settings of the proxy and of the app give the most requests a second: every combination, each by itself.

    python -m tests.bench.sweep              about 25 minutes
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

import yaml

from tests.e2e.stacks import ROOT, Stack

from .contenders import NotServed, awaited, made, target
from .figures import Spread
from .pressure import flood

LOG = "TRAEFIK_ACCESSLOG"
READ = (
    "ClientAddr ClientHost Duration DownstreamContentSize DownstreamStatus OriginStatus RequestHost RequestMethod"
    " RequestPath RequestProtocol RouterName ServiceName StartUTC entryPointName"
)
"""The fields of the access log that somebody reads: the others cost as much."""
FEW = {f"{LOG}_FIELDS_DEFAULTMODE": "drop", **{f"{LOG}_FIELDS_NAMES_{name}": "keep" for name in READ.split()}}
ENTRY = "TRAEFIK_ENTRYPOINTS_WEBSECURE_OBSERVABILITY"
IDLE = "TRAEFIK_SERVERSTRANSPORT_MAXIDLECONNSPERHOST"
CHOICES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "access log": {
        "off": {LOG: "false"},
        "as it is": {},
        "buffered": {f"{LOG}_BUFFERINGSIZE": "1000"},
        "few fields": FEW,
        "few fields, buffered": {**FEW, f"{LOG}_BUFFERINGSIZE": "1000"},
    },
    "observability": {"as it is": {}, "off": {f"{ENTRY}_METRICS": "false", f"{ENTRY}_TRACING": "false"}},
    "idle connections": {number: {IDLE: number} for number in ("64", "256", "1024")},
    "collector": {"as it is": {}, "GOGC 400": {"GOGC": "400", "GOMEMLIMIT": "200MiB"}},
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
    found: dict[str, list[float]] = {}
    with made("sweep") as stack:
        for _, workers in itertools.product(range(wish.rounds), wish.workers):
            stack.env |= {"STACK_WORKERS": str(workers), "STACK_APP_MEMORY": "1024"}
            _up(stack, "app")
            for names in itertools.product(*CHOICES.values()):
                name = f"{workers} workers, " + ", ".join(map(": ".join, zip(CHOICES, names, strict=True)))
                found.setdefault(name, []).append(_measured(stack, names))
                print(f"{found[name][-1]:8.0f}  {name}", flush=True)
    ranked = sorted(found, key=lambda one: -Spread.of(found[one]).median)
    (OUT / "sweep.json").write_text(json.dumps({one: found[one] for one in ranked}, indent=1) + "\n")
    return 0


def _measured(stack: Stack, names: tuple[str, ...]) -> float:
    """Return the requests a second with some settings; NotServed when one of them fails."""
    chosen = [CHOICES[what][name] for what, name in zip(CHOICES, names, strict=True)]
    environment = {name: value for one in chosen for name, value in one.items()}
    stack.override(yaml.safe_dump({"services": {"traefik": {"environment": environment}}}))
    _up(stack, "traefik")
    where = target(stack)
    awaited(where, "/plain")
    flood(where, "/plain", 1)
    seen = flood(where, "/plain", SECONDS)
    if seen.bad:
        raise NotServed(f"{seen.bad} of {seen.requests} requests failed with {environment}")
    return seen.per_second


def _up(stack: Stack, service: str) -> None:
    done = stack.compose("up", "--detach", "--no-deps", "--wait", service)
    if done.status:
        raise NotServed(done.everything)


if __name__ == "__main__":
    sys.exit(main())
