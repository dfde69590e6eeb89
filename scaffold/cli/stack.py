"""`stack up`, `stack check` and `stack down`."""

import fcntl
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from .. import authority, awaited, checks, history, plan, probe, report, secretfiles
from ..checks import Check, Finding
from ..engine import Engine, Say
from ..errors import ExitCode, NotReady, StackError, WrongInput
from ..facts import Awaited, Facts, lately
from ..project import DNS, LOCAL, RELOAD, Project, sample
from ..record import Record
from ..routing import Claim
from . import observe, terminal

UNREHEARSED = "The order is not rehearsed: Traefik serves, on the ports that a rehearsal needs."
LOCK_SECONDS = 0.5
"""How long whoever looks at a lock may have it."""
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
    facts = observe.machine(engine, project, strict=True)
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
    begun, since = time.monotonic(), datetime.now(UTC)
    if not dry_run:
        secretfiles.guard(project.directory)
    facts, before = _look(engine, project)
    if any(finding.failed for finding in before):
        return _refuse(project, before, as_json=as_json)
    for line in report.doubts(before):
        terminal.note(line)
    steps = plan.up(project, facts, rehearse=rehearse)
    if rehearse and plan.unrehearsed(project, facts):
        terminal.note(UNREHEARSED)
    if dry_run:
        return _planned(project, steps, as_json=as_json)
    if not steps:
        terminal.note(report.plan(steps))
    with engine.endings(project) as ended:
        _carry_out(engine, project, steps, facts)
        stopped = ended()
    image = engine.image_id(project)
    done = Record(datetime.now(UTC), round(time.monotonic() - begun, 1), image, facts.build_image, stopped)
    _write_down(project, done, idle=not steps)
    with terminal.step("check") as say:
        say("looking from outside")
        seen = lately(observe.everything(engine, project), since)
        found = checks.run(project, seen, checks.select(order=False))
    for leaver in facts.leavers:
        terminal.note(f"Next, so that somebody answers for {leaver.project}: stack up {shlex.quote(leaver.folder)}")
    return _conclude(project, found, steps, as_json=as_json)


def _write_down(project: Project, done: Record, *, idle: bool) -> None:
    """Write down that everything is as it should be; after an `up` with nothing to do, only what is news.

    A disk that does not take it is no reason to call the `up` a failure.
    """
    before = history.last(project.directory)
    if idle and before and before.image == done.image:
        return
    try:
        history.append(project.directory, done)
    except OSError as error:
        terminal.note(f"What was done could not be written down in {history.FOLDER}: {error}")


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
    """Take the lock, also from somebody who has it for a moment, to see whether it is free."""
    deadline = time.monotonic() + LOCK_SECONDS
    while not _locked(handle):
        if time.monotonic() > deadline:
            raise NotReady(
                f"another `stack` is at work in {directory}; nothing was touched",
                hint="wait for it, then try again",
            )
        time.sleep(LOCK_SECONDS / 10)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


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


def check(directory: Path, only: Sequence[str], *, before: bool, as_json: bool, file: Path | None = None) -> int:
    """Gather facts once, save them if asked, judge them, show the findings."""
    begun = time.monotonic()
    chosen = checks.select(only, before=before)
    engine = Engine.connect()
    project = engine.load(directory)
    facts = seen(engine, project, chosen, before=before)
    if file:
        from . import saving

        project, facts = saving.keep(file, project, facts, chosen)
    found = checks.run(project, facts, chosen)
    return _conclude(project, found, None, as_json=as_json, seconds=time.monotonic() - begun)


def seen(engine: Engine, project: Project, chosen: Sequence[Check], *, before: bool) -> Facts:
    """Look once, as far as these checks need."""
    # Where nothing is ordered nobody else is asked.
    asked = project.ordered and any(one.order for one in chosen)
    also = observe.beyond(project) if asked else observe.NOTHING
    look = observe.machine if before else observe.everything
    return look(engine, project, also)


def check_again(file: Path, only: Sequence[str], *, before: bool, as_json: bool) -> int:
    """Judge what was saved, show the findings; needs no Docker."""
    from . import saving

    project, facts, chosen = saving.again(file, only, before=before)
    return _conclude(project, checks.run(project, facts, chosen), None, as_json=as_json)


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
            if lacking := _lacking(project, hosts, observe.visit.site(project), said, say):
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

        if lacking := _lacking(project, hosts, observe.visit.stage(project, traefik), complaints, say):
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
    seconds: float | None = None,
) -> int:
    """Show the findings and return the exit code they mean. Evidence may quote what somebody's program said."""
    found = [replace(one, outcome=_blanked(project, one.outcome)) for one in found]
    if as_json:
        planned = {} if steps is None else {"plan": [str(step) for step in steps]}
        terminal.document({**report.findings_document(project.name, found), **planned})
    else:
        show(found, seconds, again=report.again(found, _place(project)))
    failed = any(finding.failed for finding in found)
    if not as_json and not failed:
        _farewell(project, found)
    return ExitCode.FAILED if failed else ExitCode.GOOD


def _blanked(project: Project, outcome: checks.Outcome) -> checks.Outcome:
    bad = outcome.status in {checks.Status.FAIL, checks.Status.WARN, checks.Status.SKIP}
    return replace(outcome, seen=secretfiles.blanked(project.directory, outcome.seen)) if bad else outcome


def _refuse(project: Project, found: Sequence[Finding], *, as_json: bool) -> int:
    """Show what has to be mended before anything is started."""
    if as_json:
        terminal.document({**report.findings_document(project.name, found), "plan": []})
    else:
        show(found, None, again=shlex.join(["stack", "up", *_place(project)]))
    return ExitCode.NOT_READY


def show(found: Sequence[Finding], seconds: float | None, *, again: str = "") -> None:
    """Show the table of findings."""
    terminal.result(
        report.findings(found, colour=terminal.colour(), width=terminal.width(), seconds=seconds, again=again)
    )


def _place(project: Project) -> list[str]:
    """Return the argument that names the project's folder; where we are, there need be none."""
    return [] if project.directory == Path.cwd() else [str(project.directory)]


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
