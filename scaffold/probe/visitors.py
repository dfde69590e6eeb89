"""What visitors meet who come otherwise than most: for a name that nobody has, with far too much, for a part only."""

import re
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ..facts import Reply
from ..project import HTTPS_PORT
from . import HTTP_PORT, SECONDS, Site, _blind, get, netloc

STRANGER = "stack-check.invalid"
"""A name that nobody can have (RFC 2606, section 2)."""
PAGES = ("/", "/openapi.json")
PART = "bytes=0-4095"
"""More than whoever compresses leaves alone for being small: 500 bytes at Starlette, 1024 at Traefik."""
COMPRESSED = "gzip, br, zstd"
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r\n]")
LONGEST = 1000
"""Bytes that a status line may have."""


def stranger(site: Site, host: str, path: str) -> Reply:
    """Return the answer to one GET for a host that nobody has: the app's, if one answers.

    TLS is told a name that is served, so that there is an answer at all, and then the one that nobody has.
    """
    seen = [get(site, STRANGER, path, named=name) for name in ((host, STRANGER) if site.tls else (host,))]
    return next((reply for reply in seen if not reply.refused), seen[0])


def parts(site: Site, host: str, prefix: str) -> tuple[Reply, ...]:
    """Return the answers to requests for the beginning of some pages, by a client that takes compressed ones."""
    headers = {"Range": PART, "Accept-Encoding": COMPRESSED}
    return tuple(get(site, host, f"{prefix}{page}", headers) for page in PAGES)


def large(site: Site, host: str, prefix: str, length: int) -> Reply:
    """Return the answer to the head of a POST whose body would be so long; nothing of the body is sent.

    Status 100 is an answer, too: that the body may come.
    """
    port, usual = (site.https_port, HTTPS_PORT) if site.tls else (site.http_port, HTTP_PORT)
    path, asked = f"{prefix}/.well-known/stack-check/{secrets.token_hex(8)}", netloc(host, port, usual)
    url = f"http{'s' if site.tls else ''}://{asked}{path}"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {asked}\r\nUser-Agent: stack-check\r\nConnection: close\r\n"
        f"Content-Type: application/octet-stream\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
    )
    try:
        with _connected(site, host, port) as connection:
            connection.sendall(head.encode())
            said = _first_line(connection)
    except (OSError, ValueError) as error:  # ValueError: a host that no DNS name can be
        return Reply(url, problem=str(error))
    found = STATUS.match(said)
    return Reply(url, status=int(found[1])) if found else Reply(url, problem=f"no HTTP came, but {said[:40]!r}")


@contextmanager
def _connected(site: Site, host: str, port: int) -> Iterator[socket.socket]:
    with socket.create_connection(site.peer(port), timeout=SECONDS) as plain:
        if not site.tls:
            yield plain
            return
        with _blind().wrap_socket(plain, server_hostname=host) as secured:
            yield secured


def _first_line(connection: socket.socket) -> bytes:
    """Return the first line of what comes, whole; TimeoutError when it does not come in time."""
    deadline, got = time.monotonic() + SECONDS, b""
    while b"\n" not in got and len(got) < LONGEST:
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
        piece = connection.recv(LONGEST)
        if not piece:
            break
        got += piece
    return got
