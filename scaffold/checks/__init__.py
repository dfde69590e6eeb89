"""The promises that the stack makes, one pure function each.

A docstring's first line is the promise: `--list`, the report and the documentation show it. Its second paragraph
says what breaking it costs and how to mend it. A check looks at frozen facts; it does not wait, print or ask.
"""

from collections.abc import Iterable

from ..errors import WrongInput
from ..facts import Facts
from ..project import Project
from . import containers, data, forwarded, host, names, ownfiles, room, secrets, settings, sharing, signing, web
from .places import located
from .verdict import Check, Finding, Outcome, Status, skipped

__all__ = ["CHECKS", "Check", "Finding", "Outcome", "Status", "run", "select"]

CHECKS = (
    Check("host.engine", host.engine, before=True),
    Check("host.project", host.project, before=True),
    Check("host.ports", host.ports, before=True),
    Check("proxy.claims", sharing.claims, before=True),
    Check("proxy.runs", sharing.runs, before=True),
    Check("host.files", host.files, before=True),
    Check("host.settings", settings.settings, before=True),
    Check("secrets.present", secrets.present, before=True),
    Check("secrets.settings", secrets.settings, before=True),
    Check("secrets.private", secrets.private, before=True),
    Check("secrets.untracked", secrets.untracked, before=True),
    Check("host.placeholders", room.placeholders, before=True),
    Check("host.api", room.api, before=True),
    Check("host.memory", room.memory, before=True),
    Check("host.disk", room.disk, before=True),
    Check("tls.files", ownfiles.files, before=True),
    Check("dns.address", names.addresses, before=True, order=True, app=True),
    Check("dns.agree", names.agree, before=True, order=True, app=True),
    Check("dns.cdn", names.cdn, before=True, order=True, app=True),
    Check("tls.caa", signing.caa, before=True, order=True, app=True),
    Check("host.authority", signing.authority, before=True, order=True),
    Check("host.clock", signing.clock, before=True, order=True),
    Check("data.version", data.version, before=True),
    Check("data.healthy", data.data_healthy),
    Check("app.prestart", containers.prestart, app=True),
    Check("app.healthy", containers.app_healthy, needs=("data.healthy",), app=True),
    Check("proxy.healthy", containers.proxy_healthy, needs=("proxy.runs",)),
    Check("proxy.ports", containers.proxy_ports),
    Check("proxy.joined", sharing.joined, needs=("proxy.healthy",)),
    Check("app.workers", containers.app_workers, needs=("app.healthy", "host.settings"), app=True),
    Check("http.redirects", web.http_redirects, needs=("proxy.healthy",), app=True),
    Check("tls.trusted", web.tls_trusted, needs=("proxy.healthy",), app=True),
    Check("tls.names", web.tls_names, needs=("proxy.healthy",), app=True),
    Check("tls.days", web.tls_days, needs=("tls.trusted",), app=True),
    Check("app.answers", web.app_answers, needs=("app.healthy", "proxy.joined"), app=True),
    Check("http.canonical", web.http_canonical, needs=("app.answers",), app=True),
    Check("app.scheme", forwarded.scheme, needs=("app.answers",), app=True),
    Check("app.client", forwarded.client, needs=("app.answers",), app=True),
    Check("app.forged", forwarded.forged, needs=("app.answers",), app=True),
)

APPLESS = skipped("a shared proxy has no app of its own")


def select(ids: Iterable[str] = (), *, before: bool = False, order: bool = True) -> tuple[Check, ...]:
    """Return the checks with these ids and what they need, else all; WrongInput for an id that there is not.

    Only those that look before a start, if asked; without those that matter to an order alone, if told so.
    """
    known = {check.id: check for check in CHECKS}
    wanted: set[str] = set()
    queue = list(ids)
    while queue:
        name = queue.pop()
        if name not in known:
            raise WrongInput(f"there is no check {name!r}", hint=f"`stack check --list` shows them: {', '.join(known)}")
        wanted.add(name)
        queue += known[name].needs
    fit = (check for check in CHECKS if (check.before or not before) and (order or not check.order))
    chosen = tuple(check for check in fit if not wanted or check.id in wanted)
    if not chosen:
        raise WrongInput(
            "none of these checks looks at what is there before a start", hint="stack check --before --list"
        )
    return chosen


def run(project: Project, facts: Facts, checks: Iterable[Check] = CHECKS) -> tuple[Finding, ...]:
    """Judge frozen facts, in order; a check whose need did not pass is skipped, not failed."""
    findings: dict[str, Finding] = {}
    for check in checks:
        unmet = [need for need in check.needs if findings[need].outcome.status not in {Status.PASS, Status.WARN}]
        findings[check.id] = Finding(check, _judged(check, unmet, project, facts))
    return tuple(findings.values())


def _judged(check: Check, unmet: list[str], project: Project, facts: Facts) -> Outcome:
    if check.app and project.is_proxy:
        return APPLESS
    return skipped(f"needs {', '.join(unmet)}") if unmet else located(check.run(project, facts), project)
