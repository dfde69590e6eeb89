"""From one look to the next: what is told, once."""

import pytest

from scaffold.checks import CHECKS, Check, Finding, Outcome, Status
from scaffold.checks.changes import WATCH, Change, Known, Look, changes
from scaffold.errors import NotReady, StackError, WrongInput
from scaffold.facts import Facts
from scaffold.project import Project

PASS, FAIL, WARN, SKIP = Status.PASS, Status.FAIL, Status.WARN, Status.SKIP
AWAY = NotReady("the engine does not answer", hint="start it")


def holds(project: Project, facts: Facts) -> Outcome:
    """It holds."""
    raise NotImplementedError


def look(**statuses: Status) -> Look:
    """Return findings, by name; the names have no dot here."""
    return [Finding(Check(name, holds), Outcome(status, (f"{name} seen",))) for name, status in statuses.items()]


def told(*looks: Look) -> list[Change]:
    """Return what is told after the last look."""
    known = before = Known()
    for one in looks:
        before, known = known, known.after(one)
    return list(changes(before, known))


@pytest.mark.parametrize(
    ("looks", "now"),
    [
        ([look(a=PASS), look(a=FAIL)], FAIL),
        ([look(a=PASS), look(a=WARN)], WARN),
        ([look(a=FAIL), look(a=WARN)], WARN),
        ([look(a=FAIL), look(a=PASS)], PASS),
        ([look(a=WARN), look(a=PASS)], PASS),
        ([look(a=PASS), look(a=SKIP), look(a=FAIL)], FAIL),
        ([look(a=FAIL), look(a=SKIP), look(a=PASS)], PASS),
        ([look(a=SKIP), look(a=FAIL)], FAIL),
        ([look(b=PASS), look(a=FAIL)], FAIL),
    ],
    ids=["failed", "warned", "less bad", "good", "good, too", "over a skip", "over a skip, good", "first", "left out"],
)
def test_what_is_judged_otherwise_is_told(looks: list[Look], now: Status) -> None:
    assert told(*looks) == [Change("a", now, ("a seen",))]


@pytest.mark.parametrize(
    "looks",
    [
        [look(a=PASS), look(a=PASS)],
        [look(a=FAIL), look(a=FAIL)],
        [look(a=PASS), look(a=SKIP)],
        [look(a=FAIL), look(a=SKIP), look(a=FAIL)],
        [look(a=SKIP), look(a=PASS)],
        [look(a=FAIL, b=PASS), look(b=PASS), look(a=FAIL, b=PASS)],
        [look(a=FAIL), AWAY, AWAY],
    ],
    ids=["good", "bad", "skipped", "skipped between", "good the first time", "not asked between", "away"],
)
def test_what_is_no_news_is_not_told(looks: list[Look]) -> None:
    assert told(*looks) == []


def test_a_failure_that_skips_others_is_told_alone() -> None:
    assert told(look(a=PASS, b=PASS, c=PASS), look(a=FAIL, b=SKIP, c=SKIP)) == [Change("a", FAIL, ("a seen",))]
    assert told(look(a=FAIL, b=SKIP, c=SKIP), look(a=PASS, b=PASS, c=PASS)) == [Change("a", PASS, ("a seen",))]


def test_a_look_that_came_to_nothing_is_told_and_that_there_is_one_again() -> None:
    assert told(look(a=PASS), AWAY) == [Change(WATCH, FAIL, ("the engine does not answer → start it",))]
    assert told(AWAY) == told(look(a=PASS), AWAY)
    assert told(AWAY, WrongInput("no YAML")) == [Change(WATCH, FAIL, ("no YAML",))]
    assert told(look(a=PASS), AWAY, look(a=PASS)) == [Change(WATCH, PASS)]
    assert told(look(a=PASS), AWAY, look(a=FAIL)) == [Change(WATCH, PASS), Change("a", FAIL, ("a seen",))]


@pytest.mark.parametrize(
    ("looks", "bad"),
    [
        ([], False),
        ([look(a=PASS, b=WARN, c=SKIP)], False),
        ([look(a=PASS, b=FAIL)], True),
        ([look(a=FAIL), look(a=PASS)], False),
        ([look(a=FAIL), look(b=PASS)], True),
        ([look(a=FAIL), look(a=SKIP)], False),
        ([look(a=PASS), AWAY], True),
        ([AWAY, look(a=PASS)], False),
    ],
    ids=["nothing", "not bad", "failed", "good again", "not asked", "does not apply any more", "away", "back"],
)
def test_what_is_bad_is_what_was_found_when_it_was_last_asked(looks: list[Look], bad: bool) -> None:
    known = Known()
    for one in looks:
        known = known.after(one)
    assert known.bad is bad


def test_what_is_known_does_not_grow() -> None:
    both: tuple[Look, ...] = (look(a=PASS, b=FAIL), look(a=FAIL, b=SKIP), StackError("away"))
    known = Known()
    for _ in range(10):
        for one in both:
            known = known.after(one)
    assert set(known.found) == set(known.judged) == {"a", "b"}


def test_a_look_may_leave_out_what_asks_others() -> None:
    """`--watch` asks DNS and the authority less often than everything else."""
    asking = {one.id for one in CHECKS if one.order}
    assert [one.id for one in CHECKS if not one.order and asking & set(one.needs)] == []
