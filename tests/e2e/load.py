"""Visitors over HTTPS on this machine: very many with short questions, and some who stay.

    python -m tests.e2e.load '{"port": 8443, "rate": 200}'

is a process of its own, so that the work of a test does not slow it. It ends when its standard input does; each line
that it prints is the tally so far. Nothing here is imported that it does not need.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from socket import SHUT_RDWR, create_connection
from typing import IO, Any, Self

ROOT = Path(__file__).parents[2]
HERE, HOST = "127.0.0.1", "localhost"
END = b"\r\n\r\n"
TELL_SECONDS = 0.25
"""How often the tally is told."""
START_SECONDS = 30
"""How long the first answers may take."""
SOME = 20
"""Requests that are answered before a test begins."""
EXAMPLES = 20
"""How many failures are kept in full."""


@dataclass(frozen=True)
class Wish:
    """What is to be asked for, and how often."""

    port: int
    rate: float = 200
    """Requests a second, however long their answers take."""
    connections: int = 32
    """How many are kept and used in turn, from the beginning."""
    crowd: int = 256
    """How many there may be: a request that finds none free opens one, and past that it waits."""
    path: str = "/"
    posts: bool = True
    """Whether every second request is a POST."""
    patience: float = 20
    """Seconds after which an answer comes too late, from when the request was due."""
    seconds: float = 900
    most: int = 200_000
    """Seconds and requests after which it ends by itself."""


@dataclass
class Tally:
    """What became of the requests so far; moments are of the monotonic clock, which all processes here share."""

    sent: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    """Good answers, by the version that gave them."""
    failures: dict[str, int] = field(default_factory=dict)
    """By what was wrong with them."""
    retried: int = 0
    """How often a connection that had lain idle was closed by the server when a request was on its way."""
    opened: int = 0
    """Connections."""
    slowest: float = 0
    """Seconds from when a request was due to its answer."""
    first: dict[str, float] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)
    """When each version gave its first good answer, and its last."""
    examples: list[str] = field(default_factory=list)

    @property
    def good(self) -> int:
        return sum(self.versions.values())

    @property
    def failed(self) -> int:
        return sum(self.failures.values())

    @property
    def ended(self) -> int:
        return self.good + self.failed

    def __str__(self) -> str:
        parts = [f"{self.sent} requests", f"{self.failed} failed", f"{self.retried} sent twice"]
        parts += [f"slowest {self.slowest:.1f} s", f"by version {self.versions}"]
        return ", ".join(parts) + "".join(f"\n  {one}" for one in (*map(str, self.failures.items()), *self.examples))


# ------------------------------------------------------------------ one connection


class Unanswered(Exception):
    """The server closed a connection before the first byte of an answer; `idle` when it had served before."""

    def __init__(self, *, idle: bool) -> None:
        super().__init__(f"closed without an answer, {'after it had lain idle' if idle else 'at its first request'}")
        self.idle = idle


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


class Connection:
    """One that is kept between requests, and opened when it is needed."""

    def __init__(self, port: int, tally: Tally, context: ssl.SSLContext) -> None:
        self._port, self._tally, self._context = port, tally, context
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> Answer:
        """Send a request and return the answer; whatever goes wrong, the connection is used no more."""
        if self._streams and self._streams[0].at_eof():
            self.close()
        idle = self._streams is not None
        try:
            reader, writer = self._streams = self._streams or await self._open()
            answer, kept = await _exchanged(reader, writer, request, idle=idle)
        except BaseException:
            self.close()
            raise
        if not kept:
            self.close()
        return answer

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._tally.opened += 1
        return await asyncio.open_connection(HERE, self._port, ssl=self._context, server_hostname=HOST)

    def close(self) -> None:
        if self._streams:
            self._streams[1].transport.abort()
        self._streams = None


async def _exchanged(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, *, idle: bool
) -> tuple[Answer, bool]:
    """Return the answer to a request, and whether the connection stays open."""
    try:
        writer.write(request)
        first = await reader.read(1)
    except ConnectionError as error:
        raise Unanswered(idle=idle) from error
    if not first:
        raise Unanswered(idle=idle)
    lines = (first + await reader.readuntil(END)).lower().split(b"\r\n")
    headers = {name: value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
    if b"content-length" not in headers:
        raise ValueError("the answer does not tell its length")
    body = await reader.readexactly(int(headers[b"content-length"]))
    return Answer(int(lines[0].split()[1]), body), headers.get(b"connection") != b"close"


# ------------------------------------------------------------------ many


class Visitors:
    """Requests, each sent when it is due, whatever became of those before."""

    def __init__(self, wish: Wish) -> None:
        self.wish, self.tally = wish, Tally()
        self._context, self._begun = unverified(), 0.0
        self._idle = deque(self._connection() for _ in range(wish.connections))
        self._places = asyncio.Semaphore(wish.crowd)

    def _connection(self) -> Connection:
        return Connection(self.wish.port, self.tally, self._context)

    async def visit(self, enough: asyncio.Event) -> None:
        """Send requests until it is enough, and wait for all the answers, as long as one may take."""
        try:
            async with asyncio.TaskGroup() as asking:
                await self._pace(enough, asking)
        finally:
            for connection in self._idle:
                connection.close()

    async def _pace(self, enough: asyncio.Event, asking: asyncio.TaskGroup) -> None:
        self._begun = time.monotonic()  # the clock of the event loop, too
        while self.tally.sent < self.wish.most and not enough.is_set():
            due = self._begun + self.tally.sent / self.wish.rate
            if due > self._begun + self.wish.seconds:
                return
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            asking.create_task(self._ask(self.tally.sent, due))
            self.tally.sent += 1

    async def _ask(self, number: int, due: float) -> None:
        sent = {"number": number} if self.wish.posts and number % 2 else None
        try:
            async with asyncio.timeout_at(due + self.wish.patience), self._places:
                answer = await self._taken(sent)
        except TimeoutError:
            self._bad(f"no answer within {self.wish.patience:g} s", number, due)
        except (OSError, EOFError, ValueError, Unanswered) as error:
            self._bad(f"{type(error).__name__}: {error}"[:120], number, due)
        else:
            self._judge(answer, sent, number, due)
        self.tally.slowest = max(self.tally.slowest, time.monotonic() - due)

    async def _taken(self, sent: object) -> Answer:
        connection = self._idle.popleft() if self._idle else self._connection()
        try:
            return await self._answered(connection, sent)
        finally:
            self._idle.append(connection)

    async def _answered(self, connection: Connection, sent: object) -> Answer:
        """Return an answer; as every client does, ask once more for what may be asked twice (RFC 9110, 9.2.2)."""
        request = _request("GET", self.wish.path) if sent is None else _request("POST", "/echo", json.dumps(sent))
        try:
            return await connection.ask(request)
        except Unanswered as error:
            if not error.idle or sent is not None:
                raise
        self.tally.retried += 1
        return await connection.ask(request)

    def _judge(self, answer: Answer, sent: object, number: int, due: float) -> None:
        tally, status = self.tally, str(answer.status)
        tally.statuses[status] = tally.statuses.get(status, 0) + 1
        if wrong := mistaken(answer, sent):
            self._bad(wrong, number, due)
            return
        version = str(json.loads(answer.body)["version"])
        tally.versions[version] = tally.versions.get(version, 0) + 1
        tally.last[version] = time.monotonic()
        tally.first.setdefault(version, tally.last[version])

    def _bad(self, why: str, number: int, due: float) -> None:
        self.tally.failures[why] = self.tally.failures.get(why, 0) + 1
        if len(self.tally.examples) < EXAMPLES:
            after = f"{due - self._begun:.1f} s, for {time.monotonic() - due:.1f} s"
            self.tally.examples.append(f"number {number}, after {after}: {why}")


def mistaken(answer: Answer, sent: object) -> str:
    """Return what is wrong with an answer; empty when nothing is. What was sent has to come back."""
    text = answer.body.decode(errors="replace").strip()[:60]
    if not 200 <= answer.status < 300:
        return f"status {answer.status}: {text}"
    try:
        said = json.loads(answer.body)
        right = "version" in said and said.get("echo") == sent
    except (ValueError, TypeError, AttributeError):
        right = False
    return "" if right else f"another body: {text}"


def _request(method: str, path: str, body: str = "") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n{body}".encode()


def unverified() -> ssl.SSLContext:
    """Return what speaks TLS with anybody: whose certificate it is, other tests look at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


# ------------------------------------------------------------------ as a process


async def _main(wish: Wish) -> None:
    visitors, enough = Visitors(wish), asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), enough.set)
    telling = asyncio.create_task(_tell(visitors.tally))
    await visitors.visit(enough)
    telling.cancel()
    _say(visitors.tally)


async def _tell(tally: Tally) -> None:
    while True:
        _say(tally)
        await asyncio.sleep(TELL_SECONDS)


def _say(tally: Tally) -> None:
    print(json.dumps(asdict(tally)), flush=True)


class Load:
    """What comes from visitors who are another process."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._told, self._over, self._news = 0, False, threading.Condition()

    def follow(self, lines: Iterable[str]) -> None:
        """Read tallies until there are no more."""
        for line in lines:
            with self._news:
                self.tally, self._told = Tally(**json.loads(line)), self._told + 1
                self._news.notify_all()
        with self._news:
            self._over = True
            self._news.notify_all()

    def answering(self, count: int = 50) -> set[str]:
        """Return the versions that give the next good answers."""
        with self._news:
            told = self._told
            self._await(lambda: self._told > told + 1)  # what is told next may be of a moment ago
            before = self.tally
            self._await(lambda: self.tally.ended >= before.ended + count)
            return {name for name, number in self.tally.versions.items() if number > before.versions.get(name, 0)}

    def await_first(self, count: int) -> None:
        """Wait until the first are answered, well or not; with none, until they are there."""
        with self._news:
            self._await(lambda: bool(self._told) and self.tally.ended >= count)

    def _await(self, condition: Callable[[], bool]) -> None:
        came = self._news.wait_for(lambda: self._over or condition(), START_SECONDS)
        assert came, f"the visitors get no answers: {self.tally}"
        assert not self._over, f"the visitors left: {self.tally}"


@contextmanager
def load(port: int, **wish: Any) -> Iterator[Load]:
    """Have visitors come until the block ends; afterwards the tally is whole."""
    wanted, told = Wish(port, **wish), Load()
    words = [sys.executable, "-m", "tests.e2e.load", json.dumps(asdict(wanted))]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        reading = threading.Thread(target=told.follow, args=(process.stdout,))
        reading.start()
        try:
            # Before anything is done to those who answer
            told.await_first(min(SOME, wanted.most) if wanted.path == Wish.path else 0)
            yield told
        finally:
            process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                process.wait(wanted.patience + 10)
            process.kill()
            reading.join()


# ------------------------------------------------------------------ some who stay


def connected(port: int, patience: float) -> ssl.SSLSocket:
    """Return a connection on which nothing has been said yet."""
    plain = create_connection((HERE, port), timeout=patience)
    try:
        return unverified().wrap_socket(plain, server_hostname=HOST)
    except BaseException:
        plain.close()
        raise


def ask(port: int, path: str, patience: float = 20) -> Any:
    """Return the JSON document that a GET on a connection of its own is answered with."""
    with closing(HTTPConnection(HOST, port)) as connection:
        connection.sock = connected(port, patience)
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())


class Staying:
    """One connection that stays open, read in the background until somebody ends it."""

    ASKING = ""

    def __init__(self, port: int, patience: float = 90) -> None:
        self.said: list[str] = []
        self.ended = 0.0
        """When, on the monotonic clock; 0 before."""
        self._news, self._patience = threading.Condition(), patience
        self._connection = connected(port, patience)
        self._connection.sendall(f"GET {self.ASKING}Host: {HOST}\n\n".replace("\n", "\r\n").encode())
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def __enter__(self) -> Self:
        try:
            self._await(lambda: bool(self.said) or bool(self.ended))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._connection.shutdown(SHUT_RDWR)
        self._thread.join()
        self._connection.close()

    def ends(self) -> bool:
        """Wait for the end, and tell whether it has come."""
        return self._await(lambda: bool(self.ended))

    def _await(self, condition: Callable[[], bool]) -> bool:
        with self._news:
            return self._news.wait_for(condition, self._patience)

    def _listen(self) -> None:
        with suppress(OSError), self._connection.makefile("rb") as lines:
            self._read(lines)
        with self._news:
            self.ended = time.monotonic()
            self._news.notify_all()

    def _hear(self, text: str) -> None:
        with self._news:
            self.said.append(text)
            self._news.notify_all()

    def _read(self, lines: IO[bytes]) -> None:
        raise NotImplementedError


class Events(Staying):
    """Somebody who listens to server-sent events."""

    ASKING = "/events HTTP/1.1\nAccept: text/event-stream\n"

    def _read(self, lines: IO[bytes]) -> None:
        for line in lines:
            if line.startswith(b"data: "):
                self._hear(line.removeprefix(b"data: ").decode().strip())


class Socket(Staying):
    """Somebody at a WebSocket, who answers what the protocol (RFC 6455) wants to be answered."""

    ASKING = (
        "/ws HTTP/1.1\nConnection: Upgrade\nUpgrade: websocket\n"
        "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
    )
    TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
    code = 0
    """Why the server closed it."""

    def _read(self, lines: IO[bytes]) -> None:
        if b" 101 " not in lines.readline():
            return
        while lines.readline().strip():
            pass
        while head := lines.read(2):
            self._take(head[0] & 0xF, lines.read(_length(head[1], lines)))

    def _take(self, kind: int, body: bytes) -> None:
        if kind == self.TEXT:
            self._hear(body.decode())
        elif kind == self.CLOSE:
            self.code = struct.unpack("!H", body[:2])[0] if body else 0
            self._send(self.CLOSE, body[:2])
        elif kind == self.PING:
            self._send(self.PONG, body)

    def _send(self, kind: int, body: bytes) -> None:
        """Send a short frame, masked, as a client has to; by a mask that changes nothing."""
        self._connection.sendall(bytes([0x80 | kind, 0x80 | len(body), 0, 0, 0, 0]) + body)


def _length(short: int, lines: IO[bytes]) -> int:
    if short < 126:
        return short
    kind, size = ("!H", 2) if short == 126 else ("!Q", 8)
    return int(struct.unpack(kind, lines.read(size))[0])


if __name__ == "__main__":
    asyncio.run(_main(Wish(**json.loads(sys.argv[1]))))
