"""TLS as somebody outside meets it, and what the proxy passes on of requests that are odd, large or long."""

from __future__ import annotations

import socket
import ssl
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from tests.rig.linters import ENVIRONMENT

from .conftest import Make
from .stacks import Done, Stack, eventually, run

APP = """
import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

app = FastAPI()
GO = Path("/tmp/go")


@app.get("/")
@app.get("/healthz")
async def alive() -> str:
    return "alive"


@app.get("/headers")
async def headers(request: Request) -> list[str]:
    return [name.decode() for name, _ in request.headers.raw]


@app.put("/size")
async def size(request: Request) -> int:
    return sum([len(piece) async for piece in request.stream()])


@app.get("/own")
async def own(response: Response) -> None:
    response.headers["Strict-Transport-Security"] = "max-age=9"


@app.post("/events")
async def events(request: Request) -> StreamingResponse:
    await request.body()  # who answers before has Traefik end the stream now and then: it cannot send the rest
    GO.unlink(missing_ok=True)
    return StreamingResponse(two(), media_type="text/event-stream")


async def two() -> AsyncIterator[str]:
    yield "data: before"
    while not GO.exists():
        await asyncio.sleep(0.05)
    yield "data: after"


@app.get("/go")
async def go() -> None:
    GO.touch()
"""
MEGABYTE = 1_000_000
OFF = {"STACK_HSTS_SECONDS": "0", "STACK_UPLOAD_MB": "0"}
# Nobody listens there, so that no authority can be asked.
ACME = {"STACK_CERTIFICATES": "custom", "STACK_ACME_DIRECTORY": "https://127.0.0.1:1/dir"}


@pytest.fixture(scope="module")
def stack(make: Make) -> Stack:
    stack = make("tls", STACK_HSTS_SECONDS="300", STACK_UPLOAD_MB="1")
    stack.new()
    (stack.folder / "app/main.py").write_text(APP)
    up = stack.stack("up")
    # A local certificate, and browsers are to insist on it: not what anybody should do.
    assert up.failed == {"tls.hsts"}, up.everything
    return stack


@contextmanager
def settings(stack: Stack, changed: Mapping[str, str]) -> Iterator[None]:
    """Run the proxy with other lines in .env, for a while."""
    before = dict(stack.env)
    try:
        start_proxy(stack, {**before, **changed})
        yield
    finally:
        start_proxy(stack, before)


def start_proxy(stack: Stack, env: dict[str, str]) -> None:
    """Start the proxy anew where its settings changed, until it serves the app; no certificate is looked at."""
    stack.env = env
    up = stack.compose("up", "--detach", "--wait", "traefik")
    assert up.status == 0, up.everything
    eventually(lambda: stack.get("localhost").status == 200)


def handshake(stack: Stack, context: ssl.SSLContext, name: str = "localhost") -> str | None:
    """Speak TLS, and return the protocol that was agreed upon for what follows."""
    with (
        socket.create_connection(("127.0.0.1", stack.https_port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as secured,
    ):
        return secured.selected_alpn_protocol()


def trusting() -> ssl.SSLContext:
    """Return a context for any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def connection(stack: Stack) -> HTTPConnection:
    """Return a connection to send odd requests on."""
    made = HTTPConnection("localhost", stack.https_port)
    made.sock = stack.secured(socket.create_connection(("127.0.0.1", stack.https_port), timeout=10))
    return made


def header(stack: Stack, path: str, name: str) -> str | None:
    """Return a header of the answer."""
    with closing(connection(stack)) as asked:
        asked.request("GET", path)
        return asked.getresponse().getheader(name)


def put(stack: Stack, size: int, *, sized: bool) -> tuple[int, str]:
    """Upload something, and return the answer."""
    pieces = (b"x" * min(10_000, size - sent) for sent in range(0, size, 10_000))
    with closing(connection(stack)) as asked:
        asked.request("PUT", "/size", pieces, {"Content-Length": str(size)} if sized else {}, encode_chunked=not sized)
        answer = asked.getresponse()
        return answer.status, answer.read().decode()


# ---------------------------------------------------------------- TLS


def mozilla(stack: Stack, *words: str | Path) -> Done:
    """Have sslyze compare what is served with Mozilla's intermediate profile."""
    if not (ENVIRONMENT / "ready").exists():
        pytest.fail("sslyze is not installed: make .venv-lint/ready", pytrace=False)
    place = f"localhost:{stack.https_port}"
    return run(ENVIRONMENT / "bin/python", "-m", "sslyze", "--mozilla_config", "intermediate", *words, place)


def test_mozillas_intermediate_profile_holds(stack: Stack, own_data_folder: Path) -> None:
    root = own_data_folder / "fastapi-stack/authority/root.pem"

    verdict = mozilla(stack, "--certinfo_ca_file", root)

    assert "OK - Compliant" in verdict.out, verdict.everything
    assert verdict.status == 0


def test_without_the_authoritys_root_only_the_trust_is_missing(stack: Stack) -> None:
    verdict = mozilla(stack)

    assert verdict.status == 1
    complaints = [line.strip() for line in verdict.out.splitlines() if line.startswith("        * ")]
    assert complaints == ["* certificate_path_validation: Certificate path validation failed for CN=localhost."]


def test_http_2_is_agreed_upon(stack: Stack) -> None:
    context = trusting()
    context.set_alpn_protocols(["h2", "http/1.1"])

    assert handshake(stack, context) == "h2"


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_an_old_version_is_refused(stack: Stack, version: str) -> None:
    context = trusting()
    context.set_ciphers("ALL:@SECLEVEL=0")  # else it is refused here, before it is asked for
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]

    with pytest.raises(ssl.SSLError, match=r"(?i)alert protocol version"):
        handshake(stack, context)


def test_the_local_certificate_answers_to_an_unknown_name(stack: Stack) -> None:
    assert handshake(stack, trusting(), "unknown.example") is None  # a handshake, and no protocol asked for


def test_without_a_local_authority_an_unknown_name_gets_an_alert(stack: Stack) -> None:
    with settings(stack, ACME):
        handshake(stack, trusting())

        with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
            handshake(stack, trusting(), "unknown.example")


# ---------------------------------------------------------------- headers


def test_nothing_is_ruled_out_before_somebody_says_so(stack: Stack) -> None:
    with settings(stack, OFF):
        assert header(stack, "/", "Strict-Transport-Security") is None
        assert header(stack, "/own", "Strict-Transport-Security") == "max-age=9"
        for sized in (True, False):
            assert put(stack, 3 * MEGABYTE, sized=sized) == (200, str(3 * MEGABYTE))


def test_plain_http_is_ruled_out_for_this_name_alone(stack: Stack) -> None:
    assert header(stack, "/", "Strict-Transport-Security") == "max-age=300"


def test_names_that_backends_take_for_another_are_not_passed_on(stack: Stack) -> None:
    odd = ["X_Forwarded_For", "X.Forwarded.For", "X~Forwarded~Proto", "X_Custom", "api_key"]

    seen = stack.get("localhost", "/headers", dict.fromkeys([*odd, "X-Custom"], "1")).json

    assert "x-custom" in seen
    assert set(seen).isdisjoint(map(str.lower, odd))


# ---------------------------------------------------------------- uploads


@pytest.mark.parametrize("sized", [True, False])
def test_a_body_below_the_limit_passes(stack: Stack, sized: bool) -> None:
    assert put(stack, MEGABYTE - 1, sized=sized) == (200, str(MEGABYTE - 1))


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(stack: Stack) -> None:
    for size in ("1000000", "1999999", "2000000", "12345678901", "0001000000"):
        with closing(connection(stack)) as asked:
            asked.putrequest("PUT", "/size")
            asked.putheader("Content-Length", size)
            asked.endheaders()

            assert asked.getresponse().status == 413, size


def test_a_body_that_turns_out_too_large_is_refused(stack: Stack) -> None:
    assert put(stack, MEGABYTE + 20_000, sized=False)[0] == 413


def test_a_stream_arrives_piece_by_piece_with_a_limit(stack: Stack) -> None:
    with closing(connection(stack)) as asked:
        asked.request("POST", "/events", b"x" * (MEGABYTE - 1))
        answer = asked.getresponse()

        assert piece(answer) == "data: before"  # nothing more is sent until this has been read
        assert stack.get("localhost", "/go").status == 200
        assert piece(answer) == "data: after"


def piece(answer: HTTPResponse) -> str:
    """Return what has arrived of an answer; TimeoutError when nothing does."""
    return answer.read1().decode()
