"""Plans and findings in words: for a person, and for a machine. Returns strings; `cli` prints them."""

import json
import shlex
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from .checks import Finding, Status
from .checks.changes import WATCH, Change
from .errors import StackError
from .plan import Step
from .project import ACME, CUSTOM, Project
from .routing import Claim

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

MARKS = {Status.PASS: "✓", Status.FAIL: "✗", Status.WARN: "!", Status.SKIP: "-"}
STYLES = {Status.PASS: "green", Status.FAIL: "bold red", Status.WARN: "yellow", Status.SKIP: "dim"}
FAMILIES = ("app", "http", "tls", "proxy", "data", "secrets", "host", "dns", "drift")
"""What checks are about, in the order of the table: from what visitors notice to what they do not."""
CHANGED = {Status.PASS: "is good again", Status.FAIL: "failed", Status.WARN: "is to be watched"}
TROUBLE = ("looks again", "could not look")
LINE = 10_000
"""Columns of what is one line, however long."""
MENDED = 3
"""So many failures are looked at again by name; of more, the first ones."""


def plan(steps: Sequence[Step]) -> str:
    """Return the plan, a numbered step a line."""
    if not steps:
        return "Nothing to do: everything is as the files say."
    return "\n".join(f"{number:2}. {step}" for number, step in enumerate(steps, 1))


def findings(
    found: Sequence[Finding], *, colour: bool, width: int, seconds: float | None = None, again: str = ""
) -> str:
    """Return the table of findings, what matters most at its end, where the eye is when it has been printed.

    What is good takes a line each, by family; what was skipped a line for each reason; then comes what is to be
    watched, then what failed, both in full, and last how many hold, and what to do next.
    """
    by = {status: [one for one in found if one.outcome.status is status] for status in Status}
    parts = [
        [_good(by[Status.PASS])] if by[Status.PASS] else [],
        [_skipped(by[Status.SKIP])] if by[Status.SKIP] else [],
        *(_in_full(one) for one in (*by[Status.WARN], *by[Status.FAIL])),
        _last(found, seconds, again),
    ]
    return "\n\n".join(_rendered(*part, colour=colour, width=width) for part in parts if part)


def verdict(found: Sequence[Finding], seconds: float | None = None) -> str:
    """Return how many promises hold, and how long it took to see that."""
    count = {status: sum(one.outcome.status is status for one in found) for status in Status}
    words = [f"{count[Status.PASS]} passed", f"{count[Status.FAIL]} failed"]
    words += [f"{count[Status.WARN]} to watch"] if count[Status.WARN] else []
    words += [f"{count[Status.SKIP]} skipped"] if count[Status.SKIP] else []
    return ", ".join(words) + ("" if seconds is None else f" in {seconds:.1f} s")


def again(found: Iterable[Finding], where: Iterable[str] = ()) -> str:
    """Return the command that looks again at what failed, of many only at the first few; empty when nothing did."""
    failed = [one.check.id for one in found if one.failed]
    only = [word for name in failed[:MENDED] for word in ("--only", name)]
    return shlex.join(["stack", "check", *where, *only]) if failed else ""


def change(one: Change, at: str, *, colour: bool) -> str:
    """Return the line that tells a change; of what is good again it does not matter what was seen."""
    from rich.text import Text

    words = TROUBLE[one.now is Status.FAIL] if one.name == WATCH else CHANGED[one.now]
    seen = "" if one.now is Status.PASS or not one.seen else f": {'; '.join(one.seen)}"
    style = STYLES[one.now]
    line = Text(f"{at} ").append(f"{MARKS[one.now]} {one.name} {words}", style).append(seen)
    return _rendered(line, colour=colour, width=LINE)


def findings_document(project: str, found: Sequence[Finding]) -> dict[str, Any]:
    """Return the document that `stack check --json` prints; its shape is documented in the README."""
    return {
        "project": project,
        "ok": not any(finding.failed for finding in found),
        "findings": [_finding_document(finding) for finding in found],
    }


def error_document(error: StackError) -> dict[str, Any]:
    """Return the document that takes the place of a result when a command could not go on."""
    body = {"message": error.message, "evidence": list(error.evidence), "hint": error.hint}
    return {"ok": False, "exit_code": int(error.exit_code), "error": body}


def error_text(error: StackError) -> str:
    """Return an error for a person: the sentence, the evidence, the next command."""
    lines = [f"stack: {error.message}", *(f"  | {line}" for line in error.evidence)]
    return "\n".join([*lines, *([f"  → {error.hint}"] if error.hint else [])])


def as_json(document: dict[str, Any]) -> str:
    """Return one JSON document."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def _good(found: Iterable[Finding]) -> "Table":
    """Return a line for each, cut off where the terminal ends: `--list` has the promises in full."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid("", "", padding=(0, 1, 0, 0), expand=True)
    for column in table.columns:
        column.no_wrap = True
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    before = ""
    for finding in sorted(found, key=_place):
        family, dot, name = finding.check.id.partition(".")
        mark = Text(MARKS[Status.PASS], style=STYLES[Status.PASS])
        table.add_row(
            mark, Text.assemble((family + dot, "dim" if family == before else "bold"), name), finding.check.promise
        )
        before = family
    return table


def _place(finding: Finding) -> int:
    family = finding.check.id.partition(".")[0]
    return FAMILIES.index(family) if family in FAMILIES else len(FAMILIES)


def _skipped(found: Iterable[Finding]) -> "Table":
    """Return a line for each reason, with whatever was skipped for it."""
    reasons: dict[str, list[str]] = {}
    for finding in found:
        reasons.setdefault("; ".join(finding.outcome.seen), []).append(finding.check.id)
    lines = (f"{reason} ({', '.join(ids)})" for reason, ids in reasons.items())
    return _lines(((MARKS[Status.SKIP], line) for line in lines), STYLES[Status.SKIP])


def _in_full(finding: Finding) -> "list[Table]":
    """Return the promise, what was seen and what to do about it."""
    status = finding.outcome.status
    seen = [("seen:", line) for line in finding.outcome.seen]
    return [
        _lines([(MARKS[status], f"{finding.check.id}  {finding.check.promise}")], STYLES[status]),
        _lines([*seen, *([("→", finding.check.hint)] if finding.check.hint else [])], indent=2),
    ]


def _last(found: Sequence[Finding], seconds: float | None, again: str) -> "list[Table]":
    """Return how many hold, and what comes next when some do not."""
    bad = any(one.failed for one in found)
    status = Status.FAIL if bad else Status.PASS
    next_ = [_lines([("Next:", f"mend it, then {again}")])] if bad and again else []
    return [_lines([(MARKS[status], verdict(found, seconds))], STYLES[status]), *next_]


def _lines(rows: Iterable[tuple[str, str]], style: str = "", *, indent: int = 0) -> "Table":
    """Return lines that begin with a mark; what does not fit goes on below their own beginning."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1, 0, 0), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for mark, line in rows:
        # Text, because a plain string would be read as markup: paths and process names hold brackets.
        table.add_row(" " * indent + mark, Text(line), style=style)
    return table


def doubts(found: Iterable[Finding]) -> list[str]:
    """Return a line for each look at an order that saw nothing, or a doubt: the order is made all the same."""
    uncertain = {Status.WARN, Status.SKIP}
    return [
        f"! {one.check.id}: {'; '.join(one.outcome.seen)}"
        for one in found
        if one.check.order and one.outcome.status in uncertain
    ]


def behind(claims: Iterable[Claim]) -> Iterator[str]:
    """Yield a line for each project that a shared proxy serves: its name, what it is served at, and its folder."""
    for (name, folder), theirs in groupby(claims, key=lambda one: (one.project, one.folder)):
        yield f"{name}: {', '.join(str(one.route) for one in theirs)}{f' (in {folder})' if folder else ''}"


def proposal(project: Project, found: Iterable[Finding]) -> str:
    """Return what may be decided once a real certificate is served and nobody has; else nothing.

    HTTP Strict Transport Security (RFC 6797): too early, it locks visitors out (section 14.1).
    """
    proven = {one.check.id for one in found if one.outcome.status is Status.PASS}
    undecided = project.proxy.environment.get("STACK_HSTS_SECONDS") == "0"
    if project.certificates not in {ACME, CUSTOM} or not undecided or not {"tls.trusted", "tls.names"} <= proven:
        return ""
    where = (
        f"in {project.serving.directory}/.env, then `stack up` there" if project.joins else "in .env, then `stack up`"
    )
    return (
        f"A real certificate is served. STACK_HSTS_SECONDS=300 {where}, has browsers insist on it for"
        " five minutes after each visit; without a value it stays as it is, and this is not said again."
    )


def _finding_document(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.check.id,
        "status": finding.outcome.status.value,
        "promise": finding.check.promise,
        "seen": list(finding.outcome.seen),
        "hint": finding.check.hint if finding.outcome.status in {Status.FAIL, Status.WARN} else "",
    }


def _rendered(*tables: "Table | Text", colour: bool, width: int) -> str:
    from rich.console import Console

    console = Console(
        width=width, force_terminal=colour, no_color=not colour, color_system="standard" if colour else None
    )
    with console.capture() as capture:
        for table in tables:
            console.print(table)
    lines = capture.get().splitlines()
    return "\n".join(line.rstrip() for line in lines)
