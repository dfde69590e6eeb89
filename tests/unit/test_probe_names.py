"""What is seen of a name, at DNS servers of our own making."""

import json
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import dns.message
import dns.name
import dns.nameserver
import dns.query
import dns.rcode
import dns.resolver
import pytest

from scaffold.facts import Naming, Property
from scaffold.probe import names

from ..names import EVERY, LOOPBACK, Names, known, serve, serve_httpreq

OWN = "127.0.0.2"
"""Where the zone's own server listens, at the port of the resolver."""
DELEGATED = ("@ NS ns", f"ns A {OWN}")
HERE, THERE = "198.51.100.4", "203.0.113.9"
LIMIT = 2
"""A look that takes longer than this waits too long."""


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give servers that answer all the time they need on a machine with other things to do."""
    for setting, seconds in (("SECONDS", 30), ("OWN_SECONDS", 20), ("TRY_SECONDS", 5)):
        monkeypatch.setattr(names, setting, seconds)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for setting, seconds in (("SECONDS", 0.1), ("OWN_SECONDS", 0.1), ("TRY_SECONDS", 0.05)):
        monkeypatch.setattr(names, setting, seconds)


def pair(stack: ExitStack, resolver: Names, own: Names) -> tuple[str, ...]:
    """Serve a resolver, and the zone's own server at the same port of another address."""
    for _ in range(10):
        with ExitStack() as attempt:
            port = attempt.enter_context(serve(resolver)).port
            try:
                attempt.enter_context(serve(own, OWN, port))
            except OSError:
                continue
            stack.enter_context(attempt.pop_all())
            return (f"{LOOPBACK}:{port}",)
    raise AssertionError


def one(host: str, servers: Sequence[str]) -> Naming:
    seen = names.look([host], servers)
    assert list(seen) == [host]
    return seen[host]


def look(host: str, *lines: str, stack: ExitStack) -> Naming:
    """Return what is seen of a name in demo.test, where one server is everything."""
    return one(host, (f"{LOOPBACK}:{stack.enter_context(serve(known({'test': (), 'demo.test': lines}))).port}",))


# ------------------------------------------------------------------ addresses


def test_the_addresses_of_both_kinds_are_seen_ipv4_first(stack: ExitStack) -> None:
    seen = look("demo.test", "@ AAAA 2001:db8::1", f"@ A {THERE}", f"@ A {HERE}", stack=stack)
    assert seen == Naming(
        "demo.test",
        zone="demo.test",
        own=(HERE, THERE, "2001:db8::1"),
        public=(HERE, THERE, "2001:db8::1"),
    )


def test_the_zones_own_servers_are_asked_beside_the_resolver(stack: ExitStack) -> None:
    resolver, own = known({"demo.test": [*DELEGATED, f"www A {THERE}"]}), known({"demo.test": [f"www A {HERE}"]})
    seen = one("www.demo.test", pair(stack, resolver, own))
    assert (seen.own, seen.public, seen.addresses) == ((HERE,), (THERE,), (HERE,))
    assert seen.zone == "demo.test"


def test_a_name_of_a_delegated_part_is_asked_at_the_servers_of_that_part(stack: ExitStack) -> None:
    part = {"eu.demo.test": [*DELEGATED, f"www A {THERE}"]}
    servers = pair(stack, known({"demo.test": (), **part}), known({"eu.demo.test": [f"www A {HERE}"]}))
    seen = one("www.eu.demo.test", servers)
    assert (seen.zone, seen.own, seen.public) == ("eu.demo.test", (HERE,), (THERE,))


def test_an_alias_inside_the_zone_is_followed(stack: ExitStack) -> None:
    seen = look("www.demo.test", "www CNAME web", f"web A {HERE}", stack=stack)
    assert (seen.own, seen.exists) == ((HERE,), True)


def test_an_alias_out_of_the_zone_leads_to_what_the_resolver_says(stack: ExitStack) -> None:
    others = {"demo.test": [*DELEGATED, "www CNAME web.other.test."], "other.test": [f"web A {HERE}"]}
    # What the zone's own server believes of another zone is nothing to go by.
    own = known({"demo.test": ["www CNAME web.other.test."], "other.test": [f"web A {THERE}"]})
    seen = one("www.demo.test", pair(stack, known(others), own))
    assert (seen.own, seen.public) == ((HERE,), (HERE,))


def test_an_alias_into_a_delegated_part_leads_to_what_the_resolver_says(stack: ExitStack) -> None:
    zone = [*DELEGATED, "www CNAME web.eu"]
    resolver = known({"demo.test": zone, "eu.demo.test": [f"web A {HERE}"]})
    own = known({"demo.test": zone, "eu.demo.test": [f"web A {THERE}"]})
    own.delegated.add(dns.name.from_text("eu.demo.test"))
    assert one("www.demo.test", pair(stack, resolver, own)).own == (HERE,)


def test_a_name_that_does_not_exist_is_told_from_one_without_an_address(stack: ExitStack) -> None:
    servers = (f"{LOOPBACK}:{stack.enter_context(serve(known({'demo.test': ['mail MX 1 mx']}))).port}",)
    seen = names.look(["gone.demo.test", "mail.demo.test"], servers)
    assert [(one.exists, one.addresses, one.problem) for one in seen.values()] == [(False, (), ""), (True, (), "")]


def test_a_wildcard_is_asked_for_by_a_name_below_it(stack: ExitStack) -> None:
    seen = look("*.demo.test", f"* A {HERE}", '@ CAA 0 issuewild "ca.test"', '* CAA 0 issue "other.test"', stack=stack)
    assert (seen.host, seen.own) == ("*.demo.test", (HERE,))
    assert (seen.caa, seen.caa_at) == ((Property("issuewild", "ca.test"),), "demo.test")


def test_many_names_are_seen_at_once(stack: ExitStack) -> None:
    hosts = [f"www{number}.demo.test" for number in range(8)]
    server = stack.enter_context(serve(known({"demo.test": [f"* A {HERE}"]})))
    seen = names.look(hosts, (f"{LOOPBACK}:{server.port}",))
    assert list(seen) == hosts
    assert {one.own for one in seen.values()} == {(HERE,)}


# ------------------------------------------------------------------ CAA


def test_caa_is_what_stands_nearest_above_the_name(stack: ExitStack) -> None:
    lines = [f"a.b A {HERE}", '@ CAA 0 issue "top.test"', 'b CAA 128 Issue "ca.test; validationmethods=dns-01"']
    seen = look("a.b.demo.test", *lines, stack=stack)
    assert seen.caa == (Property("issue", "ca.test; validationmethods=dns-01", critical=True),)
    assert seen.caa_at == "b.demo.test"


def test_caa_above_the_zone_is_found_by_the_resolver(stack: ExitStack) -> None:
    above = {"test": ['@ CAA 0 issue ";"'], "demo.test": [*DELEGATED, f"www A {HERE}"]}
    seen = one("www.demo.test", pair(stack, known(above), known({"demo.test": [f"www A {HERE}"]})))
    assert (seen.caa, seen.caa_at) == ((Property("issue", ";"),), "test")


def test_caa_of_an_alias_is_that_of_its_target(stack: ExitStack) -> None:
    zones = {
        "demo.test": ['@ CAA 0 issue "ca.test"', "www CNAME web.other.test."],
        "other.test": [f"web A {HERE}", 'web CAA 0 issue "other.test"'],
    }
    server = stack.enter_context(serve(known(zones)))
    seen = one("www.demo.test", (f"{LOOPBACK}:{server.port}",))
    assert (seen.caa, seen.caa_at) == ((Property("issue", "other.test"),), "web.other.test")


def test_caa_is_fresh_from_the_zones_own_servers(stack: ExitStack) -> None:
    old = known({"demo.test": [*DELEGATED, f"@ A {HERE}", '@ CAA 0 issue "old.test"']})
    new = known({"demo.test": [f"@ A {HERE}", '@ CAA 0 issue "new.test"']})
    assert one("demo.test", pair(stack, old, new)).caa == (Property("issue", "new.test"),)


def test_a_server_that_fails_at_caa_is_told_and_the_addresses_are_kept(stack: ExitStack) -> None:
    data = known({"demo.test": [f"@ A {HERE}"]})
    data.trouble["CAA"] = dns.rcode.SERVFAIL
    server = stack.enter_context(serve(data))
    seen = one("demo.test", (f"{LOOPBACK}:{server.port}",))
    assert (seen.own, seen.problem) == ((HERE,), "")
    assert seen.caa_problem == "CAA of demo.test: asked 127.0.0.1: SERVFAIL"


# ------------------------------------------------------------------ when nobody answers


@pytest.mark.parametrize(
    ("rcode", "expected"),
    [
        (dns.rcode.SERVFAIL, "asked 127.0.0.1: SERVFAIL"),
        (dns.rcode.REFUSED, "asked 127.0.0.1: REFUSED"),
        (None, "asked 127.0.0.1: no answer"),
    ],
    ids=["fails", "refuses", "silent"],
)
@pytest.mark.usefixtures("impatient")
def test_a_resolver_that_does_not_help_is_the_problem(
    rcode: dns.rcode.Rcode | None, expected: str, stack: ExitStack
) -> None:
    data = known({"demo.test": [f"@ A {HERE}"]})
    data.trouble[EVERY] = rcode
    server = stack.enter_context(serve(data))
    started = time.monotonic()
    assert one("demo.test", (f"{LOOPBACK}:{server.port}",)) == Naming("demo.test", problem=expected)
    assert time.monotonic() - started < LIMIT


def test_the_second_resolver_answers_for_a_silent_first_which_is_not_asked_every_time(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "TRY_SECONDS", 0.2)
    silent, good = known({}), known({"test": (), "demo.test": [f"@ A {HERE}"]})
    silent.trouble[EVERY] = None
    servers = [
        f"{host}:{stack.enter_context(serve(data, host)).port}" for host, data in ((OWN, silent), (LOOPBACK, good))
    ]
    seen = one("demo.test", servers)
    assert (seen.public, seen.problem, seen.caa_problem) == ((HERE,), "", "")
    assert len(silent.asked) * 2 < len(good.asked)


def test_silent_servers_of_the_zone_leave_what_the_resolver_says(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "OWN_SECONDS", 0.1)
    lines = [*DELEGATED, f"@ A {HERE}", '@ CAA 0 issue "ca.test"']
    own = known({"demo.test": lines})
    own.trouble[EVERY] = None
    seen = one("demo.test", pair(stack, known({"demo.test": lines}), own))
    assert (seen.own, seen.public, seen.addresses) == (None, (HERE,), (HERE,))
    assert (seen.zone, seen.caa_at, seen.problem) == ("demo.test", "demo.test", "")


@pytest.mark.usefixtures("impatient")
def test_the_network_that_is_not_there_is_a_problem_and_no_error() -> None:
    assert one("demo.test", ("127.0.0.1:1",)).problem == "asked 127.0.0.1: no answer"


@pytest.mark.parametrize("servers", [("dns.example.com",), ("127.0.0.1:many",)], ids=["a name", "no port"])
def test_a_resolver_that_is_no_address_is_a_problem(servers: tuple[str, ...]) -> None:
    assert one("demo.test", servers).problem.startswith("nobody to ask: ")


@pytest.mark.usefixtures("impatient")
def test_a_host_that_no_dns_name_can_be_is_a_problem() -> None:
    assert one(f"{'x' * 64}.test", ("127.0.0.1:1",)).problem


@pytest.mark.usefixtures("impatient")
def test_without_resolvers_the_systems_are_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "SYSTEM", str(tmp_path / "resolv.conf"))
    assert one("demo.test", ()).problem.startswith("nobody to ask: ")
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.77\n")
    assert one("demo.test", ()).problem == "asked 127.0.0.77: no answer"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.1.1.1", ("1.1.1.1", 53)),
        ("127.0.0.1:5353", ("127.0.0.1", 5353)),
        ("2606:4700:4700::1111", ("2606:4700:4700::1111", 53)),
        ("[::1]", ("::1", 53)),
        ("[::1]:5353", ("::1", 5353)),
    ],
)
def test_a_resolver_is_an_address_with_a_port_or_without(text: str, expected: tuple[str, int]) -> None:
    [server] = names._resolver([text]).nameservers  # noqa: SLF001 - nobody here can listen at port 53
    assert isinstance(server, dns.nameserver.Do53Nameserver)
    assert (server.address, server.port) == expected


# ------------------------------------------------------------------ the server of the tests itself


def answers(server: Names, name: str, kind: str, *, tcp: bool = False) -> tuple[str, list[str]]:
    ask = dns.query.tcp if tcp else dns.query.udp
    answer = ask(dns.message.make_query(name, kind), LOOPBACK, port=server.port, timeout=LIMIT)
    return dns.rcode.to_text(answer.rcode()), sorted(str(record) for found in answer.answer for record in found)


def test_below_a_default_every_name_has_an_address_that_has_none_of_its_own(stack: ExitStack) -> None:
    server = stack.enter_context(serve(known({"demo.test": [f"www A {HERE}"]}, {"test": THERE, "demo.test": LOOPBACK})))
    server.set_txt("_acme-challenge.shop.test.", "proof")  # which makes shop.test a name that exists
    assert answers(server, "www.demo.test", "A") == ("NOERROR", [HERE])
    assert answers(server, "shop.test", "A") == ("NOERROR", [THERE])
    assert answers(server, "any.shop.test", "AAAA") == ("NOERROR", [])
    assert answers(server, "shop.example", "A") == ("REFUSED", [])
    assert answers(server, "test", "SOA")[1]


def test_txt_records_come_and_go(stack: ExitStack) -> None:
    server = stack.enter_context(serve(known({"test": ()})))
    server.set_txt("_acme-challenge.Demo.test.", "one")
    server.set_txt("_acme-challenge.demo.test", "two")
    assert answers(server, "_acme-challenge.demo.test", "TXT") == ("NOERROR", ['"one"', '"two"'])
    server.clear_txt("_acme-challenge.demo.test.", "one")
    assert answers(server, "_acme-challenge.demo.test", "TXT", tcp=True) == ("NOERROR", ['"two"'])
    server.clear_txt("_acme-challenge.demo.test.")
    assert answers(server, "_acme-challenge.demo.test", "TXT")[1] == []


def test_lego_sets_and_clears_txt_records_over_http(stack: ExitStack) -> None:
    server = stack.enter_context(serve(known({"test": ()})))
    address = stack.enter_context(serve_httpreq(server))
    body = json.dumps({"fqdn": "_acme-challenge.demo.test.", "value": "proof"}).encode()
    for path, expected in (("/present", ['"proof"']), ("/cleanup", [])):
        with urllib.request.urlopen(f"{address}{path}", body, timeout=LIMIT) as reply:
            assert reply.status == 200
        assert answers(server, "_acme-challenge.demo.test", "TXT")[1] == expected


def test_what_does_not_fit_into_a_datagram_is_answered_over_tcp(stack: ExitStack) -> None:
    server = stack.enter_context(serve(known({"demo.test": [f"@ A 10.0.0.{number}" for number in range(1, 60)]})))
    assert len(one("demo.test", (f"{LOOPBACK}:{server.port}",)).own or ()) == 59
