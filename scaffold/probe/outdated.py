"""Whether versions of TLS are still spoken that nobody should speak (RFC 8996)."""

import socket
import ssl
import tempfile
import warnings
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from . import SECONDS, Site

VERSIONS: Mapping[str, ssl.TLSVersion] = {"TLS 1.0": ssl.TLSVersion.TLSv1, "TLS 1.1": ssl.TLSVersion.TLSv1_1}
CIPHERS = "ALL:!aNULL:@SECLEVEL=0"
"""Everything that has a certificate; OpenSSL's own level leaves out what these versions need."""
FLIGHTS = 8
"""How often two ends in memory take turns; a handshake takes half of that."""


def look(site: Site, host: str) -> dict[str, bool] | None:
    """Return whether each outdated version was accepted; none of them where nobody took a connection.

    None when we could not tell: our own library speaks none of them.
    """
    spoken = {name: version for name, version in VERSIONS.items() if able(version)}
    found = {name: _accepted(site, host, version) for name, version in spoken.items()}
    known = {name: answer for name, answer in found.items() if answer is not None}
    return known if spoken else None


def _accepted(site: Site, host: str, version: ssl.TLSVersion) -> bool | None:
    """Tell whether a handshake of one version is carried to its end; None where nothing listens."""
    try:
        plain = socket.create_connection(site.peer(site.https_port), timeout=SECONDS)
    except OSError:
        return None
    with plain:
        try:
            with _client(version).wrap_socket(plain, server_hostname=host) as secured:
                return secured.version() is not None
        except (OSError, ValueError):  # an alert, or an end without one; ValueError: a host that is no DNS name
            return False


@cache
def able(version: ssl.TLSVersion) -> bool:
    """Tell whether our own library speaks a version: proven by a handshake with itself."""
    try:
        return _agree(_client(version), _server(version))
    except (OSError, ValueError):  # ssl.SSLError among them
        return False


def _agree(client: ssl.SSLContext, server: ssl.SSLContext) -> bool:
    """Tell whether two ends come to terms, in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = {
        client.wrap_bio(to_client, to_server),
        server.wrap_bio(to_server, to_client, server_side=True),
    }
    for _ in range(FLIGHTS):
        for end in tuple(ends):
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
                ends.discard(end)
    return not ends


def _client(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return _only(context, version)


def _server(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder, "certificate.pem")
        pem.write_bytes(_certificate())
        context.load_cert_chain(pem)
    return _only(context, version)


def _only(context: ssl.SSLContext, version: ssl.TLSVersion) -> ssl.SSLContext:
    """Return a context that speaks one version, and nothing newer."""
    # By its text and for good: what restores filters afterwards would restore other threads' too.
    warnings.filterwarnings("ignore", r"ssl\.TLSVersion\.TLSv1(_1)? is deprecated", DeprecationWarning)
    context.set_ciphers(CIPHERS)
    context.minimum_version = context.maximum_version = version
    return context


def _certificate() -> bytes:
    """Return a key and a certificate for nobody."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    nobody = x509.Name([])
    certificate = (
        x509.CertificateBuilder(nobody, nobody, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + certificate.public_bytes(serialization.Encoding.PEM)
