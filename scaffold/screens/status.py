"""How a stack stands, on one screen."""

import textwrap
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from .. import places
from ..project import Project
from ..standing import Row, Served, Standing
from . import BOLD, DIM, GREEN, RED, YELLOW, Cell, Paint, columns, painter

MIB = 2**20
LONGEST = 16
"""Letters of a service's name that a row has room for."""
FULL, BUSY = 0.9, 90.0
"""From which part of its memory on a service is marked, and from which share of a core for each of its containers."""
FEW = 9.95
"""A share of a core below this is told with a decimal."""
TAG = 12
"""Letters of an image's id that tell it from others."""
UNITS = ((timedelta(days=2), timedelta(days=1), "d"), (timedelta(hours=2), timedelta(hours=1), "h"))

HEADS = ("service", "runs", "health", "workers", "CPU", "MiB", "restarts", "since")
RIGHT = {1, *range(3, 8)}
"""Columns whose figures stand below each other."""


def text(standing: Standing, *, colour: bool, width: int) -> str:
    """Return the screen."""
    paint = painter(colour=colour)
    blocks = [_head(standing, paint), *([] if standing.idle else [_table(standing, paint)]), _foot(standing, width)]
    return "\n\n".join(["\n".join(block) for block in blocks if block] + ["\n".join(_verdict(standing, paint, width))])


def _head(standing: Standing, paint: Paint) -> list[str]:
    project = standing.project
    where = "a shared proxy" if project.is_proxy else "  ".join(urls(project))
    return [f"{paint(project.name, BOLD)}  {where}".rstrip()]


def urls(project: Project) -> tuple[str, ...]:
    """Return where a stack serves; nothing of a shared proxy, and of a stack whose proxy is not there."""
    if project.joins and project.front is None:
        return ()
    return tuple(project.url(host) for host in project.canonical)


# ------------------------------------------------------------------ services


def _table(standing: Standing, paint: Paint) -> list[str]:
    rows = [[(head, DIM) for head in HEADS], *(_cells(row, standing.now) for row in standing.rows)]
    marks = [("", ""), *(("✓", GREEN) if row.well else ("✗", RED) for row in standing.rows)]
    lines = columns(rows, RIGHT, paint)
    return [f"{paint(mark or ' ', style)} {line}".rstrip() for (mark, style), line in zip(marks, lines, strict=True)]


def _cells(row: Row, now: datetime) -> list[Cell]:
    wrong = "" if row.well else RED
    return [
        (_short(row.service), wrong),
        ("", "") if row.one_shot else (f"{row.running}/{row.wanted}", RED if row.running != row.wanted else ""),
        (_health(row), wrong if _health(row) not in {"healthy", ""} else ""),
        _workers(row),
        _cpu(row),
        _memory(row),
        ("" if row.one_shot else str(row.restarts), YELLOW if row.restarted else ""),
        (ago(now - row.since) if row.since else "", ""),
    ]


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _health(row: Row) -> str:
    if row.missing:
        return "left over"
    if row.one_shot and row.ended is not None:
        return "done" if row.well else f"status {row.ended}"
    return row.health


def _workers(row: Row) -> Cell:
    return (f"{row.workers.alive}/{row.workers.wanted}", RED if row.short else "") if row.workers else ("", "")


def _cpu(row: Row) -> Cell:
    if row.cpu is None:
        return "", ""
    return f"{row.cpu:.{int(row.cpu < FEW)}f} %", YELLOW if row.cpu > BUSY * row.running else ""


def _memory(row: Row) -> Cell:
    if row.memory is None:
        return "", ""
    limit = f"/{row.limit / MIB:.0f}" if row.limit else ""
    return f"{row.memory / MIB:.0f}{limit}", YELLOW if row.limit and row.memory > FULL * row.limit else ""


def ago(passed: timedelta) -> str:
    """Return how long something has been so, in one unit."""
    for least, unit, name in UNITS:
        if passed >= least:
            return f"{passed // unit} {name}"
    seconds = max(0, int(passed.total_seconds()))
    return f"{seconds // 60} min" if seconds >= 120 else f"{seconds} s"  # noqa: PLR2004 - two minutes


# ------------------------------------------------------------------ what is beside them


def _foot(standing: Standing, width: int) -> list[str]:
    return [line for label, said in _facts(standing) for line in _labelled(label, said, width)]


def _facts(standing: Standing) -> Iterator[tuple[str, str]]:
    for name, why in standing.unseen.items():
        yield "not seen", f"{name}: {why}"
    project = standing.project
    if project.joins:
        yield "served by", _front(standing)
    if project.front is None and not project.joins and project.external:
        yield "certificate", "HTTPS ends in front of this server"
    yield from (("certificate", _certificate(one)) for one in standing.certificates)
    yield "last up", _record(standing)
    if project.is_proxy:
        yield from (("behind it", line) for line in _behind(standing) or ("nothing yet",))


def _labelled(label: str, said: str, width: int) -> Iterator[str]:
    margin = " " * 13
    wrapped = textwrap.wrap(said, width, initial_indent=f"{label:13}", subsequent_indent=margin, break_on_hyphens=False)
    yield from wrapped or [label]


def _front(standing: Standing) -> str:
    project = standing.project
    if project.front is None:
        return f"{project.joins}, a shared proxy that is not there"
    return f"{project.joins} in {project.front.directory}, {'which runs' if standing.serves else 'which does not run'}"


def _certificate(one: Served) -> str:
    if one.not_after.year <= 1970:  # noqa: PLR2004 - there was no handshake
        return f"✗ {one.host}: {one.problem}"
    left = f"{one.left.days} days left" if one.left > timedelta(0) else "has expired"
    mark = "" if one.well else "✗ " if one.problem else "! "
    return f"{mark}{one.host}: {one.issuer}, {left}{f', {one.problem}' if one.problem else ''}"


def _record(standing: Standing) -> str:
    done = standing.record
    if done is None:
        return "none is written down"
    killed = sum(one.killed for one in done.stopped)
    image = done.name or done.image.removeprefix("sha256:")[:TAG]
    forced = f"; {killed} of {len(done.stopped)} containers had to be ended by force" if killed else ""
    return f"{ago(standing.now - done.at)} ago ({_local(done.at)}), took {done.seconds:.0f} s, {image}{forced}"


def _local(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


def _behind(standing: Standing) -> list[str]:
    return [
        f"{name}: {', '.join(str(one.route) for one in theirs)}"
        for name, theirs in groupby(standing.claims, key=lambda one: one.project)
    ]


def _verdict(standing: Standing, paint: Paint, width: int) -> list[str]:
    if standing.well:
        return [paint("Everything runs.", GREEN)]
    if standing.idle:
        return [paint("Nothing runs.", RED) + f" Next: {places.command('up', standing.project.directory)}"]
    said = f"Not as wanted: {', '.join(standing.wrong)}. Next: {_next(standing)}"
    return [paint(line, RED) for line in textwrap.wrap(said, width, break_on_hyphens=False)]


def _next(standing: Standing) -> str:
    project = standing.project
    check = places.command("check", project.directory)
    if project.joins in standing.wrong:
        return places.command("up", project.front.directory) if project.front else check
    if any(row.missing for row in standing.rows):
        return places.command("up", project.directory)
    return f"{places.within(f'logs {standing.wrong[0]}', project.directory)}; {check}"


# ------------------------------------------------------------------ for a machine


def document(standing: Standing) -> dict[str, Any]:
    """Return the document that `stack status --json` prints; its shape is documented in the README."""
    project, done = standing.project, standing.record
    return {
        "project": project.name,
        "ok": standing.well,
        "urls": list(urls(project)),
        "proxy": {"name": project.joins, "runs": standing.serves} if project.joins else None,
        "services": [_service(row) for row in standing.rows],
        "certificates": [_host(one) for one in standing.certificates],
        "unseen": dict(standing.unseen),
        "last_up": _each(done.at.isoformat(), done.seconds, done.image, done.name) if done else None,
        "behind": [
            {"project": one.project, "directory": one.folder, "route": str(one.route)} for one in standing.claims
        ],
    }


def _each(at: str, seconds: float, image: str, name: str) -> dict[str, Any]:
    return {"at": at, "seconds": seconds, "image": image, "name": name}


def _service(row: Row) -> dict[str, Any]:
    return {
        "service": row.service,
        "ok": row.well,
        "wanted": row.wanted,
        "running": row.running,
        "health": row.health,
        "one_shot": row.one_shot,
        "status": row.ended,
        "workers": row.workers.alive if row.workers else None,
        "workers_wanted": row.workers.wanted if row.workers else None,
        "cpu_percent": None if row.cpu is None else round(row.cpu, 2),
        "memory": row.memory,
        "memory_limit": row.limit,
        "restarts": row.restarts,
        "since": row.since.isoformat() if row.since else None,
    }


def _host(one: Served) -> dict[str, Any]:
    known = one.not_after.year > 1970  # noqa: PLR2004 - else there was no handshake
    return {
        "host": one.host,
        "ok": one.well,
        "issuer": one.issuer,
        "not_after": one.not_after.isoformat() if known else None,
        "days": one.left.days if known else None,
        "problem": one.problem,
    }
