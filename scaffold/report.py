"""Plans and findings in words: for a person, and for a machine. Returns strings; `cli` prints them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from .checks import Check, Finding, Status
from .errors import StackError
from .plan import Step
from .project import ACME, CUSTOM, Project
from .routing import Claim

if TYPE_CHECKING:
    from rich.table import Table

MARKS = {Status.PASS: "✓", Status.FAIL: "✗", Status.WARN: "!", Status.SKIP: "-"}
STYLES = {Status.PASS: "green", Status.FAIL: "bold red", Status.WARN: "yellow", Status.SKIP: "dim"}


def plan(steps: Sequence[Step]) -> str:
    """Return the plan, a numbered step a line."""
    if not steps:
        return "Nothing to do: everything is as the files say."
    return "\n".join(f"{number:2}. {step}" for number, step in enumerate(steps, 1))


def findings(found: Sequence[Finding], *, colour: bool, width: int) -> str:
    """Return the table of findings: one line each when good, failures last and in full."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(width=1)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for finding in sorted(found, key=lambda one: one.failed):
        style = STYLES[finding.outcome.status]
        # Text, because a plain string would be read as markup: paths and process names hold brackets.
        table.add_row(MARKS[finding.outcome.status], finding.check.id, Text(_told(finding)), style=style)
    return _rendered(table, colour=colour, width=width) + "\n" + verdict(found)


def verdict(found: Sequence[Finding]) -> str:
    """Return the last line: how many promises hold."""
    count = {status: sum(one.outcome.status is status for one in found) for status in Status}
    words = [f"{count[Status.PASS]} passed", f"{count[Status.FAIL]} failed"]
    words += [f"{count[Status.WARN]} to watch"] if count[Status.WARN] else []
    words += [f"{count[Status.SKIP]} skipped"] if count[Status.SKIP] else []
    return ", ".join(words)


def check_list(checks: Iterable[Check], *, colour: bool, width: int) -> str:
    """Return every check with its promise."""
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for check in checks:
        table.add_row(check.id, check.promise)
    return _rendered(table, colour=colour, width=width)


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


def _told(finding: Finding) -> str:
    lines = [finding.check.promise]
    if finding.outcome.status is not Status.PASS:
        lines += [f"seen: {line}" for line in finding.outcome.seen]
    if finding.outcome.status in {Status.FAIL, Status.WARN}:
        lines.append(f"→ {finding.check.hint}")
    return "\n".join(lines)


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


def _rendered(table: "Table", *, colour: bool, width: int) -> str:
    from rich.console import Console

    console = Console(
        width=width, force_terminal=colour, no_color=not colour, color_system="standard" if colour else None
    )
    with console.capture() as capture:
        console.print(table)
    lines = capture.get().splitlines()
    return "\n".join(line.rstrip() for line in lines)
