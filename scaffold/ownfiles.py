"""The user's own certificate: what lies in secrets/tls, and whether Traefik can serve it. Nothing is written."""

import stat
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise, starmap
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from .facts import OwnFiles
from .project import SECRETS

FOLDER = SECRETS / "tls"
CHAIN = "fullchain.pem"
KEY = "privkey.pem"


def own(directory: Path, now: datetime) -> OwnFiles:
    """Return what a project's own certificate is, and the first reason why Traefik could not serve it.

    `alone` tells whether the certificates that follow it are not now those of its authority.
    """
    folder = directory / FOLDER
    unread = next(filter(None, (_unread(folder, name) for name in (CHAIN, KEY))), "")
    if unread:
        return OwnFiles(problem=unread)
    try:
        leaf, *rest = x509.load_pem_x509_certificates((folder / CHAIN).read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm):
        return OwnFiles(problem=f"{CHAIN} is not a certificate in PEM")
    return OwnFiles(
        names=_names(leaf),
        issuer=_issuer(leaf),
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        alone=not _leads_on(leaf, rest, now),
        problem=_mismatch(leaf, rest, folder / KEY) or _closed(folder),
    )


def _leads_on(leaf: x509.Certificate, rest: Sequence[x509.Certificate], now: datetime) -> bool:
    """Tell whether a client finds the way from a certificate to its authority in what follows it."""
    if not rest:
        return not _has_parent(leaf)
    lasts = all(one.not_valid_before_utc <= now < one.not_valid_after_utc for one in rest)
    return lasts and all(starmap(_signed, pairwise([leaf, *rest])))


def _unread(folder: Path, name: str) -> str:
    """Say why a file is not there for Traefik, whose container has this one folder; empty when it is."""
    path = folder / name
    try:
        path.read_bytes()
    except FileNotFoundError:
        return f"{name} is not there"
    except OSError as error:
        return f"{name} cannot be read: {error.strerror}"
    if path.is_symlink() and (path.readlink().is_absolute() or folder.resolve() not in path.resolve().parents):
        return f"{name} is a link to {path.readlink()}, which is not in Traefik's container: put a copy there"
    return ""


def _mismatch(leaf: x509.Certificate, rest: Sequence[x509.Certificate], key: Path) -> str:
    """Say why the key does not belong to the first certificate; empty when it does."""
    try:
        public = _public(key)
    except ValueError as error:
        return str(error)
    if _is_for(leaf, public):
        return ""
    if any(_is_for(one, public) for one in rest):
        return f"the server's certificate does not come first in {CHAIN}"
    return f"{KEY} is not the key of the certificate in {CHAIN}"


def _is_for(certificate: x509.Certificate, public: PublicKeyTypes) -> bool:
    try:
        return certificate.public_key() == public
    except (ValueError, UnsupportedAlgorithm):
        return False


def _public(key: Path) -> PublicKeyTypes:
    """Return the public half of a key; ValueError with the reason when Traefik could not take it."""
    try:
        return serialization.load_pem_private_key(key.read_bytes(), password=None).public_key()
    except TypeError:  # how the library says that a password is wanted
        raise ValueError(f"{KEY} is encrypted, and nobody is there to type its password") from None
    except (OSError, ValueError, UnsupportedAlgorithm):
        raise ValueError(f"{KEY} is not a private key in PEM") from None


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _closed(folder: Path) -> str:
    """Say which file Traefik may not read: it is another user, for whom the folder above is no hindrance."""
    mode = folder.stat().st_mode
    if not (mode & stat.S_IROTH and mode & stat.S_IXOTH):
        return f"{FOLDER} may be listed by its owner only, and Traefik is another user: chmod 755"
    shut = [name for name in (CHAIN, KEY) if not (folder / name).stat().st_mode & stat.S_IROTH]
    return f"{shut[0]} may be read by its owner only, and Traefik is another user: chmod 444" if shut else ""


def _has_parent(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate says where its authority's own one is to be had, as every public one has to."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    return any(one.access_method == AuthorityInformationAccessOID.CA_ISSUERS for one in found)


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return ()
    return tuple(name.lower() for name in found.get_values_for_type(x509.DNSName))


def _issuer(certificate: x509.Certificate) -> str:
    named = certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(named[0].value) if named else certificate.issuer.rfc4514_string()
