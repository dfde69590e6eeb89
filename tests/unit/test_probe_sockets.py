"""The probe at real sockets: servers in threads, certificates of every kind."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from scaffold import probe
from scaffold.errors import WrongInput
from scaffold.facts import Reply
from scaffold.probe import Site

HOST = "demo.test"
NOW = datetime.now(UTC).replace(microsecond=0)
LOOPBACK = "127.0.0.1"
LIMIT = 2
"""A probe that waits longer than this waits too long."""


class Handler(BaseHTTPRequestHandler):
    """Answers by path, and repeats in its answer what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/stream":
            self.stream()
            return
        if self.path == "/v1/openapi.json":
            self.describe(b'{"paths": {"/notes/": {"get": {}}}}')
            return
        status, location = {"/gone": (404, ""), "/broken": (500, ""), "/moved": (308, f"https://{HOST}/there?a=b")}.get(
            self.path, (200, "")
        )
        self.send_response(status)
        asked = f"{self.headers['Host']} {self.path} {self.headers.get('X-Forwarded-For', '-')}"
        for name, value in (("Location", location or asked), ("Content-Length", "0"), ("Connection", "close")):
            self.send_header(name, value)
        self.end_headers()

    def describe(self, document: bytes) -> None:
        """Send an OpenAPI document, as an app below a prefix has one."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(document)))
        self.end_headers()
        self.wfile.write(document)

    def stream(self) -> None:
        """Send a body that does not end before the client has gone, or a test has taken far too long."""
        self.close_connection = True
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            for _ in range(400):
                self.wfile.write(b"x" * 100)
                threading.Event().wait(0.01)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def http_server(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve HTTP, or HTTPS with a context, and yield the port."""
    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def handshaker(certificate: trustme.LeafCert) -> Iterator[int]:
    """Shake hands with whoever comes, and yield the port. A client may refuse."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    listener = socket.create_server((LOOPBACK, 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(1)
            except OSError:  # it was refused: what the test is about
                connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@contextmanager
def listening() -> Iterator[int]:
    """Let the system take connections, and never say a word; yield the port. Whoever waits too long is reset."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        closing = threading.Timer(LIMIT, listener.close)
        closing.start()
        try:
            yield listener.getsockname()[1]
        finally:
            closing.cancel()
            closing.join()


def unused_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(organization_name="Example CA")


@pytest.fixture(scope="module")
def roots(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("authority") / "root.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


# ------------------------------------------------------------------ handshakes


def test_a_trusted_certificate_is_accepted_and_described(authority: trustme.CA, roots: Path, stack: ExitStack) -> None:
    end = NOW + timedelta(days=50)
    port = stack.enter_context(handshaker(authority.issue_cert(HOST, "*.demo.test", not_after=end)))
    seen = probe.handshake(Site(LOOPBACK, 0, port, roots), HOST)
    assert (seen.problem, seen.names, seen.not_after) == ("", (HOST, "*.demo.test"), end)
    assert "Example CA" in seen.issuer
    assert seen.good_for("www.demo.test", NOW)


def test_a_certificate_of_another_authority_is_refused_and_described(roots: Path, stack: ExitStack) -> None:
    stranger = trustme.CA(organization_name="Stranger CA")
    port = stack.enter_context(handshaker(stranger.issue_cert(HOST)))
    seen = probe.handshake(Site(LOOPBACK, 0, port, roots), HOST)
    assert "issuer certificate" in seen.problem
    assert (seen.names, "Stranger CA" in seen.issuer) == ((HOST,), True)


def test_without_roots_of_its_own_the_systems_authorities_are_believed(authority: trustme.CA, stack: ExitStack) -> None:
    port = stack.enter_context(handshaker(authority.issue_cert(HOST)))
    assert probe.handshake(Site(LOOPBACK, 0, port), HOST).problem


def test_an_expired_certificate_is_refused_and_described(authority: trustme.CA, roots: Path, stack: ExitStack) -> None:
    end = NOW - timedelta(days=1)
    expired = authority.issue_cert(HOST, not_before=NOW - timedelta(days=9), not_after=end)
    port = stack.enter_context(handshaker(expired))
    seen = probe.handshake(Site(LOOPBACK, 0, port, roots), HOST)
    assert "expired" in seen.problem
    assert (seen.names, seen.not_after) == ((HOST,), end)


def test_a_certificate_for_another_name_is_described_and_left_to_be_judged(
    authority: trustme.CA, roots: Path, stack: ExitStack
) -> None:
    port = stack.enter_context(handshaker(authority.issue_cert("other.test")))
    seen = probe.handshake(Site(LOOPBACK, 0, port, roots), HOST)
    assert (seen.problem, seen.names, seen.names_host(HOST)) == ("", ("other.test",), False)


def test_where_nothing_listens_the_address_is_named(roots: Path) -> None:
    port = unused_port()
    seen = probe.handshake(Site(LOOPBACK, 0, port, roots), HOST)
    assert f"127.0.0.1:{port}" in seen.problem
    assert "refused" in seen.problem
    assert (seen.names, seen.issuer) == ((), "")


def test_a_server_that_speaks_no_tls_gives_no_handshake(roots: Path, stack: ExitStack) -> None:
    port = stack.enter_context(http_server())
    assert "no TLS handshake" in probe.handshake(Site(LOOPBACK, 0, port, roots), HOST).problem


def test_a_server_that_hangs_is_not_waited_for_longer_than_the_limit(
    roots: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "SECONDS", 0.05)
    port = stack.enter_context(listening())
    started = time.monotonic()
    assert "timed out" in probe.handshake(Site(LOOPBACK, 0, port, roots), HOST).problem
    assert time.monotonic() - started < LIMIT


@pytest.mark.parametrize("content", [None, "no certificate at all\n"], ids=["missing", "not PEM"])
def test_roots_that_cannot_be_read_are_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "root.pem"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(WrongInput, match="cannot be read") as caught:
        probe.handshake(Site(LOOPBACK, 0, 1, path), HOST)
    assert str(path) in caught.value.message


# ------------------------------------------------------------------ waiting for a certificate


def test_a_certificate_that_is_there_is_not_waited_for(authority: trustme.CA, roots: Path, stack: ExitStack) -> None:
    said: list[str] = []
    port = stack.enter_context(handshaker(authority.issue_cert(HOST)))
    assert probe.await_certificate(Site(LOOPBACK, 0, port, roots), HOST, lambda: (), said.append).came
    assert said == []


def test_a_certificate_that_does_not_come_is_told_with_what_is_served(
    authority: trustme.CA, roots: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "POLL_SECONDS", 0.01)
    said: list[str] = []
    port = stack.enter_context(handshaker(authority.issue_cert("other.test")))
    awaited = probe.await_certificate(Site(LOOPBACK, 0, port, roots), HOST, lambda: (), said.append, 0)
    assert not awaited.came
    assert awaited.seen.names == ("other.test",)
    assert said[0] == f"{HOST}: for another name"


def test_the_authoritys_complaints_are_kept_and_shorten_the_waiting(
    roots: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "AFTER_ERROR_SECONDS", 0)
    monkeypatch.setattr(probe, "POLL_SECONDS", 0.01)
    port = stack.enter_context(handshaker(trustme.CA().issue_cert(HOST)))
    site = Site(LOOPBACK, 0, port, roots)
    awaited = probe.await_certificate(site, HOST, lambda: ("no such domain",), lambda _: None)
    assert (awaited.came, awaited.complaints) == (False, ("no such domain",))


def test_an_issuer_may_be_believed_by_its_name_alone(stack: ExitStack, roots: Path) -> None:
    certificate = trustme.CA(organization_name="(STAGING) Pebble").issue_cert(HOST)
    site = Site(LOOPBACK, 0, stack.enter_context(handshaker(certificate)), roots)
    issuer = probe.handshake(site, HOST).issuer

    assert probe.handshake(replace(site, issuers=issuer[:4]), HOST).accepted_for(HOST)
    assert not probe.handshake(replace(site, issuers="somebody else"), HOST).accepted_for(HOST)
    assert not probe.handshake(site, HOST).accepted_for(HOST)


# ------------------------------------------------------------------ HTTP and HTTPS


@pytest.fixture
def site(authority: trustme.CA, stack: ExitStack) -> Site:
    """Serve HTTP and HTTPS; the certificate is for another name, and no root is known."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.test").configure_cert(context)
    return Site(LOOPBACK, stack.enter_context(http_server()), stack.enter_context(http_server(context)))


@pytest.mark.parametrize(
    ("path", "status"), [("/", 200), ("/gone", 404), ("/broken", 500)], ids=["good", "not found", "broken"]
)
def test_an_answer_has_its_status_whatever_the_certificate(site: Site, path: str, status: int) -> None:
    plain, secure = probe.http(site, HOST, path), probe.get(site, HOST, path)
    assert (plain.status, secure.status) == (status, status)
    assert (plain.problem, secure.problem) == ("", "")


def test_a_redirect_is_reported_and_not_followed(site: Site) -> None:
    assert replace(probe.http(site, HOST, "/moved"), headers={}) == Reply(
        f"http://{HOST}:{site.http_port}/moved", status=308, location=f"https://{HOST}/there?a=b"
    )
    assert replace(probe.get(site, HOST, "/moved"), headers={}) == Reply(
        f"https://{HOST}:{site.https_port}/moved", status=308, location=f"https://{HOST}/there?a=b"
    )


def test_the_host_is_asked_for_by_its_name_and_port(site: Site) -> None:
    assert probe.get(site, HOST, "/x?y=z").location == f"{HOST}:{site.https_port} /x?y=z -"
    assert probe.http(site, HOST, "/x").location == f"{HOST}:{site.http_port} /x -"


def test_a_route_with_a_slash_is_asked_for_below_the_prefix(site: Site) -> None:
    reply = probe.slash_redirect(site, HOST, "/v1")
    assert reply is not None
    assert reply.location == f"{HOST}:{site.https_port} /v1/notes -"
    assert probe.slash_redirect(site, HOST) is None


def test_headers_are_sent_along(site: Site) -> None:
    seen = probe.get(site, HOST, "/x", {"X-Forwarded-For": "203.0.113.7"})
    assert seen.location == f"{HOST}:{site.https_port} /x 203.0.113.7"


def test_a_refused_connection_is_a_reply_with_the_systems_words() -> None:
    site = Site(LOOPBACK, unused_port(), unused_port())
    for reply in (probe.http(site, HOST), probe.get(site, HOST)):
        assert reply.status == 0
        assert reply.problem.endswith("Connection refused")
        assert reply.url.startswith(("http://demo.test:", "https://demo.test:"))


def test_an_answer_is_not_waited_for_longer_than_the_limit(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "SECONDS", 0.05)
    port = stack.enter_context(listening())
    started = time.monotonic()
    for reply in (probe.http(Site(LOOPBACK, port, port), HOST), probe.get(Site(LOOPBACK, port, port), HOST)):
        assert (reply.status, "timed out" in reply.problem) == (0, True)
    assert time.monotonic() - started < LIMIT


def test_a_body_without_an_end_is_not_read_for_longer_than_the_limit(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "SECONDS", 0.2)
    started = time.monotonic()
    assert probe.get(site, HOST, "/stream").status == 200
    assert time.monotonic() - started < LIMIT


def test_a_server_that_speaks_no_tls_is_a_reply_with_a_problem(site: Site) -> None:
    reply = probe.get(Site(LOOPBACK, site.http_port, site.http_port), HOST)
    assert (reply.status, bool(reply.problem)) == (0, True)
