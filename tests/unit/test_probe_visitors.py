"""What uncommon visitors meet at servers of our own making: strangers, large bodies, parts, old versions of TLS."""

import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import pytest
import trustme

from scaffold import probe
from scaffold.facts import Reply
from scaffold.probe import Site, outdated, visitors

HOST = "demo.test"
LOOPBACK = "127.0.0.1"
LIMIT = 2
"""A probe that waits longer than this waits too long."""
NOT_FOUND = b"404 page not found\n"
Answer = Callable[[bytes, str], bytes]
"""What is answered to a request's head, and to the name that TLS was told."""


@dataclass
class Served:
    """A server that answers heads, and what it was sent."""

    port: int = 0
    heads: list[bytes] = field(default_factory=list)
    rest: bytes = b""
    """What came after the last head."""


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Return an answer."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(head).encode() + body


@contextmanager
def serving(answer: Answer, context: ssl.SSLContext | None = None, drip: float = 0) -> Iterator[Served]:
    """Answer every connection's first head, and look for what follows it; byte by byte if asked to drip."""
    served, over = Served(), threading.Event()
    names: dict[int, str] = {}
    if context:
        context.sni_callback = lambda connection, name, _: names.update({id(connection): name or ""})

    def talk(plain: socket.socket) -> None:
        with suppress(OSError), plain:
            plain.settimeout(LIMIT)
            connection = context.wrap_socket(plain, server_side=True) if context else plain
            with connection:
                head = connection.recv(65536)
                served.heads.append(head)
                for piece in pieces(answer(head, names.get(id(connection), "")), drip):
                    connection.sendall(piece)
                    if drip and over.wait(drip):
                        return
                served.rest += connection.recv(65536)

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    with socket.create_server((LOOPBACK, 0)) as listener:
        served.port = listener.getsockname()[1]
        thread = threading.Thread(target=accept, args=(listener,))
        thread.start()
        try:
            yield served
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def pieces(text: bytes, drip: float) -> Iterator[bytes]:
    """Yield a text at once, or for ever byte by byte."""
    if not drip:
        yield text
        return
    yield from (text[place : place + 1] for place in range(len(text)))
    while True:
        yield b"x"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(organization_name="Example CA")


def secured(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    return context


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def site_of(served: Served, *, tls: bool = True) -> Site:
    return Site(LOOPBACK, served.port, served.port, tls=tls)


# ------------------------------------------------------------------ handshakes and headers


@pytest.mark.parametrize(("spoken", "expected"), [(["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"), ([], "")])
def test_what_is_spoken_inside_tls_is_seen(
    spoken: list[str], expected: str, authority: trustme.CA, stack: ExitStack
) -> None:
    context = secured(authority)
    if spoken:
        context.set_alpn_protocols(spoken)
    served = stack.enter_context(serving(lambda *_: b"", context))
    seen = probe.handshake(site_of(served), HOST)
    assert seen.protocol == expected
    assert seen.not_before < seen.not_after


def test_headers_that_say_something_are_kept_and_no_cookie(authority: trustme.CA, stack: ExitStack) -> None:
    answer = http("200 OK", b"{}", "X-Content-Type-Options: nosniff", "Set-Cookie: session=secret", "X-Own: 1")
    served = stack.enter_context(serving(lambda *_: answer, secured(authority)))
    assert probe.get(site_of(served), HOST).headers == {"content-length": "2", "x-content-type-options": "nosniff"}


@pytest.mark.parametrize(
    "begun",
    [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"],
    ids=["in a header", "in the length of a chunk"],
)
def test_a_server_that_trickles_is_given_up(begun: bytes, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "SECONDS", 0.2)
    served = stack.enter_context(serving(lambda *_: begun, drip=0.01))
    started = time.monotonic()
    reply = probe.http(site_of(served), HOST)
    assert (reply.status, "no whole answer within 0.4 seconds" in reply.problem) == (0, True)
    assert time.monotonic() - started < LIMIT


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    assert probe.netloc("::1", 443, 443) == "[::1]"
    assert probe.netloc("::1", 8443, 443) == "[::1]:8443"
    assert probe.netloc(HOST, 8443, 443) == "demo.test:8443"


# ------------------------------------------------------------------ strangers


def stranger(answer: Answer, stack: ExitStack, context: ssl.SSLContext | None = None) -> tuple[Reply, Served]:
    served = stack.enter_context(serving(answer, context))
    return visitors.stranger(site_of(served, tls=bool(context)), HOST, "/v1/"), served


def by_name(answers: dict[str, bytes], _head: bytes, name: str) -> bytes:
    return answers[name]


def test_a_stranger_comes_under_a_name_that_nobody_has(authority: trustme.CA, stack: ExitStack) -> None:
    reply, served = stranger(lambda *_: http("404 Not Found", NOT_FOUND), stack, secured(authority))
    assert (reply.status, reply.by_proxy, reply.refused) == (404, True, True)
    assert all(head.startswith(b"GET /v1/ ") and b"Host: stack-check.invalid:" in head for head in served.heads)


@pytest.mark.parametrize("lax", [HOST, "stack-check.invalid"])
def test_an_app_that_answers_to_a_stranger_is_seen(lax: str, authority: trustme.CA, stack: ExitStack) -> None:
    answers = dict.fromkeys([HOST, "stack-check.invalid"], http("404 Not Found", NOT_FOUND)) | {lax: http("200 OK")}
    reply, _ = stranger(partial(by_name, answers), stack, secured(authority))
    assert (reply.status, reply.refused) == (200, False)


def test_a_stranger_is_asked_for_in_the_clear_where_https_ends_in_front(stack: ExitStack) -> None:
    reply, served = stranger(lambda *_: http("200 OK"), stack)
    assert (reply.status, len(served.heads)) == (200, 1)


# ------------------------------------------------------------------ large bodies


def test_a_large_body_is_announced_and_never_sent(authority: trustme.CA, stack: ExitStack) -> None:
    served = stack.enter_context(serving(lambda *_: b"HTTP/1.1 100 Continue\r\n\r\n", secured(authority)))
    reply = visitors.large(site_of(served), HOST, "/v1", 7_000_001)
    assert reply.status == 100
    (head,) = served.heads
    assert head.startswith(b"POST /v1/.well-known/stack-check/")
    assert b"Content-Length: 7000001\r\nExpect: 100-continue\r\n\r\n" in head
    assert served.rest == b""


@pytest.mark.parametrize("tls", [True, False], ids=["HTTPS", "HTTP"])
def test_a_refusal_of_a_large_body_is_seen(tls: bool, authority: trustme.CA, stack: ExitStack) -> None:
    answer = http("413 Request Entity Too Large", b"Request Entity Too Large")
    served = stack.enter_context(serving(lambda *_: answer, secured(authority) if tls else None))
    reply = visitors.large(site_of(served, tls=tls), HOST, "", 9)
    assert (reply.status, reply.problem) == (413, "")
    assert reply.url.startswith(f"http{'s' if tls else ''}://{HOST}:{served.port}/.well-known/")


@pytest.mark.parametrize("answer", [b"SSH-2.0-x\r\n", b"HTTP/1.1 2\r\n", b"x" * 3000])
def test_what_is_no_answer_to_a_large_body_is_told(answer: bytes, stack: ExitStack) -> None:
    served = stack.enter_context(serving(lambda *_: answer))
    reply = visitors.large(site_of(served, tls=False), HOST, "", 9)
    assert (reply.status, bool(reply.problem)) == (0, True)


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 4"], ids=["silent", "trickling"])
def test_who_waits_for_a_large_body_is_not_waited_for(
    begun: bytes, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visitors, "SECONDS", 0.2)
    served = stack.enter_context(serving(lambda *_: begun, drip=0.05 if begun else 0))
    started = time.monotonic()
    reply = visitors.large(site_of(served, tls=False), HOST, "", 9)
    assert (reply.status, "timed out" in reply.problem) == (0, True)
    assert time.monotonic() - started < LIMIT


def test_where_nothing_listens_a_large_body_is_a_problem() -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
    assert "refused" in visitors.large(Site(LOOPBACK, port, port), HOST, "", 9).problem


# ------------------------------------------------------------------ parts


def test_parts_are_asked_for_as_a_browser_does(stack: ExitStack) -> None:
    # Compressed by no one's rules: what came is not to be understood, only to be measured.
    answer = http("206 Partial Content", b"odd", "Content-Range: bytes 0-4095/20000", "Content-Encoding: gzip")
    served = stack.enter_context(serving(lambda *_: answer))
    seen = visitors.parts(site_of(served, tls=False), HOST, "/v1")
    assert [reply.url.partition(f":{served.port}")[2] for reply in seen] == ["/v1/", "/v1/openapi.json"]
    assert [reply.status for reply in seen] == [206, 206]
    assert seen[0].headers == {
        "content-length": "3",
        "content-range": "bytes 0-4095/20000",
        "content-encoding": "gzip",
    }
    assert all(b"Range: bytes=0-4095\r\n" in head for head in served.heads)
    assert all(b"Accept-Encoding: gzip, br, zstd\r\n" in head for head in served.heads)


# ------------------------------------------------------------------ old versions of TLS


@pytest.fixture
def lax(authority: trustme.CA) -> ssl.SSLContext:
    """Return what still speaks the oldest version."""
    context = secured(authority)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    return context


def test_old_versions_that_are_spoken_are_seen(lax: ssl.SSLContext, stack: ExitStack) -> None:
    served = stack.enter_context(serving(lambda *_: b"", lax))
    seen = outdated.look(site_of(served), HOST)
    assert seen in ({"TLS 1.0": True, "TLS 1.1": True}, None)  # None where the system's OpenSSL speaks neither


def test_old_versions_that_are_refused_are_seen(authority: trustme.CA, stack: ExitStack) -> None:
    served = stack.enter_context(serving(lambda *_: b"", secured(authority)))
    assert outdated.look(site_of(served), HOST) in ({"TLS 1.0": False, "TLS 1.1": False}, None)


def test_where_nobody_listens_no_version_was_refused() -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
    assert not outdated.look(Site(LOOPBACK, port, port), HOST)


def test_who_never_shakes_hands_is_not_waited_for(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outdated, "SECONDS", 0.05)
    listener = stack.enter_context(socket.create_server((LOOPBACK, 0)))
    started = time.monotonic()
    assert outdated.look(Site(LOOPBACK, 0, listener.getsockname()[1]), HOST) in (
        {"TLS 1.0": False, "TLS 1.1": False},
        None,
    )
    assert time.monotonic() - started < LIMIT


def test_a_library_that_cannot_speak_a_version_says_nothing_of_it(
    lax: ssl.SSLContext, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outdated, "CIPHERS", "ECDHE+AESGCM")  # which only TLS 1.2 has
    outdated.able.cache_clear()
    served = stack.enter_context(serving(lambda *_: b"", lax))
    assert outdated.look(site_of(served), HOST) is None
    outdated.able.cache_clear()
