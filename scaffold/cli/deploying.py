"""Carrying a plan out: step by step, with the way back, a proof, and a line in the history."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import UTC, datetime

from .. import checks, history, plan, record, secretfiles
from ..checks import Finding
from ..engine import Engine
from ..errors import Interrupted, StackError
from ..facts import Facts, lately
from ..loglines import Traffic
from ..plan import Step
from ..project import APP, Project
from ..record import Record
from . import observe, performing, terminal, unforeseen
from .alone import Holder, who

ROLLED = (plan.Join, plan.AwaitListed, plan.Retire, plan.Prove)
"""Steps after which somebody who interrupts wants what served before, and not half of each."""
AGAIN = "run it again: it goes on from where things are"
EVIDENCE = 3
"""Lines of what a check has seen that are shown of each that refuses a version."""


@dataclass(frozen=True)
class Intent:
    """What is to be done, and what was seen before."""

    did: str
    """The command: one of those that a record names."""
    facts: Facts
    steps: tuple[Step, ...]


def deploy(engine: Engine, project: Project, intent: Intent) -> tuple[Finding, ...]:
    """Carry a plan out, and return what the check finds then; StackError when it failed, and what became of it."""
    return _Deploy(engine, project, intent).run()


class _Deploy:
    def __init__(self, engine: Engine, project: Project, intent: Intent) -> None:
        self.engine, self.project, self.intent = engine, project, intent
        self.begun, self.since = time.monotonic(), datetime.now(UTC)
        self.started = self.since
        self.done: list[Step] = []
        self.found: tuple[Finding, ...] = ()
        self.traffic: Traffic | None = None

    def run(self) -> tuple[Finding, ...]:
        with self.engine.endings(self.project) as self.ended:
            try:
                for step in self.intent.steps:
                    self._carry_out(step)
            except (Exception, KeyboardInterrupt) as error:
                raise self._failed(error) from error
            good = self._record(record.GOOD)
        if not self.found:
            self.found = self._judged(None, good)
        write_down(self.project, changed(good, failing=_failing(self.found)), idle=not self.intent.steps)
        return self.found

    def _carry_out(self, step: Step) -> None:
        if isinstance(step, plan.Start | plan.Restart):
            self.started = datetime.now(UTC)
        self.done.append(step)
        with terminal.step(str(step)) as say:
            if isinstance(step, plan.Prove):
                say("looking from outside")
                self._prove(step)
            else:
                performing.perform(self.engine, self.project, step, say, since=self.started)

    def _prove(self, step: plan.Prove) -> None:
        """Check what serves, as it will be when all is done; StackError with what was seen when it is not good."""
        self.traffic = self._counted()
        found = self._judged(step, self._record(record.GOOD, step.image))
        if checks.blind(found):
            found = self._judged(step, self._record(record.GOOD, step.image))
        if checks.blind(found):
            unseen = tuple(line for one in found if one.failed for line in one.outcome.seen)
            raise StackError(
                "nobody can tell whether the new version serves", evidence=unseen, hint="stack check, then `stack up`"
            )
        before = history.last(self.project.directory)
        if wrong := checks.blamed(found, before.failing if before else ()):
            raise self._refused(wrong)
        self.found = found

    def _refused(self, wrong: Sequence[Finding]) -> StackError:
        seen = [f"{one.check.id}: {line}" for one in wrong for line in one.outcome.seen[:EVIDENCE]]
        return StackError(
            f"the new version fails {', '.join(one.check.id for one in wrong)}",
            evidence=(*seen, *self._last_words()),
            hint="mend what they say, then `stack up` again",
        )

    def _last_words(self) -> tuple[str, ...]:
        try:
            return self.engine.last_words(self.project, [one.name for one in self.intent.facts.of(APP)])
        except Exception as error:  # noqa: BLE001 - the way back matters more
            return (f"its log cannot be read: {error}",)

    def _judged(self, step: plan.Prove | None, as_done: Record) -> tuple[Finding, ...]:
        if step is None:
            with terminal.step("check") as say:
                say("looking from outside")
                return self._judge(step, as_done)
        return self._judge(step, as_done)

    def _judge(self, step: plan.Prove | None, as_done: Record) -> tuple[Finding, ...]:
        seen = observe.everything(self.engine, self.project)
        if step:
            seen = plan.settled(self.project, seen, step)
        if self.intent.steps or _news(self.project, as_done):
            seen = changed(seen, record=as_done, tried=as_done)
        return checks.run(self.project, lately(seen, self.since), checks.select(order=False))

    # ------------------------------------------------------------------ when it fails

    def _failed(self, error: Exception | KeyboardInterrupt) -> StackError:
        """Take back what was done, and return the error that says so, written down, too."""
        told = unforeseen.told(error) if isinstance(error, Exception) else Interrupted("interrupted", hint=AGAIN)
        secretfiles.blank(self.project.directory, told)
        why = told.message
        told.message += self._unserved()
        result = self._taken_back(told, interrupted=isinstance(told, Interrupted))
        if not self.project.is_proxy:
            write_down(self.project, changed(self._record(result), why=why), idle=False)
        return told

    def _unserved(self) -> str:
        """Return who gave its Traefik up for one that has not started, in words for an error; empty for nobody."""
        taken = [step.project for step in self.done if isinstance(step, plan.Release)]
        names = [name for name in taken if name != self.project.name]
        return f"; nobody answers for {', '.join(names)} meanwhile" if names else ""

    def _taken_back(self, error: StackError, *, interrupted: bool) -> str:
        """Make what was there before serve again, say so in the error, and return how it ended."""
        otherwise = record.INTERRUPTED if interrupted else record.FAILED
        try:
            steps = self._back(interrupted=interrupted)
            for step in steps:
                with terminal.step(str(step) if self._stays() else f"take it back: {step}") as say:
                    self.engine.apply(self.project, step, say)
            serves = self._serves()
        except KeyboardInterrupt:
            error.message += "; interrupted again, while it was taken back"
            return otherwise
        except Exception as second:  # noqa: BLE001 - the first one is what has to be told, with it
            error.message += f"; taking it back failed, too: {unforeseen.told(second).message}"
            return record.FAILED
        if not steps or self._stays() or serves is None:
            return otherwise
        again = any(isinstance(step, plan.Start | plan.Rejoin) for step in steps)
        error.message += f"; the version from before {_state(serves=serves, again=again)}"
        return otherwise if interrupted or not serves else record.TAKEN_BACK

    def _serves(self) -> bool | None:
        """Tell whether the version from before serves; None where there was none."""
        before = {one.image_id for one in self.intent.facts.of(APP)}
        now = (one for one in self.engine.containers(self.project) if one.service == APP)
        return any(one.serving and one.image_id in before for one in now) if before else None

    def _back(self, *, interrupted: bool) -> tuple[Step, ...]:
        """Return the way back; none from a version that was found good."""
        rolled = any(isinstance(step, ROLLED) for step in self.done)
        if self._stays():
            rest = self.intent.steps[len(self.done) :]
            return tuple(step for step in rest if isinstance(step, plan.Promote | plan.Remove))
        if self.found or (interrupted and not rolled):
            return ()
        return plan.back(self.project, self.intent.facts, self.engine.containers(self.project), self.done)

    def _stays(self) -> bool:
        """Tell whether a version is well as far as one can see without the certificate that does not come."""
        return bool(self.done) and isinstance(self.done[-1], plan.AwaitCertificate)

    # ------------------------------------------------------------------ what is written down

    def _record(self, result: str, image: str = "") -> Record:
        app, facts = self.project.find(APP), self.intent.facts
        named = {one.image_id: one.name for one in facts.editions}
        before = next((named.get(one.image_id, "") for one in facts.of(APP) if one.state == "running"), "")
        name = facts.build_image or (app.image if app else "")
        counted = self.traffic or Traffic(None, None)
        return Record(
            at=datetime.now(UTC),
            seconds=round(time.monotonic() - self.begun, 1),
            image=self.engine.image_id(self.project, image),
            name=name if facts.build_image else "",
            stopped=self.ended(),
            did=self.intent.did,
            result=result,
            who=who(),
            before=before,
            requests=counted.requests,
            lost=counted.lost,
            migrations=facts.migrations,
            undone=facts.undone and not any(isinstance(step, plan.RunOnce) for step in self.intent.steps),
        )

    def _counted(self) -> Traffic | None:
        with suppress(StackError, OSError):
            return self.engine.traffic(self.project, self.since)
        return None


def killed(holder: Holder) -> Record:
    """Return the record of a command that could not write one itself: its process was ended."""
    why = f"its process was ended; it had begun at {holder.since}"
    return Record(datetime.now(UTC), 0.0, "", "", did=holder.command, result=record.KILLED, who=holder.who, why=why)


def write_down(project: Project, done: Record, *, idle: bool) -> None:
    """Write down what became of it; where there was nothing to do, only what is news.

    A disk that does not take it is no reason to call it a failure.
    """
    if idle and not _news(project, done):
        return
    try:
        history.append(project.directory, done)
    except OSError as error:
        terminal.note(f"What was done could not be written down in {history.FOLDER}: {error}")


def _state(*, serves: bool, again: bool) -> str:
    if not serves:
        return "does not serve either"
    return "serves again" if again else "serves"


def _news(project: Project, done: Record) -> bool:
    before = history.last(project.directory)
    return before is None or before.image != done.image


def _failing(found: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(one.check.id for one in found if one.failed)
