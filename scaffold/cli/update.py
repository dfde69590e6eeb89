"""`stack update`."""

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import answers as answering
from .. import placing, render, repository
from .. import project as wanted
from ..answers import NOTE, Origin
from ..errors import ExitCode, Interrupted, NotReady, StackError, WrongInput
from ..repository import Change, Repository
from . import stack, terminal
from .alone import alone

KINDS = {"A": "new", "D": "removed"}
"""The words for kinds of change; any other is `changed`."""


@dataclass(frozen=True)
class Wish:
    """What the person asked for."""

    to: str | None
    template: str | None
    data: Sequence[str]
    ask: bool
    dry_run: bool


@dataclass(frozen=True)
class Outcome:
    """What an update comes to."""

    before: Origin
    after: Origin
    changes: tuple[Change, ...]
    kept: tuple[Path, ...] = ()
    """New files of the template that are not written: git ignores what is there, so it has no copy."""
    lacking: tuple[str, ...] = ()
    """Lines that .env needs from now on."""
    idle: tuple[str, ...] = ()
    """Lines of .env that nothing reads any more, because the proxy is another one."""

    @property
    def conflicts(self) -> tuple[Path, ...]:
        """The files that somebody has to look into."""
        return tuple(one.path for one in self.changes if one.conflict)


def update(directory: Path, wish: Wish, *, as_json: bool) -> int:
    """Update a clone of the project, take over what changed there, and tell what `up` would do."""
    mine = repository.find(directory)
    with alone(mine.directory, "update"):
        outcome = _carry(mine, wish)
    done = bool(outcome.changes) and not wish.dry_run
    if not as_json:
        terminal.result(told(outcome, mine.directory, dry_run=wish.dry_run))
    foreseen = _foreseen(mine.directory, outcome) if done and not outcome.conflicts else None
    if as_json:
        terminal.document(document(outcome, mine.directory, dry_run=wish.dry_run) | (foreseen or {}))
    elif foreseen:
        terminal.result(_ahead(foreseen))
    return ExitCode.WRONG_INPUT if outcome.conflicts else ExitCode.GOOD


def told(outcome: Outcome, directory: Path, *, dry_run: bool) -> str:
    """Return the outcome for a person."""
    if not outcome.changes:
        return f"Nothing to do: {directory} is at {outcome.after.version} of {outcome.after.source}."
    verb = "would go" if dry_run else "went"
    lines = [f"{directory} {verb} from {outcome.before.version} to {outcome.after.version}:"]
    lines += [f"  {_word(one):9} {one.path}" for one in outcome.changes]
    lines += [f"  kept      {path} (git ignores it; the template has one of its own)" for path in outcome.kept]
    if outcome.lacking:
        lines += [".env is yours and stays as it is. Add to it:", *(f"  {line}" for line in outcome.lacking)]
    if outcome.idle:
        lines += [
            "Nothing here reads these lines of it any more; the other proxy's .env has its own:",
            *(f"  {line}" for line in outcome.idle),
        ]
    return "\n".join(lines if dry_run else [*lines, *_next(outcome, f"git -C {shlex.quote(str(directory))}")])


def document(outcome: Outcome, directory: Path, *, dry_run: bool) -> dict[str, Any]:
    """Return the outcome as `stack update --json` prints it; its shape is documented in the README."""
    return {
        "directory": str(directory),
        "ok": not outcome.conflicts,
        "dry_run": dry_run,
        "from": outcome.before.version,
        "to": outcome.after.version,
        "changes": [{"path": str(one.path), "kind": _word(one)} for one in outcome.changes],
        "conflicts": [str(path) for path in outcome.conflicts],
        "kept": [str(path) for path in outcome.kept],
        "env_lacks": list(outcome.lacking),
        "env_idle": list(outcome.idle),
    }


def _word(change: Change) -> str:
    return "conflict" if change.conflict else KINDS.get(change.kind, "changed")


def _next(outcome: Outcome, git: str) -> list[str]:
    """Return what to do after an update: mend the conflicts, look, or undo."""
    undo = f"Undo: {git} restore . && {git} clean -fd"
    if not outcome.conflicts:
        return [f"See what changed: {git} diff", undo]
    return [
        "In a file with a conflict your lines stand above =======, the template's below. Edit it, then:",
        f"  → {git} add {shlex.join(map(str, outcome.conflicts))}",
        undo,
    ]


def _carry(mine: Repository, wish: Wish) -> Outcome:
    """Update a clone; without --dry-run, make the project the same. Until the very last step it is not touched."""
    with repository.cloned(mine) as clone:
        before = _origin(clone, mine.directory)
        answered = answering.from_file(clone / NOTE)
        _let_copier(clone, before, wish)
        found = repository.changes(clone, mine)
        staying = {one.path for one in found if _stays(one, mine.directory)}
        moved = answering.moves(answering.from_file(clone / NOTE), answered)
        outcome = Outcome(
            before,
            answering.origin(clone / NOTE),
            changes=tuple(one for one in found if one.path not in staying),
            kept=tuple(sorted(path for path in staying if not placing.belongs_to_the_place(path))),
            lacking=_lacking(clone, mine.directory, every=moved),
            idle=_idle(clone, mine.directory) if moved else (),
        )
        if not wish.dry_run:
            repository.take_over(clone, outcome.changes, mine)
            placing.settle(mine.directory, (one.path for one in outcome.changes if one.kind == "A"))
        return outcome


def _origin(clone: Path, directory: Path) -> Origin:
    """Return where the project comes from; WrongInput when its note does not say enough to go on from there."""
    if not (clone / NOTE).is_file():
        raise WrongInput(
            f"git has no {NOTE} in {directory}, so nobody knows which template and version made it",
            hint=f"`stack new` writes {NOTE}; commit it",
        )
    origin = answering.origin(clone / NOTE)
    if not origin.version:
        raise WrongInput(
            f"{NOTE} in {directory} records no version: the template, {origin.source or 'unknown'}, was in no git"
            " repository",
            hint=f"if you know it: write `_commit: TAG` there, commit, and stack update {directory} --template SOURCE",
        )
    return origin


def _let_copier(clone: Path, before: Origin, wish: Wish) -> None:
    """Update a clone of the project, with the template that was named or the one that made it."""
    try:
        _with_template(clone, before, wish, wish.template or "")
    except NotReady as error:
        # To change an answer at the version that this program carries nobody else has to be asked.
        if before != render.carried().recorded or wish.template or wish.to or not wish.data:
            raise
        terminal.note(f"{error.message}; the answers change, the version stays {before.version}")
        with repository.tagged(answering.template(), render.PARTS, before.version) as copy:
            _with_template(clone, before, wish, str(copy))
            _record(clone, before)


def _with_template(clone: Path, before: Origin, wish: Wish, named: str) -> None:
    source = render.found(named or _address(before), wish.to)
    if not source.versioned:
        raise WrongInput(
            f"{source.address} is no git repository, so there is no newer version of it",
            hint="--template SOURCE names one that is",
        )
    data = answering.from_pairs(wish.data)
    answering.refuse_unfit(data, source.asked)
    answered = answering.from_file(clone / NOTE)
    answering.refuse_settled(data, answered)
    if named:
        _record(clone, Origin(source.address, before.version))
        repository.commit(clone)
    render.update(clone, data, source, ask=wish.ask)
    if not wish.ask:
        _refuse_replaced(answering.replaced(answered, answering.from_file(clone / NOTE), data))


def _record(clone: Path, origin: Origin) -> None:
    note = (clone / NOTE).read_text(encoding="utf-8")
    (clone / NOTE).write_text(answering.recorded(note, origin), encoding="utf-8")


def _address(before: Origin) -> str:
    """Return the recorded template; WrongInput for a path that means something else wherever one stands (FACTS C3)."""
    if ":" in before.source or Path(before.source).expanduser().is_absolute():
        return before.source
    raise WrongInput(
        f"the template is recorded as {before.source!r}, a path that depends on where one stands",
        hint="--template SOURCE names it in full",
    )


def _refuse_replaced(replaced: Mapping[str, tuple[Any, Any]]) -> None:
    """Raise WrongInput when Copier took a default for an answer that the newer template does not accept."""
    for name, (value, instead) in replaced.items():
        raise WrongInput(
            f"the newer template does not accept {name}={value!s}, and would take {instead!s}; nothing was changed",
            hint=f"--data {name}=VALUE",
        )


def _stays(change: Change, directory: Path) -> bool:
    """Tell whether the project keeps what it has: .env, secrets/, and files that git ignores and so has no copy of."""
    there = os.path.lexists(directory / change.path)
    return there and (change.kind == "A" or placing.belongs_to_the_place(change.path))


def _lacking(clone: Path, directory: Path, *, every: bool) -> tuple[str, ...]:
    """Return the lines that .env needs for the updated Compose files, as the template would have written them.

    Where every one counts, also those that have a default in the Compose files.
    """
    fresh, own = _text(clone / ".env"), directory / ".env"
    compose = [_text(path) for path in sorted(clone.glob("*compose*.y*ml"))]
    lines, env = wanted.settings(fresh), _text(own) if own.exists() else fresh
    further = (name for name in lines if every and name not in wanted.settings(env))
    return tuple(lines.get(name, f"{name}=") for name in dict.fromkeys((*wanted.lacking(compose, env), *further)))


def _idle(clone: Path, directory: Path) -> tuple[str, ...]:
    """Return the lines of .env for settings of ours that the updated project does not have."""
    fresh, own = (wanted.settings(_text(folder / ".env")) for folder in (clone, directory))
    return tuple(line for name, line in own.items() if name.startswith("STACK_") and name not in fresh)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _foreseen(directory: Path, outcome: Outcome) -> dict[str, Any]:
    """Return the plan of `up` as part of a document, or why there is none: the update stands either way."""
    try:
        wrong, steps = stack.foresee(directory)
    except StackError as error:
        return {"plan": None, "plan_unknown": ".env needs its lines first" if outcome.lacking else error.message}
    except KeyboardInterrupt:
        raise Interrupted("interrupted; the update itself is done", hint=f"stack up {directory} --dry-run") from None
    if wrong:
        failed = ", ".join(finding.check.id for finding in wrong)
        return {"plan": None, "plan_unknown": f"it would stop at {failed} (stack check --before)"}
    return {"plan": [str(step) for step in steps]}


def _ahead(foreseen: Mapping[str, Any]) -> str:
    if foreseen["plan"] is None:
        return f"What `stack up` would do is not known: {foreseen['plan_unknown']}"
    lines = [f"{number:2}. {step}" for number, step in enumerate(foreseen["plan"], 1)]
    return "\n".join(["`stack up` would:", *lines] if lines else ["`stack up` would do nothing."])
