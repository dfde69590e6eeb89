"""The directory of an ACME authority: whether it answers, what it is called in CAA records, what time it has."""

import json
import socket
import ssl
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3 import exceptions

from ..facts import Directory
from . import SECONDS, _beginning, _blind, _cause
from .patience import until

REDIRECTS = 1
"""How many are followed; authorities have none, or one."""
NEEDED = ("newNonce", "newOrder")
"""What a directory of RFC 8555, section 7.1.1, cannot lack."""
CLOCK = {9, 10}
"""OpenSSL's numbers for "not yet valid" and "expired": here our clock is the likelier cause."""
STRANGERS = {2, 18, 19, 20, 21}
"""Those for a chain that ends at no root we know."""


class _Unusable(Exception):
    """What came is no directory; the reason is its text."""


def look(url: str, roots: Path | None, now: datetime) -> Directory:
    """Return the directory at an address; `roots` are the only authorities to believe there, None the system's.

    After SECONDS it is given up, wherever it is: the system looks a name up for as long as it likes.
    """
    try:
        context = ssl.create_default_context(cafile=str(roots) if roots else None)
    except OSError as error:  # ssl.SSLError among them
        return Directory(url, problem=f"the roots in {roots} cannot be read: {error}")
    start, host, late = time.monotonic(), _host(url), f"within {SECONDS} seconds"
    if not host:
        return Directory(url, problem=f"{url} is no https address")
    try:
        if not until(start + SECONDS, partial(_resolves, host)):
            return Directory(url, problem=f"{host} cannot be resolved")
    except TimeoutError:
        return Directory(url, problem=f"{host} cannot be resolved {late}")
    try:
        return until(start + SECONDS, partial(_looked, url, context, now, start))
    except TimeoutError:
        return Directory(url, problem=f"{host} does not answer {late}")


def _resolves(host: str) -> bool:
    """Tell whether the system knows a host."""
    try:
        return bool(socket.getaddrinfo(host, None))
    except (OSError, UnicodeError):  # UnicodeError: a host that no DNS name can be
        return False


def _looked(url: str, context: ssl.SSLContext, now: datetime, start: float) -> Directory:
    """Return the directory at an address; `now` was at `start`."""
    try:
        answer, body = _fetched(url, context, start + SECONDS)
    except _Unusable as error:
        return Directory(url, problem=str(error))
    except (exceptions.HTTPError, ValueError) as error:
        return Directory(url, problem=_explained(url, error), ahead=_unproven(url, error, now, start))
    ahead = _ahead(answer, now, start)
    try:
        return Directory(url, identities=_identities(answer.status, body), ahead=ahead)
    except _Unusable as error:
        return Directory(url, problem=str(error), ahead=ahead)


def _fetched(url: str, context: ssl.SSLContext, deadline: float) -> tuple[urllib3.BaseHTTPResponse, bytes]:
    """Return the answer at an address, or where that redirects to over HTTPS."""
    pool = urllib3.PoolManager(ssl_context=context)
    for _ in range(REDIRECTS + 1):
        if not _host(url):
            raise _Unusable(f"{url} is no https address")
        left = urllib3.Timeout(total=max(deadline - time.monotonic(), 0.001))
        headers = {"User-Agent": "stack-check", "Accept": "application/json"}
        answer = pool.request(
            "GET", url, headers=headers, redirect=False, retries=False, preload_content=False, timeout=left
        )
        location = answer.get_redirect_location()
        if not location:
            return answer, _beginning(answer)
        answer.close()
        url = urljoin(url, location)
    raise _Unusable(f"more than {REDIRECTS} redirect, the last to {url}")


def _identities(status: int, body: bytes) -> tuple[str, ...]:
    """Return the names that CAA records allow an authority by; _Unusable when this is no directory."""
    if status != HTTPStatus.OK:
        raise _Unusable(f"it answers with status {status}")
    try:
        directory: dict[str, Any] = json.loads(body)
        if not all(isinstance(directory[key], str) for key in NEEDED):
            raise _Unusable("what it answers is no ACME directory")
        return tuple(str(name).lower() for name in (directory.get("meta") or {}).get("caaIdentities") or ())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _Unusable("what it answers is no ACME directory") from error


def _ahead(answer: urllib3.BaseHTTPResponse, now: datetime, start: float) -> timedelta | None:
    """Return our clock minus the one that dated an answer, which has taken its time since `start`."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return None
    if theirs.tzinfo is None:  # "-0000"
        theirs = theirs.replace(tzinfo=UTC)
    return now + timedelta(seconds=time.monotonic() - start) - theirs


def _unproven(url: str, error: Exception, now: datetime, start: float) -> timedelta | None:
    """Return how far our clock is ahead where that may be why the certificate was refused: taken unproven."""
    refused = _refusal(error)
    if refused is None or refused.verify_code not in CLOCK:
        return None
    urllib3.disable_warnings(exceptions.InsecureRequestWarning)
    try:
        # Half of the time that is left, so that what is known already is told in time.
        return _ahead(_fetched(url, _blind(), (time.monotonic() + start + SECONDS) / 2)[0], now, start)
    except (_Unusable, exceptions.HTTPError, ValueError):
        return None


def _refusal(error: Exception) -> ssl.SSLCertVerificationError | None:
    inner = error.__cause__ or error.__context__ or (error.args[0] if error.args else None)
    return inner if isinstance(inner, ssl.SSLCertVerificationError) else None


def _explained(url: str, error: Exception) -> str:
    """Return why there was no answer, as one sentence."""
    host = _host(url)
    if refused := _refusal(error):
        return f"the certificate of {host} is refused: {refused.verify_message}{_advice(refused.verify_code)}"
    if isinstance(error, exceptions.NameResolutionError):
        return f"{host} cannot be resolved"
    refused_at_once = isinstance(error, exceptions.NewConnectionError)  # which urllib3 counts among the timeouts
    if isinstance(error, exceptions.TimeoutError) and not refused_at_once:
        return f"{host} does not answer within {SECONDS} seconds"
    return f"{host} cannot be reached: {_cause(error)}"


def _host(url: str) -> str:
    """Return the host of an https address; empty when it is none."""
    with suppress(ValueError):
        parts = urlsplit(url)
        return (parts.hostname or "") if parts.scheme == "https" else ""
    return ""


def _advice(code: int) -> str:
    if code in STRANGERS:
        return " (STACK_ACME_ROOT in .env names the root of a private authority)"
    return " (is this machine's clock right?)" if code in CLOCK else ""
