"""Row 1: requests a second over HTTPS, and latency at a steady rate."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from . import costs, memory
from .contenders import ALONE, CEILING, NGINX, RECIPE, TEMPLATE, green, page, serving
from .figures import Table, interleaved
from .pressure import SECONDS, Target, flood, stream

PATHS = {"plain": "/plain", "PostgreSQL": "/rows", "100 kB": "/large"}
WARM_SECONDS = 2


def serve(table: Table, rounds: int) -> None:
    """Measure row 1, and row 6 on the same stack."""
    with serving() as (ours, everybody):
        green(ours.stack("check"))
        memory.weigh(table, ours, everybody[TEMPLATE], rounds)
        fastest = _throughput(table, everybody, rounds)
        _latency(table, everybody, fastest / 2, rounds)
        proxied = {name: everybody[name] for name in (RECIPE, TEMPLATE, NGINX)}
        costs.weigh(table, proxied, PATHS["plain"], rounds, RECIPE)
        green(ours.stack("check"))


def _throughput(table: Table, everybody: Mapping[str, Target], rounds: int) -> float:
    """Return the recipe's requests a second on the plain answer."""
    plain = 0.0
    for what, path in PATHS.items():
        who = {name: one for name, one in everybody.items() if name != CEILING or what == "plain"}
        _same_answers(table, who, path)
        for one in who.values():
            flood(one, path, WARM_SECONDS)
        found = interleaved({name: partial(_flooded, table, name, one, path) for name, one in who.items()}, rounds)
        table.take(1, f"{what}, requests/s", found, RECIPE)
        plain = plain or sorted(found[RECIPE])[rounds // 2]
    return plain


def _same_answers(table: Table, who: Mapping[str, Target], path: str) -> None:
    expected = page(who[ALONE], path)
    for name, one in who.items():
        if name != CEILING:
            table.require(page(one, path) == expected, f"{name} answers something else at {path}")


def _flooded(table: Table, name: str, one: Target, path: str) -> float:
    seen = flood(one, path)
    table.require(seen.requests and not seen.bad, f"{name}: {seen.bad} of {seen.requests} requests to {path} failed")
    return seen.per_second


def _latency(table: Table, everybody: Mapping[str, Target], rate: float, rounds: int) -> None:
    who = {name: everybody[name] for name in (RECIPE, TEMPLATE, NGINX)}
    middle: dict[str, list[float]] = {name: [] for name in who}
    slow: dict[str, list[float]] = {name: [] for name in who}
    kept: dict[str, list[float]] = {name: [] for name in who}

    def streamed(name: str) -> float:
        seen = stream(who[name], PATHS["plain"], rate)
        table.require(not seen.bad, f"{name}: {seen.bad} of {seen.requests} requests at {rate:.0f}/s failed")
        middle[name].append(seen.median * 1000)
        slow[name].append(seen.slowest_percent * 1000)
        kept[name].append(seen.requests / SECONDS)
        return seen.median

    interleaved({name: partial(streamed, name) for name in who}, rounds)
    table.take(1, f"plain at {rate:.0f} requests/s, median ms", middle, RECIPE)
    table.take(1, f"plain at {rate:.0f} requests/s, 99th percentile ms", slow, RECIPE)
    table.take(1, f"plain at {rate:.0f} requests/s, answers/s", kept, RECIPE)
