"""Look at the site from outside: TCP, TLS and HTTP, as a client does."""

import json
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3
from cryptography import x509
from cryptography.x509.oid import NameOID

from ..errors import WrongInput
from ..facts import Awaited, Handshake, Reply
from ..project import HTTPS_PORT
from .patience import until

HTTP_PORT = 80
TRAEFIK_NOT_FOUND = b"404 page not found\n"
LARGEST_BODY = 4_000_000
"""Bytes of an answer that are read; OpenAPI documents are smaller."""
SECONDS = 5
"""How long one connection or one answer may take."""
CERTIFICATE_SECONDS = 45
"""How long an ACME order may take; authorities answer within 15 s (FACTS T19)."""
AFTER_ERROR_SECONDS = 5
"""How long a certificate may still come after Traefik logged that an order failed: a second order may be under way."""
POLL_SECONDS = 0.5
PROTOCOLS = ("h2", "http/1.1")
"""What a browser offers to speak inside TLS (RFC 7301)."""
HEADERS = frozenset(
    {
        *("content-encoding", "content-length", "content-range", "content-type"),
        *("server", "strict-transport-security", "x-content-type-options"),
    }
)
"""The headers of an answer that are looked at. No other is kept: a cookie is a secret."""


@dataclass(frozen=True)
class Site:
    """Where to look, and whom to believe."""

    address: str
    http_port: int
    https_port: int
    roots: Path | None = None
    """PEM file of the only authorities to believe; None for the system's."""
    tls: bool = True
    """Whether it speaks HTTPS itself, and not something in front of it."""
    issuers: str | None = None
    """How the names of issuers begin that are believed whoever signed for them; None for none."""
    besides: bool = False
    """Whether the system's authorities are believed beside the roots."""
    ways: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    """Where the ports are reached from here, of a server that does not show them; else they are at the address."""

    def peer(self, port: int) -> tuple[str, int]:
        """Return where to connect to for one of the ports."""
        return self.ways.get(port, (self.address, port))

    def believes(self, issuer: str) -> bool:
        """Tell whether an issuer is believed by its name alone."""
        return self.issuers is not None and issuer.startswith(self.issuers)


def handshake(site: Site, host: str) -> Handshake:
    """Return what a TLS handshake for one name gives, and why a client would refuse it."""
    try:
        return _shaken(site, host, _verifying(site))
    except ssl.SSLCertVerificationError as error:
        problem = error.verify_message
    except (OSError, ValueError) as error:  # ValueError: a host that no DNS name can be
        return Handshake(problem=f"no TLS handshake with {site.address}:{site.https_port}: {error}")
    try:
        seen = _shaken(site, host, _blind())
        return seen if site.believes(seen.issuer) else replace(seen, problem=problem)
    except OSError as error:
        return Handshake(problem=f"{problem}; {error}")


def await_certificate(
    site: Site,
    host: str,
    complaints: Callable[[], tuple[str, ...]],
    say: Callable[[str], None],
    seconds: float = CERTIFICATE_SECONDS,
) -> Awaited:
    """Wait until the served certificate is accepted; return what was served last, and the complaints until then."""
    deadline = time.monotonic() + seconds
    said: tuple[str, ...] = ()
    while not (seen := handshake(site, host)).accepted_for(host):
        say(f"{host}: {seen.problem or 'for another name'}")
        if not said and (said := complaints()):
            deadline = min(deadline, time.monotonic() + AFTER_ERROR_SECONDS)
        if time.monotonic() > deadline:
            break
        time.sleep(POLL_SECONDS)
    return Awaited(host, seen, said)


def get(site: Site, host: str, path: str = "/", headers: Mapping[str, str] | None = None, *, named: str = "") -> Reply:
    """Return the answer to one GET, over HTTPS with whatever certificate: checks of their own judge that.

    The name that TLS is told is the host's, unless another is named.
    """
    return _app(site, host, path, headers, named)[0]


def http(site: Site, host: str, path: str = "/") -> Reply:
    """Return the answer to one GET over plain HTTP."""
    return _http(site, host, path, {})[0]


def slash_redirect(site: Site, host: str, prefix: str = "") -> Reply | None:
    """Return the answer for a route with a trailing slash, asked for without it; None when the app has none.

    The app's OpenAPI document has its paths without the prefix below which it is served.
    """
    reply, body = _app(site, host, f"{prefix}/openapi.json")
    path = slash_path(body) if reply.status == HTTPStatus.OK else None
    return get(site, host, f"{prefix}{path.rstrip('/')}") if path else None


def slash_path(openapi: bytes) -> str | None:
    """Return the first path of an OpenAPI document that GET knows, that ends in a slash and has no parameter."""
    try:
        paths: Mapping[str, Any] = json.loads(openapi)["paths"]
        return next(
            (
                path
                for path, item in paths.items()
                if len(path) > 1 and path.endswith("/") and "{" not in path and "get" in item
            ),
            None,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _app(
    site: Site, host: str, path: str, headers: Mapping[str, str] | None = None, named: str = ""
) -> tuple[Reply, bytes]:
    return _https(site, host, path, headers or {}, named) if site.tls else _http(site, host, path, headers or {})


def _http(site: Site, host: str, path: str, headers: Mapping[str, str]) -> tuple[Reply, bytes]:
    pool = urllib3.HTTPConnectionPool(*site.peer(site.http_port), timeout=SECONDS)
    return _get(pool, "http", netloc(host, site.http_port, HTTP_PORT), path, headers)


def _https(site: Site, host: str, path: str, headers: Mapping[str, str], named: str) -> tuple[Reply, bytes]:
    pool = urllib3.HTTPSConnectionPool(
        *site.peer(site.https_port),
        server_hostname=named or host,
        assert_hostname=False,
        ssl_context=_blind(),
        timeout=SECONDS,
    )
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return _get(pool, "https", netloc(host, site.https_port, HTTPS_PORT), path, headers)


def _get(
    pool: urllib3.HTTPConnectionPool, scheme: str, authority: str, path: str, headers: Mapping[str, str]
) -> tuple[Reply, bytes]:
    url = f"{scheme}://{authority}{path}"
    sent = {"Host": authority, "User-Agent": "stack-check", **headers}
    try:
        # Each byte may come in time, and all of them never.
        answer, body = until(time.monotonic() + 2 * SECONDS, partial(_fetched, pool, path, sent))
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        return Reply(url, problem=_cause(error)), b""
    except TimeoutError:
        return Reply(url, problem=f"no whole answer within {2 * SECONDS} seconds"), b""
    location = answer.headers.get("Location", "")
    kept = {name.lower(): value for name, value in answer.headers.items() if name.lower() in HEADERS}
    by_proxy = body == TRAEFIK_NOT_FOUND
    return Reply(url, status=answer.status, location=location, by_proxy=by_proxy, headers=kept), body


def _fetched(
    pool: urllib3.HTTPConnectionPool, path: str, sent: Mapping[str, str]
) -> tuple[urllib3.BaseHTTPResponse, bytes]:
    answer = pool.request(
        "GET",
        path,
        headers=sent,
        redirect=False,
        retries=False,
        preload_content=False,
        # Who asks for a part of something compressed wants to see just that.
        decode_content="Accept-Encoding" not in sent,
    )
    return answer, _beginning(answer)


def _beginning(answer: urllib3.BaseHTTPResponse) -> bytes:
    """Return a body, or what came of it in time: a stream may never end."""
    deadline, body = time.monotonic() + SECONDS, b""
    while time.monotonic() < deadline and len(body) < LARGEST_BODY and (piece := answer.read1(LARGEST_BODY)):
        body += piece
    answer.close()
    return body


def _cause(error: Exception) -> str:
    """Return the innermost reason: urllib3 wraps what the system said."""
    return str(error.__cause__ or error.__context__ or error)


def netloc(host: str, port: int, usual: int) -> str:
    """Return host and port as the Host header has them (RFC 9110, section 7.2)."""
    name = f"[{host}]" if ":" in host else host
    return name if port == usual else f"{name}:{port}"


def _verifying(site: Site) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(site.roots) if site.roots else None)
        if site.besides:
            context.load_default_certs()
    except (OSError, ssl.SSLError) as error:
        raise WrongInput(
            f"the roots in {site.roots} cannot be read: {error}", hint="a PEM file with the authority's root"
        ) from error
    # Names are judged by a check of their own, so that each complaint has one cause.
    context.check_hostname = False
    return context


def _blind() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _shaken(site: Site, host: str, context: ssl.SSLContext) -> Handshake:
    context.set_alpn_protocols(PROTOCOLS)
    with (
        socket.create_connection(site.peer(site.https_port), timeout=SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        protocol = secured.selected_alpn_protocol() or ""
        return _described(secured.getpeercert(binary_form=True) or b"", protocol)


def _described(der: bytes, protocol: str) -> Handshake:
    certificate = x509.load_der_x509_certificate(der)
    return Handshake(
        _names(certificate),
        _issuer(certificate),
        certificate.not_valid_after_utc,
        not_before=certificate.not_valid_before_utc,
        protocol=protocol,
    )


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    addresses = map(str, extension.value.get_values_for_type(x509.IPAddress))
    return (*extension.value.get_values_for_type(x509.DNSName), *addresses)


def _issuer(certificate: x509.Certificate) -> str:
    named = certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(named[0].value) if named else certificate.issuer.rfc4514_string()
