"""Measure, and write down what came of it.

    python -m tests.bench            rows 1, 2, 4, 5 and 6, in less than 20 minutes
    python -m tests.bench --long     rows 3 and 7
    python -m tests.bench 4 5        only these

Into .bench/: results.json, table.md, chart.svg. Ends with 1 when a request failed or a result was wrong, and only then.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table as Shown

from tests.e2e.stacks import ROOT, docker, run

from . import building, commands, deploying, growth, serving
from .chart import chart
from .contenders import NotServed, image
from .figures import Table
from .pressure import LoadFailed

ROWS: Mapping[int, Callable[[Table, int], None]] = {
    1: serving.serve,
    2: deploying.deploy,
    3: building.build,
    4: commands.scaffold,
    5: commands.look,
    7: growth.grow,
}
"""Row 6 is measured on the stack of row 1."""
USUAL, LONG = (1, 2, 4, 5), (3, 7)
OUT = ROOT / ".bench"


def machine() -> dict[str, str]:
    """Return what the figures hold for: when, on what, with which versions."""
    memory = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores, {int(memory.split()[1]) // 1_000_000} GB, {platform.machine()}",
        "commit": run("git", "rev-parse", "--short", "HEAD", cwd=ROOT).out.strip(),
        "engine": docker("version", "--format", "{{.Server.Version}}"),
        "compose": docker("compose", "version", "--short"),
        "python": platform.python_version(),
        "images": ", ".join(image(name) for name in ("python", "traefik", "postgres", "nginx")),
    }


def shown(table: Table) -> Shown:
    """Return the table for a terminal."""
    grid = Shown(box=None, pad_edge=False)
    for name in ("what", "who", "median (lowest to highest)", "ratio"):
        grid.add_column(name)
    for row in table.rows():
        grid.add_row(*row)
    return grid


def main() -> int:
    """Measure the rows that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("rows", nargs="*", type=int, choices=sorted(ROWS))
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    wish = parser.parse_args()
    console, table = Console(), Table()
    (OUT / "work").mkdir(parents=True, exist_ok=True)
    os.environ["XDG_DATA_HOME"] = str(OUT / "work/data")
    begun = time.monotonic()
    for row in wish.rows or (LONG if wish.long else USUAL):
        started = time.monotonic()
        try:
            ROWS[row](table, wish.rounds)
        except (NotServed, LoadFailed, AssertionError) as error:  # a stack's own words are asserted, as in tests/e2e
            table.wrong.append(f"row {row} was not measured to its end: {error}")
        console.print(f"row {row}: {time.monotonic() - started:.0f} s", highlight=False)
    about = machine() | {"rounds": str(wish.rounds), "seconds": f"{time.monotonic() - begun:.0f}"}
    body = {"about": about, "wrong": table.wrong, "lines": [line.as_json() for line in table.lines]}
    (OUT / "results.json").write_text(json.dumps(body, indent=1) + "\n")
    (OUT / "table.md").write_text(table.markdown())
    (OUT / "chart.svg").write_text(chart(table))
    console.print(shown(table))
    console.print(", ".join(f"{name} {value}" for name, value in about.items()), highlight=False)
    for complaint in table.wrong:
        console.print(f"✗ {complaint}", highlight=False)
    return 1 if table.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
