"""Somebody between `stack` and the Docker Engine: passes on what is asked, and spoils an answer here and there.

A request for each connection: what is passed on says `Connection: close`, unless it is to become a stream.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection
from typing import Any

from .stacks import docker

Spoil = Callable[[Any], Any]
"""Takes the document that the engine answers with, and returns the one that is told."""
HEAD_END = b"\r\n\r\n"
BROKEN = (BrokenPipeError, ConnectionError, OSError)


@dataclass
class Between:
    """What is done to requests; a pattern is looked for in method and path: `GET /v1.45/info`."""

    address: str = ""
    """What DOCKER_HOST has to be."""
    spoilt: Mapping[str, Spoil] = field(default_factory=dict)
    silent: str = ""
    """Requests that never get an answer."""
    gone: str = ""
    """Requests for things that are not there, any more."""
    lives: int | None = None
    """After so many requests the engine is no more: this one and all others get nothing."""
    asked: list[str] = field(default_factory=list)
    """The requests so far."""
    _open: set[socket.socket] = field(default_factory=set)
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, listening: socket.socket) -> None:
        """Take connections until the end."""
        with suppress(*BROKEN):
            while not self._over.is_set():
                client, _ = listening.accept()
                self._open.add(client)
                threading.Thread(target=self._answer, args=(client, listening), daemon=True).start()

    def end(self, listening: socket.socket) -> None:
        """Be no more: nobody listens, and whoever waits for an answer gets none."""
        self._over.set()
        for one in (listening, *self._open):
            with suppress(*BROKEN):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _answer(self, client: socket.socket, listening: socket.socket) -> None:
        with suppress(*BROKEN), client:
            head, body = _request(client)
            what = " ".join(head.decode().split()[:2])
            with self._lock:
                self.asked.append(what)
                dead = self.lives is not None and len(self.asked) > self.lives
            if dead:
                self.end(listening)
            elif self.silent and re.search(self.silent, what):
                self._over.wait()
            elif self.gone and re.search(self.gone, what):
                client.sendall(_document(404, {"message": "No such container"}))
            elif spoil := next((one for pattern, one in self.spoilt.items() if re.search(pattern, what)), None):
                status, document = ask(what.split()[1])
                client.sendall(_document(status, spoil(document)))
            else:
                _pass_on(client, head, body)


@contextmanager
def between(**does: Any) -> Iterator[Between]:
    """Stand between the Docker Engine and whoever uses this address for it."""
    folder = tempfile.mkdtemp(prefix="between-")  # a socket's path is short
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"{folder}/docker.sock")
    listening.listen(64)
    one = Between(f"unix://{folder}/docker.sock", **does)
    thread = threading.Thread(target=one.serve, args=(listening,), daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.end(listening)
        thread.join()
        shutil.rmtree(folder)


def ask(path: str) -> tuple[int, Any]:
    """Return status and document of a GET to the engine itself."""
    connection = HTTPConnection("docker", timeout=30)
    connection.sock = _engine()
    connection.request("GET", path)
    answer = connection.getresponse()
    status, text = answer.status, answer.read()
    connection.close()
    return status, json.loads(text)


def _engine() -> socket.socket:
    """Connect to the engine that the tests use."""
    upstream = socket.socket(socket.AF_UNIX)
    upstream.connect(_place())
    return upstream


@cache
def _place() -> str:
    return docker("context", "inspect", "--format", "{{.Endpoints.docker.Host}}").removeprefix("unix://")


def _request(client: socket.socket) -> tuple[bytes, bytes]:
    """Return the head of a request, and what has come of its body with it."""
    said = b""
    while HEAD_END not in said:
        more = client.recv(65536)
        if not more:
            raise ConnectionError
        said += more
    head, _, body = said.partition(HEAD_END)
    return head, body


def _pass_on(client: socket.socket, head: bytes, body: bytes) -> None:
    """Give a request to the engine, and everything after it in both directions."""
    lines = head.split(b"\r\n")
    if not any(line.lower().startswith(b"upgrade:") for line in lines):
        lines = [line for line in lines if not line.lower().startswith(b"connection:")] + [b"Connection: close"]
    with _engine() as upstream:
        upstream.sendall(b"\r\n".join(lines) + HEAD_END + body)
        threading.Thread(target=_pump, args=(client, upstream), daemon=True).start()
        _pump(upstream, client)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(*BROKEN):
        while more := source.recv(65536):
            target.sendall(more)
        target.shutdown(socket.SHUT_WR)


def _document(status: int, document: Any) -> bytes:
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
    return head.encode() + HEAD_END + body
