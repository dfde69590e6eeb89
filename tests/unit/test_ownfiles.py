"""The user's own certificate: what is read from the files, and what is said of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from scaffold import ownfiles
from scaffold.checks import Status
from scaffold.checks.ownfiles import files
from scaffold.facts import OwnFiles
from scaffold.project import FILES

from ..builders import HOST, NOW, OTHER_HOST, facts, project, with_environment, with_hosts

ROOT = trustme.CA()
MIDDLE = ROOT.create_child_ca()
ENDS = datetime.now(UTC).replace(microsecond=0) + timedelta(days=60)
LEAF = MIDDLE.issue_cert("Demo.shop", "*.demo.shop", not_after=ENDS)
CERTIFICATE, PARENT = (one.bytes() for one in LEAF.cert_chain_pems)
KEY = LEAF.private_key_pem.bytes()
STRANGER = trustme.CA().issue_cert(HOST)


def pem(key: Any, password: bytes | None = None) -> bytes:
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a project's folder for its own certificate, with a good one."""
    place = tmp_path / "secrets" / "tls"
    place.mkdir(parents=True)
    place.chmod(0o755)
    (place / "fullchain.pem").write_bytes(CERTIFICATE + PARENT)
    (place / "privkey.pem").write_bytes(KEY)
    for path in place.iterdir():
        path.chmod(0o644)
    return place


def own(folder: Path, now: datetime | None = None) -> OwnFiles:
    return ownfiles.own(folder.parents[1], now or datetime.now(UTC))


# ------------------------------------------------------------------ reading


def test_a_good_pair_is_read(folder: Path) -> None:
    found = own(folder)
    assert (found.problem, found.names, found.not_after, found.alone) == ("", (HOST, "*.demo.shop"), ENDS, False)
    assert found.issuer
    assert found.not_before < found.not_after


def test_the_days_are_those_of_the_servers_certificate(folder: Path) -> None:
    ends = datetime(4000, 1, 1, tzinfo=UTC)
    long = MIDDLE.issue_cert(HOST, not_after=ends)
    (folder / "fullchain.pem").write_bytes(b"".join(one.bytes() for one in long.cert_chain_pems))
    (folder / "privkey.pem").write_bytes(long.private_key_pem.bytes())
    assert x509.load_pem_x509_certificate(PARENT).not_valid_after_utc < ends
    assert own(folder).not_after == ends


@pytest.mark.parametrize("name", ["fullchain.pem", "privkey.pem"])
def test_a_file_that_is_not_there_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert own(folder) == OwnFiles(problem=f"{name} is not there")


def test_without_the_folder_the_certificate_is_not_there(tmp_path: Path) -> None:
    assert ownfiles.own(tmp_path, NOW).problem == "fullchain.pem is not there"


def test_a_folder_in_the_place_of_a_file_is_named(folder: Path) -> None:
    (folder / "privkey.pem").unlink()
    (folder / "privkey.pem").mkdir()
    assert own(folder).problem.startswith("privkey.pem cannot be read")


@pytest.mark.parametrize("absolute", [True, False])
def test_a_link_that_leads_out_of_the_folder_is_named(folder: Path, absolute: bool) -> None:
    archive = folder.parent / "archive.pem"
    (folder / "fullchain.pem").rename(archive)
    (folder / "fullchain.pem").symlink_to(archive if absolute else Path("../archive.pem"))
    assert "fullchain.pem is a link to" in own(folder).problem


def test_a_link_inside_the_folder_will_do(folder: Path) -> None:
    (folder / "privkey.pem").rename(folder / "privkey1.pem")
    (folder / "privkey.pem").symlink_to("privkey1.pem")
    assert own(folder).problem == ""


BROKEN = PARENT.replace(b"MII", b"AAA", 1)
"""Traefik 3.7.15 sends it on without a word, and OpenSSL 3.0.19 breaks off the handshake."""


@pytest.mark.parametrize(
    "content",
    [b"", b"words", b"\x30\x82\x01", KEY, CERTIFICATE + BROKEN],
    ids=["empty", "words", "DER", "a key", "the second one broken"],
)
def test_what_is_no_certificate_is_named(folder: Path, content: bytes) -> None:
    (folder / "fullchain.pem").write_bytes(content)
    assert own(folder) == OwnFiles(problem="fullchain.pem is not a certificate in PEM")


@pytest.mark.parametrize("content", [b"", b"words", CERTIFICATE], ids=["empty", "words", "a certificate"])
def test_what_is_no_key_is_named(folder: Path, content: bytes) -> None:
    (folder / "privkey.pem").write_bytes(content)
    assert own(folder).problem == "privkey.pem is not a private key in PEM"


def test_an_encrypted_key_is_named(folder: Path) -> None:
    (folder / "privkey.pem").write_bytes(pem(ed25519.Ed25519PrivateKey.generate(), b"word"))
    assert "privkey.pem is encrypted" in own(folder).problem


@pytest.mark.parametrize(
    "key",
    [STRANGER.private_key_pem.bytes(), pem(ed25519.Ed25519PrivateKey.generate())],
    ids=["same kind", "another kind"],
)
def test_the_key_of_another_certificate_is_named(folder: Path, key: bytes) -> None:
    (folder / "privkey.pem").write_bytes(key)
    found = own(folder)
    assert found.problem == "privkey.pem is not the key of the certificate in fullchain.pem"
    assert found.names == (HOST, "*.demo.shop")


def test_a_chain_that_begins_with_the_authority_is_named(folder: Path) -> None:
    (folder / "fullchain.pem").write_bytes(PARENT + CERTIFICATE)
    assert own(folder).problem == "the server's certificate does not come first in fullchain.pem"


@pytest.mark.parametrize(
    "chain",
    [
        CERTIFICATE + ROOT.cert_pem.bytes(),
        CERTIFICATE + CERTIFICATE,
        CERTIFICATE + PARENT + STRANGER.cert_chain_pems[0].bytes(),
        CERTIFICATE + STRANGER.cert_chain_pems[0].bytes() + PARENT,
    ],
    ids=["one left out", "twice the same", "a stranger", "a stranger between"],
)
def test_what_follows_the_servers_certificate_is_told_and_no_problem(folder: Path, chain: bytes) -> None:
    (folder / "fullchain.pem").write_bytes(chain)
    found = own(folder)
    assert (found.problem, found.names, found.not_after, found.alone) == ("", (HOST, "*.demo.shop"), ENDS, True)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_authority_that_has_ended_is_told_and_no_problem(folder: Path, moment: str) -> None:
    parent = x509.load_pem_x509_certificate(PARENT)
    starts, ends = parent.not_valid_before_utc, parent.not_valid_after_utc
    found = own(folder, starts - timedelta(seconds=1) if moment == "before" else ends)
    assert (found.problem, found.not_after, found.alone) == ("", ENDS, True)
    assert not own(folder, starts).alone
    assert not own(folder, ends - timedelta(seconds=1)).alone


def test_words_between_certificates_will_do(folder: Path) -> None:
    (folder / "fullchain.pem").write_bytes(b"subject=demo\n" + CERTIFICATE + b"issuer=\n" + PARENT)
    found = own(folder)
    assert (found.problem, found.alone) == ("", False)


def test_a_root_at_the_end_will_do(folder: Path) -> None:
    (folder / "fullchain.pem").write_bytes(CERTIFICATE + PARENT + ROOT.cert_pem.bytes())
    found = own(folder)
    assert (found.problem, found.alone) == ("", False)


@pytest.mark.parametrize("name", ["fullchain.pem", "privkey.pem"])
def test_a_file_for_its_owner_only_is_named(folder: Path, name: str) -> None:
    (folder / name).chmod(0o600)
    assert own(folder).problem == f"{name} may be read by its owner only, and Traefik is another user: chmod 444"


def test_a_folder_for_its_owner_only_is_named(folder: Path) -> None:
    folder.chmod(0o700)
    assert "secrets/tls may be listed by its owner only" in own(folder).problem


def signed_alone(*extensions: x509.ExtensionType) -> tuple[bytes, bytes]:
    """Return a certificate that a key signed for itself, and the key."""
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Demo")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=90))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, None).public_bytes(serialization.Encoding.PEM), pem(key)


PARENT_AT = x509.AccessDescription(
    AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier("http://ca.example/1.der")
)
STATUS_AT = x509.AccessDescription(
    AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ca.example/ocsp")
)


@pytest.mark.parametrize(
    ("told", "alone"),
    [
        ((), False),
        ((x509.AuthorityInformationAccess([STATUS_AT]),), False),
        ((x509.AuthorityInformationAccess([STATUS_AT, PARENT_AT]),), True),
    ],
    ids=["no authority", "only for its state", "an authority"],
)
def test_a_certificate_whose_authority_is_left_out_is_alone(
    folder: Path, told: tuple[x509.ExtensionType, ...], alone: bool
) -> None:
    certificate, key = signed_alone(*told)
    (folder / "fullchain.pem").write_bytes(certificate)
    (folder / "privkey.pem").write_bytes(key)
    assert own(folder) == OwnFiles((), "O=Demo", NOW, NOW + timedelta(days=90), alone)


# ------------------------------------------------------------------ judging

STACK = with_environment(project(), STACK_CERTIFICATES=FILES)
GOOD: dict[str, Any] = {
    "issuer": "Example CA",
    "not_before": NOW - timedelta(days=1),
    "not_after": NOW + timedelta(days=60),
}


def good(*names: str, **changes: Any) -> OwnFiles:
    return OwnFiles(names or (HOST,), **{**GOOD, **changes})


@pytest.mark.parametrize(
    ("seen", "status", "says"),
    [
        (good(), Status.PASS, "demo.shop: issued by Example CA, 60 days left"),
        (good(not_after=NOW + timedelta(days=14)), Status.PASS, "14 days left"),
        (good(not_after=NOW + timedelta(days=13.9)), Status.WARN, "13 days left"),
        (
            good(alone=True),
            Status.WARN,
            "fullchain.pem does not go on",
        ),
        (good(not_after=NOW), Status.FAIL, "it ended on 2026-08-01 12:00 UTC"),
        (good(not_before=NOW + timedelta(hours=1)), Status.FAIL, "it is not valid before 2026-08-01 13:00 UTC"),
        (good("other.test"), Status.FAIL, "demo.shop: the certificate is for other.test"),
        (OwnFiles((), **GOOD), Status.FAIL, "demo.shop: the certificate is for nobody"),
        (good(problem="privkey.pem is not there"), Status.FAIL, "privkey.pem is not there"),
        (None, Status.SKIP, "not looked at"),
    ],
)
def test_the_files_are_judged(seen: OwnFiles | None, status: Status, says: str) -> None:
    outcome = files(STACK, facts(own=seen))
    assert (outcome.status, says in " | ".join(outcome.seen)) == (status, True), outcome


def test_every_host_has_to_be_named() -> None:
    stack = with_hosts(STACK, HOST, OTHER_HOST)
    assert files(stack, facts(own=good(HOST, "*.demo.shop"))).status is Status.PASS
    outcome = files(stack, facts(own=good()))
    assert (outcome.status, outcome.seen) == (Status.FAIL, ("www.demo.shop: the certificate is for demo.shop",))


def test_a_host_that_is_a_wildcard_has_to_be_named_as_such() -> None:
    stack = with_hosts(STACK, "*.demo.shop")
    assert files(stack, facts(own=good("*.demo.shop"))).status is Status.PASS
    assert files(stack, facts(own=good("www.demo.shop"))).status is Status.FAIL


def test_where_certificates_come_from_elsewhere_the_files_do_not_matter() -> None:
    assert files(project(), facts(own=good(problem="privkey.pem is not there"))).status is Status.SKIP
