"""Every promise, with a stack that keeps it and stacks that break it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from scaffold import checks
from scaffold.checks import CHECKS, Check, Finding, Outcome, Status
from scaffold.errors import WrongInput
from scaffold.facts import (
    Container,
    Facts,
    Handshake,
    Holder,
    OwnFiles,
    Process,
    Reply,
    SecretFile,
    Server,
    Sighting,
    Versions,
)
from scaffold.project import Port, Project

from ..builders import (
    CLIENT,
    COMMAND,
    EDGE,
    FORGED,
    HOST,
    NOW,
    OTHER_HOST,
    PASSWORD,
    PROXY_ADDRESS,
    SETTINGS,
    container,
    containers,
    data_facts,
    data_project,
    facts,
    handshake,
    joining_facts,
    joining_project,
    local_facts,
    local_project,
    project,
    record,
    server,
    with_environment,
    with_hosts,
    with_service,
)

KNOWN: Mapping[str, Check] = {check.id: check for check in CHECKS}
JUDGED_ELSEWHERE = {one.id for one in CHECKS if one.order} | {
    "drift.containers",
    "app.confined",
    "app.died",
    "app.image",
    "app.memory",
    "app.restarts",
    "app.starved",
    "app.stops",
    "host.api",
    "host.boot",
    "host.disk",
    "host.logs",
    "host.memory",
    "host.placeholders",
    "http.canonical",
    "http.h2",
    "http.headers",
    "http.limit",
    "http.ranges",
    "http.strangers",
    "proxy.claims",
    "proxy.joined",
    "proxy.runs",
    "tls.default",
    "tls.files",
    # test_checks_inner.py
    "data.persistent",
    "data.private",
    "data.published",
    "data.reached",
    "data.room",
    "proxy.api",
    "proxy.orders",
    "proxy.readonly",
    "proxy.routers",
    "proxy.socket",
    "proxy.storage",
    "secrets.image",
    "secrets.inspect",
    "tls.hsts",
    "tls.old",
    "tls.staging",
}
"""Checks whose cases are in test_checks_*.py and test_ownfiles.py."""


def front(proxies: str) -> Project:
    """Return the stack that something else speaks HTTPS for."""
    environment = {
        "STACK_CERTIFICATES": "external",
        "TRAEFIK_ENTRYPOINTS_WEB_ADDRESS": ":80",
        "TRAEFIK_ENTRYPOINTS_WEB_FORWARDEDHEADERS_TRUSTEDIPS": proxies,
        "TRAEFIK_PROVIDERS_DOCKER_NETWORK": EDGE,
    }
    return with_service(project(), "traefik", environment=environment, ports=(Port(80, 80),))


@dataclass(frozen=True)
class Case:
    """One stack, one check, and what has to come out; `says` is a part of what was seen."""

    check: str
    why: str
    says: str = ""
    seen: Facts = field(default_factory=facts)
    stack: Project = field(default_factory=project)


def days_left(days: float, host: str = HOST) -> dict[str, Handshake]:
    return {host: handshake(host, not_after=NOW + timedelta(days=days))}


def answer(status: int = 0, problem: str = "", host: str = HOST) -> dict[str, Reply]:
    return {host: Reply(f"https://{host}/", status=status, problem=problem)}


def redirect(status: int = 308, to: str = f"https://{HOST}/x") -> dict[str, Reply]:
    return {HOST: Reply(f"http://{HOST}/x", status=status, location=to)}


def app_is(**changes: object) -> Facts:
    return facts(containers=containers(container("app", **changes)))


def traefik_is(**changes: object) -> Facts:
    return facts(containers=containers(container("traefik", **changes)))


def trusting(hosts: str, *sightings: Sighting) -> Facts:
    """Return a server that believes these peers, and what Traefik wrote about our requests."""
    found = server("/usr/local/bin/uvicorn", "app.main:app", "--workers=2", f"--forwarded-allow-ips={hosts}")
    return facts(servers=(found,), sightings=sightings or facts().sightings)


NO_WORDS = facts(servers=(Server("demo-app-1", ()),))
GUNICORN = facts(servers=(server("/usr/local/bin/gunicorn", "app.main:app"),))
HIDDEN = traefik_is(addresses={"another_network": "172.30.0.2"})
UNSEEN = facts(sightings=())
REMAPPED = with_environment(
    with_service(project(), "traefik", ports=(Port(8080, 8080), Port(8443, 8443))),
    TRAEFIK_ENTRYPOINTS_WEB_ADDRESS=":8080",
    TRAEFIK_ENTRYPOINTS_WEBSECURE_ADDRESS=":8443",
)
ONE_WORKER = with_service(project(), "app", command=("uvicorn", "app.main:app"))
FASTAPI = ("fastapi", "run", "app/main.py", "--workers", "3")


SICK = container("postgres", health="unhealthy", words="no room left\nin it")


PASSES = (
    Case("host.seen", "nothing was left out"),
    Case("host.engine", "current", says="Docker Engine 28.5.1"),
    Case("host.engine", "the oldest that will do", seen=facts(versions=Versions("25.0.0", "v2.26.0"))),
    Case("host.engine", "distribution's own suffix", seen=facts(versions=Versions("28.2.2+dfsg1", "2.26.1-4"))),
    Case("host.project", "nobody else has the name", says="demo"),
    Case("host.settings", "as the template makes them", says="certificates: acme"),
    Case(
        "host.settings",
        "one that writes",
        says="certificates: acme",
        stack=with_service(project(), "app", volumes={"/srv/data": "demo_data"}),
    ),
    Case(
        "host.settings",
        "replicas that write nothing",
        says="certificates: acme",
        stack=with_service(project(), "app", replicas=3),
    ),
    Case("host.settings", "a local authority", says="certificates: local", stack=local_project()),
    Case("host.ports", "free", says="443"),
    Case("host.ports", "already ours", seen=facts(holders=(Holder(443, "container demo-traefik-1", project="demo"),))),
    Case("host.ports", "another port is taken", seen=facts(holders=(Holder(22, "process sshd (pid 1)"),))),
    Case("host.files", "all there"),
    Case("host.files", "a secret that `up` makes", stack=data_project(), seen=data_facts(missing=(str(SETTINGS),))),
    Case("secrets.present", "all there", says="secrets/app.env", seen=data_facts()),
    Case(
        "secrets.present",
        "no settings yet",
        says="secrets/app.env",
        seen=data_facts(secrets=(SecretFile(SETTINGS, 0, 0o644),)),
    ),
    Case(
        "secrets.present",
        "a password that no data knows yet",
        stack=data_project(),
        seen=data_facts(missing=(str(PASSWORD),), data_version=""),
    ),
    Case("secrets.settings", "all lines"),
    Case("secrets.private", "as they are made", says="secrets/app.env: 0444", seen=data_facts()),
    Case("secrets.private", "no folder", seen=facts()),
    Case("secrets.untracked", "none"),
    Case("secrets.untracked", "what keeps the others out", seen=facts(tracked=("secrets/.gitignore",))),
    Case("data.version", "no PostgreSQL", says="no PostgreSQL"),
    Case("data.version", "the same", says="data of PostgreSQL 18", stack=data_project(), seen=data_facts()),
    Case("data.version", "no data", says="no data yet", stack=data_project(), seen=data_facts(data_version="")),
    Case("data.healthy", "none", says="no data services"),
    Case("data.healthy", "PostgreSQL", says="demo-postgres-1 healthy", stack=data_project(), seen=data_facts()),
    Case("app.prestart", "none", says="nothing runs before"),
    Case("app.prestart", "done", says="demo-prestart-1 exited", stack=data_project(), seen=data_facts()),
    Case("proxy.healthy", "data is none of its business", stack=data_project(), seen=data_facts(SICK)),
    Case("app.healthy", "healthy", says="demo-app-1 healthy"),
    Case("app.healthy", "no healthcheck, but it runs", says="demo-app-1 running", seen=app_is(health="")),
    Case("proxy.healthy", "Traefik and its socket proxy", says="demo-socket-proxy-1 healthy"),
    Case("proxy.healthy", "the app is none of its business", seen=app_is(health="unhealthy")),
    Case("proxy.ports", "two ports", says="443"),
    Case(
        "proxy.ports",
        "other numbers",
        says="8443",
        stack=REMAPPED,
        seen=traefik_is(ports=(Port(8080, 8080), Port(8443, 8443))),
    ),
    Case("app.workers", "as many as the command says", says="demo-app-1: 2 of 2"),
    Case(
        "app.workers",
        "one worker is the server itself",
        says="1 of 1",
        stack=ONE_WORKER,
        seen=facts(servers=(server("/usr/local/bin/uvicorn", "app.main:app", workers=0),)),
    ),
    Case(
        "app.workers",
        "fastapi",
        says="3 of 3",
        stack=with_service(project(), "app", command=FASTAPI),
        seen=facts(servers=(server("/usr/local/bin/fastapi", *FASTAPI[1:], workers=3),)),
    ),
    Case(
        "app.workers",
        "the image's own command, and a variable",
        says="4 of 4",
        stack=with_service(project(), "app", command=()),
        seen=facts(
            servers=(server("/usr/local/bin/uvicorn", "app:app", workers=4, environment={"WEB_CONCURRENCY": "4"}),)
        ),
    ),
    Case("http.redirects", "308", says=f"308 → https://{HOST}/x"),
    Case("http.redirects", "301", seen=facts(redirects=redirect(301))),
    Case("http.redirects", "port written out", seen=facts(redirects=redirect(to=f"https://{HOST}:443/x"))),
    Case("http.redirects", "other port", stack=REMAPPED, seen=facts(redirects=redirect(to=f"https://{HOST}:8443/x"))),
    Case("tls.trusted", "accepted", says=f"{HOST}: issued by Example CA"),
    Case("tls.names", "the host itself", says=f"{HOST}: {HOST}"),
    Case(
        "tls.names",
        "a wildcard",
        stack=with_hosts(project(), OTHER_HOST),
        seen=facts(handshakes={OTHER_HOST: handshake(f"*.{HOST}")}),
    ),
    Case("tls.days", "two months", says="60 days"),
    Case("tls.days", "exactly two weeks", seen=facts(handshakes=days_left(14))),
    Case("app.answers", "200", says=f"https://{HOST}/: 200"),
    Case("app.answers", "the app's own 404", seen=facts(answers=answer(404))),
    Case(
        "app.workers",
        "the command hides in a shell's line",
        stack=with_service(project(), "app", command=("sh", "-c", "exec uvicorn app.main:app --workers 2")),
    ),
    Case(
        "app.workers",
        "under an init process",
        seen=facts(
            servers=(
                Server(
                    "demo-app-1",
                    (
                        Process(1, 0, ("/sbin/docker-init", "--", *COMMAND)),
                        Process(7, 1, COMMAND),
                        Process(8, 7, ("python", "-c", "spawn_main(1)")),
                        Process(9, 7, ("python", "-c", "spawn_main(2)")),
                        Process(12, 9, ("python", "-c", "spawn_main(3)")),
                    ),
                ),
            )
        ),
    ),
    Case(
        "app.workers",
        "one, with a pool of its own",
        stack=with_service(project(), "app", command=("uvicorn", "app.main:app")),
        seen=facts(servers=(server("uvicorn", "app.main:app", workers=3),)),
    ),
    Case("app.scheme", "Traefik is believed", says=f"believes {PROXY_ADDRESS}"),
    Case("app.scheme", "redirect to https", says=f"→ https://{HOST}/items/"),
    Case("app.scheme", "no route to try", seen=facts(slash=None)),
    Case("app.client", "the client", says=f"takes {CLIENT} for the client"),
    Case(
        "app.client",
        "a client from a network that is trusted",
        seen=facts(sightings=(Sighting("", "172.18.0.1", "172.18.0.1"),)),
    ),
    Case("app.forged", "Traefik drops it", says=f"sent X-Forwarded-For: {FORGED}"),
    Case(
        "app.forged",
        "Traefik passes it on, and the right-most entry counts",
        says=f"takes {CLIENT} for the client",
        seen=facts(sightings=(Sighting(FORGED, FORGED, CLIENT),)),
    ),
    Case(
        "app.forged",
        "Traefik passes it on, and nobody is believed",
        says=f"takes {PROXY_ADDRESS} for the client",
        seen=trusting("127.0.0.1", Sighting(FORGED, FORGED, CLIENT)),
    ),
)

FAILS = (
    Case("host.seen", "one", says="servers: timed out", seen=facts(unseen={"servers": "timed out"})),
    Case(
        "host.seen",
        "several",
        says="answers, slash: gone",
        seen=facts(unseen=dict.fromkeys(("answers", "slash"), "gone")),
    ),
    Case("host.engine", "unknown", says="did not tell", seen=facts(versions=None)),
    Case("host.engine", "old engine", says="needed: Engine 25", seen=facts(versions=Versions("24.0.9", "2.40.0"))),
    Case("host.engine", "old Compose", says="Compose 2.25.9", seen=facts(versions=Versions("28.0.0", "2.25.9"))),
    Case("host.engine", "Compose of the last decade", seen=facts(versions=Versions("28.0.0", "1.29.2"))),
    Case(
        "host.project",
        "two folders, one name",
        says="demo also runs from /srv/other",
        seen=facts(namesakes=("/srv/other",)),
    ),
    Case(
        "host.ports",
        "a process",
        says="port 80 is held by process nginx (pid 7)",
        seen=facts(holders=(Holder(80, "process nginx (pid 7)"),)),
    ),
    Case(
        "host.ports",
        "another project's container",
        says="port 443 is held by container shop-web-1",
        seen=facts(holders=(Holder(443, "container shop-web-1", project="shop"),)),
    ),
    Case("host.files", "gone", says="/srv/demo/x does not exist", seen=facts(missing=("/srv/demo/x",))),
    *(
        Case(
            check, "a host that was not looked at", says=f"{OTHER_HOST}", stack=with_hosts(project(), HOST, OTHER_HOST)
        )
        for check in ("http.redirects", "tls.trusted", "tls.days", "app.answers")
    ),
    Case(
        "app.answers",
        "Traefik's own 404",
        says=f"{HOST}: Traefik answered by itself",
        seen=facts(answers=answer(404), sightings=(Sighting("", CLIENT, CLIENT, HOST, served=False),)),
    ),
    Case(
        "app.answers",
        "Traefik's own 404, which it does not log",
        says="no container was asked",
        seen=facts(answers={HOST: Reply(f"https://{HOST}/", status=404, by_proxy=True)}),
    ),
    Case("host.files", "closed", says="/srv/demo/x may be read by its owner only", seen=facts(closed=("/srv/demo/x",))),
    *(
        Case("host.settings", why, says=says, stack=stack)
        for why, says, stack in (
            ("a scheme in the domain", "'https://x.test' is no host name", with_hosts(project(), "https://x.test")),
            (
                "replicas that write",
                "3 replicas would write to /srv/data",
                with_service(project(), "app", replicas=3, volumes={"/srv/data": "demo_data"}),
            ),
            ("two domains in one", "'a.test b.test' is no host name", with_hosts(project(), "a.test b.test")),
            (
                "one port for both",
                "port 443 cannot serve both",
                with_environment(project(), TRAEFIK_ENTRYPOINTS_WEB_ADDRESS=":443"),
            ),
            (
                "an unknown source of certificates",
                "'letsencrypt' is no word for STACK_CERTIFICATES",
                with_environment(project(), STACK_CERTIFICATES="letsencrypt"),
            ),
            (
                "an unknown challenge",
                "'tls' is no word for STACK_CHALLENGE",
                with_environment(project(), STACK_CHALLENGE="tls"),
            ),
            (
                "a challenge without its provider",
                "STACK_DNS_PROVIDER names no provider",
                with_environment(project(), STACK_CHALLENGE="dns"),
            ),
            (
                "an authority without its directory",
                "STACK_ACME_DIRECTORY is no https address",
                with_environment(project(), STACK_CERTIFICATES="custom"),
            ),
            *(
                (
                    f"{name} is no number",
                    f"{name} is 'many', which is no whole number",
                    with_environment(project(), **{name: "many"}),
                )
                for name in ("STACK_HSTS_SECONDS", "STACK_UPLOAD_MB", "STACK_UPLOAD_SECONDS")
            ),
            (
                "something in front that the files do not know",
                "compose.yaml includes no compose.external.yaml",
                with_environment(project(), STACK_CERTIFICATES="external"),
            ),
            *(
                (f"{value} for uploads", "which is no whole number", with_environment(project(), STACK_UPLOAD_MB=value))
                for value in ("007", "1000000", "1.5", "-1")
            ),
            ("an address that is a network", "'10.0.0.0/8' is no address", project(extra={"addresses": "10.0.0.0/8"})),
            ("an address that is a name", "'my.host' is no address", project(extra={"addresses": "my.host"})),
            ("a proxy that is a name", "'cloudflare' is neither", front("10.0.0.0/8,cloudflare")),
            ("a network that the server would not match", "'10.0.0.1/8' is neither", front("10.0.0.1/8")),
            ("a proxy that never comes from there", "127.0.0.1 never comes to a container", front("127.0.0.1")),
            *(
                (f"the resolver {value}", f"STACK_DNS_RESOLVERS: {value!r}", project(extra={"resolvers": value}))
                for value in ("dns.google", "127.0.0.1:", "1.1.1.1:99999", "10.0.0.0/8")
            ),
            ("everybody", "0.0.0.0/0 is everybody", front("0.0.0.0/0")),
            ("somebody in front, and nobody named", "STACK_TRUSTED_PROXIES names nobody", front("")),
            (
                "a wildcard without its challenge",
                "a certificate for *.demo.test takes STACK_CHALLENGE=dns",
                with_hosts(project(), "*.demo.test"),
            ),
            (
                "workers that are none",
                "'abc' is no number of workers",
                with_service(project(), "app", command=("uvicorn", "app.main:app", "--workers=abc")),
            ),
            (
                "no workers",
                "'0' is no number of workers",
                with_service(project(), "app", command=("uvicorn", "app.main:app", "--workers=0")),
            ),
        )
    ),
    Case(
        "secrets.present",
        "an empty password",
        says="secrets/postgres_password is empty",
        seen=data_facts(secrets=(SecretFile(PASSWORD, 1, 0o444),)),
    ),
    Case(
        "secrets.present",
        "a change that was interrupted",
        says="secrets/postgres_password.new is what an interrupted change",
        seen=data_facts(secrets=(SecretFile(PASSWORD.with_suffix(".new"), 41, 0o444),)),
    ),
    Case(
        "secrets.present",
        "a password that the data knows",
        says="secrets/postgres_password is gone",
        stack=data_project(),
        seen=data_facts(missing=(str(PASSWORD),)),
    ),
    Case(
        "secrets.settings",
        "a line that is none",
        says="secrets/app.env, line 3: not of the form",
        seen=facts(unreadable=("app.env, line 3: not of the form NAME=VALUE",)),
    ),
    Case(
        "secrets.private",
        "everybody may write",
        says="everybody may write secrets/app.env",
        seen=data_facts(secrets=(SecretFile(SETTINGS, 41, 0o666),)),
    ),
    Case("secrets.private", "an open folder", says="its mode is 0755", seen=data_facts(secrets_mode=0o755)),
    Case("secrets.untracked", "one", says="git has secrets/app.env", seen=data_facts(tracked=("secrets/app.env",))),
    Case(
        "data.version",
        "older data",
        says="data of PostgreSQL 17, server of PostgreSQL 18",
        stack=data_project(),
        seen=data_facts(data_version="17"),
    ),
    Case("data.healthy", "sick", says="unhealthy: no room left", stack=data_project(), seen=data_facts(SICK)),
    Case("data.healthy", "gone", says="postgres has 0 of 1", stack=data_project()),
    Case(
        "app.prestart",
        "failed",
        says="demo-prestart-1 is exited with status 1",
        stack=data_project(),
        seen=data_facts(container("prestart", state="exited", exit_code=1, image_id="sha256:app", health="")),
    ),
    Case(
        "app.prestart",
        "of an older version",
        says="demo-prestart-1 ran on another image than the app",
        stack=data_project(),
        seen=data_facts(container("prestart", state="exited", image_id="sha256:older", health="")),
    ),
    Case("app.prestart", "never ran", says="prestart has 0 of 1 containers", stack=data_project()),
    Case("app.healthy", "one is missing", says="app has 1 of 2", stack=with_service(project(), "app", replicas=2)),
    Case(
        "proxy.ports",
        "the app, under another name",
        says="edge publishes 443",
        seen=app_is(name="edge", ports=(Port(443, 8000),)),
    ),
    Case("app.healthy", "unhealthy", says="demo-app-1 is unhealthy", seen=app_is(health="unhealthy")),
    Case("app.healthy", "not yet", says="demo-app-1 is starting", seen=app_is(health="starting")),
    Case("app.healthy", "stopped", says="demo-app-1 is exited with status 0", seen=app_is(state="exited", health="")),
    Case("app.healthy", "crash loop", says="demo-app-1 is restarting", seen=app_is(state="restarting", health="")),
    Case("app.healthy", "no container", says="app has 0 of 1 containers", seen=facts(containers=())),
    Case(
        "app.healthy",
        "one of two",
        says="demo-app-2 is unhealthy",
        seen=facts(containers=(*containers(), container("app", name="demo-app-2", health="unhealthy"))),
    ),
    Case("proxy.healthy", "Traefik", says="demo-traefik-1 is unhealthy", seen=traefik_is(health="unhealthy")),
    Case(
        "proxy.healthy",
        "socket proxy",
        says="demo-socket-proxy-1 is exited with status 0",
        seen=facts(containers=containers(container("socket-proxy", state="exited", health=""))),
    ),
    Case(
        "proxy.healthy",
        "no container",
        says="traefik has 0 of 1 containers",
        seen=facts(containers=(container("app"),)),
    ),
    Case("proxy.ports", "the app too", says="demo-app-1 publishes 8000", seen=app_is(ports=(Port(8000, 8000),))),
    Case(
        "proxy.ports",
        "the app, on Traefik's number at another address",
        says="demo-app-1 publishes 443",
        seen=app_is(ports=(Port(443, 8000, "192.0.2.1"),)),
    ),
    Case(
        "proxy.ports",
        "Traefik's dashboard",
        says="demo-traefik-1 publishes 8080",
        seen=traefik_is(ports=(Port(80, 80), Port(443, 443), Port(8080, 8080))),
    ),
    Case(
        "app.workers",
        "one died",
        says="demo-app-1: 1 of 2",
        seen=facts(servers=(server(workers=1),)),
    ),
    Case(
        "app.workers",
        "started before the files asked for more",
        says="demo-app-1: 2 of 4",
        stack=with_service(project(), "app", command=("uvicorn", "app.main:app", "--workers=4")),
    ),
    Case(
        "app.workers",
        "in the second container",
        says="demo-app-2: 1 of 2",
        seen=facts(servers=(server(), server(workers=1, container="demo-app-2"))),
    ),
    Case("http.redirects", "temporary", says="307", seen=facts(redirects=redirect(307))),
    Case("http.redirects", "answers itself", says="200", seen=facts(redirects=redirect(200, ""))),
    Case("http.redirects", "stays on http", seen=facts(redirects=redirect(to=f"http://{HOST}/x"))),
    Case("http.redirects", "another host", seen=facts(redirects=redirect(to="https://other.test/x"))),
    Case("http.redirects", "another port", seen=facts(redirects=redirect(to=f"https://{HOST}:8443/x"))),
    Case("http.redirects", "port left out", stack=REMAPPED),
    Case(
        "http.redirects",
        "nothing listens",
        says="Connection refused",
        seen=facts(redirects={HOST: Reply(f"http://{HOST}/x", problem="Connection refused")}),
    ),
    Case(
        "tls.trusted",
        "another authority",
        says="unable to get local issuer certificate (issued by Somebody)",
        seen=facts(handshakes={HOST: handshake(issuer="Somebody", problem="unable to get local issuer certificate")}),
    ),
    Case(
        "tls.trusted",
        "no handshake",
        says=f"{HOST}: no TLS handshake with 127.0.0.1:443",
        seen=facts(handshakes={HOST: Handshake(problem="no TLS handshake with 127.0.0.1:443: refused")}),
    ),
    Case(
        "tls.names",
        "another name",
        says=f"{HOST}: the certificate is for other.test",
        seen=facts(handshakes={HOST: handshake("other.test")}),
    ),
    Case("tls.names", "no name", says="for nobody", seen=facts(handshakes={HOST: Handshake(issuer="x")})),
    Case(
        "tls.names",
        "the second host",
        says=f"{OTHER_HOST}: the certificate is for {HOST}",
        stack=with_hosts(project(), HOST, OTHER_HOST),
        seen=facts(handshakes={HOST: handshake(), OTHER_HOST: handshake()}),
    ),
    Case("tls.days", "under a week", says="6 days", seen=facts(handshakes=days_left(6.9))),
    Case(
        "tls.days",
        "the shorter of two",
        stack=with_hosts(project(), HOST, OTHER_HOST),
        says="1 days",
        seen=facts(handshakes=days_left(60) | days_left(1, OTHER_HOST)),
    ),
    Case("app.answers", "500", says=f"https://{HOST}/: 500", seen=facts(answers=answer(500))),
    Case("app.answers", "502", says="502", seen=facts(answers=answer(502))),
    Case("app.answers", "no answer", says="timed out", seen=facts(answers=answer(problem="timed out"))),
    Case(
        "app.answers",
        "one of two hosts",
        stack=with_hosts(project(), HOST, OTHER_HOST),
        says=f"https://{OTHER_HOST}/: 504",
        seen=facts(answers=answer(200) | answer(504, host=OTHER_HOST)),
    ),
    Case(
        "app.scheme",
        "Uvicorn's own default",
        says=f"demo-app-1 does not believe {PROXY_ADDRESS}",
        seen=facts(servers=(server("/usr/local/bin/uvicorn", "app.main:app", "--proxy-headers"),)),
    ),
    Case(
        "app.scheme",
        "no proxy headers",
        says="does not believe",
        seen=facts(servers=(server("uvicorn", "app:app", "--no-proxy-headers", "--forwarded-allow-ips=*"),)),
    ),
    Case("app.scheme", "another network", says="does not believe", seen=trusting("10.0.0.0/8")),
    Case(
        "app.scheme",
        "redirect to http",
        says=f"redirects to http://{HOST}/items/",
        seen=facts(slash=Reply(f"https://{HOST}/items", status=307, location=f"http://{HOST}/items/")),
    ),
    Case("app.client", "Traefik", says=f"takes {PROXY_ADDRESS} for the client", seen=trusting("127.0.0.1")),
    Case(
        "app.client",
        "one of two containers",
        says=f"demo-app-2 takes {PROXY_ADDRESS} for the client",
        seen=facts(servers=(server(), server("uvicorn", "app:app", container="demo-app-2"))),
    ),
    Case(
        "app.client",
        "Traefik takes somebody else for the client, and all is trusted",
        says="takes 192.0.2.9 for the client",
        seen=trusting("*", Sighting("", "192.0.2.9", CLIENT)),
    ),
    Case(
        "app.forged",
        "Traefik passes it on, and everybody is believed",
        says=f"takes {FORGED} for the client",
        seen=trusting("*", Sighting(FORGED, FORGED, CLIENT)),
    ),
    Case(
        "app.forged",
        "one of two containers believes everybody",
        says=f"demo-app-2 takes {FORGED} for the client",
        seen=facts(
            servers=(server(), server("uvicorn", "app:app", "--forwarded-allow-ips=*", container="demo-app-2")),
            sightings=(Sighting(FORGED, FORGED, CLIENT),),
        ),
    ),
    Case(
        "app.forged",
        "Traefik passes it on, and the client's network is trusted",
        says=f"takes {FORGED} for the client",
        seen=facts(sightings=(Sighting(FORGED, FORGED, "172.18.0.1"),)),
    ),
)

WARNS = (
    Case(
        "app.client",
        "over IPv6 Docker puts its own address in the visitor's place",
        says="over IPv6 nobody's address is seen",
        seen=facts(
            sightings=(*facts().sightings, Sighting("", "fd00::1", "fd00::1", HOST, at="2001:db8::7")),
        ),
    ),
    Case(
        "proxy.ports",
        "a port for this server only",
        says="demo-app-1 publishes 8000 on 127.0.0.1",
        seen=app_is(ports=(Port(8000, 8000, "127.0.0.1"),)),
    ),
    Case("tls.days", "under two weeks", says="13 days", seen=facts(handshakes=days_left(13.9))),
    Case("tls.days", "exactly one week", says="7 days", seen=facts(handshakes=days_left(7))),
)

SKIPS = (
    Case(
        "app.prestart",
        "removed with a version that was taken back",
        says="is gone with its version",
        stack=data_project(),
        seen=facts(tried=record(result="taken back")),
    ),
    Case("secrets.untracked", "git does not say", says="git does not say", seen=facts(tracked=None)),
    Case(
        "data.version",
        "nothing to look with",
        says="cannot be seen",
        stack=data_project(),
        seen=data_facts(data_version=None),
    ),
    Case(
        "data.version",
        "an image that does not tell",
        says="does not tell its version",
        stack=data_project(),
        seen=data_facts(server_version=""),
    ),
    Case("app.workers", "no process can be read", says="could not be read", seen=NO_WORDS),
    Case("app.workers", "another server", says="neither uvicorn nor fastapi", seen=GUNICORN),
    Case("app.scheme", "no process can be read", says="neither uvicorn nor fastapi", seen=NO_WORDS),
    Case("app.scheme", "another server", says="neither uvicorn nor fastapi", seen=GUNICORN),
    Case("app.scheme", "Traefik is elsewhere", says=f"no address on {EDGE}", seen=HIDDEN),
    Case("app.client", "another server", says="neither uvicorn nor fastapi", seen=GUNICORN),
    Case("app.client", "Traefik is elsewhere", says=f"no address on {EDGE}", seen=HIDDEN),
    Case("app.client", "no access log", says="access log", seen=UNSEEN),
    Case("app.forged", "another server", says="neither uvicorn nor fastapi", seen=GUNICORN),
    Case("app.forged", "Traefik is elsewhere", says=f"no address on {EDGE}", seen=HIDDEN),
    Case(
        "app.forged",
        "only the plain request was logged",
        says="access log",
        seen=facts(sightings=(Sighting("", CLIENT, CLIENT),)),
    ),
)


def named(case: Case) -> str:
    return f"{case.check}: {case.why}"


def judge(case: Case, status: Status) -> None:
    outcome = KNOWN[case.check].run(case.stack, case.seen)
    assert outcome.status is status, outcome
    assert case.says in "\n".join(outcome.seen)


@pytest.mark.parametrize("case", PASSES, ids=named)
def test_a_promise_that_holds_passes(case: Case) -> None:
    judge(case, Status.PASS)


@pytest.mark.parametrize("case", FAILS, ids=named)
def test_a_broken_promise_fails_and_names_the_culprit(case: Case) -> None:
    judge(case, Status.FAIL)


@pytest.mark.parametrize("case", WARNS, ids=named)
def test_a_promise_that_will_soon_be_broken_warns(case: Case) -> None:
    judge(case, Status.WARN)


@pytest.mark.parametrize("case", SKIPS, ids=named)
def test_what_cannot_be_looked_at_is_skipped_and_says_why(case: Case) -> None:
    judge(case, Status.SKIP)


@pytest.mark.parametrize("cases", [PASSES, FAILS], ids=["passes", "fails"])
def test_every_check_is_seen_both_to_pass_and_to_fail(cases: tuple[Case, ...]) -> None:
    assert {case.check for case in cases} == set(KNOWN) - JUDGED_ELSEWHERE


@pytest.mark.parametrize(
    ("stack", "seen"),
    [(project(), facts()), (local_project(), local_facts()), (joining_project(), joining_facts())],
    ids=["acme", "local", "behind a shared proxy"],
)
def test_a_healthy_stack_passes_every_check(stack: Project, seen: Facts) -> None:
    found = {one.check.id: one.outcome.status for one in checks.run(stack, seen)}
    assert {name for name, status in found.items() if status is not Status.PASS} == unneeded(stack)
    assert {found[name] for name in unneeded(stack)} == {Status.SKIP}


def test_where_something_in_front_speaks_https_what_it_serves_is_not_judged() -> None:
    seen = facts(handshakes={}, redirects={}, containers=containers(container("traefik", ports=(Port(80, 80),))))
    found = {one.check.id: one.outcome.status for one in checks.run(front("10.0.0.0/8"), seen)}
    assert {name for name, status in found.items() if status is Status.FAIL} == set()
    assert {name for name, status in found.items() if status is Status.SKIP} >= {
        "http.redirects",
        "tls.trusted",
        "tls.names",
        "tls.days",
    }


def test_a_word_in_env_that_a_file_overrules_is_named() -> None:
    found = checks.run(
        front("10.0.0.0/8"), facts(settings={"STACK_CERTIFICATES": "acme"}), checks.select(["host.settings"])
    )
    assert "`stack update --data certificates=acme`" in found[0].outcome.seen[0]


def test_a_trusted_network_that_docker_itself_comes_from_lets_anybody_forge() -> None:
    gateway = "172.18.0.1"
    trusting = with_environment(project(), TRAEFIK_ENTRYPOINTS_WEBSECURE_FORWARDEDHEADERS_TRUSTEDIPS="172.16.0.0/12")
    own = facts(sightings=(Sighting("", gateway, gateway), Sighting(FORGED, FORGED, gateway)))
    (finding,) = (one for one in checks.run(trusting, own) if one.check.id == "app.forged")
    assert finding.failed


def test_a_request_of_somebody_who_is_trusted_forges_nothing() -> None:
    own = facts(sightings=(Sighting("", CLIENT, CLIENT), Sighting(FORGED, FORGED, CLIENT)))
    (finding,) = (one for one in checks.run(front(f"{CLIENT}/32"), own) if one.check.id == "app.forged")
    assert (finding.outcome.status, CLIENT in finding.outcome.seen[0]) == (Status.SKIP, True)


def test_a_certificate_for_trials_is_what_was_asked_for_and_no_more() -> None:
    found = checks.run(with_environment(project(), STACK_CERTIFICATES="staging"), facts())
    (finding,) = (one for one in found if one.check.id == "tls.trusted")
    assert finding.outcome.status is Status.WARN
    assert "browsers refuse it" in finding.outcome.seen[-1]


def unneeded(stack: Project) -> set[str]:
    """Return the checks that have nothing to look at, where certificates come from somewhere else."""
    orders = {one.id for one in CHECKS if one.order and one.id != "host.clock"}
    return {"tls.files"} | (set() if stack.ordered else orders)


# ------------------------------------------------------------------ what every check owes its reader


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_states_a_promise_and_tells_what_to_do(check: Check) -> None:
    assert re.fullmatch(r"[A-Z].*\.", check.promise)
    assert re.fullmatch(r"\S.*\.", check.hint)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_is_named_family_and_property(check: Check) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z][a-z0-9]*", check.id)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_stands_after_what_it_needs(check: Check) -> None:
    order = [one.id for one in CHECKS]
    assert set(check.needs) <= set(order[: order.index(check.id)])


def test_no_two_checks_have_one_name() -> None:
    assert len(KNOWN) == len(CHECKS)


def test_what_is_looked_at_before_needs_nothing_that_is_looked_at_later() -> None:
    assert {need for check in CHECKS if check.before for need in check.needs} <= {
        check.id for check in CHECKS if check.before
    }


# ------------------------------------------------------------------ run


def outcomes(found: tuple[Finding, ...]) -> dict[str, Status]:
    return {finding.check.id: finding.outcome.status for finding in found}


@pytest.mark.parametrize(
    ("broken", "failed", "skipped"),
    [
        (container("app", health="unhealthy"), "app.healthy", {"app.workers", "app.answers", "app.scheme"}),
        (container("traefik", health="unhealthy"), "proxy.healthy", {"http.redirects", "tls.trusted", "tls.days"}),
    ],
    ids=["app", "traefik"],
)
def test_one_cause_is_one_failure_and_the_rest_is_skipped(broken: Container, failed: str, skipped: set[str]) -> None:
    found = outcomes(checks.run(project(), facts(containers=containers(broken))))
    assert [name for name, status in found.items() if status is Status.FAIL] == [failed]
    assert {found[name] for name in skipped} == {Status.SKIP}


def test_a_skipped_check_names_the_need_that_did_not_pass() -> None:
    found = checks.run(project(), facts(containers=containers(container("app", health="unhealthy"))))
    workers = next(one for one in found if one.check.id == "app.workers")
    assert workers.outcome == Outcome(Status.SKIP, ("needs app.healthy",))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Status.PASS, Status.PASS),
        (Status.WARN, Status.PASS),
        (Status.FAIL, Status.SKIP),
        (Status.SKIP, Status.SKIP),
    ],
)
def test_a_check_is_run_when_its_need_is_met(first: Status, second: Status) -> None:
    pair = (
        Check("made.first", lambda _project, _facts: Outcome(first)),
        Check("made.second", lambda _project, _facts: Outcome(Status.PASS), needs=("made.first",)),
    )
    assert outcomes(checks.run(project(), facts(), pair)) == {"made.first": first, "made.second": second}


def test_findings_come_in_the_order_of_the_checks() -> None:
    assert list(outcomes(checks.run(project(), facts()))) == list(KNOWN)


# ------------------------------------------------------------------ select


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["host.ports"], ["host.ports"]),
        (
            ["tls.days"],
            ["proxy.runs", "proxy.healthy", "tls.default", "tls.staging", "tls.trusted", "tls.days"],
        ),
        (
            ["app.forged"],
            ["proxy.runs", "data.healthy", "app.healthy", "proxy.healthy", "proxy.joined", "app.answers", "app.forged"],
        ),
        (
            ["tls.names", "app.workers"],
            [
                *("proxy.runs", "host.settings", "data.healthy", "app.healthy", "proxy.healthy", "app.workers"),
                *("tls.default", "tls.names"),
            ],
        ),
    ],
    ids=["no need", "need of a need", "two needs", "two checks"],
)
def test_a_chosen_check_brings_its_needs_in_order(wanted: list[str], expected: list[str]) -> None:
    assert [check.id for check in checks.select(wanted)] == expected


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_can_be_run_with_its_needs_alone(check: Check) -> None:
    stack = with_environment(project(), STACK_CERTIFICATES="files") if check.id == "tls.files" else project()
    seen = facts(own=OwnFiles((HOST,), "Example CA", NOW, NOW + timedelta(days=60)))
    assert set(outcomes(checks.run(stack, seen, checks.select([check.id]))).values()) == {Status.PASS}


def test_without_a_choice_all_are_chosen() -> None:
    assert checks.select() == CHECKS


def test_before_chooses_what_looks_at_the_machine() -> None:
    assert [check.id for check in checks.select(before=True)] == [
        "host.seen",
        "host.engine",
        "host.project",
        "host.ports",
        "proxy.claims",
        "proxy.runs",
        "host.files",
        "host.settings",
        "secrets.present",
        "secrets.settings",
        "secrets.private",
        "secrets.untracked",
        "host.placeholders",
        "host.api",
        "host.memory",
        "host.disk",
        "tls.files",
        "dns.address",
        "dns.agree",
        "dns.cdn",
        "tls.caa",
        "host.authority",
        "host.clock",
        "data.version",
    ]


def test_where_nothing_is_ordered_nobody_else_is_asked() -> None:
    chosen = {check.id for check in checks.select(before=True, order=False)}
    assert {check.id for check in checks.select(before=True)} - chosen == {
        "dns.address",
        "dns.agree",
        "dns.cdn",
        "tls.caa",
        "host.authority",
        "host.clock",
    }


def test_an_unknown_check_is_refused_by_name() -> None:
    with pytest.raises(WrongInput, match=r"no check 'tls\.nmaes'") as caught:
        checks.select(["tls.names", "tls.nmaes"])
    assert "tls.names" in caught.value.hint


def test_the_readme_lists_every_check_with_its_promise() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+\.\w+)` \| (.*) \|$", readme, re.MULTILINE)
    assert rows == [(check.id, check.promise.removesuffix(".")) for check in CHECKS]


def test_what_could_not_be_looked_at_is_skipped_and_not_failed() -> None:
    found = checks.run(project(), facts(unseen={"servers": "the engine went away"}, servers=()))

    skipped = {one.check.id: one.outcome.seen for one in found if one.outcome.status is Status.SKIP}
    assert skipped["app.workers"] == ("could not be looked at: the engine went away",)
    assert {one.check.id for one in found if one.failed} == {"host.seen"}


def test_what_cannot_be_looked_at_before_a_start_is_refused_and_not_left_out() -> None:
    with pytest.raises(WrongInput, match=r"app\.answers does not look at what is there before a start"):
        checks.select(["host.ports", "app.answers"], before=True)
