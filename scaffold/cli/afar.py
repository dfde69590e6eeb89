"""`stack check https://…`: a site by its address alone. Needs no Docker, and imports nothing of it."""

import time
from collections.abc import Sequence
from pathlib import Path

from .. import authority, checks, elsewhere, report
from ..errors import ExitCode
from . import observe, terminal


def check(address: str, only: Sequence[str], *, roots: Path | None, as_json: bool) -> int:
    """Look once, judge, show the findings."""
    begun = time.monotonic()
    chosen = checks.beyond(only)
    site = elsewhere.project(address, roots=roots, authority=authority.root_path().exists())
    asked = any(one.order for one in chosen) and all(map(elsewhere.in_dns, site.hosts))
    found = checks.run(site, observe.afar(site, dns=asked), chosen)
    if as_json:
        terminal.document(report.findings_document(site.name, found))
    else:
        where = [address, *(["--roots", str(roots)] if roots else [])]
        again, seconds = report.again(found, where), time.monotonic() - begun
        colour, width = terminal.colour(), terminal.width()
        terminal.result(report.findings(found, colour=colour, width=width, seconds=seconds, again=again))
    return ExitCode.FAILED if any(finding.failed for finding in found) else ExitCode.GOOD
