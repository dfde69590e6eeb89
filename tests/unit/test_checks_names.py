"""What DNS and the authority must say: every outcome of each promise."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from ipaddress import ip_network

import pytest

from scaffold.checks import Outcome, Status, names, signing
from scaffold.facts import Directory, Facts, Naming, Property
from scaffold.project import Project

from ..builders import HOST, OTHER_HOST, facts, local_project, project, with_environment, with_hosts

Judge = Callable[[Project, Facts], Outcome]
DIRECTORY = "https://acme-v02.api.letsencrypt.org/directory"
OURS, OURS_6 = "198.51.100.4", "2001:db8::4"
ELSEWHERE, ELSEWHERE_6 = "203.0.113.9", "2001:db8::9"
CLOUDFLARE, CLOUDFLARE_6, FASTLY = "104.16.3.4", "2606:4700::6810:304", "151.101.1.1"
HOME = ("127.0.0.1", "::1", "192.168.1.5", "fe80::1", "172.17.0.1")
WILD = f"*.{HOST}"


def named(*addresses: str, host: str = HOST, **changes: object) -> dict[str, Naming]:
    """Return a name that all servers agree about."""
    values = {"zone": HOST, "own": addresses, "public": addresses, **changes}
    return {host: Naming(host, **values)}  # type: ignore[arg-type]


def seen(names: dict[str, Naming] | None = None, **changes: object) -> Facts:
    """Return what is seen of a server with public addresses that its name leads to."""
    usual = {
        "names": named(OURS, OURS_6) if names is None else names,
        "authority": Directory(DIRECTORY, identities=("letsencrypt.org",), ahead=timedelta(seconds=1)),
        "interfaces": (*HOME, OURS, OURS_6),
    }
    return facts(**{**usual, **changes})


def records(*properties: tuple[str, str], host: str = HOST, critical: bool = False, **changes: object) -> Facts:
    """Return a name with CAA properties above it."""
    caa = tuple(Property(tag, value, critical) for tag, value in properties)
    return seen(named(OURS, host=host, caa=caa, caa_at="test"), **changes)


def by(challenge: str) -> Project:
    return with_environment(project(), STACK_CHALLENGE=challenge)


def custom(**extra: str) -> Project:
    return with_environment(
        project(extra=extra), STACK_CERTIFICATES="custom", STACK_ACME_DIRECTORY="https://ca.example.com/directory"
    )


def trusting(networks: str, challenge: str = "http") -> Project:
    """Return a stack that believes the forwarded headers of these."""
    return with_environment(by(challenge), TRAEFIK_ENTRYPOINTS_WEBSECURE_FORWARDEDHEADERS_TRUSTEDIPS=networks)


def refused(why: str, **ahead: float) -> Facts:
    """Return an authority whose certificate was refused, with its time."""
    problem = f"the certificate of ca.test is refused: certificate {why} ({signing.SUSPECTED})"
    return seen(authority=Directory(DIRECTORY, problem=problem, ahead=timedelta(**ahead)), certified=frozenset())


ADDRESSED = project(extra={"addresses": f"{ELSEWHERE}, {ELSEWHERE_6}"})
MISTYPED = {"addresses": f"my.host 203.0.113.0/24 {ELSEWHERE}"}
ASKED = {"resolvers": "1.1.1.1"}
NOWHERE = named(exists=False)
ANOTHER_DNS = "; a private authority may have another DNS"
DOWN = Directory(DIRECTORY, problem="it answers with status 503")
STRANGER = Directory("https://ca.example.com/directory")
UNREACHED = named(problem="asked 192.0.2.53: no answer", own=None)
OLD = named(OURS, public=(ELSEWHERE,))
TWO = with_hosts(project(), HOST, OTHER_HOST)
ONE_OF_TWO = {**named(OURS, OURS_6), **named(host=OTHER_HOST, problem="asked 192.0.2.53: SERVFAIL", own=None)}


@dataclass(frozen=True)
class Case:
    """One judgement and what has to come out; `says` is a part of what was seen."""

    judge: Judge
    status: Status
    why: str
    says: str = ""
    there: Facts = field(default_factory=seen)
    stack: Project = field(default_factory=project)


PASS, FAIL, WARN, SKIP = Status.PASS, Status.FAIL, Status.WARN, Status.SKIP
BEHIND_NAT = {"interfaces": HOME}

ADDRESSES = [
    Case(names.addresses, PASS, "both are ours", f"{HOST}: AAAA {OURS_6}"),
    Case(names.addresses, PASS, "no IPv6 at all", f"{HOST}: A {OURS}", seen(named(OURS))),
    Case(names.addresses, PASS, "a network of its own", "A 192.168.1.5", seen(named("192.168.1.5"), **BEHIND_NAT)),
    Case(names.addresses, PASS, "this machine", "A 127.0.0.1", seen(named("127.0.0.1"), **BEHIND_NAT)),
    Case(
        names.addresses,
        PASS,
        "behind NAT, as .env says",
        f"A {ELSEWHERE}",
        seen(named(ELSEWHERE, ELSEWHERE_6), **BEHIND_NAT),
        ADDRESSED,
    ),
    Case(names.addresses, PASS, "a CDN's, which has its own check", CLOUDFLARE, seen(named(CLOUDFLARE, CLOUDFLARE_6))),
    Case(names.addresses, PASS, "only the resolver could be asked", OURS, seen(named(own=None, public=(OURS,)))),
    Case(names.addresses, PASS, "the resolver is behind", f"A {OURS}", seen(OLD)),
    Case(
        names.addresses,
        FAIL,
        "another server",
        f"{HOST}: A {ELSEWHERE} is not this server ({OURS})",
        seen(named(ELSEWHERE)),
    ),
    Case(
        names.addresses,
        FAIL,
        "an old AAAA",
        f"{HOST}: AAAA {ELSEWHERE_6} is not this server: authorities and browsers try IPv6 first",
        seen(named(OURS, ELSEWHERE_6)),
    ),
    Case(
        names.addresses,
        FAIL,
        "an old AAAA behind NAT",
        f"AAAA {ELSEWHERE_6} is not",
        seen(named(ELSEWHERE, ELSEWHERE_6), **BEHIND_NAT),
    ),
    Case(
        names.addresses,
        FAIL,
        "another private address behind NAT",
        "A 10.0.0.7 is not this server (127.0.0.1, 172.17.0.1, 192.168.1.5)",
        seen(named("10.0.0.7"), **BEHIND_NAT),
    ),
    Case(
        names.addresses,
        FAIL,
        "not what .env says",
        f"A {OURS} is not this server ({ELSEWHERE})",
        seen(named(OURS), **BEHIND_NAT),
        ADDRESSED,
    ),
    Case(
        names.addresses,
        FAIL,
        "no such name",
        f"{HOST}: does not exist (asked the servers of {HOST})",
        seen(named(exists=False)),
    ),
    Case(names.addresses, FAIL, "no address", f"{HOST}: has no address", seen(named())),
    Case(
        names.addresses,
        FAIL,
        "the resolver knows no such name",
        "does not exist (asked a public resolver)",
        seen(named(own=None, exists=False)),
        project(extra=ASKED),
    ),
    Case(
        names.addresses,
        FAIL,
        "this server's own resolver knows no such name",
        "does not exist (asked this server's resolver)",
        seen(named(own=None, exists=False)),
    ),
    Case(
        names.addresses,
        FAIL,
        "no such wildcard",
        f"{WILD} (asked as stack-check.{HOST}): does not exist (asked the servers of {HOST})",
        seen(named(host=WILD, zone=HOST, exists=False)),
        with_hosts(project(), WILD),
    ),
    Case(
        names.addresses,
        FAIL,
        "a wildcard leads elsewhere, and the name above it does not",
        f"{WILD} (asked as stack-check.{HOST}): A {ELSEWHERE} is not this server",
        seen({**named(OURS), **named(ELSEWHERE, host=WILD)}),
        with_hosts(project(), HOST, WILD),
    ),
    Case(
        names.addresses,
        WARN,
        "a private authority, and a name that DNS does not have out there",
        f"{HOST}: does not exist (asked the servers of {HOST}){ANOTHER_DNS}: STACK_DNS_RESOLVERS in .env, left empty,"
        " asks this server's own resolver",
        seen(NOWHERE),
        custom(**ASKED),
    ),
    Case(
        names.addresses,
        WARN,
        "a private authority, and only the resolver could be asked",
        f"has no address (asked a public resolver){ANOTHER_DNS}: STACK_DNS_RESOLVERS",
        seen(named(own=None)),
        custom(**ASKED),
    ),
    Case(
        names.addresses,
        WARN,
        "a private authority, and our own resolver was asked already",
        f"does not exist (asked this server's resolver){ANOTHER_DNS}",
        seen(named(own=None, exists=False)),
        custom(),
    ),
    Case(
        names.addresses,
        FAIL,
        "a private authority, and .env says what DNS has to say",
        f"does not exist (asked the servers of {HOST}){ANOTHER_DNS}",
        seen(NOWHERE),
        custom(addresses=OURS),
    ),
    Case(
        names.addresses,
        FAIL,
        "a private authority, and its zone's own servers have no address",
        f"{HOST}: has no address (asked the servers of {HOST})",
        seen(named()),
        custom(),
    ),
    Case(names.addresses, FAIL, "a private authority, and another server", ELSEWHERE, seen(named(ELSEWHERE)), custom()),
    Case(
        names.addresses,
        FAIL,
        "a private authority, and an old AAAA",
        f"AAAA {ELSEWHERE_6} is not",
        seen(named(ELSEWHERE, ELSEWHERE_6), **BEHIND_NAT),
        custom(),
    ),
    Case(
        names.addresses,
        FAIL,
        "a private authority, and not what .env says",
        f"A {OURS} is not this server ({ELSEWHERE})",
        seen(named(OURS), **BEHIND_NAT),
        custom(addresses=ELSEWHERE),
    ),
    Case(
        names.addresses,
        WARN,
        "a private authority, behind NAT",
        "cannot be judged",
        seen(named(ELSEWHERE), **BEHIND_NAT),
        custom(),
    ),
    Case(
        names.addresses,
        PASS,
        "a load balancer, which is judged as a CDN",
        ELSEWHERE,
        seen(named(ELSEWHERE, ELSEWHERE_6)),
        trusting(f"10.0.0.0/8,203.0.113.0/24, {ELSEWHERE_6}"),
    ),
    Case(
        names.addresses,
        FAIL,
        "not the load balancer",
        f"A {ELSEWHERE} is not",
        seen(named(ELSEWHERE)),
        trusting("10.0.0.0/8,no.network,198.51.100.0/24"),
    ),
    Case(
        names.addresses,
        FAIL,
        "everybody is trusted",
        "is not this server",
        seen(named(ELSEWHERE)),
        trusting("0.0.0.0/0"),
    ),
    Case(
        names.addresses,
        PASS,
        "what is no address in .env is passed over",
        f"A {ELSEWHERE}",
        seen(named(ELSEWHERE), **BEHIND_NAT),
        project(extra=MISTYPED),
    ),
    Case(
        names.addresses,
        FAIL,
        "what is no address in .env is nobody's",
        f"A 203.0.113.1 is not this server ({ELSEWHERE})",
        seen(named("203.0.113.1"), **BEHIND_NAT),
        project(extra=MISTYPED),
    ),
    Case(names.addresses, FAIL, "one of two", OTHER_HOST, seen({**named(OURS), **named(host=OTHER_HOST)}), TWO),
    Case(
        names.addresses,
        WARN,
        "behind NAT",
        f"{HOST}: A {ELSEWHERE} cannot be judged: this server has no public IPv4 address of its own; "
        "STACK_ADDRESSES in .env names it",
        seen(named(ELSEWHERE), **BEHIND_NAT),
    ),
    Case(names.addresses, WARN, "elsewhere, by dns-01", "is not this server", seen(named(ELSEWHERE)), by("dns")),
    Case(names.addresses, WARN, "nobody answers for one", f"{OTHER_HOST}: asked", seen(ONE_OF_TWO), TWO),
    Case(names.addresses, SKIP, "nobody answers", f"{HOST}: asked 192.0.2.53: no answer", seen(UNREACHED)),
    Case(names.addresses, SKIP, "not looked at", f"{HOST}: it was not looked at", seen({})),
    Case(names.addresses, SKIP, "nothing is ordered", "STACK_CERTIFICATES is local", stack=local_project()),
]

AGREE = [
    Case(names.agree, PASS, "the same", f"{HOST}: {OURS}, {OURS_6}"),
    Case(names.agree, PASS, "in another order", OURS, seen(named(OURS, ELSEWHERE, public=(ELSEWHERE, OURS)))),
    Case(
        names.agree,
        PASS,
        "a CDN has an address for everybody",
        there=seen(named(CLOUDFLARE, public=("104.16.9.9",))),
    ),
    Case(
        names.agree,
        WARN,
        "an old answer",
        f"{HOST}: the servers of {HOST} say {OURS}; a public resolver has {ELSEWHERE}",
        seen(OLD),
        project(extra=ASKED),
    ),
    Case(names.agree, WARN, "our own resolver is behind", f"this server's resolver has {ELSEWHERE}", seen(OLD)),
    Case(
        names.agree,
        PASS,
        "what stands in front may have an address for everybody",
        there=seen(named(ELSEWHERE, public=("203.0.113.1",))),
        stack=trusting("203.0.113.0/24"),
    ),
    Case(names.agree, WARN, "not known there yet", "has no address", seen(named(OURS, public=()))),
    Case(names.agree, WARN, "nobody answers for one", f"{OTHER_HOST}: asked", seen(ONE_OF_TWO), TWO),
    Case(
        names.agree,
        WARN,
        "the servers of one zone are silent",
        f"{OTHER_HOST}: the servers of its zone could not be asked",
        seen({**named(OURS), **named(host=OTHER_HOST, own=None, public=(OURS,), zone="")}),
        TWO,
    ),
    Case(names.agree, SKIP, "its servers are silent", "could not be asked", seen(named(own=None, public=(OURS,)))),
    Case(names.agree, SKIP, "nobody answers", "no answer", seen(UNREACHED)),
    Case(names.agree, SKIP, "nothing is ordered", "STACK_CERTIFICATES is local", stack=local_project()),
]

CDN = [
    Case(
        names.cdn,
        PASS,
        "none",
        "no name is at an address that is Cloudflare's, as of 2026-10, or Fastly's, as of 2025-10",
        stack=by("tls-alpn"),
    ),
    Case(
        names.cdn,
        PASS,
        "not what we trust either",
        "as of 2025-10, or what STACK_TRUSTED_PROXIES names",
        stack=trusting("203.0.113.0/24", "tls-alpn"),
    ),
    Case(
        names.cdn,
        PASS,
        "our own address in a network that we trust",
        there=seen(named("192.168.1.5"), **BEHIND_NAT),
        stack=trusting("192.168.0.0/16", "tls-alpn"),
    ),
    Case(
        names.cdn,
        WARN,
        "a load balancer, http",
        f"{HOST}: A {ELSEWHERE} is what STACK_TRUSTED_PROXIES names",
        seen(named(ELSEWHERE)),
        trusting("203.0.113.5/24"),
    ),
    Case(
        names.cdn,
        FAIL,
        "a load balancer, tls-alpn",
        "ends TLS",
        seen(named(ELSEWHERE)),
        trusting(ELSEWHERE, "tls-alpn"),
    ),
    Case(
        names.cdn,
        WARN,
        "a CDN that we trust is called by its name",
        f"A {CLOUDFLARE} is Cloudflare's, as of 2026-10",
        seen(named(CLOUDFLARE)),
        trusting("104.16.0.0/13"),
    ),
    Case(names.cdn, PASS, "dns", f"{HOST}: A {CLOUDFLARE} is Cloudflare's", seen(named(CLOUDFLARE)), by("dns")),
    Case(names.cdn, WARN, "http", f"{HOST}: A {FASTLY} is Fastly's", seen(named(FASTLY)), by("http")),
    Case(names.cdn, WARN, "http, over IPv6", f"AAAA {CLOUDFLARE_6}", seen(named(OURS, CLOUDFLARE_6))),
    Case(names.cdn, FAIL, "tls-alpn", "ends TLS", seen(named(CLOUDFLARE)), by("tls-alpn")),
    Case(names.cdn, SKIP, "nobody answers", "no answer", seen(UNREACHED)),
    Case(names.cdn, SKIP, "nothing is ordered", "STACK_CERTIFICATES is local", stack=local_project()),
]

LE = "letsencrypt.org"
CAA = [
    Case(signing.caa, PASS, "none", f"{HOST}: no CAA record"),
    Case(signing.caa, PASS, "ours", f'{HOST}: CAA 0 issue "{LE}" at test', records(("issue", LE))),
    Case(signing.caa, PASS, "one of several", there=records(("issue", "ca.test"), ("issue", f" {LE.upper()} ;"))),
    Case(signing.caa, PASS, "only where to complain", there=records(("iodef", "mailto:a@example.com"))),
    Case(signing.caa, PASS, "a critical tag that is known", there=records(("issue", LE), critical=True)),
    Case(signing.caa, PASS, "for mail", there=records(("issuemail", ";"))),
    Case(signing.caa, PASS, "wildcards are not meant", there=records(("issuewild", ";"))),
    Case(
        signing.caa,
        PASS,
        "the challenge is named",
        there=records(("issue", f"{LE}; validationmethods=dns-01, http-01")),
    ),
    Case(
        signing.caa,
        PASS,
        "tls-alpn-01",
        there=records(("issue", f"{LE};validationmethods=tls-alpn-01")),
        stack=by("tls-alpn"),
    ),
    Case(
        signing.caa,
        PASS,
        "an account, and any",
        there=records(("issue", f"{LE}; accounturi=https://ca.test/1"), ("issue", LE)),
    ),
    Case(
        signing.caa,
        PASS,
        "a wildcard",
        there=records(("issue", ";"), ("issuewild", LE), host=WILD),
        stack=with_hosts(by("dns"), WILD),
    ),
    Case(
        signing.caa,
        PASS,
        "a wildcard by what holds for all",
        there=records(("issue", LE), host=WILD),
        stack=with_hosts(by("dns"), WILD),
    ),
    Case(signing.caa, PASS, "Let's Encrypt, which was not asked", there=records(("issue", LE), authority=None)),
    Case(
        signing.caa,
        PASS,
        "an authority of unknown name",
        'issue "ca.test',
        records(("issue", "ca.test; validationmethods=dns-01"), authority=STRANGER),
        custom(),
    ),
    Case(
        signing.caa,
        FAIL,
        "another authority",
        f'{HOST}: CAA 0 issue "ca.test" at test forbids {LE}',
        records(("issue", "ca.test")),
    ),
    Case(signing.caa, FAIL, "nobody", f'CAA 0 issue ";" at test forbids {LE}', records(("issue", ";"))),
    Case(signing.caa, FAIL, "nobody, in nothing", f"forbids {LE}", records(("issue", ""))),
    Case(
        signing.caa,
        FAIL,
        "another authority, when ours was not asked",
        f"forbids {LE}",
        records(("issue", "ca.test"), authority=None),
    ),
    Case(
        signing.caa,
        FAIL,
        "nobody, whatever our authority's name",
        "forbids every authority",
        records(("issue", ";"), authority=STRANGER),
        custom(),
    ),
    Case(
        signing.caa,
        FAIL,
        "another name of a private authority",
        "forbids ca.test or ca2.test",
        records(("issue", LE), authority=Directory("https://ca.test", identities=("ca.test", "ca2.test"))),
        custom(),
    ),
    Case(
        signing.caa,
        FAIL,
        "a wildcard",
        f'{WILD}: CAA 0 issuewild ";" at test forbids',
        records(("issue", LE), ("issuewild", ";"), host=WILD),
        with_hosts(by("dns"), WILD),
    ),
    Case(
        signing.caa,
        FAIL,
        "another challenge",
        f'CAA 0 issue "{LE}; validationmethods=dns-01" at test forbids the challenge http-01',
        records(("issue", f"{LE}; validationmethods=dns-01")),
    ),
    Case(
        signing.caa,
        FAIL,
        "a critical tag that nobody knows",
        'CAA 128 future "x" at test is critical and unknown',
        records(("future", "x"), critical=True),
    ),
    Case(
        signing.caa,
        WARN,
        "one account only",
        "allows one account only",
        records(("issue", f"{LE}; accounturi=https://ca.test/1")),
    ),
    Case(
        signing.caa,
        WARN,
        "nobody says",
        f"{HOST}: CAA of {HOST}: asked 192.0.2.53: SERVFAIL; an authority without an answer does not sign",
        seen(named(OURS, caa_problem=f"CAA of {HOST}: asked 192.0.2.53: SERVFAIL")),
    ),
    Case(signing.caa, WARN, "nobody answers for one", f"{OTHER_HOST}: asked", seen(ONE_OF_TWO), TWO),
    Case(signing.caa, SKIP, "nobody answers", "no answer", seen(UNREACHED)),
    Case(signing.caa, SKIP, "nothing is ordered", "STACK_CERTIFICATES is local", stack=local_project()),
]

AUTHORITY = [
    Case(signing.authority, PASS, "it answers", DIRECTORY),
    Case(
        signing.authority,
        FAIL,
        "it does not, and has to",
        f"{DIRECTORY}: it answers with status 503",
        seen(authority=DOWN, certified=frozenset()),
    ),
    Case(
        signing.authority,
        FAIL,
        "it does not, and what is there is unknown",
        "503",
        seen(authority=DOWN, certified=None),
    ),
    Case(signing.authority, WARN, "it does not, and nothing is to be ordered", "status 503", seen(authority=DOWN)),
    Case(
        signing.authority,
        SKIP,
        "our clock is ahead, and finds its certificate expired",
        "host.clock says why: this machine's clock is 7 days ahead of the authority's",
        refused("has expired", days=7),
    ),
    Case(
        signing.authority,
        SKIP,
        "our clock is behind, and finds its certificate too new",
        "clock is 7 days behind",
        refused("is not yet valid", days=-7),
    ),
    Case(signing.authority, FAIL, "expired by a clock that is right", "expired", refused("has expired", minutes=5)),
    Case(signing.authority, FAIL, "expired by a clock that is behind", "expired", refused("has expired", days=-7)),
    Case(signing.authority, FAIL, "too new by a clock that is ahead", "not yet", refused("is not yet valid", days=7)),
    Case(
        signing.authority,
        FAIL,
        "it fails, and the clock is wrong besides",
        "status 503",
        seen(authority=replace(DOWN, ahead=timedelta(days=7)), certified=frozenset()),
    ),
    Case(signing.authority, SKIP, "not asked", "it was not looked at", seen(authority=None)),
    Case(signing.authority, SKIP, "nothing is ordered", "STACK_CERTIFICATES is local", stack=local_project()),
]


def clock(status: Status, says: str, **ahead: float) -> Case:
    return Case(signing.clock, status, says, says, seen(authority=Directory(DIRECTORY, ahead=timedelta(**ahead))))


CLOCK = [
    clock(PASS, "the same as the authority's"),
    clock(PASS, "1 second behind the authority's", seconds=-1),
    clock(PASS, "30 seconds ahead of the authority's", seconds=30),
    clock(WARN, "31 seconds behind the authority's", seconds=-31),
    clock(WARN, "5 minutes ahead of the authority's", minutes=5),
    clock(FAIL, "5 minutes behind the authority's", minutes=-5, seconds=-1),
    clock(FAIL, "12 minutes ahead of the authority's", minutes=12, seconds=20),
    clock(FAIL, "90 minutes ahead of the authority's", minutes=90),
    clock(FAIL, "2 hours behind the authority's", hours=-2),
    clock(FAIL, "400 days ahead of the authority's", days=400),
    Case(
        signing.clock,
        FAIL,
        "wrong, where the authority is of no use",
        "7 days",
        seen(authority=Directory(DIRECTORY, problem="expired", ahead=timedelta(days=7))),
    ),
    Case(signing.clock, SKIP, "not asked", "nobody told the time", seen(authority=None)),
    Case(signing.clock, SKIP, "no time told", "nobody told the time", seen(authority=Directory(DIRECTORY))),
]


@pytest.mark.parametrize(
    "case",
    [*ADDRESSES, *AGREE, *CDN, *CAA, *AUTHORITY, *CLOCK],
    ids=lambda case: f"{case.judge.__name__} {case.status}: {case.why}",
)
def test_what_is_seen_is_judged(case: Case) -> None:
    outcome = case.judge(case.stack, case.there)
    assert (outcome.status, case.says in "\n".join(outcome.seen)) == (case.status, True), outcome.seen


@pytest.mark.parametrize(
    "judge", [names.addresses, names.agree, names.cdn, signing.caa, signing.authority, signing.clock]
)
def test_a_promise_says_what_its_breaking_costs_and_how_to_mend_it(judge: Judge) -> None:
    promise, _, rest = (judge.__doc__ or "").partition("\n\n")
    assert re.fullmatch(r"[A-Z].*\.", promise)
    assert re.fullmatch(r"\S.*\.", " ".join(rest.split()))


def test_a_wrong_clock_fails_once() -> None:
    there = refused("has expired", days=7)
    assert [judge(project(), there).status for judge in (signing.authority, signing.clock)] == [SKIP, FAIL]


def test_the_networks_of_cdns_are_networks_of_theirs_alone() -> None:
    networks = [network for _, network in names.RANGES]
    assert len(set(networks)) == len(networks)
    private = ip_network("10.0.0.0/8")
    assert not any(one.overlaps(private) for one in networks if one.version == private.version)
