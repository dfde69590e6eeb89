"""`stack rollback`: an earlier image, brought up as a new one is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .. import checks, history, plan, secretfiles
from ..engine import Engine
from ..errors import ExitCode, WrongInput
from ..facts import EPOCH, Edition, Facts
from ..project import APP, Project
from ..record import ROLLBACK, Record
from ..screens import rollback as screen
from ..screens.rollback import Choice
from . import observe, stack, terminal
from .alone import alone
from .deploying import Intent

LIST = "stack rollback --list"
BEYOND = (
    "the database stays as it is, and the older version has to get on with it. Until the next `stack up` do without"
    " plain `docker compose up -d`: it would run what runs before the app, of the older version, which may fail"
)


@dataclass(frozen=True)
class Asked:
    """What somebody has asked for."""

    directory: Path
    to: str | None
    listing: bool
    prestart: bool
    dry_run: bool
    yes: bool


def rollback(asked: Asked, *, as_json: bool) -> int:
    """Choose an image, and bring it up; or show what there is to choose from."""
    engine = Engine.connect(asked.directory)
    project = engine.load(asked.directory)
    if project.is_proxy:
        raise WrongInput("a shared proxy has no app of its own, so there is no older one")
    if asked.listing:
        return _show(project, offered(project, observe.machine(engine, project, strict=True)), as_json=as_json)
    if asked.dry_run:
        return _back(engine, project, asked, as_json=as_json)
    with alone(project.directory, ROLLBACK) as cut_off:
        stack.cut_off(project, cut_off)
        secretfiles.guard(project.directory)
        engine.tidy(project)
        return _back(engine, project, asked, as_json=as_json)


def _back(engine: Engine, project: Project, asked: Asked, *, as_json: bool) -> int:
    facts = observe.machine(engine, project, strict=True)
    chosen = choose(offered(project, facts), asked.to)
    edition = next(one for one in facts.editions if one.tag == chosen.tag)
    seen = replace(facts, build_image=edition.name, migrations=_migrations(project, edition.name))
    before = checks.run(project, seen, checks.select(before=True, order=False))
    if any(finding.failed for finding in before):
        return stack.refuse(project, before, ROLLBACK, as_json=as_json)
    steps = plan.rollback(project, facts, edition.name, prestart=asked.prestart)
    if not steps:
        raise WrongInput(f"{chosen.tag} serves already; nothing was changed", hint=LIST)
    if crossed := screen.crossing(chosen.between):
        terminal.note(f"! {crossed}; {BEYOND}")
    wish = stack.Wish(dry_run=asked.dry_run, yes=asked.yes)
    return stack.bring(engine, project, Intent(ROLLBACK, seen, steps), wish, as_json=as_json)


def choose(choices: Sequence[Choice], tag: str | None) -> Choice:
    """Return the image that is meant: of this tag, else the one that served last before; WrongInput for none."""
    if tag is None:
        proven = [one for one in choices if one.served and not one.serves]
        if not proven:
            others = tuple(one.tag for one in choices if not one.serves)
            hint = f"--to TAG takes one all the same; {LIST}" if others else "`stack up` of a new version leaves one"
            raise WrongInput("of no image is it known that it has served before", evidence=others, hint=hint)
        return max(proven, key=lambda one: one.served or EPOCH)
    tag = tag.rpartition(":")[2]  # the progress of `up` names images in full
    fit = [one for one in choices if one.tag.startswith(tag)]
    exact = [one for one in fit if one.tag == tag] or fit
    if len(exact) != 1:
        wrong = f"{len(fit)} images begin with {tag!r}" if fit else f"there is no image {tag!r}"
        raise WrongInput(wrong, evidence=tuple(one.tag for one in fit or choices), hint=LIST)
    return exact[0]


def offered(project: Project, facts: Facts) -> tuple[Choice, ...]:
    """Return the images in the order in which they were brought up last."""
    records = [one for one in history.every(project.directory) if one.good]
    now = records[0] if records else None
    # The one that bears the name: a version that keeps ending, or is down, is the one to go back from. But while an
    # `up` that was cut off has left another beside it, it is the one to go back to.
    current, running = facts.images.get(project.app.image, ""), {one.image_id for one in facts.of(APP)}
    alone = running <= {current}
    made = [_choice(one, records, now, serves=alone and one.image_id == current) for one in facts.editions]
    return tuple(sorted(made, key=lambda one: one.served or EPOCH))


def _choice(edition: Edition, records: Sequence[Record], now: Record | None, *, serves: bool) -> Choice:
    own = next((one for one in records if one.name == edition.name), None)
    known = own is not None and now is not None
    between = tuple(one for one in now.migrations if one not in own.migrations) if own and now and known else None
    return Choice(edition.tag, own.at if own else None, serves, between)


def _migrations(project: Project, name: str) -> tuple[str, ...]:
    return next((one.migrations for one in history.every(project.directory) if one.good and one.name == name), ())


def _show(project: Project, choices: Sequence[Choice], *, as_json: bool) -> int:
    if as_json:
        terminal.document(screen.document(project.name, choices))
    else:
        terminal.result(screen.text(choices, colour=terminal.colour()))
    return ExitCode.GOOD
