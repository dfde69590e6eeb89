"""Where certificates come from, and what is said when one does not come."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import dns.rcode
import pytest
import trustme

from scaffold.project import RELOAD

from ..names import EVERY, Names, known, serve, serve_httpreq
from .acme import Authority
from .conftest import Make
from .stacks import BIN, Done, Stack, docker, eventually, run

Prepare = Callable[..., Authority]
HERE = "@ A 127.0.0.1"
OLD = """
tls:
  certificates:
    - certFile: /etc/traefik/dynamic/local/old.crt
      keyFile: /etc/traefik/dynamic/local/old.key
"""
ASTRAY = pytest.mark.sabotages("dns.address")


def issuer(done: Done) -> str:
    """Return what the check of trust saw."""
    return str(next(one["seen"] for one in done.json["findings"] if one["id"] == "tls.trusted")[0])


# ------------------------------------------------------------------ rehearsal


def rehearsing(
    make: Make, authority: Prepare, folder: Path, label: str = "rehearsed", **trials: object
) -> tuple[Stack, Authority, Authority]:
    """Return a project that orders from one Pebble, and rehearses with another one; both run.

    Only what the first signs is believed: of the other one, the root file has its own address's root alone.
    """
    stack = make(label)
    first, real = authority(stack, "trials", **trials), authority(stack, "real")
    for one in (first, real):
        one.start()
    roots = folder / "roots.pem"
    roots.write_bytes(real.roots.read_bytes() + b"\n" + first.own_root)
    roots.chmod(0o644)
    stack.env["STACK_ACME_REHEARSAL"] = first.directory
    stack.new(domain="demo.test", email="me@demo.test", **{**real.answers, "acme_root": roots})
    return stack, first, real


def test_an_order_is_rehearsed_with_one_authority_and_made_with_another(
    make: Make, authority: Prepare, tmp_path: Path
) -> None:
    stack, trials, real = rehearsing(make, authority, tmp_path)

    up = stack.up()

    assert up.json["plan"][0] == f"rehearse the order for demo.test with {trials.directory}"
    for one in (trials, real):
        assert f"http://demo.test:{stack.http_port}/.well-known/acme-challenge/" in one.log()
        assert one.log().count("Issued certificate") == 1
    assert "Pebble Intermediate CA" in issuer(up)
    assert stack.stack("up").json["plan"] == []
    assert run("docker", "inspect", f"{stack.name}-rehearsal").status != 0


def test_a_rehearsal_that_fails_spares_the_real_authority(make: Make, authority: Prepare, tmp_path: Path) -> None:
    stack, trials, real = rehearsing(make, authority, tmp_path, "rejected", domainBlocklist=["demo.test"])

    failed = stack.stack("up")

    assert failed.status == 1, failed.everything
    error = failed.json["error"]
    assert error["message"].startswith("the rehearsal failed, and nothing was started or ordered: the certificate for")
    assert "the authority issues no certificate for demo.test" in error["message"]
    assert "rejectedIdentifier" in " ".join(error["evidence"])
    assert "order-plz" in trials.log()
    assert "order-plz" not in real.log()
    assert stack.ids() == {}
    assert docker("network", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={stack.name}") == ""


def test_an_order_that_failed_is_explained_and_made_again(make: Make, authority: Prepare) -> None:
    stack = make("again")
    with serve(known({"test": ["demo A 127.0.0.1"], "demo.test": []})) as theirs:
        pebble = authority(stack, asks=theirs)
        pebble.start()
        stack.new(domain="demo.test", **pebble.answers)

        failed = stack.stack("up")

        assert failed.status == 1, failed.everything
        error = failed.json["error"]
        assert error["message"].startswith("the certificate for demo.test did not come: the authority finds no address")
        assert "urn:ietf:params:acme:error:" in " ".join(error["evidence"])
        assert "stack up" in error["hint"]

        zone(theirs, HERE)
        mended = stack.stack("up")

    assert mended.status == 0, mended.everything
    assert any(step.startswith("restart traefik") for step in mended.json["plan"])


# ------------------------------------------------------------------ challenges


def test_an_authority_that_comes_to_port_443_is_convinced(make: Make, authority: Prepare) -> None:
    stack = make("alpn")
    pebble = authority(stack)
    pebble.start()
    stack.new(domain="demo.test", challenge="tls-alpn", **pebble.answers)

    assert "Pebble Intermediate CA" in issuer(stack.up())
    assert "/.well-known/acme-challenge/" not in pebble.log()


def test_a_record_in_dns_is_enough_for_every_name_below(make: Make, authority: Prepare, names: Names) -> None:
    stack = make("wild")
    pebble = authority(stack)
    pebble.start()
    stack.new(domain="*.demo.test", challenge="dns", dns_provider="httpreq", **pebble.answers)
    with serve_httpreq(names, (pebble.gateway, 0)) as endpoint, serve(names, pebble.gateway, names.port):
        assert stack.inside("secret", "set", "--proxy", "HTTPREQ_ENDPOINT", stdin=endpoint).status == 0
        # Lego asks port 53 of the zone's own servers whether the record is there; ours are elsewhere.
        stack.override(
            "services: {traefik: {environment: {"
            f"TRAEFIK_CERTIFICATESRESOLVERS_ACME_ACME_DNSCHALLENGE_RESOLVERS: '{pebble.gateway}:{names.port}',"
            "TRAEFIK_CERTIFICATESRESOLVERS_ACME_ACME_DNSCHALLENGE_PROPAGATION_DISABLECHECKS: 'true'}}}"
        )
        up = stack.up()

    assert next(one["seen"] for one in up.json["findings"] if one["id"] == "tls.names") == ["*.demo.test: *.demo.test"]
    assert stack.get("anything.demo.test").status == 200
    assert endpoint not in docker("inspect", stack.container("traefik"))


def test_plain_compose_gets_a_certificate_without_us(make: Make, authority: Prepare) -> None:
    stack = make("bare")
    pebble = authority(stack)
    pebble.start()
    stack.new(domain="demo.test", **pebble.answers)

    up = stack.compose("up", "--detach", "--wait")

    assert up.status == 0, up.everything
    eventually(lambda: stack.serves("demo.test"))
    assert stack.get("demo.test").json == {"message": "Hello from FastAPI"}
    assert "Pebble Intermediate CA" in issuer(stack.stack("check"))


# ------------------------------------------------------------------ sabotage


@pytest.mark.sabotages("proxy.storage", "proxy.orders")
def test_keys_that_lie_open_and_orders_that_failed_are_noticed(make: Make, authority: Prepare, names: Names) -> None:
    stack = make("trouble")
    pebble = authority(stack)
    pebble.start()
    stack.new(domain="demo.test", **pebble.answers)
    stack.up()

    mode(stack, "644")
    assert stack.stack("check").failed == {"proxy.storage"}
    mode(stack, "600")

    stack.env["STACK_HOSTS"] = "www.demo.test"
    names.trouble[EVERY] = dns.rcode.SERVFAIL
    up = stack.compose("up", "--detach", "--wait")
    assert up.status == 0, up.everything
    eventually(lambda: "Unable to obtain ACME certificate" in stack.compose("logs", "traefik").out)
    names.trouble.clear()
    serve_old(stack, pebble.roots, "www.demo.test")  # or there would be no handshake for that name either
    found = stack.stack("check")
    assert found.failed == {"proxy.orders"}, found.everything


def serve_old(stack: Stack, roots: Path, host: str) -> None:
    """Have Traefik serve a certificate from a file that was signed long ago, by somebody who is believed."""
    ca = trustme.CA()
    roots.write_bytes(roots.read_bytes() + b"\n" + ca.cert_pem.bytes())
    leaf, folder = ca.issue_cert(host), stack.folder / "secrets/tls"
    (folder / "old.crt").write_bytes(b"".join(one.bytes() for one in leaf.cert_chain_pems))
    (folder / "old.key").write_bytes(leaf.private_key_pem.bytes())
    (folder / "old.yaml").write_text(OLD)
    for path in folder.iterdir():
        path.chmod(0o444)
    (stack.folder / RELOAD).touch()
    eventually(lambda: stack.serves(host))


def mode(stack: Stack, mode: str) -> None:
    """Give Traefik's storage other permission bits, as Traefik's own user."""
    docker("exec", stack.container("traefik"), "sh", "-c", f"chmod {mode} /tmp/*.json")


# ------------------------------------------------------------------ other sources


@pytest.mark.sabotages("tls.files")
def test_files_of_ones_own_are_served(make: Make, tmp_path: Path) -> None:
    stack, ca = make("files"), trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "root.pem"))
    (tmp_path / "root.pem").chmod(0o644)
    stack.new(domain="demo.test", certificates="files", acme_root=tmp_path / "root.pem")

    nothing = stack.stack("up")
    assert (nothing.status, nothing.failed) == (3, {"tls.files"}), nothing.everything

    put(stack, ca.issue_cert("demo.test"))
    assert "trustme" in issuer(stack.up())
    serial = stack.get("demo.test").certificate
    put(stack, ca.issue_cert("demo.test"))
    again = stack.up()
    assert any(step.startswith("restart traefik") for step in again.json["plan"])
    assert stack.get("demo.test").certificate != serial


def put(stack: Stack, certificate: trustme.LeafCert) -> None:
    """Lay a certificate and its key where the manual says."""
    folder = stack.folder / "secrets/tls"
    folder.mkdir(exist_ok=True)
    (folder / "fullchain.pem").write_bytes(b"".join(one.bytes() for one in certificate.cert_chain_pems))
    (folder / "privkey.pem").write_bytes(certificate.private_key_pem.bytes())
    for path in folder.iterdir():
        path.chmod(0o444)


def test_https_may_end_in_front_of_this_server(make: Make) -> None:
    stack = make("front")
    gateway = docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}")
    stack.new(domain="demo.test", certificates="external", trusted_proxies=f"{gateway}/32")

    stack.env["STACK_HSTS_SECONDS"] = "300"
    up = stack.up()

    assert {one["id"] for one in up.json["findings"] if one["status"] == "skip"} >= {"tls.trusted", "http.redirects"}
    assert stack.get_plain("demo.test", "/healthz").status == 200
    assert stack.get_plain("demo.test", "/healthz").headers["Strict-Transport-Security"] == "max-age=300"
    published = docker("port", stack.container("traefik")).splitlines()
    assert {line.partition(" -> ")[2] for line in published} == {f"127.0.0.1:{stack.http_port}"}


# ------------------------------------------------------------------ a look before


@pytest.fixture(scope="module")
def unstarted(make: Make) -> Stack:
    """Return a project of which nothing ever starts."""
    stack = make("looked")
    stack.new(domain="demo.test", certificates="custom", acme_directory="https://127.0.0.1:1/dir")
    return stack


def zone(names: Names, *records: str) -> None:
    """Have the tests' DNS know a zone, with these records and nothing else."""
    names.zones |= known({"demo.test": records}).zones


@pytest.mark.parametrize(
    ("records", "said"),
    [
        pytest.param(
            ["@ A 192.0.2.1"], "demo.test: A 192.0.2.1 is not this server", marks=ASTRAY, id="a wrong A record"
        ),
        pytest.param(
            [HERE, "@ AAAA 2001:db8::1"],
            "demo.test: AAAA 2001:db8::1 is not this server",
            marks=ASTRAY,
            id="a stale AAAA record",
        ),
        pytest.param(
            [HERE, '@ CAA 0 issue "sectigo.com"'],
            "sectigo.com",
            marks=pytest.mark.sabotages("tls.caa"),
            id="a forbidding CAA record",
        ),
        pytest.param(["www A 127.0.0.1"], "demo.test: has no address", marks=ASTRAY, id="no record"),
    ],
)
def test_what_would_fail_the_order_is_named_before_anything_starts(
    unstarted: Stack, authority: Prepare, names: Names, records: list[str], said: str, request: pytest.FixtureRequest
) -> None:
    pebble = authority(unstarted)
    pebble.start()
    unstarted.env |= {"STACK_ACME_DIRECTORY": pebble.directory, "STACK_ACME_ROOT": str(pebble.roots)}
    unstarted.env["STACK_ADDRESSES"] = "127.0.0.1"
    zone(names, *records)

    up = unstarted.stack("up")

    assert (up.status, up.failed) == (3, set(request.node.get_closest_marker("sabotages").args)), up.everything
    assert said in up.out
    assert "order-plz" not in pebble.log()
    assert unstarted.ids() == {}


@pytest.mark.sabotages("dns.cdn")
def test_a_challenge_that_no_cdn_passes_is_refused(unstarted: Stack, authority: Prepare, names: Names) -> None:
    pebble = authority(unstarted)
    pebble.start()
    unstarted.env |= {"STACK_ACME_DIRECTORY": pebble.directory, "STACK_ACME_ROOT": str(pebble.roots)}
    zone(names, "@ A 104.16.3.4")

    up = run(BIN / "stack", "up", unstarted.folder, "--json", env={**unstarted.env, "STACK_CHALLENGE": "tls-alpn"})

    assert (up.status, up.failed) == (3, {"dns.cdn"}), up.everything
    assert unstarted.ids() == {}


@pytest.mark.sabotages("dns.agree")
def test_resolvers_that_still_have_an_old_answer_are_told(unstarted: Stack, names: Names) -> None:
    zone(names, "@ A 192.0.2.1", "@ NS ns", "ns A 127.0.0.2")
    with serve(known({"demo.test": [HERE]}), "127.0.0.2", names.port):
        unstarted.env |= {"STACK_DNS_RESOLVERS": f"127.0.0.1:{names.port}", "STACK_ADDRESSES": "127.0.0.1 192.0.2.1"}
        told = unstarted.stack("check", "--before", "--only", "dns.agree", "--only", "dns.address")

    assert told.status == 0, told.everything
    assert {one["id"]: one["status"] for one in told.json["findings"]} == {"dns.address": "pass", "dns.agree": "warn"}
    assert "127.0.0.1; a public resolver has 192.0.2.1" in told.out


@pytest.mark.sabotages("host.clock")
def test_a_clock_that_is_wrong_is_refused(unstarted: Stack, names: Names, tmp_path: Path) -> None:
    zone(names, HERE)
    with directory(tmp_path, datetime.now(UTC) - timedelta(hours=2)) as url:
        unstarted.env |= {"STACK_DNS_RESOLVERS": f"127.0.0.1:{names.port}", "STACK_ADDRESSES": "127.0.0.1"}
        unstarted.env |= {"STACK_ACME_DIRECTORY": url, "STACK_ACME_ROOT": str(tmp_path / "root.pem")}
        up = unstarted.stack("up")

    assert (up.status, up.failed) == (3, {"host.clock"}), up.everything
    assert "2 hours ahead of the authority's" in up.out
    assert unstarted.ids() == {}


@contextmanager
def directory(folder: Path, now: datetime) -> Iterator[str]:
    """Serve what every authority begins with, dated by a clock of our own."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(folder / "root.pem"))
    (folder / "root.pem").chmod(0o644)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"newNonce": "https://127.0.0.1/nonce", "newOrder": "https://127.0.0.1/order"}).encode()
            self.send_response_only(200)  # without a date by this machine's clock
            self.send_header("Date", format_datetime(now, usegmt=True))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}/dir"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_port_80_that_somebody_holds_is_named_before_anything_starts(unstarted: Stack, authority: Prepare) -> None:
    pebble = authority(unstarted)
    pebble.start()
    unstarted.env |= {"STACK_ACME_DIRECTORY": pebble.directory, "STACK_ACME_ROOT": str(pebble.roots)}
    with socket.create_server(("127.0.0.1", unstarted.http_port)):
        up = unstarted.stack("up")

    assert (up.status, up.failed) == (3, {"host.ports"}), up.everything
    assert f"port {unstarted.http_port} is held by process" in up.out
    assert unstarted.ids() == {}
