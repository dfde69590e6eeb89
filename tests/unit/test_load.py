"""The visitors of the end-to-end tests, and a server of few words."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field

import pytest
import trustme

from tests.e2e.load import Events, Load, Socket, Tally, Visitors, Wish, ask, load

CLOSE = b""
"""An answer after which the connection is closed."""


@dataclass
class Server:
    """Answers each request by a function of its line, its body, and how many this connection has seen before."""

    answer: Callable[[str, bytes, int], bytes | None]
    """The bytes to send; CLOSE to end the connection, None to say nothing."""
    seconds: float = 0
    """How long each answer takes."""
    asked: list[str] = field(default_factory=list)
    after: bytes | None = None
    """What follows an answer by itself."""
    together: int = 1
    """None is answered before there are so many that wait for it."""

    def __post_init__(self) -> None:
        self._barrier = asyncio.Barrier(self.together)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, said = 0, None
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while (said := await self._one(reader, number)) != CLOSE:
                writer.write(said or b"")
                await writer.drain()
                if self.after == CLOSE:
                    break
                number += 1
        writer.transport.abort() if said == CLOSE else writer.close()

    async def _one(self, reader: asyncio.StreamReader, number: int) -> bytes | None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        sizes = [line.partition(":")[2] for line in head.splitlines() if line.startswith("Content-Length")]
        body = await reader.readexactly(int(sizes[0])) if sizes else b""
        line = " ".join(head.split()[:2])
        self.asked.append(line)
        await self._barrier.wait()
        await asyncio.sleep(self.seconds)
        return self.answer(line, body, number)


@pytest.fixture(scope="module")
def context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(made)
    return made


def document(said: object, status: int = 200, more: str = "") -> bytes:
    text = json.dumps(said)
    return f"HTTP/1.1 {status} -\r\nContent-Length: {len(text)}\r\n{more}\r\n{text}".encode()


def right(_line: str, body: bytes, _number: int) -> bytes:
    return document({"version": "7", **({"echo": json.loads(body)} if body else {})})


def visited(server: Server, context: ssl.SSLContext, **wish: object) -> Tally:
    """Return what becomes of a few requests."""

    async def visit() -> Tally:
        async with await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context) as listening:
            port = listening.sockets[0].getsockname()[1]
            wanted = {"rate": 1000, "connections": 2, "most": 6, "patience": 5, **wish}
            wanted.setdefault("crowd", wanted["connections"])
            visitors = Visitors(Wish(port, **wanted))  # type: ignore[arg-type]
            await visitors.visit(asyncio.Event())
            return visitors.tally

    return asyncio.run(visit())


@contextmanager
def serving(server: Server, context: ssl.SSLContext) -> Iterator[int]:
    """Serve from another thread, and give the port."""
    loop, ports = asyncio.new_event_loop(), []
    there, over = threading.Event(), asyncio.Event()

    async def serve() -> None:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
        ports.append(listening.sockets[0].getsockname()[1])
        there.set()
        await over.wait()
        listening.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    there.wait()
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()


def test_good_answers_are_counted_by_their_version(context: ssl.SSLContext) -> None:
    server = Server(right)

    tally = visited(server, context)

    assert sorted(server.asked) == ["GET /"] * 3 + ["POST /echo"] * 3
    assert (tally.sent, tally.statuses, tally.versions) == (6, {"200": 6}, {"7": 6})
    assert (tally.failed, tally.retried, tally.opened) == (0, 0, 2)
    assert set(tally.last) == {"7"}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (document({"version": "7", "echo": {"number": 99}}), "another body"),
        (document([]), "another body"),
        (document({"status": "ok"}), "another body"),
        (document("page not found", 404), "status 404"),
        (document({"version": "7"}, 502), "status 502"),
        (document({}, 302), "status 302"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "ValueError"),
        (b"no HTTP\r\n\r\n", "ValueError"),
    ],
    ids=["not what was sent", "a list", "no version", "Traefik's", "its other", "a redirect", "chunks", "noise"],
)
def test_another_answer_is_a_failure_and_says_why(context: ssl.SSLContext, said: bytes, why: str) -> None:
    tally = visited(Server(lambda *_: said), context, most=2, posts=False)

    assert tally.good == 0
    assert [one.partition(":")[0] for one in tally.failures] == [why]
    assert tally.failed == len(tally.examples) == 2


def test_half_an_answer_is_a_failure(context: ssl.SSLContext) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nhalf"

    tally = visited(Server(lambda *_: half, after=CLOSE), context, most=2, posts=False)

    assert [one.partition(":")[0] for one in tally.failures] == ["IncompleteReadError"]


def test_a_post_has_to_come_back_as_it_was_sent(context: ssl.SSLContext) -> None:
    tally = visited(Server(lambda *_: document({"version": "7"})), context)

    assert (tally.good, tally.failed) == (3, 3)


def test_slow_answers_do_not_lower_the_rate(context: ssl.SSLContext) -> None:
    server = Server(right, together=6)

    tally = visited(server, context, crowd=6)

    assert (tally.good, tally.opened) == (6, 6)


def test_a_request_that_finds_no_connection_free_waits_and_its_waiting_counts(context: ssl.SSLContext) -> None:
    tally = visited(Server(right, seconds=0.02), context, connections=1, most=4)

    assert (tally.good, tally.opened) == (4, 1)
    assert tally.slowest >= 0.07


def test_a_connection_that_was_closed_meanwhile_is_opened_again_and_nothing_is_sent_twice(
    context: ssl.SSLContext,
) -> None:
    tally = visited(Server(right, after=CLOSE), context, connections=1, rate=20, most=3)

    assert (tally.good, tally.retried, tally.opened) == (3, 0, 3)


def test_a_connection_that_the_server_says_it_closes_is_used_no_more(context: ssl.SSLContext) -> None:
    tally = visited(Server(lambda *_: document({"version": "7"}, 200, "Connection: close\r\n")), context, posts=False)

    assert (tally.good, tally.opened) == (6, 6)


def only_first(line: str, body: bytes, number: int) -> bytes:
    return CLOSE if number else right(line, body, number)


def test_only_what_may_be_asked_twice_is_sent_again_when_a_kept_connection_ends(context: ssl.SSLContext) -> None:
    tally = visited(Server(only_first), context, connections=1, most=3)

    # A GET, a POST that finds the connection closed, and a GET on a new one
    assert (tally.good, tally.failed, tally.retried) == (2, 1, 0)
    assert "idle" in next(iter(tally.failures))

    tally = visited(Server(only_first), context, connections=1, most=3, posts=False)

    assert (tally.good, tally.failed, tally.retried) == (3, 0, 2)


def test_nothing_is_sent_again_on_a_new_connection(context: ssl.SSLContext) -> None:
    tally = visited(Server(lambda *_: CLOSE), context, posts=False)

    assert (tally.failed, tally.retried) == (6, 0)


def test_nobody_listening_is_a_failure() -> None:
    visitors = Visitors(Wish(1, rate=1000, connections=1, most=2))

    asyncio.run(visitors.visit(asyncio.Event()))

    assert visitors.tally.failed == 2


def test_who_has_no_turn_in_time_has_no_answer_either(context: ssl.SSLContext) -> None:
    tally = visited(Server(lambda *_: None), context, connections=1, patience=0.05, most=20)

    assert tally.failures == {"no answer within 0.05 s": 20}


def test_the_process_goes_on_until_the_block_ends(context: ssl.SSLContext) -> None:
    with serving(Server(right), context) as port, load(port, connections=4) as some:
        assert some.tally.versions.keys() == {"7"}

    assert some.tally.good == some.tally.sent >= 20
    assert str(some.tally).startswith(f"{some.tally.sent} requests, 0 failed")


def test_which_versions_answer_is_told_of_what_comes_from_now_on() -> None:
    some, over = Load(), threading.Event()

    def told() -> Iterator[str]:
        for number in range(5000):
            yield json.dumps(asdict(Tally(sent=9999, versions={"1": 60, "2": number})))
            if over.wait(0.001):
                return

    reading = threading.Thread(target=some.follow, args=(told(),))
    reading.start()
    some.await_first(61)

    assert some.answering(10) == {"2"}
    over.set()
    reading.join()


def test_visitors_who_have_left_are_not_waited_for() -> None:
    some = Load()
    some.follow([json.dumps(asdict(Tally(sent=5, failures={"status 502": 5})))])

    with pytest.raises(AssertionError, match="status 502"):
        some.answering()


def frame(kind: int, body: bytes) -> bytes:
    size = bytes([len(body)]) if len(body) < 126 else b"\x7e" + len(body).to_bytes(2, "big")
    return bytes([0x80 | kind]) + size + body


def test_a_websocket_hears_texts_and_why_it_is_closed(context: ssl.SSLContext) -> None:
    long = "x" * 300
    frames = (frame(9, b"?"), frame(1, b"7"), frame(1, long.encode()), frame(8, (1012).to_bytes(2, "big") + b"bye"))
    server = Server(lambda *_: b"HTTP/1.1 101 -\r\nUpgrade: websocket\r\n\r\n" + b"".join(frames), after=CLOSE)

    with serving(server, context) as port, Socket(port, 5) as socket:
        assert socket.ends()

    assert (socket.said, socket.code) == (["7", long], 1012)
    assert socket.ended


def test_a_stream_is_heard_until_it_ends_or_nobody_listens_any_more(context: ssl.SSLContext) -> None:
    begun = b"HTTP/1.1 200 -\r\n\r\n8\r\ndata: 7\n\n\r\n"
    with serving(Server(lambda *_: begun), context) as port, Events(port, 5) as events:
        assert not events.ended

    assert events.said == ["7"]
    assert events.ended


def test_one_question_on_a_connection_of_its_own(context: ssl.SSLContext) -> None:
    with serving(Server(right), context) as port:
        assert ask(port, "/block") == {"version": "7"}
