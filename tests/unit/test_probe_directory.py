"""What is seen of an ACME authority, at servers of our own making."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from scaffold.checks.signing import SUSPECTED
from scaffold.facts import Directory
from scaffold.probe import directory, names

from ..names import LOOPBACK, known, serve

LIMIT = 2
"""A look that takes longer than this waits too long."""
NOW = datetime.now(UTC)
GOOD = {"newNonce": "https://ca.test/nonce", "newOrder": "https://ca.test/order"}


@dataclass(frozen=True)
class Answer:
    """What an authority says to every GET."""

    body: bytes = json.dumps(GOOD).encode()
    status: int = 200
    location: str = ""
    date: str | None = None
    """Without one, the server's own."""


@contextmanager
def answering(answer: Answer, certificate: trustme.LeafCert | None = None) -> Iterator[str]:
    """Serve one answer, over TLS with a certificate, and yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(answer.status)
            date = self.date_time_string() if answer.date is None else answer.date
            for name, value in (("Date", date), ("Location", answer.location)):
                if value:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Keep quiet about clients that refuse us: what the test is about."""

    with running(Server((LOOPBACK, 0), Handler), certificate) as url:
        yield url


@contextmanager
def running(server: ThreadingHTTPServer, certificate: trustme.LeafCert | None) -> Iterator[str]:
    """Run a server, with TLS when it has a certificate, and yield the address of the directory there."""
    with server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http{'s' if certificate else ''}://{LOOPBACK}:{server.server_port}/dir"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(organization_name="Example CA")


@pytest.fixture(scope="module")
def certificate(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert(LOOPBACK)


@pytest.fixture(scope="module")
def roots(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("authority") / "root.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def test_an_authority_that_answers_tells_its_names_in_caa_records(
    certificate: trustme.LeafCert, roots: Path, stack: ExitStack
) -> None:
    body = json.dumps({**GOOD, "meta": {"caaIdentities": ["CA.test", "other.test"]}}).encode()
    url = stack.enter_context(answering(Answer(body), certificate))
    seen = directory.look(url, roots, datetime.now(UTC))
    assert (seen.url, seen.problem, seen.identities) == (url, "", ("ca.test", "other.test"))


def test_an_authority_need_not_tell_its_names(certificate: trustme.LeafCert, roots: Path, stack: ExitStack) -> None:
    url = stack.enter_context(answering(Answer(), certificate))
    seen = directory.look(url, roots, datetime.now(UTC))
    assert (seen.problem, seen.identities) == ("", ())


# ------------------------------------------------------------------ the time


@pytest.mark.parametrize("minutes", [12, 0, -12], ids=["ahead", "right", "behind"])
def test_the_authoritys_time_is_compared_with_ours(
    minutes: int, certificate: trustme.LeafCert, roots: Path, stack: ExitStack
) -> None:
    date = format_datetime(NOW - timedelta(minutes=minutes), usegmt=True)
    seen = directory.look(stack.enter_context(answering(Answer(date=date), certificate)), roots, NOW)
    assert seen.ahead is not None
    assert abs(seen.ahead - timedelta(minutes=minutes)) < timedelta(seconds=3)


@pytest.mark.parametrize("date", ["", "the other day"], ids=["none", "nonsense"])
def test_an_authority_without_a_time_is_not_compared(
    date: str, certificate: trustme.LeafCert, roots: Path, stack: ExitStack
) -> None:
    url = stack.enter_context(answering(Answer(date=date), certificate))
    assert directory.look(url, roots, NOW) == Directory(url)


def test_a_time_without_a_zone_is_in_universal_time(
    certificate: trustme.LeafCert, roots: Path, stack: ExitStack
) -> None:
    url = stack.enter_context(answering(Answer(date=format_datetime(NOW.replace(tzinfo=None))), certificate))
    ahead = directory.look(url, roots, NOW).ahead
    assert ahead is not None
    assert abs(ahead) < timedelta(seconds=3)


def test_the_time_of_a_failing_authority_counts_too(
    certificate: trustme.LeafCert, roots: Path, stack: ExitStack
) -> None:
    date = format_datetime(NOW - timedelta(hours=1), usegmt=True)
    url = stack.enter_context(answering(Answer(status=503, date=date), certificate))
    seen = directory.look(url, roots, NOW)
    assert seen.problem == "it answers with status 503"
    assert seen.ahead is not None


# ------------------------------------------------------------------ what is no directory


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"7",
        b"\xff",
        b'{"newNonce": "https://ca.test/nonce"}',
        b'{"newNonce": 1, "newOrder": 2}',
        b'{"newNonce": "x", "newOrder": "y", "meta": []' + b" " * 99 + b"}",
        b"[" * 100_000,
    ],
    ids=["empty", "HTML", "a list", "a number", "no text", "half", "no addresses", "meta is a list", "deep"],
)
def test_what_is_no_directory_is_told(
    body: bytes, certificate: trustme.LeafCert, roots: Path, stack: ExitStack
) -> None:
    url = stack.enter_context(answering(Answer(body), certificate))
    problem = directory.look(url, roots, NOW).problem
    assert problem == ("" if b'"meta": []' in body else "what it answers is no ACME directory")


def test_a_body_without_an_end_is_read_to_a_bound(
    certificate: trustme.LeafCert, roots: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scaffold.probe.LARGEST_BODY", 10)
    url = stack.enter_context(answering(Answer(), certificate))
    assert directory.look(url, roots, NOW).problem == "what it answers is no ACME directory"


def test_a_redirect_over_https_is_followed(certificate: trustme.LeafCert, roots: Path, stack: ExitStack) -> None:
    there = stack.enter_context(answering(Answer(), certificate))
    here = stack.enter_context(answering(Answer(status=302, location=there), certificate))
    seen = directory.look(here, roots, NOW)
    assert (seen.url, seen.problem) == (here, "")


def test_a_redirect_to_plain_http_is_not_followed(certificate: trustme.LeafCert, roots: Path, stack: ExitStack) -> None:
    there = stack.enter_context(answering(Answer()))
    here = stack.enter_context(answering(Answer(status=302, location=there), certificate))
    assert directory.look(here, roots, NOW) == Directory(here, problem=f"{there} is no https address")


def test_redirects_without_an_end_are_not_followed(
    certificate: trustme.LeafCert, roots: Path, stack: ExitStack
) -> None:
    url = stack.enter_context(answering(Answer(status=307, location="/dir"), certificate))
    assert directory.look(url, roots, NOW).problem.startswith("more than 1 redirect, ")


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/dir", "", "ca.test", "https://[ca.test/dir", "https:///dir"],
    ids=["plain HTTP", "none", "a bare name", "half a bracket", "no host"],
)
def test_an_address_without_https_is_not_asked(url: str) -> None:
    assert directory.look(url, None, NOW) == Directory(url, problem=f"{url} is no https address")


# ------------------------------------------------------------------ when there is no answer


def unused_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_refused_connection_is_told() -> None:
    problem = directory.look(f"https://127.0.0.1:{unused_port()}/dir", None, NOW).problem
    assert problem.startswith("127.0.0.1 cannot be reached: ")
    assert problem.endswith("Connection refused")


def test_a_name_that_nobody_knows_is_told() -> None:
    # The resolver of the system refuses this one by itself: a label may have 63 characters.
    assert directory.look(f"https://{'x' * 64}.test/dir", None, NOW).problem


def test_an_authority_that_is_silent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "SECONDS", 0.05)
    with socket.create_server((LOOPBACK, 0)) as listener:
        seen = directory.look(f"https://127.0.0.1:{listener.getsockname()[1]}/dir", None, NOW)
    assert seen.problem == "127.0.0.1 does not answer within 0.05 seconds"


@pytest.mark.parametrize("url", ["https://ca.test/dir", "https://127.0.0.1:1/dir"], ids=["a name", "an address"])
def test_a_lookup_of_the_system_that_does_not_end_is_given_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "SECONDS", 0.05)
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(30) and [])
    started = time.monotonic()
    seen = directory.look(url, None, NOW)
    over.set()
    assert seen == Directory(url, problem=f"{urlsplit(url).hostname} cannot be resolved within 0.05 seconds")
    assert time.monotonic() - started < LIMIT


def test_a_lookup_that_fails_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def unknown(host: str, *_: object, **__: object) -> list[object]:
        tried.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert directory.look("https://ca.test/dir", None, NOW).problem == "ca.test cannot be resolved"
    assert tried == ["ca.test"]


@contextmanager
def dripping(certificate: trustme.LeafCert) -> Iterator[str]:
    """Serve an answer that never ends over TLS: each byte comes in time, all of them never do."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                self.request.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not over.wait(0.02):
                    self.request.sendall(b"x")

    with running(ThreadingHTTPServer((LOOPBACK, 0), Handler), certificate) as url:
        try:
            yield url
        finally:
            over.set()


@pytest.mark.parametrize("redirected", [False, True], ids=["at once", "after a redirect"])
def test_an_answer_that_comes_byte_by_byte_is_given_up(
    redirected: bool,
    certificate: trustme.LeafCert,
    roots: Path,
    stack: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(directory, "SECONDS", 0.3)
    url = stack.enter_context(dripping(certificate))
    if redirected:
        url = stack.enter_context(answering(Answer(status=302, location=url), certificate))
    started = time.monotonic()
    assert directory.look(url, roots, NOW).problem == "127.0.0.1 does not answer within 0.3 seconds"
    assert time.monotonic() - started < LIMIT


def test_an_expired_certificate_is_told_though_nobody_tells_the_time(
    authority: trustme.CA, roots: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "SECONDS", 1)
    expired = authority.issue_cert(LOOPBACK, not_before=NOW - timedelta(days=90), not_after=NOW - timedelta(days=10))
    hanging = Answer(status=302, location=f"https://{stack.enter_context(silent())}/dir")
    seen = directory.look(stack.enter_context(answering(hanging, expired)), roots, NOW)
    assert SUSPECTED in seen.problem
    assert seen.ahead is None


@contextmanager
def silent() -> Iterator[str]:
    """Take connections, and say nothing."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield f"{LOOPBACK}:{listener.getsockname()[1]}"


def test_names_and_authority_can_be_looked_at_side_by_side(
    certificate: trustme.LeafCert, roots: Path, stack: ExitStack
) -> None:
    url = stack.enter_context(answering(Answer(), certificate))
    server = stack.enter_context(serve(known({"demo.test": ["* A 198.51.100.4"]})))
    hosts = [f"www{number}.demo.test" for number in range(2)]
    with ThreadPoolExecutor() as pool:
        looks = [
            (
                pool.submit(names.look, hosts, (f"{LOOPBACK}:{server.port}",)),
                pool.submit(directory.look, url, roots, datetime.now(UTC)),
            )
            for _ in range(2)
        ]
    for named, there in looks:
        assert {one.own for one in named.result().values()} == {("198.51.100.4",)}
        assert (there.result().problem, there.result().url) == ("", url)


def test_a_certificate_of_a_stranger_is_refused_and_the_setting_is_named(roots: Path, stack: ExitStack) -> None:
    url = stack.enter_context(answering(Answer(), trustme.CA().issue_cert(LOOPBACK)))
    seen = directory.look(url, roots, NOW)
    assert seen.problem.startswith("the certificate of 127.0.0.1 is refused: ")
    assert "STACK_ACME_ROOT" in seen.problem
    assert seen.ahead is None


def test_a_certificate_for_another_name_is_refused(authority: trustme.CA, roots: Path, stack: ExitStack) -> None:
    url = stack.enter_context(answering(Answer(), authority.issue_cert("other.test")))
    problem = directory.look(url, roots, NOW).problem
    assert "127.0.0.1" in problem
    assert "STACK_ACME_ROOT" not in problem


def test_a_certificate_that_our_clock_finds_expired_leads_to_the_clock(
    authority: trustme.CA, roots: Path, stack: ExitStack
) -> None:
    expired = authority.issue_cert(LOOPBACK, not_before=NOW - timedelta(days=90), not_after=NOW - timedelta(days=10))
    date = format_datetime(NOW - timedelta(days=20), usegmt=True)
    seen = directory.look(stack.enter_context(answering(Answer(date=date), expired)), roots, NOW)
    assert f"expired ({SUSPECTED})" in seen.problem
    assert seen.ahead is not None
    assert seen.ahead.days in {19, 20}


def test_roots_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    path = tmp_path / "root.pem"
    assert f"the roots in {path} cannot be read" in directory.look("https://127.0.0.1:1/dir", path, NOW).problem
    path.write_text("no certificate")
    assert f"the roots in {path} cannot be read" in directory.look("https://127.0.0.1:1/dir", path, NOW).problem
