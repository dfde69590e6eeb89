"""Ask what nobody outside should reach, at the addresses of containers: those of a server, through sockets to there."""

import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from . import _blind

SECONDS = 2
"""How long one connection or one answer may take, on this machine."""
ENOUGH = 100_000
"""Bytes of an answer that tell what it is."""
VERSION, DASHBOARD = "/api/version", "/dashboard/"
NOBODY = "stack-check-no-such-container"
WRITES: tuple[tuple[str, str], ...] = (
    ("GET", "/_ping"),
    ("POST", f"/containers/{NOBODY}/kill"),
    ("DELETE", f"/containers/{NOBODY}"),
    ("GET", "/images/json"),
)
"""What the proxy in front of Docker's API is asked: the first it has to answer, the rest it has to refuse. If it does
not, there is no container of that name to be ended."""


@dataclass(frozen=True)
class Peer:
    """A port at an address, and the socket here that leads to it where the address does not."""

    address: str
    port: int
    through: Path | None = None

    def connected(self) -> socket.socket:
        """Return a connection; OSError. Of one through a socket, that it is open says nothing yet."""
        if self.through is None:
            return socket.create_connection((self.address, self.port), timeout=SECONDS)
        own = socket.socket(socket.AF_UNIX)
        own.settimeout(SECONDS)
        own.connect(str(self.through))
        return own


class _Plain(HTTPConnection):
    peer: Peer

    def _new_conn(self) -> socket.socket:
        return self.peer.connected()


class _Secured(HTTPSConnection):
    peer: Peer

    def _new_conn(self) -> socket.socket:
        return self.peer.connected()


def accepts(peer: Peer) -> bool:
    """Tell whether something takes connections there; through a socket, whether a server of HTTP or HTTPS does."""
    try:
        with peer.connected() as own:
            return peer.through is None or _speaks(own)
    except OSError:
        return False


def _speaks(own: socket.socket) -> bool:
    """Tell whether a server of HTTP or HTTPS is at the other end; both say something to this."""
    own.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
    return own.recv(1) != b""


def api(peers: Iterable[Peer], host: str) -> tuple[str, ...]:
    """Return where Traefik's own API or dashboard answered: addresses."""
    found = []
    for peer in peers:
        for pool in _pools(peer, host):
            found += [
                f"{pool.scheme}://{peer.address}:{peer.port}{path}"
                for path in (VERSION, DASHBOARD)
                if _is_traefiks(pool, host, path)
            ]
    return tuple(found)


def socket_proxy(peer: Peer) -> Mapping[str, int]:
    """Return the status of what it answers, 0 for nothing, by request; nothing when it cannot be reached from here."""
    if not accepts(peer):
        return {}
    pool = _pool(peer)
    return {f"{method} {path}": _status(pool, method, path) for method, path in WRITES}


def _pool(peer: Peer) -> urllib3.HTTPConnectionPool:
    pool = urllib3.HTTPConnectionPool(peer.address, peer.port, timeout=SECONDS, retries=False)
    pool.ConnectionCls = type("_Plain", (_Plain,), {"peer": peer})
    return pool


def _pools(peer: Peer, host: str) -> tuple[urllib3.HTTPConnectionPool, ...]:
    """Return the ways to speak to a port; none when it is closed."""
    if not accepts(peer):
        return ()
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    secured = urllib3.HTTPSConnectionPool(
        peer.address, peer.port, timeout=SECONDS, server_hostname=host, assert_hostname=False, ssl_context=_blind()
    )
    secured.ConnectionCls = type("_Secured", (_Secured,), {"peer": peer})
    return (_pool(peer), secured)


def _is_traefiks(pool: urllib3.HTTPConnectionPool, host: str, path: str) -> bool:
    try:
        answer = pool.request("GET", path, headers={"Host": host}, redirect=False, retries=False, preload_content=False)
        body = answer.read(ENOUGH)
        answer.release_conn()
    except (urllib3.exceptions.HTTPError, ValueError):
        return False
    return is_api(body) if path == VERSION else b"<title>Traefik" in body


def is_api(body: bytes) -> bool:
    """Tell whether an answer is Traefik's own about its version, and no app's."""
    try:
        document = json.loads(body)
    except ValueError:
        return False
    return isinstance(document, dict) and {"Version", "Codename"} <= set(document)


def _status(pool: urllib3.HTTPConnectionPool, method: str, path: str) -> int:
    try:
        return int(pool.request(method, path, redirect=False, retries=False).status)
    except urllib3.exceptions.HTTPError:
        return 0
