"""`stack check --watch`: the same look again and again, and a line for each change."""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from .. import checks, places, premises, report
from ..checks import Check
from ..checks.changes import Known, Look, changes
from ..engine import Engine
from ..errors import ExitCode, NotReady, StackError, WrongInput
from . import stack, terminal
from .alone import alone

OTHERS_SECONDS = 300
"""How often DNS and the authority are asked at most, however short the pause is: they are not this machine's."""

BUSY = "another `stack` is at work there"


@dataclass(frozen=True)
class Wish:
    """How to watch."""

    seconds: int | None
    """The pause between two looks."""
    once_bad: bool = False
    before: bool = False


def watch(directory: Path, only: Sequence[str], wish: Wish, *, as_json: bool) -> int:
    """Look until interrupted, or until something is bad; return what was seen last.

    Whoever stops a watch has not cut anything short: systemd, which stops a service like that, takes 130 for a failure.
    """
    seconds = _pause_of(wish, as_json=as_json)
    chosen = checks.select(only, before=wish.before)
    known = Known()
    try:
        for look, took in _looks(directory, chosen, wish):
            known = _told(directory, known, look, took)
            if wish.once_bad and known.bad:
                return ExitCode.FAILED
            _wait(seconds, known)
    except KeyboardInterrupt:
        terminal.heartbeat("")
        if known == Known():
            raise  # nothing was seen yet
    return ExitCode.FAILED if known.bad else ExitCode.GOOD


def _pause_of(wish: Wish, *, as_json: bool) -> int:
    if wish.seconds is None:
        raise WrongInput("--once-bad means nothing without --watch", hint="stack check --watch 60 --once-bad")
    if as_json:
        raise WrongInput(
            "--watch tells what changes as it happens, and --json is one document",
            hint="stack check --json, again and again: by cron or a timer, as the project's manual shows",
        )
    return wish.seconds


def _looks(directory: Path, chosen: Sequence[Check], wish: Wish) -> Iterator[tuple[Look | None, float]]:
    """Yield what each look comes to, and its seconds; nothing while another `stack` replaces containers there."""
    asked = -math.inf
    while True:
        begun = time.monotonic()
        if _at_work(directory):
            yield None, 0.0
            continue
        terminal.heartbeat("looking…")
        due = begun - asked >= OTHERS_SECONDS
        now = chosen if due else [one for one in chosen if not one.order]
        look = _look(directory, now, before=wish.before) if now else None
        asked = begun if due and not isinstance(look, StackError) else asked
        yield look, time.monotonic() - begun


def _look(directory: Path, chosen: Sequence[Check], *, before: bool) -> Look:
    """Look once, at whatever engine and files there are by now."""
    try:
        with closing(Engine.connect(directory)) as engine:
            project = engine.load(directory)
            return checks.run(project, stack.seen(engine, project, chosen, before=before), chosen)
    except StackError as error:
        return error


def _at_work(directory: Path) -> bool:
    try:
        with alone(premises.folder(directory)):
            return False
    except NotReady:
        return True
    except StackError:
        return False  # the look says what is wrong with the folder


def _told(directory: Path, known: Known, look: Look | None, took: float) -> Known:
    """Tell what a look came to, the first time all of it; return what is known then."""
    if look is None:
        return known
    if isinstance(look, WrongInput) and known == Known():
        raise look  # what was asked for is wrong, and not something that broke
    terminal.heartbeat("")
    now = known.after(look)
    if not known.found and not isinstance(look, StackError):
        stack.show(look, took, again=report.again(look, places.words(directory) if directory != Path() else []))
    for change in changes(known, now) if known.found or now.trouble else ():
        terminal.result(report.change(change, f"{datetime.now():%H:%M:%S}", colour=terminal.colour()))  # noqa: DTZ005
    return now


def _wait(seconds: int, known: Known) -> None:
    """Wait until the next look, and show that it comes."""
    end = time.monotonic() + seconds
    said = known.trouble or (report.verdict(tuple(known.found.values())) if known.found else BUSY)
    while (left := end - time.monotonic()) > 0:
        at = f"{datetime.now():%H:%M:%S}"  # noqa: DTZ005 - the clock of whoever looks at it
        terminal.heartbeat(f"{at} looks again in {math.ceil(left)} s: {said}")
        time.sleep(min(1.0, left))
