"""Ask what nobody outside should reach, at the addresses of containers: an engine elsewhere has none that lead here."""

import json
import socket
from collections.abc import Iterable, Mapping

import urllib3

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


def accepts(address: str, port: int) -> bool:
    """Tell whether something takes connections there."""
    try:
        socket.create_connection((address, port), timeout=SECONDS).close()
    except OSError:
        return False
    return True


def api(peers: Iterable[tuple[str, int]], host: str) -> tuple[str, ...]:
    """Return where Traefik's own API or dashboard answered: addresses."""
    found = []
    for address, port in peers:
        for pool in _pools(address, port, host):
            found += [
                f"{pool.scheme}://{address}:{port}{path}"
                for path in (VERSION, DASHBOARD)
                if _is_traefiks(pool, host, path)
            ]
    return tuple(found)


def socket_proxy(address: str, port: int = 2375) -> Mapping[str, int]:
    """Return the status of what it answers, 0 for nothing, by request; nothing when it cannot be reached from here."""
    if not accepts(address, port):
        return {}
    pool = urllib3.HTTPConnectionPool(address, port, timeout=SECONDS, retries=False)
    return {f"{method} {path}": _status(pool, method, path) for method, path in WRITES}


def _pools(address: str, port: int, host: str) -> tuple[urllib3.HTTPConnectionPool, ...]:
    """Return the ways to speak to a port; none when it is closed."""
    if not accepts(address, port):
        return ()
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    secured = urllib3.HTTPSConnectionPool(
        address, port, timeout=SECONDS, server_hostname=host, assert_hostname=False, ssl_context=_blind()
    )
    return (urllib3.HTTPConnectionPool(address, port, timeout=SECONDS), secured)


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
