"""The promises about TLS and HTTP that a visitor seldom thinks of: every outcome that each can have."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from scaffold import checks
from scaffold.checks import CHECKS, Check, Outcome, Status
from scaffold.errors import WrongInput
from scaffold.facts import Facts, Reply
from scaffold.project import Project

from ..builders import (
    HOST,
    OTHER_HOST,
    SECURE,
    facts,
    handshake,
    joining_facts,
    joining_project,
    local_project,
    part,
    project,
    with_environment,
    with_hosts,
)

KNOWN: Mapping[str, Check] = {check.id: check for check in CHECKS}
EXTERNAL = with_environment(project(), STACK_CERTIFICATES="external")
STAGING = with_environment(project(), STACK_CERTIFICATES="staging")
LIMITED = with_environment(project(), STACK_UPLOAD_MB="7")
TWO = with_hosts(project(), HOST, OTHER_HOST)
STRANGE = "https://stack-check.invalid/"


def judged(check: str, seen: Facts | None = None, stack: Project | None = None) -> Outcome:
    return KNOWN[check].run(stack or project(), seen or facts())


def said(outcome: Outcome) -> str:
    return "\n".join(outcome.seen)


def answering(**headers: str) -> Facts:
    """Return what is seen where the first page comes with these headers, and nothing else was asked for."""
    return facts(answers={HOST: Reply(f"https://{HOST}/", status=200, headers=headers)}, slash=None)


NOBODY = facts(answers={HOST: Reply(f"https://{HOST}/", problem="refused")}, slash=None)


@pytest.mark.parametrize("check", ["http.h2", "tls.default", "tls.staging", "tls.old", "tls.hsts"])
def test_where_something_in_front_speaks_https_its_tls_is_not_judged(check: str) -> None:
    assert judged(check, stack=EXTERNAL).status is Status.SKIP


# ------------------------------------------------------------------ HTTP/2


@pytest.mark.parametrize("protocol", ["http/1.1", ""])
def test_a_host_without_http2_is_named(protocol: str) -> None:
    seen = facts(handshakes={HOST: handshake(), OTHER_HOST: handshake(protocol=protocol)})
    outcome = judged("http.h2", seen, TWO)
    assert (outcome.status, outcome.seen) == (
        Status.FAIL,
        (f"{OTHER_HOST}: {protocol or 'nothing'} was agreed on",),
    )


def test_http2_on_every_host_passes() -> None:
    seen = facts(handshakes={HOST: handshake(), OTHER_HOST: handshake(problem="expired")})
    assert judged("http.h2", seen, TWO).status is Status.PASS


def test_without_a_handshake_nothing_is_said_of_http2() -> None:
    assert judged("http.h2", facts(handshakes={})).status is Status.SKIP


# ------------------------------------------------------------------ headers


@pytest.mark.parametrize("value", ["nosniff", "NoSniff", "nosniff, nosniff", "nosniff,x"])
def test_an_answer_that_forbids_guessing_passes(value: str) -> None:
    assert judged("http.headers", answering(**{"x-content-type-options": value})).status is Status.PASS


@pytest.mark.parametrize("value", ["", "sniff", "x, nosniff"])
def test_an_answer_that_lets_a_browser_guess_is_named(value: str) -> None:
    outcome = judged("http.headers", answering(**{"x-content-type-options": value}))
    assert outcome.status is Status.FAIL
    assert f"https://{HOST}/: X-Content-Type-Options is {value or 'missing'}" in outcome.seen


def test_every_answer_counts() -> None:
    bare = Reply(f"https://{HOST}/items", status=307)
    assert judged("http.headers", facts(slash=bare)).status is Status.FAIL
    moved = {OTHER_HOST: Reply(f"https://{OTHER_HOST}/x", status=308)}
    assert judged("http.headers", facts(elsewhere=moved)).status is Status.FAIL


@pytest.mark.parametrize("check", ["http.headers", "tls.hsts"])
def test_where_nothing_is_answered_nothing_is_said_of_headers(check: str) -> None:
    assert judged(check, NOBODY).status is Status.SKIP


# ------------------------------------------------------------------ parts


def test_a_part_as_it_lies_there_passes() -> None:
    assert judged("http.ranges").status is Status.PASS


def test_a_part_of_what_lies_there_compressed_passes() -> None:
    seen = facts(parts=(part(**{"content-encoding": "gzip", "content-range": "bytes 0-0/66", "content-length": "1"}),))
    assert judged("http.ranges", seen).status is Status.PASS


@pytest.mark.parametrize(
    "headers",
    [
        {"content-encoding": "gzip", "content-length": "56"},
        {"content-encoding": "br", "content-length": ""},
        {"content-encoding": "zstd", "content-range": ""},
        {"content-encoding": "gzip", "content-range": "pages 1-2/9"},
    ],
    ids=["shorter", "of no length", "of no range", "of another unit"],
)
def test_a_part_that_was_compressed_by_itself_is_named(headers: dict[str, str]) -> None:
    outcome = judged("http.ranges", facts(parts=(part(), part("/film", **headers))))
    assert outcome.status is Status.FAIL
    assert outcome.seen[0].startswith(f"https://{HOST}/film: ")
    assert headers["content-encoding"] in outcome.seen[0]


@pytest.mark.parametrize("parts", [(), (Reply("https://x/", status=200),), (Reply("https://x/", status=416),)])
def test_where_nothing_is_sent_in_part_nothing_can_break(parts: tuple[Reply, ...]) -> None:
    assert judged("http.ranges", facts(parts=parts)).status is Status.SKIP


# ------------------------------------------------------------------ the limit


@pytest.mark.parametrize("limit", ["", "0"])
def test_without_a_limit_nothing_is_refused(limit: str) -> None:
    outcome = judged("http.limit", stack=with_environment(project(), STACK_UPLOAD_MB=limit))
    assert (outcome.status, "no limit" in said(outcome)) == (Status.PASS, True)


def test_a_refused_body_passes() -> None:
    seen = facts(large=Reply(f"https://{HOST}/x", status=413))
    assert judged("http.limit", seen, LIMITED).status is Status.PASS


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (None, "it was not looked at"),
        (Reply("https://x/", status=100), "100"),
        (Reply("https://x/", status=404), "404"),
        (Reply("https://x/", problem="timed out"), "timed out"),
    ],
    ids=["not looked at", "the body may come", "the app was asked", "the body is waited for"],
)
def test_a_body_that_is_not_refused_is_told(reply: Reply | None, says: str) -> None:
    outcome = judged("http.limit", facts(large=reply), LIMITED)
    assert (outcome.status, says in said(outcome)) == (Status.FAIL, True)


def test_behind_a_shared_proxy_the_folder_of_the_limit_is_named() -> None:
    stack = joining_project(STACK_UPLOAD_MB="7")
    seen = joining_facts(large=Reply("https://x/", status=404))
    (found,) = (one for one in checks.run(stack, seen) if one.check.id == "http.limit")
    assert "in /srv/proxy, the proxy's folder: STACK_UPLOAD_MB" in found.outcome.seen


# ------------------------------------------------------------------ strangers


@pytest.mark.parametrize(
    "reply",
    [
        Reply(STRANGE, status=404, by_proxy=True),
        Reply(STRANGE, problem="tlsv1 unrecognized name"),
        Reply(STRANGE, status=421),
    ],
    ids=["Traefik's own", "an alert", "misdirected"],
)
def test_a_stranger_who_is_refused_passes(reply: Reply) -> None:
    assert judged("http.strangers", facts(stranger=reply)).status is Status.PASS


@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_an_app_that_answers_to_strangers_is_told(status: int) -> None:
    outcome = judged("http.strangers", facts(stranger=Reply(STRANGE, status=status)))
    assert (outcome.status, outcome.seen) == (Status.FAIL, (f"{STRANGE}: {status}",))


@pytest.mark.parametrize(("status", "expected"), [(200, Status.FAIL), (301, Status.PASS), (403, Status.PASS)])
def test_of_an_unknown_server_only_what_it_gives_a_stranger_is_held_against_it(status: int, expected: Status) -> None:
    seen = facts(stranger=Reply(STRANGE, status=status))
    assert judged("http.strangers", seen, replace(project(), known=False)).status is expected


def test_where_no_stranger_came_nothing_is_said() -> None:
    assert judged("http.strangers", facts(stranger=None)).status is Status.SKIP


# ------------------------------------------------------------------ whose certificate


OWN = {HOST: handshake("x.traefik.default", issuer="TRAEFIK DEFAULT CERT", problem="self-signed certificate")}
TRIAL = {HOST: handshake(issuer="(STAGING) Pretend Pear")}


def test_traefiks_own_certificate_is_one_failure() -> None:
    assert judged("tls.default").status is Status.PASS
    found = {one.check.id: one for one in checks.run(project(), facts(handshakes=OWN))}
    assert {name for name, one in found.items() if one.failed} == {"tls.default"}
    assert found["tls.default"].outcome.seen == (f"{HOST}: Traefik serves its own: the wanted one has not come",)


@pytest.mark.parametrize("stack", [project(), local_project()], ids=["acme", "local"])
def test_a_certificate_for_trials_is_one_failure_where_a_real_one_is_wanted(stack: Project) -> None:
    assert judged("tls.staging", stack=stack).status is Status.PASS
    failed = [one for one in checks.run(stack, facts(handshakes=TRIAL)) if one.failed]
    assert [(one.check.id, one.outcome.seen) for one in failed] == [
        ("tls.staging", (f"{HOST}: issued by (STAGING) Pretend Pear",))
    ]


def test_a_certificate_for_trials_that_is_wanted_passes() -> None:
    assert judged("tls.staging", facts(handshakes=TRIAL), STAGING).status is Status.PASS


def test_without_a_certificate_it_is_nobodys() -> None:
    seen = facts(handshakes={})
    assert [judged(check, seen).status for check in ("tls.default", "tls.staging")] == [Status.PASS, Status.PASS]
    assert judged("tls.trusted", seen).status is Status.FAIL


# ------------------------------------------------------------------ old versions


def test_old_versions_that_are_refused_pass() -> None:
    assert said(judged("tls.old")) == f"{HOST}: TLS 1.0 was refused\n{HOST}: TLS 1.1 was refused"


def test_an_old_version_that_is_accepted_is_named() -> None:
    outcome = judged("tls.old", facts(outdated={"TLS 1.0": False, "TLS 1.1": True}))
    assert (outcome.status, outcome.seen) == (Status.FAIL, (f"{HOST}: TLS 1.1 was accepted",))


@pytest.mark.parametrize(("outdated", "says"), [(None, "TLS library"), ({}, "nobody took")], ids=["unable", "alone"])
def test_old_versions_that_could_not_be_tried_are_skipped(outdated: dict[str, bool] | None, says: str) -> None:
    outcome = judged("tls.old", facts(outdated=outdated))
    assert (outcome.status, says in said(outcome)) == (Status.SKIP, True)


# ------------------------------------------------------------------ insisting on HTTPS


@pytest.mark.parametrize("stack", [local_project(), STAGING], ids=["local", "staging"])
@pytest.mark.parametrize("value", ["max-age=300", "includeSubDomains; Max-Age = 1", 'max-age="31536000"'])
def test_insisting_on_a_certificate_for_trials_is_told(stack: Project, value: str) -> None:
    outcome = judged("tls.hsts", answering(**{"strict-transport-security": value}), stack)
    assert outcome.status is Status.FAIL
    assert value in said(outcome)


@pytest.mark.parametrize("value", ["", "max-age=0", "max-age=00; includeSubDomains", "includeSubDomains"])
def test_a_certificate_for_trials_on_which_nobody_insists_passes(value: str) -> None:
    headers = {**SECURE, "strict-transport-security": value} if value else SECURE
    assert judged("tls.hsts", answering(**headers), local_project()).status is Status.PASS


def test_insisting_on_a_real_certificate_passes() -> None:
    assert judged("tls.hsts", answering(**{"strict-transport-security": "max-age=63072000"})).status is Status.PASS


# ------------------------------------------------------------------ from outside


def test_from_outside_no_check_waits_for_what_only_the_server_knows() -> None:
    chosen = checks.beyond()
    ids = {one.id for one in chosen}
    assert ids == {one.id for one in CHECKS if one.outside}
    assert {need for one in chosen for need in one.needs} <= ids
    assert [one.id for one in checks.beyond(["tls.days"])] == ["tls.default", "tls.staging", "tls.trusted", "tls.days"]


def test_a_check_that_has_to_see_the_server_is_refused_from_outside() -> None:
    with pytest.raises(WrongInput, match=r"nobody can look at host\.memory, app\.workers"):
        checks.beyond(["tls.names", "app.workers", "host.memory"])
    with pytest.raises(WrongInput, match=r"there is no check 'tls\.nmaes'"):
        checks.beyond(["tls.nmaes"])


def test_where_the_port_of_plain_http_is_not_known_it_is_not_judged() -> None:
    unknown = with_environment(project(), TRAEFIK_ENTRYPOINTS_WEB_ADDRESS=":0")
    assert judged("http.redirects", stack=unknown).status is Status.SKIP
