"""`stack up`, `stack check` and `stack down`."""

import fcntl
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from .. import authority, awaited, checks, plan, probe, report, secretfiles
from ..checks import Finding
from ..engine import Engine, Say
from ..errors import ExitCode, NotReady, StackError, WrongInput
from ..facts import Awaited, Facts
from ..project import DNS, LOCAL, RELOAD, Project, sample
from ..routing import Claim
from . import observe, terminal

UNREHEARSED = "The order is not rehearsed: Traefik serves, on the ports that a rehearsal needs."
FILE_SECONDS = 15
"""How long a certificate may take that lies in a file: Traefik reads it when it starts."""
DNS_SECONDS = 600
"""How long an order may take when a record has to reach all of a zone's servers first: Traefik gives up before."""


def up(directory: Path, *, dry_run: bool, rehearse: bool, as_json: bool) -> int:
    """Preflight, plan, carry out, check."""
    engine = Engine.connect()
    project = engine.load(directory)
    with nullcontext() if dry_run else alone(project.directory):
        return _up(engine, project, dry_run=dry_run, rehearse=rehearse, as_json=as_json)


def foresee(directory: Path) -> tuple[tuple[Finding, ...], tuple[plan.Step, ...]]:
    """Return what `up` would find wrong before it starts, else what it would do. Changes nothing."""
    engine = Engine.connect()
    project = engine.load(directory)
    facts, before = _look(engine, project)
    wrong = tuple(finding for finding in before if finding.failed)
    return wrong, () if wrong else plan.up(project, facts)


def _look(engine: Engine, project: Project) -> tuple[Facts, tuple[Finding, ...]]:
    """Look at the machine, and at the names where a certificate has to be ordered for them."""
    facts = observe.machine(engine, project)
    if order := bool(plan.orders(project, facts)):
        facts = _outside(project, facts)
    return facts, checks.run(project, facts, checks.select(before=True, order=order))


def _outside(project: Project, facts: Facts) -> Facts:
    """Look at what others say, which may take seconds; nobody is asked where nothing is ordered."""
    if not project.ordered or project.is_proxy:
        return facts
    with terminal.step(f"ask DNS for {', '.join(project.hosts)}, and the authority"):
        return observe.outside(project, facts)


def _up(engine: Engine, project: Project, *, dry_run: bool, rehearse: bool, as_json: bool) -> int:
    if not dry_run:
        secretfiles.guard(project.directory)
    facts, before = _look(engine, project)
    if any(finding.failed for finding in before):
        return _conclude(project, before, (), as_json=as_json, failed=ExitCode.NOT_READY)
    for line in report.doubts(before):
        terminal.note(line)
    steps = plan.up(project, facts, rehearse=rehearse)
    if rehearse and plan.unrehearsed(project, facts):
        terminal.note(UNREHEARSED)
    if dry_run:
        return _planned(project, steps, as_json=as_json)
    if not steps:
        terminal.note(report.plan(steps))
    _carry_out(engine, project, steps, facts)
    with terminal.step("check") as say:
        say("looking from outside")
        found = checks.run(project, observe.everything(engine, project), checks.select(order=False))
    for leaver in facts.leavers:
        terminal.note(f"Next, so that somebody answers for {leaver.project}: stack up {shlex.quote(leaver.folder)}")
    return _conclude(project, found, steps, as_json=as_json)


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Keep a second command that changes something away from a project; NotReady for it. Ends with the process."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        _lock(handle, directory)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, directory: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise NotReady(
            f"another `stack` is at work in {directory}; nothing was touched",
            hint="wait for it, then try again",
        ) from error


def _carry_out(engine: Engine, project: Project, steps: Sequence[plan.Step], facts: Facts) -> None:
    """Carry out the steps; when one fails after the image has changed, the one from before serves."""
    since = datetime.now(UTC)
    done: list[plan.Step] = []
    for step in steps:
        if isinstance(step, plan.Start | plan.Restart):
            since = datetime.now(UTC)
        done.append(step)
        try:
            with terminal.step(str(step)) as say:
                perform(engine, project, step, say, since=since)
        except StackError as error:
            secretfiles.blank(project.directory, error)
            error.message += _unserved(project, done)
            if not isinstance(step, plan.AwaitCertificate):
                _take_back(engine, project, plan.back(project, facts, done), error)
            raise


def _unserved(project: Project, done: Sequence[plan.Step]) -> str:
    """Return who gave its Traefik up for one that has not started, in words for an error; empty for nobody."""
    names = [one.project for one in done if isinstance(one, plan.Release) and one.project != project.name]
    return f"; nobody answers for {', '.join(names)} meanwhile" if names else ""


def _take_back(engine: Engine, project: Project, steps: Sequence[plan.Step], error: StackError) -> None:
    """Make the app's earlier image serve again, and say so in the error that made it necessary."""
    if not steps:
        return
    try:
        for step in steps:
            with terminal.step(f"take it back: {step}") as say:
                engine.apply(project, step, say)
    except StackError as second:
        error.message += f"; the version from before does not serve either: {second.message}"
    else:
        error.message += "; the version from before serves" + (" again" if len(steps) > 1 else "")


def check(directory: Path, only: Sequence[str], *, before: bool, as_json: bool) -> int:
    """Gather facts once, judge them, show the findings."""
    chosen = checks.select(only, before=before)
    engine = Engine.connect()
    project = engine.load(directory)
    facts = observe.machine(engine, project) if before else observe.everything(engine, project)
    if any(one.order for one in chosen):
        facts = _outside(project, facts)
    return _conclude(project, checks.run(project, facts, chosen), None, as_json=as_json)


def list_checks(only: Sequence[str], *, before: bool, as_json: bool) -> int:
    """Show the promises; needs no Docker."""
    chosen = checks.select(only, before=before)
    if as_json:
        terminal.document(
            {"checks": [{"id": one.id, "promise": one.promise, "needs": list(one.needs)} for one in chosen]}
        )
    else:
        terminal.result(report.check_list(chosen, colour=terminal.colour(), width=terminal.width()))
    return ExitCode.GOOD


def down(directory: Path, *, volumes: bool, yes: bool, as_json: bool) -> int:
    """Stop and remove; volumes only after naming each and asking."""
    engine = Engine.connect()
    project = engine.load(directory, joined=False)
    observe.ours(engine, project, hint="stack down {}")
    if (behind := engine.claims(project) if project.is_proxy else ()) and not yes:
        _agree_to_leave(project, behind, as_json=as_json)
    doomed = engine.volumes(project) if volumes else ()
    if doomed and not yes:
        _agree(doomed, as_json=as_json)
    with alone(project.directory), terminal.step(f"remove the containers and networks of {project.name}") as say:
        engine.down(project, say, volumes=volumes)
    kept = engine.volumes(project)
    removed = [name for name in doomed if name not in kept]
    if removed and not as_json:
        terminal.result(f"Removed: {', '.join(removed)}")
    if as_json:
        body = {"project": project.name, "ok": True, "volumes_removed": removed, "volumes_kept": list(kept)}
        terminal.document(body)
    elif kept:
        terminal.result(
            f"Kept: {', '.join(kept)}. `stack up` takes up from there; `stack down --volumes` removes them."
        )
    return ExitCode.GOOD


def _agree_to_leave(project: Project, behind: Sequence[Claim], *, as_json: bool) -> None:
    """Return when a shared proxy may go although stacks are behind it; WrongInput that names them when it may not."""
    lines = tuple(report.behind(behind))
    if as_json or not terminal.interactive():
        raise WrongInput(
            f"without {project.name} nobody answers for the stacks behind it, and nobody is there to ask",
            evidence=lines,
            hint="--yes, if you mean it",
        )
    from .. import wizard

    terminal.note("\n".join(("Nobody would answer any more for:", *(f"  {line}" for line in lines))))
    if not wizard.confirm(f"Take {project.name} down all the same?"):
        raise WrongInput("nothing was stopped", hint="stack down in the folders of these stacks first")


def _agree(doomed: Sequence[str], *, as_json: bool) -> None:
    """Return when volumes may go; WrongInput when they may not."""
    what = "\n".join(f"  {name}: {_loss(name)}" for name in doomed)
    if as_json or not terminal.interactive():
        raise WrongInput(
            f"--volumes would remove {', '.join(doomed)}, and nobody is there to ask", hint="--yes, if you mean it"
        )
    from .. import wizard

    terminal.note(f"These volumes would be removed, with everything in them:\n{what}")
    if not wizard.confirm("Remove them?"):
        raise WrongInput("nothing was removed", hint="`stack down` without --volumes keeps them")


def _loss(volume: str) -> str:
    if volume.endswith("_acme"):
        return "account and certificates; new ones count against the authority's weekly limits"
    if volume.endswith("_postgres"):
        return "the database, with all that is in it; the project's manual tells how to dump it"
    return "all data in it"


def perform(engine: Engine, project: Project, step: plan.Step, say: Say, *, since: datetime) -> None:
    """Hand a step to whoever carries it out."""
    match step:
        case plan.SignLeaf(hosts):
            authority.sign(project.serving.directory, hosts, datetime.now(UTC), project.leaf)
            _tell(project)
        case plan.DropLeaf():
            authority.drop(project.serving.directory, project.leaf)
            _tell(project)
        case plan.MakeSecret(path):
            secretfiles.make(path)
        case plan.Rehearse(hosts):
            _rehearse(engine, project, hosts, say)
        case plan.AwaitCertificate(hosts):
            said = partial(observe.complaints, engine, project, since)
            if lacking := _lacking(project, hosts, observe.site(project), said, say):
                raise awaited.error(lacking, project)
        case _:
            engine.apply(project, step, say)


def _tell(project: Project) -> None:
    """Have a shared Traefik read its certificates again: it is not restarted for one of its stacks."""
    if project.joins:
        (project.serving.directory / RELOAD).touch()


def _rehearse(engine: Engine, project: Project, hosts: Sequence[str], say: Say) -> None:
    """Order from the authority for trials; StackError that says that this cost nothing when it fails."""
    # The throw-away Traefik is the proxy's: another stack's `up` would take it away.
    lock = alone(project.serving.directory) if project.joins else nullcontext()
    with lock, engine.rehearsal(project.serving, hosts, say) as traefik:

        def complaints() -> tuple[str, ...]:
            engine.refuse_ended(traefik)
            return observe.said(engine, [traefik], traefik.started)

        if lacking := _lacking(project, hosts, observe.stage(project, traefik), complaints, say):
            raise awaited.rehearsed(lacking, project)


def _lacking(
    project: Project, hosts: Sequence[str], site: probe.Site, complaints: Callable[[], tuple[str, ...]], say: Say
) -> Awaited | None:
    """Wait for the certificate of every host; return what came of the first that does not come."""
    seconds = DNS_SECONDS if project.challenge == DNS else probe.CERTIFICATE_SECONDS
    seconds = seconds if project.ordered else FILE_SECONDS
    for host in hosts:
        seen = probe.await_certificate(site, sample(host), complaints, say, seconds)
        if not seen.came:
            return replace(seen, host=host)
    return None


def _planned(project: Project, steps: Sequence[plan.Step], *, as_json: bool) -> int:
    if as_json:
        terminal.document({"project": project.name, "ok": True, "plan": [str(step) for step in steps]})
    else:
        terminal.result(report.plan(steps))
    return ExitCode.GOOD


def _conclude(
    project: Project,
    found: Sequence[Finding],
    steps: Sequence[plan.Step] | None,
    *,
    as_json: bool,
    failed: ExitCode = ExitCode.FAILED,
) -> int:
    """Show the findings and return the exit code they mean."""
    if as_json:
        planned = {} if steps is None else {"plan": [str(step) for step in steps]}
        terminal.document({**report.findings_document(project.name, found), **planned})
    else:
        terminal.result(report.findings(found, colour=terminal.colour(), width=terminal.width()))
        _farewell(project, found)
    return failed if any(finding.failed for finding in found) else ExitCode.GOOD


def _farewell(project: Project, found: Sequence[Finding]) -> None:
    """Tell where the site is, when it is there, or how others come to be behind a shared proxy."""
    if project.is_proxy:
        terminal.note(f"Stacks join it with --data proxy=shared --data proxy_project={project.name} (stack new).")
    served = {one.check.id for one in found if one.outcome.status is checks.Status.PASS}
    if "app.answers" not in served:
        return
    terminal.result(" ".join(project.url(host) for host in project.canonical))
    if proposal := report.proposal(project, found):
        terminal.note(proposal)
    if project.certificates == LOCAL and sys.stdout.isatty():
        terminal.note(
            f"Browsers accept it once they trust {authority.root_path()} (README: trusting the local authority)."
        )
