"""The local certificate authority: one per user, for localhost and private names.

The root's key never leaves the user's data folder; a project gets a leaf and its key.
"""

import getpass
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from platformdirs import user_data_path

from . import wholefile
from .errors import NotReady, WrongInput
from .facts import Leaf
from .project import LEAVES, LOCAL

ROOT_LIFE = timedelta(days=3650)
LEAF_LIFE = timedelta(days=365)  # Mozilla's and Apple's limit is 366 to 398 (FACTS T21)
BACKDATED = timedelta(hours=1)  # clocks of machines and containers differ
PRIVATE = 0o700

TRAEFIK = """\
# Written by `stack up`: the certificate of the local authority.
tls:
  certificates:
    - certFile: /etc/traefik/dynamic/local/{name}.crt
      keyFile: /etc/traefik/dynamic/local/{name}.key
"""
DEFAULT = """\
  stores:
    default:
      defaultCertificate:
        certFile: /etc/traefik/dynamic/local/{name}.crt
        keyFile: /etc/traefik/dynamic/local/{name}.key
"""
"""For whoever asks for no name, or for another one; where several have certificates, none is everybody's."""


@dataclass(frozen=True)
class Authority:
    """Root certificate and key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def root_path() -> Path:
    """Return where the root certificate of this user's authority is, or will be."""
    return user_data_path("fastapi-stack") / "authority" / "root.pem"


def sign(directory: Path, hosts: tuple[str, ...], now: datetime, name: str = LOCAL) -> None:
    """Put a certificate for these hosts, its key and Traefik's note of both into a project, as files of this name."""
    authority = _ensure(now)
    key = ec.generate_private_key(ec.SECP256R1())
    try:
        certificate = _leaf(authority, hosts, key, now)
    except ValueError as error:
        raise WrongInput(
            f"no certificate can name {', '.join(hosts)}: {error}", hint="write the name in ASCII"
        ) from error
    try:
        folder = directory / LEAVES
        folder.mkdir(parents=True, exist_ok=True)
        # Traefik is another user: it may read the files, and on the host only the owner reaches the folder.
        folder.parent.chmod(PRIVATE)
        folder.chmod(0o755)
        wholefile.write(folder / f"{name}.key", _pem(key), 0o444)
        wholefile.write(folder / f"{name}.crt", certificate.public_bytes(serialization.Encoding.PEM), 0o444)
        wholefile.write(folder / f"{name}.yaml", _note(name).encode(), 0o444)
    except OSError as error:
        raise NotReady(
            f"the local certificate cannot be written: {error}",
            hint=f"you should own {directory / LEAVES.parent} and all in it",
        ) from error


def _note(name: str) -> str:
    """Return what Traefik is told of a certificate."""
    return (TRAEFIK + (DEFAULT if name == LOCAL else "")).format(name=name)


def drop(directory: Path, name: str = LOCAL) -> None:
    """Take the local certificate out of a project, so that Traefik orders one from its authority instead."""
    for suffix in (".yaml", ".crt", ".key"):
        (directory / LEAVES / f"{name}{suffix}").unlink(missing_ok=True)


def look(directory: Path, name: str = LOCAL) -> Leaf | None:
    """Return the local certificate that lies in a project under this name; None without a readable one."""
    try:
        leaf = x509.load_pem_x509_certificate((directory / LEAVES / f"{name}.crt").read_bytes())
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return None
    key, note = directory / LEAVES / f"{name}.key", directory / LEAVES / f"{name}.yaml"
    ours = note.exists() and _has_key(leaf, key) and _signed_by_us(leaf)
    return Leaf(tuple(names.get_values_for_type(x509.DNSName)), leaf.not_valid_after_utc, ours)


def _has_key(leaf: x509.Certificate, key: Path) -> bool:
    """Tell whether the key beside a certificate is its own: an interrupted `sign` may leave half of a pair."""
    try:
        return _private_key(key.read_bytes()).public_key() == leaf.public_key()
    except (OSError, ValueError, TypeError):
        return False


def _signed_by_us(leaf: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(root_path().read_bytes()))
    except Exception:  # noqa: BLE001 - a missing root, a broken file and a foreign signature all mean: sign anew
        return False
    return True


def _ensure(now: datetime) -> Authority:
    """Return this user's authority, made at its first use."""
    folder = root_path().parent
    try:
        if not root_path().exists():
            _create(folder, now)
        certificate = x509.load_pem_x509_certificate(root_path().read_bytes())
        return _whole(Authority(certificate, _private_key((folder / "root.key").read_bytes())), now)
    except (OSError, ValueError, TypeError) as error:
        raise NotReady(
            f"the local authority in {folder} cannot be used: {error}", hint="move the folder away; a new one is made"
        ) from error


def _whole(authority: Authority, now: datetime) -> Authority:
    """Return an authority whose parts belong together and that lasts; ValueError when not."""
    if authority.key.public_key() != authority.certificate.public_key():
        raise ValueError("root.key is not the key of root.pem")
    if authority.certificate.not_valid_after_utc < now + LEAF_LIFE:
        raise ValueError("root.pem ends before a certificate would")
    return authority


def _create(folder: Path, now: datetime) -> None:
    """Make an authority in one move, so that a folder that exists is a whole one."""
    if folder.exists():
        raise ValueError("root.pem is not there, and the folder is")
    folder.parent.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        fresh = Path(name) / folder.name
        fresh.mkdir(mode=PRIVATE)
        wholefile.write(fresh / "root.key", _pem(key), 0o400)
        wholefile.write(fresh / "root.pem", _root(key, now).public_bytes(serialization.Encoding.PEM), 0o444)
        try:
            fresh.rename(folder)
        except OSError:
            if not root_path().exists():  # another `stack` may have been quicker
                raise


def _root(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"stack local authority of {getpass.getuser()}"[:64])])
    builder = _builder(name, name, key, now, ROOT_LIFE).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    return builder.add_extension(_usage(signs=True), critical=True).sign(key, hashes.SHA256())


def _leaf(
    authority: Authority, hosts: tuple[str, ...], key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])])
    builder = _builder(name, authority.certificate.subject, key, now, LEAF_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName(_alternative_names(hosts)), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    return builder.add_extension(issuer, critical=False).sign(authority.key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - BACKDATED).not_valid_after(now - BACKDATED + life)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _usage(*, signs: bool) -> x509.KeyUsage:
    unused: dict[str, Any] = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, **unused)


def _alternative_names(hosts: tuple[str, ...]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in hosts]
    loopback = ["127.0.0.1", "::1"] if "localhost" in hosts else []
    return names + [x509.IPAddress(ip_address(address)) for address in loopback]


def _private_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("root.key is not an elliptic curve key")  # noqa: TRY004 - the file's content is wrong, not a type
    return key


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
