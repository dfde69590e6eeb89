"""Several stacks on one server: names that each has alone, a proxy that they share, and what is judged of whom."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scaffold import checks, report
from scaffold.checks import CHECKS, Check, Finding, Outcome, Status
from scaffold.facts import Container, Facts, Reply, Sighting
from scaffold.project import Port, Project
from scaffold.routing import Claim, Route

from ..builders import (
    APP,
    CLIENT,
    COMMAND,
    EDGE,
    HOST,
    OTHER_HOST,
    container,
    facts,
    front_containers,
    joining_facts,
    joining_project,
    project,
    shared_proxy,
    with_environment,
    with_hosts,
    with_service,
)

KNOWN = {check.id: check for check in CHECKS}
PROXY_ONLY = facts(containers=front_containers(), handshakes={}, answers={}, redirects={}, servers=(), sightings=())


def labelled(stack: Project, **labels: str) -> Project:
    """Return a stack whose app has further labels: `hosts` stands for `stack.hosts`."""
    more = {f"stack.{name}": value for name, value in labels.items()}
    return with_service(stack, "app", labels={**stack.app.labels, **more})


def found(check: str, stack: Project, seen: Facts) -> Finding:
    """Return what one check finds, whatever its needs."""
    return checks.run(stack, seen, [replace(KNOWN[check], needs=())])[0]


def judge(check: str, stack: Project, seen: Facts, status: Status, says: str = "") -> None:
    outcome = found(check, stack, seen).outcome
    assert (outcome.status, says in " | ".join(outcome.seen)) == (status, True), outcome


# ------------------------------------------------------------------ names that one project has


def blog(*routes: Route) -> Facts:
    return joining_facts(claims=tuple(Claim("blog", "/srv/blog", route) for route in routes))


@pytest.mark.parametrize(
    ("stack", "seen", "says"),
    [
        (joining_project(), blog(Route(HOST)), f"{HOST} is served from the project blog in /srv/blog"),
        (
            labelled(joining_project(), prefix="/v1"),
            blog(Route(OTHER_HOST), Route(HOST, "/v1")),
            f"{HOST}/v1 is served from the project blog in /srv/blog",
        ),
        (
            labelled(joining_project(), hosts=OTHER_HOST),
            blog(Route(OTHER_HOST)),
            f"{OTHER_HOST} is served from the project blog",
        ),
        (
            joining_project(),
            joining_facts(claims=(Claim("demo-by-hand", "", Route(HOST)),)),
            f"{HOST} is served from the project demo-by-hand",
        ),
    ],
    ids=["a host", "a host and a prefix", "a name that redirects", "a container without Compose"],
)
def test_a_name_that_another_project_claims_is_refused_with_its_folder(stack: Project, seen: Facts, says: str) -> None:
    judge("proxy.claims", stack, seen, Status.FAIL, says)


@pytest.mark.parametrize(
    ("stack", "seen"),
    [
        (joining_project(), blog()),
        (joining_project(), blog(Route(HOST, "/v1"), Route(OTHER_HOST))),
        (labelled(joining_project(), prefix="/v1"), blog(Route(HOST), Route(HOST, "/v1/more"))),
        (project(), facts()),
        (shared_proxy(), replace(PROXY_ONLY, claims=blog(Route(HOST)).claims)),
    ],
    ids=["nobody else", "below another prefix", "with another prefix", "a proxy of its own", "the shared proxy"],
)
def test_what_nobody_else_claims_is_free(stack: Project, seen: Facts) -> None:
    judge("proxy.claims", stack, seen, Status.PASS)


def test_a_claim_is_looked_for_before_anything_starts() -> None:
    assert "proxy.claims" in {one.id for one in checks.select(before=True, order=False)}


# ------------------------------------------------------------------ the proxy in the network


def front_is(**changes: Any) -> Facts:
    return joining_facts(containers=(container("app"), *(exchanged(one, **changes) for one in front_containers())))


def exchanged(one: Container, **changes: Any) -> Container:
    return replace(one, **changes) if one.service == "traefik" else one


@pytest.mark.parametrize(
    ("stack", "seen", "status", "says"),
    [
        (joining_project(), joining_facts(), Status.PASS, "proxy-traefik-1"),
        (project(), facts(), Status.PASS, "the stack's own"),
        (joining_project(), front_is(state="exited"), Status.FAIL, "proxy-traefik-1 is exited, in /srv/proxy"),
    ],
    ids=["it does", "its own", "stopped"],
)
def test_the_shared_proxy_has_to_run(stack: Project, seen: Facts, status: Status, says: str) -> None:
    judge("proxy.runs", stack, seen, status, says)


@pytest.mark.parametrize("given", ["172.18.0.0/16", "172.16.0.0/12", "172.0.0.0/8"])
@pytest.mark.parametrize("shared", [True, False], ids=["the proxy", "a stack behind it"])
def test_networks_with_stacks_in_them_are_not_believed(given: str, *, shared: bool) -> None:
    trusting = {"TRAEFIK_ENTRYPOINTS_WEBSECURE_FORWARDEDHEADERS_TRUSTEDIPS": given}
    stack = shared_proxy(**trusting) if shared else joining_project(**trusting)
    judge("host.settings", stack, joining_facts(), Status.FAIL, "whose apps could claim any address")


@pytest.mark.parametrize(
    ("stack", "seen", "status", "says"),
    [
        (joining_project(), joining_facts(), Status.PASS, f"proxy-traefik-1 is 172.18.0.2 on {EDGE}"),
        (project(), facts(), Status.PASS, "the stack's own"),
        (shared_proxy(), PROXY_ONLY, Status.PASS, "its own network"),
        (
            joining_project(),
            front_is(addresses={"0-proxy_edge": "172.19.0.2"}),
            Status.FAIL,
            f"proxy-traefik-1 has no address on {EDGE}, only on 0-proxy_edge",
        ),
        (joining_project(), front_is(addresses={}), Status.FAIL, f"proxy-traefik-1 has no address on {EDGE}"),
        (joining_project(), front_is(state="exited"), Status.FAIL, "no Traefik of proxy runs"),
    ],
    ids=["inside", "its own", "the shared proxy itself", "not yet", "in none", "stopped"],
)
def test_the_shared_proxy_has_to_be_in_the_network(stack: Project, seen: Facts, status: Status, says: str) -> None:
    judge("proxy.joined", stack, seen, status, says)


def test_a_proxy_outside_is_one_failure_and_the_app_is_not_blamed() -> None:
    seen = replace(front_is(addresses={}), answers={HOST: Reply(f"https://{HOST}/", status=504)})
    failed = {one.check.id for one in checks.run(joining_project(), seen) if one.failed}
    assert failed == {"proxy.joined"}


# ------------------------------------------------------------------ one name for good


NAMED = labelled(project(), hosts=f"{OTHER_HOST},{HOST}")
BELOW = labelled(NAMED, prefix="/v1")


def elsewhere(status: int = 308, to: str = f"https://{HOST}/x?a=b", path: str = "/x?a=b") -> Facts:
    return facts(elsewhere={OTHER_HOST: Reply(f"https://{OTHER_HOST}{path}", status=status, location=to)})


def external(stack: Project) -> Project:
    return with_environment(
        stack, STACK_CERTIFICATES="external", TRAEFIK_ENTRYPOINTS_WEB_ADDRESS=":8080", STACK_CHALLENGE=""
    )


@pytest.mark.parametrize(
    ("stack", "seen"),
    [
        (project(), facts()),
        (NAMED, elsewhere()),
        (NAMED, elsewhere(301)),
        (BELOW, elsewhere(to=f"https://{HOST}/v1/x", path="/v1/x")),
        (external(NAMED), elsewhere(to=f"https://{HOST}:8080/x?a=b")),
    ],
    ids=["no other name", "308", "301", "below a prefix", "the port of something in front"],
)
def test_another_name_leads_to_the_canonical_one(stack: Project, seen: Facts) -> None:
    judge("http.canonical", stack, seen, Status.PASS)


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (elsewhere(302), "302"),
        (elsewhere(200, to=""), "200"),
        (elsewhere(to=f"http://{HOST}/x?a=b"), "http://"),
        (elsewhere(to=f"https://{OTHER_HOST}/x?a=b"), f"→ https://{OTHER_HOST}/x"),
        (elsewhere(to=f"https://{HOST}/"), f"→ https://{HOST}/"),
        (elsewhere(to=f"https://{HOST}/x"), f"→ https://{HOST}/x"),
        (elsewhere(to=f"https://{HOST}:8443/x?a=b"), ":8443"),
        (elsewhere(404, to=""), "404"),
        (facts(), f"{OTHER_HOST}: it was not looked at"),
    ],
    ids=[
        "for now only",
        "answers itself",
        "not HTTPS",
        "itself",
        "another path",
        "the query lost",
        "another port",
        "nobody",
        "not looked at",
    ],
)
def test_another_name_that_leads_elsewhere_is_named(seen: Facts, says: str) -> None:
    judge("http.canonical", NAMED, seen, Status.FAIL, says)


def test_a_name_that_redirects_is_not_asked_for_the_app() -> None:
    judge("app.answers", NAMED, facts(), Status.PASS, f"https://{HOST}/: 200")


def test_a_name_that_redirects_has_a_certificate_and_leaves_plain_http() -> None:
    for check in ("http.redirects", "tls.trusted"):
        judge(check, NAMED, facts(), Status.FAIL, OTHER_HOST)
    judge("tls.names", NAMED, facts(), Status.SKIP, OTHER_HOST)


# ------------------------------------------------------------------ settings


@pytest.mark.parametrize("prefix", ["", "/api", "/api/v2", "/a.b_c~d-e", "/..api", "/v1."])
def test_a_plain_path_is_a_prefix(prefix: str) -> None:
    judge("host.settings", labelled(project(), prefix=prefix), facts(), Status.PASS)


@pytest.mark.parametrize(
    "prefix",
    ["/", "api", "/api/", "//api", "/api//v2", "/api v2", "/a`b", "/ü", "/a?b", "/..", "/api/../v2", "/.", "/%61"],
)
def test_any_other_is_none(prefix: str) -> None:
    judge("host.settings", labelled(project(), prefix=prefix), facts(), Status.FAIL, f"STACK_PATH_PREFIX is {prefix!r}")


@pytest.mark.parametrize("hosts", [HOST, OTHER_HOST, f"{OTHER_HOST}, a.{HOST}", OTHER_HOST.upper()])
def test_names_that_redirect_are_host_names(hosts: str) -> None:
    judge("host.settings", labelled(project(), hosts=hosts), facts(), Status.PASS)


@pytest.mark.parametrize(
    ("stack", "says"),
    [
        (labelled(project(), hosts=f"*.{HOST}"), f"*.{HOST} is every name below one"),
        (labelled(project(), hosts="a.test,,b.test"), "STACK_HOSTS: '' is no host name"),
        (labelled(project(), hosts="a.test b.test"), "STACK_HOSTS: 'a.test b.test' is no host name"),
        (labelled(project(), hosts="https://a.test"), "STACK_HOSTS: 'https://a.test' is no host name"),
        (
            labelled(with_environment(with_hosts(project(), f"*.{HOST}"), STACK_CHALLENGE="dns"), hosts="a.test"),
            f"a redirect leads to one name, and STACK_DOMAIN is *.{HOST}",
        ),
    ],
    ids=["a wildcard", "a comma too many", "two in one", "an address", "to a wildcard"],
)
def test_names_that_cannot_redirect_are_refused(stack: Project, says: str) -> None:
    judge("host.settings", stack, facts(), Status.FAIL, says)


def test_a_wrong_domain_is_named_once() -> None:
    wrong = labelled(with_hosts(project(), "https://x.test"), hosts="https://x.test")
    assert found("host.settings", wrong, facts()).outcome.seen == ("'https://x.test' is no host name",)


def behind(given: str, *command: str) -> Project:
    """Return a stack behind a shared proxy that believes these, its app started so."""
    joining = joining_project(TRAEFIK_ENTRYPOINTS_WEBSECURE_FORWARDEDHEADERS_TRUSTEDIPS=given)
    return with_service(joining, "app", command=command or COMMAND)


@pytest.mark.parametrize(
    "stack",
    [
        behind(""),
        behind("10.1.0.0/16,fd00:1::/64"),
        behind("192.0.2.0/25", "uvicorn", "app.main:app", "--forwarded-allow-ips=10.0.0.0/8,192.0.2.0/24"),
        behind("192.0.2.7", "uvicorn", "app.main:app", "--forwarded-allow-ips=192.0.2.7"),
        behind("192.0.2.0/24", "uvicorn", "app.main:app", "--forwarded-allow-ips=*"),
        behind("192.0.2.0/24", "nginx", "-g", "daemon off;"),
        with_service(project(), "app", command=("uvicorn", "app.main:app")),
    ],
    ids=["nobody in front", "in Docker's ranges", "a part", "one address", "everybody", "another server", "its own"],
)
def test_whom_the_proxy_believes_the_app_believes(stack: Project) -> None:
    judge("host.settings", stack, joining_facts(), Status.PASS)


@pytest.mark.parametrize("given", ["192.0.2.0/24", "10.0.0.0/7", "2001:db8::/32", "172.16.0.9,198.51.100.7"])
def test_a_cdn_that_the_app_does_not_know_is_named_with_both_values(given: str) -> None:
    judge("host.settings", behind(given), joining_facts(), Status.FAIL, f"believes {given.rpartition(',')[2]}")
    seen = found("host.settings", behind(given), joining_facts()).outcome.seen
    assert ("/srv/proxy" in seen[0], COMMAND[-1].partition("=")[2] in seen[0]) == (True, True)


def test_a_line_from_before_it_joined_does_not_count() -> None:
    environment = {
        "STACK_CERTIFICATES": "external",
        "TRAEFIK_ENTRYPOINTS_WEB_FORWARDEDHEADERS_TRUSTEDIPS": "10.0.0.0/8",
    }
    front = shared_proxy(**environment)
    told = {name: value for name, value in front.proxy.environment.items() if "WEBSECURE" not in name}
    stack = replace(joining_project(), front=with_service(front, "traefik", environment=told))
    judge("host.settings", stack, joining_facts(settings={"STACK_CERTIFICATES": "acme"}), Status.PASS)


# ------------------------------------------------------------------ what is judged of whom


def test_a_sick_part_of_the_shared_proxy_is_named() -> None:
    judge("proxy.healthy", joining_project(), front_is(health="unhealthy"), Status.FAIL, "proxy-traefik-1 is unhealthy")
    nobody = joining_facts(containers=(container("app"),))
    judge("proxy.healthy", joining_project(), nobody, Status.FAIL, "joiner has 0 of 1 containers")


def test_what_the_shared_proxy_publishes_is_no_fault_of_the_stack() -> None:
    judge("proxy.ports", joining_project(), joining_facts(), Status.PASS, "443")
    open_app = joining_facts(containers=(container("app", ports=(Port(8000, 8000),)), *front_containers()))
    judge("proxy.ports", joining_project(), open_app, Status.FAIL, "demo-app-1 publishes 8000")


def test_ports_that_the_shared_proxy_holds_are_not_wanted() -> None:
    holders = facts().holders
    assert found("host.ports", joining_project(), joining_facts(holders=holders)).outcome == Outcome(Status.PASS)


def test_headers_are_judged_by_the_shared_proxys_address_in_the_stacks_network() -> None:
    judge("app.scheme", joining_project(), joining_facts(), Status.PASS, "believes 172.18.0.2")
    judge("app.client", joining_project(), joining_facts(sightings=(Sighting("", CLIENT, CLIENT),)), Status.PASS)


def test_a_shared_proxy_is_judged_without_an_app() -> None:
    outcomes = {one.check.id: one.outcome for one in checks.run(shared_proxy(), PROXY_ONLY)}
    appless = {name for name, outcome in outcomes.items() if "no app of its own" in " ".join(outcome.seen)}
    assert {outcomes[name].status for name in appless} == {Status.SKIP}
    assert appless == {one.id for one in CHECKS if one.app}
    assert {name for name, one in outcomes.items() if one.status is not Status.PASS} == appless | {"tls.files"}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_what_needs_an_app_is_what_is_needed_with_one(check: Check) -> None:
    assert check.app or not any(KNOWN[need].app for need in check.needs)


def test_a_sick_shared_proxy_fails() -> None:
    sick = replace(PROXY_ONLY, containers=front_containers(health="unhealthy"))
    assert [one.check.id for one in checks.run(shared_proxy(), sick) if one.failed] == ["proxy.healthy"]


# ------------------------------------------------------------------ whose file it is


def test_what_the_proxy_decides_is_to_be_mended_in_its_folder() -> None:
    stack = joining_project(STACK_CHALLENGE="tls")
    seen = found("host.settings", stack, joining_facts()).outcome.seen
    assert seen[0] == "'tls' is no word for STACK_CHALLENGE: http, tls-alpn, dns"
    assert seen[-1].startswith("in /srv/proxy, the proxy's folder: STACK_CHALLENGE")


def test_with_a_proxy_of_its_own_there_is_one_folder_only() -> None:
    seen = found("host.settings", with_environment(project(), STACK_CHALLENGE="tls"), facts()).outcome.seen
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("check", "seen"),
    [
        ("app.healthy", joining_facts(containers=(container("app", health="unhealthy"), *front_containers()))),
        ("host.files", joining_facts(missing=("/srv/demo/x",))),
        ("secrets.private", joining_facts(secrets_mode=0o755)),
    ],
)
def test_what_is_the_stacks_own_sends_nobody_to_the_proxy(check: str, seen: Facts) -> None:
    assert "/srv/proxy" not in " ".join(found(check, joining_project(), seen).outcome.seen)


@pytest.mark.parametrize(
    ("stack", "where"),
    [(joining_project(STACK_HSTS_SECONDS="0"), "in /srv/proxy/.env, then `stack up` there"), (None, "in .env, then")],
)
def test_strict_transport_is_proposed_where_it_is_decided(stack: Project | None, where: str) -> None:
    own = stack or with_environment(project(), STACK_HSTS_SECONDS="0")
    assert where in report.proposal(
        own, [Finding(KNOWN[name], Outcome(Status.PASS)) for name in ("tls.trusted", "tls.names")]
    )


def test_the_certificate_of_a_stack_behind_a_shared_proxy_has_its_name() -> None:
    assert (joining_project().leaf, project().leaf, APP.name) == ("demo", "local", "app")
    assert joining_project().serving.directory == Path("/srv/proxy")
