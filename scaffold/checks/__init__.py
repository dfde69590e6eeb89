"""The promises that the stack makes, one pure function each.

A docstring's first line is the promise: `--list`, the report and the documentation show it. Its second paragraph
says what breaking it costs and how to mend it. A check looks at frozen facts; it does not wait, print or ask.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace

from ..errors import WrongInput
from ..facts import Facts, Unseen, guarded
from ..project import Project
from . import (
    bounds,
    containers,
    data,
    drift,
    forwarded,
    host,
    lasting,
    names,
    ownfiles,
    proxy,
    rolled,
    room,
    secrets,
    settings,
    sharing,
    signing,
    tls,
    web,
)
from .places import located
from .verdict import Check, Finding, Outcome, Status, skipped

__all__ = ["CHECKS", "Check", "Finding", "Outcome", "Status", "beyond", "run", "select"]

CHECKS = (
    Check("host.seen", host.seen, before=True, outside=True),
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
    Check("dns.agree", names.agree, before=True, order=True, app=True, outside=True),
    Check("dns.cdn", names.cdn, before=True, order=True, app=True),
    Check("tls.caa", signing.caa, before=True, order=True, app=True),
    Check("host.authority", signing.authority, before=True, order=True),
    Check("host.clock", signing.clock, before=True, order=True),
    Check("data.version", data.version, before=True),
    Check("drift.containers", drift.containers),
    Check("data.healthy", data.data_healthy),
    Check("data.published", data.published),
    Check("data.persistent", data.persistent, needs=("data.healthy",)),
    Check("app.prestart", containers.prestart, app=True),
    Check("app.healthy", containers.app_healthy, needs=("data.healthy",), app=True),
    Check("data.reached", data.reached, needs=("data.healthy", "app.healthy"), app=True),
    Check("data.private", data.private, needs=("data.healthy", "app.healthy"), app=True),
    Check("data.room", data.room),
    Check("proxy.healthy", containers.proxy_healthy, needs=("proxy.runs",)),
    Check("proxy.ports", containers.proxy_ports),
    Check("proxy.socket", proxy.socket),
    Check("proxy.readonly", proxy.readonly, needs=("proxy.healthy",)),
    Check("proxy.api", proxy.api, needs=("proxy.healthy",)),
    Check("proxy.storage", proxy.storage, needs=("proxy.healthy",)),
    Check("proxy.orders", proxy.orders, needs=("proxy.healthy",)),
    Check("proxy.routers", proxy.routers, needs=("proxy.healthy",)),
    Check("proxy.joined", sharing.joined, needs=("proxy.healthy",)),
    Check("secrets.inspect", secrets.inspect),
    Check("secrets.image", secrets.image, app=True),
    Check("app.workers", containers.app_workers, needs=("app.healthy", "host.settings"), app=True),
    Check("app.restarts", lasting.restarts),
    Check("app.starved", lasting.starved),
    Check("app.died", lasting.died, needs=("app.healthy", "app.starved"), app=True),
    Check("app.memory", bounds.memory),
    Check("app.confined", bounds.confined, needs=("app.healthy",), app=True),
    Check("app.stops", rolled.stops, app=True),
    Check("app.image", rolled.image, app=True),
    Check("host.logs", bounds.logs),
    Check("host.boot", lasting.boot),
    Check("http.redirects", web.http_redirects, needs=("proxy.healthy",), app=True, outside=True),
    Check("http.h2", web.http_h2, needs=("proxy.healthy",), app=True, outside=True),
    Check("tls.default", tls.default, needs=("proxy.healthy",), app=True, outside=True),
    Check("tls.staging", tls.staging, needs=("proxy.healthy",), app=True, outside=True),
    Check("tls.trusted", tls.trusted, needs=("tls.default", "tls.staging"), app=True, outside=True),
    Check("tls.names", tls.names, needs=("tls.default",), app=True, outside=True),
    Check("tls.days", tls.days, needs=("tls.trusted",), app=True, outside=True),
    Check("tls.old", tls.old, needs=("proxy.healthy",), app=True, outside=True),
    Check("app.answers", web.app_answers, needs=("app.healthy", "proxy.joined"), app=True, outside=True),
    Check("http.canonical", web.http_canonical, needs=("app.answers",), app=True),
    Check("http.headers", web.http_headers, needs=("app.answers",), app=True, outside=True),
    Check("http.ranges", web.http_ranges, needs=("app.answers",), app=True, outside=True),
    Check("http.limit", web.http_limit, needs=("host.settings", "app.answers"), app=True),
    Check("http.strangers", web.http_strangers, needs=("app.answers",), app=True, outside=True),
    Check("tls.hsts", tls.hsts, needs=("tls.trusted", "app.answers"), app=True, outside=True),
    Check("app.scheme", forwarded.scheme, needs=("app.answers",), app=True),
    Check("app.client", forwarded.client, needs=("app.answers",), app=True),
    Check("app.forged", forwarded.forged, needs=("app.answers",), app=True),
)

VERSION = {"app", "http"}
"""The families of checks whose outcome is a version's own doing."""
BLAMED, BLAMELESS = {"data.reached"}, {"app.stops"}
"""One more of these, and one that is about the version before."""
SERVES = {"app.healthy", "app.answers"}
"""What has to be seen before anybody can say that a version serves."""
APPLESS = skipped("a shared proxy has no app of its own")


def select(ids: Iterable[str] = (), *, before: bool = False, order: bool = True) -> tuple[Check, ...]:
    """Return the checks with these ids and what they need, else all; WrongInput for an id that there is not.

    Only those that look before a start, if asked; without those that matter to an order alone, if told so.
    """
    known = {check.id: check for check in CHECKS}
    wanted: set[str] = set()
    asked = tuple(ids)
    queue = list(asked)
    while queue:
        name = queue.pop()
        if name not in known:
            raise WrongInput(f"there is no check {name!r}", hint=f"`stack check --list` shows them: {', '.join(known)}")
        wanted.add(name)
        queue += known[name].needs
    if before and (late := [name for name in dict.fromkeys(asked) if not known[name].before]):
        raise WrongInput(
            f"{', '.join(late)} does not look at what is there before a start", hint="stack check --before --list"
        )
    fit = (check for check in CHECKS if (check.before or not before) and (order or not check.order))
    chosen = tuple(check for check in fit if not wanted or check.id in wanted)
    if not chosen:
        raise WrongInput(
            "none of these checks looks at what is there before a start", hint="stack check --before --list"
        )
    return chosen


def beyond(ids: Iterable[str] = ()) -> tuple[Check, ...]:
    """Return the checks with these ids that can judge a site by its address alone, and what they need of these.

    WrongInput for an id that there is not, and for one that has to see the server itself.
    """
    able = {check.id for check in CHECKS if check.outside}
    wanted = tuple(ids)
    if inner := [check.id for check in select(wanted) if check.id in wanted and check.id not in able]:
        raise WrongInput(
            f"from outside nobody can look at {', '.join(inner)}",
            hint="`stack check` in the project's folder looks at it; `stack check ADDRESS --list` shows the others",
        )
    chosen = (check for check in select(wanted) if check.id in able)
    return tuple(replace(check, needs=tuple(need for need in check.needs if need in able)) for check in chosen)


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
    if unmet:
        return skipped(f"needs {', '.join(unmet)}")
    try:
        return located(check.run(project, guarded(facts)), project)
    except Unseen as unseen:
        return skipped(f"could not be looked at: {unseen.why}")


def blamed(found: Iterable[Finding], before: Collection[str] = ()) -> tuple[Finding, ...]:
    """Return what a new version has to answer for: what failed of the app's own that did not fail before it came."""
    own = (one for one in found if one.check.id.partition(".")[0] in VERSION or one.check.id in BLAMED)
    return tuple(one for one in own if one.failed and one.check.id not in {*before, *BLAMELESS})


def blind(found: Iterable[Finding]) -> bool:
    """Tell whether so much could not be looked at that nobody can say whether a version serves."""
    status = {one.check.id: one.outcome.status for one in found}
    return status.get("host.seen") is Status.FAIL and any(status.get(name) is Status.SKIP for name in SERVES)
