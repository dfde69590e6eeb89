"""Plans, findings and errors in words: as a person reads them, and as a machine does."""

import json
import re

import pytest

from scaffold import report
from scaffold.checks import CHECKS, Check, Finding, Outcome, Status
from scaffold.checks.changes import WATCH as AS_A_WHOLE
from scaffold.checks.changes import Change
from scaffold.errors import Interrupted, NotReady, StackError, WrongInput
from scaffold.facts import Facts
from scaffold.plan import Promote, Restart, Start
from scaffold.project import Project
from scaffold.routing import Claim, Route
from scaffold.screens import promises

from ..builders import project, with_environment

ANSI = re.compile(r"\x1b\[")


def holds(project: Project, facts: Facts) -> Outcome:
    """The first promise holds.

    It needs no hint.
    """
    raise NotImplementedError


def breaks(project: Project, facts: Facts) -> Outcome:
    """The second promise is about a thing that has a name which is rather long, so that it needs a second line.

    This is what to do about it, told at a length that does not fit the rest of one line of eighty columns either.
    """
    raise NotImplementedError


def finding(name: str, status: Status, *seen: str, run: object = holds) -> Finding:
    assert callable(run)
    return Finding(Check(name, run), Outcome(status, seen))


GOOD = finding("first.good", Status.PASS, "evidence of the good one")
BAD = finding("second.bad", Status.FAIL, "evidence of the bad one", "and more of it", run=breaks)
WATCH = finding("third.watch", Status.WARN, "13 days")
SKIPPED = finding("fourth.skipped", Status.SKIP, "needs second.bad")
ALL = (BAD, GOOD, WATCH, SKIPPED)


def text(*found: Finding, colour: bool = False, width: int = 80) -> str:
    return report.findings(found, colour=colour, width=width)


def flowing(words: str) -> str:
    """Return a text without its line breaks."""
    return " ".join(words.split())


def test_brackets_and_colons_in_evidence_are_shown_as_they_are() -> None:
    shown = text(
        finding("host.files", Status.FAIL, "[/srv/app] /srv/x[a]/file fd00:ab::1 process [worker/0:1]"), width=200
    )
    assert "seen: [/srv/app] /srv/x[a]/file fd00:ab::1 process [worker/0:1]" in shown


# ------------------------------------------------------------------ plans


def test_a_plan_is_a_numbered_step_a_line() -> None:
    steps = (Promote("demo-app:1", "demo-app:current"), Start(("app",)), Restart("traefik", "a reason"))
    assert report.plan(steps).splitlines() == [
        " 1. make it demo-app:current",
        " 2. start app",
        " 3. restart traefik: a reason",
    ]


def test_a_long_plan_stays_aligned() -> None:
    lines = report.plan((Start(("app",)),) * 12).splitlines()
    assert {line.index("start") for line in lines} == {4}


def test_an_empty_plan_says_that_there_is_nothing_to_do() -> None:
    assert report.plan(()).startswith("Nothing to do")


# ------------------------------------------------------------------ findings for a person


def test_what_is_good_takes_one_line_without_its_evidence() -> None:
    lines = [flowing(line) for line in text(GOOD).splitlines()]
    assert lines == ["✓ first.good The first promise holds.", "", "✓ 1 passed, 0 failed"]


def test_what_is_good_stands_by_family() -> None:
    names = ("dns.a", "new.a", "host.a", "app.a", "host.b", "app.b")
    lines = text(*(finding(name, Status.PASS) for name in names)).splitlines()[: len(names)]
    assert [line.split()[1] for line in lines] == ["app.a", "app.b", "host.a", "host.b", "dns.a", "new.a"]


def test_a_good_promise_that_is_longer_than_the_terminal_is_cut_off() -> None:
    line = text(finding("second.good", Status.PASS, run=breaks)).splitlines()[0]
    assert (len(line), line[-1]) == (80, "…")


def test_failures_come_last() -> None:
    marks = [mark for line in text(*ALL).splitlines()[:-1] for mark in line if mark in "✓✗!-"]
    assert marks == ["✓", "-", "!", "✗"]


def test_a_failure_is_told_in_full() -> None:
    told = flowing(text(BAD))
    assert f"✗ second.bad {flowing(BAD.check.promise)}" in told
    assert "seen: evidence of the bad one seen: and more of it" in told
    assert f"→ {BAD.check.hint}" in told


def test_a_warning_says_what_was_seen_and_what_to_do() -> None:
    assert "seen: 13 days → It needs no hint." in flowing(text(WATCH))


def test_what_was_skipped_for_the_same_reason_takes_one_line_without_advice() -> None:
    reason = "needs second.bad"
    found = [finding(name, Status.SKIP, reason) for name in ("fifth.skipped", "sixth.skipped")]
    lines = text(GOOD, SKIPPED, finding("other.skipped", Status.SKIP, "no app"), *found).splitlines()
    assert [line for line in lines if line.startswith("-")] == [
        "- needs second.bad (fourth.skipped, fifth.skipped, sixth.skipped)",
        "- no app (other.skipped)",
    ]
    assert not any("→" in line for line in lines)


def test_the_last_line_counts_and_tells_the_time_it_took() -> None:
    assert text(*ALL).splitlines()[-1] == "✗ 1 passed, 1 failed, 1 to watch, 1 skipped"
    assert report.findings((GOOD,), colour=False, width=80, seconds=2.06).splitlines()[-1].endswith("failed in 2.1 s")


def test_after_a_failure_the_last_line_says_what_comes_next() -> None:
    def last(*found: Finding) -> str:
        return report.findings(found, colour=False, width=80, again="stack up").splitlines()[-1]

    assert last(*ALL) == "Next: mend it, then stack up"
    assert last(GOOD, WATCH, SKIPPED) == "✓ 1 passed, 0 failed, 1 to watch, 1 skipped"


def test_what_failed_is_looked_at_again_by_name_unless_that_is_too_much() -> None:
    bad = [finding(f"a.{number}", Status.FAIL) for number in range(5)]
    assert report.again((GOOD, bad[0], WATCH)) == "stack check --only a.0"
    assert report.again(bad[:3], ["my shop"]) == "stack check 'my shop' --only a.0 --only a.1 --only a.2"
    assert report.again(bad) == report.again(bad[:3])
    assert report.again((GOOD, WATCH, SKIPPED)) == ""


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            Change("app.healthy", Status.FAIL, ("app-1: dead", "app-2: [dead]")),
            "✗ app.healthy failed: app-1: dead; app-2: [dead]",
        ),
        (Change("tls.days", Status.WARN, ("13 days",)), "! tls.days is to be watched: 13 days"),
        (Change("app.healthy", Status.PASS, ("app-1: healthy",)), "✓ app.healthy is good again"),
        (
            Change(AS_A_WHOLE, Status.FAIL, ("no engine → start it",)),
            "✗ stack check could not look: no engine → start it",
        ),
        (Change(AS_A_WHOLE, Status.PASS), "✓ stack check looks again"),
        (Change("a.b", Status.FAIL, ("word " * 80,)), f"✗ a.b failed: {'word ' * 80}".rstrip()),
    ],
    ids=["failed", "to be watched", "good", "no look", "looks again", "long"],
)
def test_a_change_is_one_line(change: Change, line: str) -> None:
    assert report.change(change, "14:03:05", colour=False) == f"14:03:05 {line}"
    assert ANSI.sub("", report.change(change, "14:03:05", colour=True)) != report.change(
        change, "14:03:05", colour=False
    )


def test_no_warning_and_no_skip_are_not_mentioned() -> None:
    assert report.verdict((GOOD, GOOD, BAD)) == "2 passed, 1 failed"


def test_without_colour_there_is_no_escape_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert not ANSI.search(text(*ALL))


def test_with_colour_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    assert ANSI.search(text(*ALL, colour=True))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_findings_fit_the_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    everything = (*ALL, *(Finding(check, Outcome(Status.FAIL, ("word " * 40,))) for check in CHECKS))
    assert max(map(len, text(*everything, width=width).splitlines())) <= width


def test_no_line_ends_in_spaces() -> None:
    assert [line for line in text(*ALL).splitlines() if line != line.rstrip()] == []


@pytest.mark.parametrize("width", [60, 80, 200])
def test_every_check_of_ours_takes_one_line_when_it_is_good(width: int) -> None:
    lines = text(*(Finding(check, Outcome(Status.PASS, ("seen",))) for check in CHECKS), width=width).splitlines()
    assert len(lines) == len(CHECKS) + 2


def test_the_list_shows_every_check_with_its_promise() -> None:
    listed = promises.listed(CHECKS, width=120).splitlines()
    assert [line.split()[0] for line in listed] == [check.id for check in CHECKS]
    assert [line.partition(" ")[2].strip() for line in listed] == [check.promise for check in CHECKS]


def test_the_list_fits_80_columns() -> None:
    assert max(map(len, promises.listed(CHECKS, width=80).splitlines())) <= 80


# ------------------------------------------------------------------ documents for a machine


def test_the_findings_document_has_exactly_the_documented_shape() -> None:
    assert report.findings_document("demo", (GOOD, BAD)) == {
        "project": "demo",
        "ok": False,
        "findings": [
            {
                "id": "first.good",
                "status": "pass",
                "promise": "The first promise holds.",
                "seen": ["evidence of the good one"],
                "hint": "",
            },
            {
                "id": "second.bad",
                "status": "fail",
                "promise": BAD.check.promise,
                "seen": ["evidence of the bad one", "and more of it"],
                "hint": BAD.check.hint,
            },
        ],
    }


@pytest.mark.parametrize(
    ("found", "ok"),
    [((), True), ((GOOD,), True), ((GOOD, WATCH, SKIPPED), True), ((GOOD, BAD), False)],
    ids=["nothing", "good", "warned and skipped", "failed"],
)
def test_only_a_failure_is_not_ok(found: tuple[Finding, ...], ok: bool) -> None:
    assert report.findings_document("demo", found)["ok"] is ok


def test_the_document_keeps_the_order_of_the_checks() -> None:
    assert [one["id"] for one in report.findings_document("demo", ALL)["findings"]] == [one.check.id for one in ALL]


@pytest.mark.parametrize(
    ("error", "document"),
    [
        (
            StackError("it broke", evidence=("line 1", "line 2"), hint="mend it"),
            {"exit_code": 1, "error": {"message": "it broke", "evidence": ["line 1", "line 2"], "hint": "mend it"}},
        ),
        (WrongInput("wrong"), {"exit_code": 2, "error": {"message": "wrong", "evidence": [], "hint": ""}}),
        (NotReady("not yet"), {"exit_code": 3, "error": {"message": "not yet", "evidence": [], "hint": ""}}),
        (Interrupted("enough"), {"exit_code": 130, "error": {"message": "enough", "evidence": [], "hint": ""}}),
    ],
    ids=["failed", "wrong input", "not ready", "interrupted"],
)
def test_the_error_document_has_exactly_the_documented_shape(error: StackError, document: dict[str, object]) -> None:
    assert report.error_document(error) == {"ok": False, **document}


def test_a_document_is_json_that_can_be_read_back() -> None:
    document = {**report.findings_document("café", ALL), **report.error_document(WrongInput("✗"))}
    printed = report.as_json(document)
    assert json.loads(printed) == document
    assert "café" in printed


# ------------------------------------------------------------------ errors for a person


def test_an_error_is_the_sentence_the_evidence_and_the_next_command() -> None:
    error = StackError("it broke", evidence=("line 1", "line 2"), hint="docker compose logs app")
    assert report.error_text(error).splitlines() == [
        "stack: it broke",
        "  | line 1",
        "  | line 2",
        "  → docker compose logs app",
    ]


def test_an_error_without_more_is_one_line() -> None:
    assert report.error_text(NotReady("not yet")) == "stack: not yet"


# ------------------------------------------------------------------ HSTS


def found(*ids: str) -> list[Finding]:
    return [Finding(one, Outcome(Status.PASS)) for one in CHECKS if one.id in ids]


SERVED = found("tls.trusted", "tls.names")


@pytest.mark.parametrize("certificates", ["acme", "custom"])
def test_a_real_certificate_is_a_reason_to_decide_about_hsts(certificates: str) -> None:
    stack = with_environment(project(), STACK_CERTIFICATES=certificates, STACK_HSTS_SECONDS="0")
    assert "STACK_HSTS_SECONDS=300" in report.proposal(stack, SERVED)


@pytest.mark.parametrize(
    ("environment", "seen"),
    [
        ({"STACK_HSTS_SECONDS": "300"}, SERVED),
        ({"STACK_HSTS_SECONDS": ""}, SERVED),
        ({"STACK_HSTS_SECONDS": "0", "STACK_CERTIFICATES": "staging"}, SERVED),
        ({"STACK_HSTS_SECONDS": "0", "STACK_CERTIFICATES": "local"}, SERVED),
        ({"STACK_HSTS_SECONDS": "0"}, found("tls.names")),
    ],
    ids=["decided", "decided against", "for trials", "local", "not proven"],
)
def test_otherwise_nothing_is_proposed(environment: dict[str, str], seen: list[Finding]) -> None:
    assert report.proposal(with_environment(project(), **environment), seen) == ""


def test_an_order_that_nobody_could_look_into_is_made_with_a_word_about_it() -> None:
    statuses = {
        "dns.address": Status.SKIP,
        "dns.agree": Status.WARN,
        "tls.caa": Status.PASS,
        "tls.files": Status.SKIP,
    }
    seen = [Finding(one, Outcome(statuses[one.id], ("demo.test: no answer",))) for one in CHECKS if one.id in statuses]
    assert report.doubts(seen) == ["! dns.address: demo.test: no answer", "! dns.agree: demo.test: no answer"]


def test_what_a_shared_proxy_serves_is_told_a_line_for_each_project() -> None:
    claims = (
        Claim("blog", "/srv/blog", Route("blog.test")),
        Claim("blog", "/srv/blog", Route("www.blog.test")),
        Claim("by-hand", "", Route("x.test")),
        Claim("shop", "/srv/a", Route("shop.test", "/v1")),
        Claim("shop", "/srv/b", Route("shop.test", "/v2")),
    )
    assert list(report.behind(claims)) == [
        "blog: blog.test, www.blog.test (in /srv/blog)",
        "by-hand: x.test",
        "shop: shop.test/v1 (in /srv/a)",
        "shop: shop.test/v2 (in /srv/b)",
    ]
    assert list(report.behind(())) == []
