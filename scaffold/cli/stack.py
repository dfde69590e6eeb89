"""`stack up`, `stack check` and `stack down`."""

import shlex
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from .. import authority, checks, places, plan, report, secretfiles
from ..checks import Check, Finding
from ..engine import Engine, Workshop
from ..errors import ExitCode, WrongInput
from ..facts import Facts
from ..project import LOCAL, Project
from ..record import UP
from ..routing import Claim
from . import deploying, observe, terminal
from .alone import WRITING, Holder, alone
from .deploying import Intent

UNREHEARSED = "The order is not rehearsed: Traefik serves, on the ports that a rehearsal needs."


@dataclass(frozen=True)
class Wish:
    """How somebody wants a new version to be brought up."""

    dry_run: bool = False
    rehearse: bool = True
    yes: bool = False
    """Whether outages are agreed to."""
    workshop: Path | None = None
    """A folder with what was sent, where the image is built; None where it is built on the machine that runs it."""


def up(directory: Path, wish: Wish, *, as_json: bool) -> int:
    """Preflight, plan, carry out, check."""
    engine = Engine.connect(directory)
    workshop = Workshop.at(wish.workshop) if wish.workshop else None
    if workshop:
        engine.build_at(workshop)
    project = engine.load(directory)
    with nullcontext() if wish.dry_run else alone(project.directory, UP) as before:
        cut_off(project, before)
        status = _up(engine, project, wish, as_json=as_json)
    if workshop:
        terminal.note(f"{workshop.sent / 1e6:.1f} MB of the image were sent")
    return status


def cut_off(project: Project, before: Holder | None) -> None:
    """Tell, and write down, who was at work before and did not come to an end."""
    if before is None:
        return
    terminal.note(f"{before}, was ended before it was done; what it left is taken up from there.")
    if before.command in WRITING and not project.is_proxy:
        deploying.write_down(project, deploying.killed(before), idle=False)


def foresee(directory: Path) -> tuple[tuple[Finding, ...], tuple[plan.Step, ...]]:
    """Return what `up` would find wrong before it starts, else what it would do. Changes nothing."""
    engine = Engine.connect(directory)
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


def _up(engine: Engine, project: Project, wish: Wish, *, as_json: bool) -> int:
    if not wish.dry_run:
        secretfiles.guard(project.directory)
        engine.tidy(project)
    facts, before = _look(engine, project)
    if any(finding.failed for finding in before):
        return refuse(project, before, UP, as_json=as_json)
    for line in report.doubts(before):
        terminal.note(line)
    steps = plan.up(project, facts, rehearse=wish.rehearse)
    if wish.rehearse and plan.unrehearsed(project, facts):
        terminal.note(UNREHEARSED)
    return bring(engine, project, Intent(UP, facts, steps), wish, as_json=as_json)


def bring(engine: Engine, project: Project, intent: Intent, wish: Wish, *, as_json: bool) -> int:
    """Show a plan, or carry it out: ask about outages, check, write down what became of it, and show that."""
    steps, facts = intent.steps, intent.facts
    outages = plan.outages(project, facts, steps)
    if wish.dry_run:
        return _planned(project, steps, outages, as_json=as_json)
    if outages and not wish.yes:
        _agree_to_outages(outages, as_json=as_json)
    if not steps:
        terminal.note(report.plan(steps))
    found = deploying.deploy(engine, project, intent)
    for leaver in facts.leavers:
        terminal.note(f"Next, so that somebody answers for {leaver.project}: stack up {shlex.quote(leaver.folder)}")
    return _conclude(project, found, steps, as_json=as_json)


def _agree_to_outages(outages: Sequence[plan.Outage], *, as_json: bool) -> None:
    """Return when what serves may be interrupted; WrongInput that says by what when it may not."""
    lines = tuple(map(str, outages))
    if as_json or not terminal.interactive():
        raise WrongInput(
            "this cannot be done without an outage, and nobody is there to ask",
            evidence=lines,
            hint="--yes, if you mean it; --dry-run shows the whole plan",
        )
    from .. import wizard

    terminal.note("\n".join(("This cannot be done without an outage:", *(f"  {line}" for line in lines))))
    if not wizard.confirm("Do it now?"):
        raise WrongInput("nothing was changed", hint="stack up, when an outage does less harm")


def check(directory: Path, only: Sequence[str], *, before: bool, as_json: bool, file: Path | None = None) -> int:
    """Gather facts once, save them if asked, judge them, show the findings."""
    begun = time.monotonic()
    chosen = checks.select(only, before=before)
    engine = Engine.connect(directory)
    project = engine.load(directory)
    facts = seen(engine, project, chosen, before=before)
    judged = project
    if file:
        from . import saving

        judged, facts = saving.keep(file, project, facts, chosen)
    found = checks.run(judged, facts, chosen)
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
    engine = Engine.connect(directory)
    project = engine.load(directory, joined=False)
    observe.ours(engine, project, hint="stack down {}")
    if (behind := engine.claims(project) if project.is_proxy else ()) and not yes:
        _agree_to_leave(project, behind, as_json=as_json)
    doomed = engine.volumes(project) if volumes else ()
    if doomed and not yes:
        _agree(doomed, as_json=as_json)
    what = f"remove the containers and networks of {project.name}"
    with alone(project.directory, "down"), terminal.step(what) as say:
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


def _planned(project: Project, steps: Sequence[plan.Step], outages: Sequence[plan.Outage], *, as_json: bool) -> int:
    if as_json:
        interrupted = [str(one) for one in outages]
        body = {"project": project.name, "ok": True, "plan": [str(step) for step in steps], "outages": interrupted}
        terminal.document(body)
    else:
        terminal.result("\n".join((report.plan(steps), *(f"! {one}" for one in outages))))
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
        show(found, seconds, again=report.again(found, places.words(project.directory)))
    failed = any(finding.failed for finding in found)
    if not as_json and not failed:
        _farewell(project, found)
    return ExitCode.FAILED if failed else ExitCode.GOOD


def _blanked(project: Project, outcome: checks.Outcome) -> checks.Outcome:
    bad = outcome.status in {checks.Status.FAIL, checks.Status.WARN, checks.Status.SKIP}
    return replace(outcome, seen=secretfiles.blanked(project.directory, outcome.seen)) if bad else outcome


def refuse(project: Project, found: Sequence[Finding], command: str, *, as_json: bool) -> int:
    """Show what has to be mended before a command starts anything."""
    if as_json:
        terminal.document({**report.findings_document(project.name, found), "plan": []})
    else:
        show(found, None, again=places.command(command, project.directory))
    return ExitCode.NOT_READY


def show(found: Sequence[Finding], seconds: float | None, *, again: str = "") -> None:
    """Show the table of findings."""
    terminal.result(
        report.findings(found, colour=terminal.colour(), width=terminal.width(), seconds=seconds, again=again)
    )


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
