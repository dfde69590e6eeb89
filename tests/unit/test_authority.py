"""The local authority: what it signs is accepted in a real handshake, and its key is for nobody else's eyes."""

import os
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from scaffold import authority
from scaffold.errors import NotReady, WrongInput

NOW = datetime.now(UTC)
HOSTS = ("demo.test", "www.demo.test")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the user a data folder of their own, which is not there yet."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "fastapi-stack" / "authority"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def tls(project: Path) -> Path:
    return project / "secrets" / "tls"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def shake_hands(project: Path, root: Path, host: str) -> None:
    """Do a TLS handshake in memory, as strictly as any client would; an SSLError when the client refuses."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tls(project) / "local.crt", tls(project) / "local.key")
    client = ssl.create_default_context(cafile=root)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = (
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    waiting = set(sides)
    while waiting:
        for side in sides:
            try:
                side.do_handshake()
                waiting.discard(side)
            except ssl.SSLWantReadError:
                continue


# ------------------------------------------------------------------ signing


@pytest.mark.parametrize("host", HOSTS)
def test_a_client_that_trusts_the_root_accepts_the_certificate(project: Path, host: str) -> None:
    authority.sign(project, HOSTS, NOW)
    shake_hands(project, authority.root_path(), host)


def test_localhost_is_also_reached_by_its_addresses(project: Path) -> None:
    authority.sign(project, ("localhost",), NOW)
    for host in ("localhost", "127.0.0.1", "::1"):
        shake_hands(project, authority.root_path(), host)


def test_another_name_is_refused(project: Path) -> None:
    authority.sign(project, HOSTS, NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"other\.test"):
        shake_hands(project, authority.root_path(), "other.test")


def test_a_client_that_trusts_another_root_refuses_the_certificate(project: Path, tmp_path: Path) -> None:
    authority.sign(project, HOSTS, NOW)
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(str(stranger))
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(project, stranger, "demo.test")


def test_the_root_signs_nothing_but_leaves(project: Path) -> None:
    authority.sign(project, HOSTS, NOW)
    root = x509.load_pem_x509_certificate(authority.root_path().read_bytes())
    limits = root.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (limits.critical, limits.value.ca, limits.value.path_length) == (True, True, 0)


def test_traefik_is_told_where_it_finds_the_files(project: Path) -> None:
    authority.sign(project, HOSTS, NOW)
    note = yaml.safe_load((tls(project) / "local.yaml").read_text(encoding="utf-8"))
    inside = Path("/etc/traefik/dynamic/local")
    expected = {"certFile": str(inside / "local.crt"), "keyFile": str(inside / "local.key")}
    assert note["tls"]["certificates"] == [expected]
    assert note["tls"]["stores"]["default"]["defaultCertificate"] == expected


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=lambda mask: f"umask {mask:03o}")
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_only_the_owner_reaches_the_keys_and_traefik_reads_its_own(project: Path, home: Path) -> None:
    authority.sign(project, HOSTS, NOW)
    assert {path.name: oct(mode(path)) for path in (home, *home.iterdir())} == {
        "authority": "0o700",
        "root.key": "0o400",
        "root.pem": "0o444",
    }
    assert {path.name: oct(mode(path)) for path in (project / "secrets", tls(project), *tls(project).iterdir())} == {
        "secrets": "0o700",
        "tls": "0o755",
        "local.crt": "0o444",
        "local.key": "0o444",
        "local.yaml": "0o444",
    }


def test_nothing_is_left_beside_the_authority(project: Path, home: Path) -> None:
    authority.sign(project, HOSTS, NOW)
    assert [path.name for path in home.parent.iterdir()] == ["authority"]


def test_the_root_is_made_once_and_signs_for_every_project(project: Path, tmp_path: Path) -> None:
    authority.sign(project, HOSTS, NOW)
    root = authority.root_path().read_bytes()
    (tmp_path / "second").mkdir()
    authority.sign(tmp_path / "second", ("second.test",), NOW)
    assert authority.root_path().read_bytes() == root
    shake_hands(tmp_path / "second", authority.root_path(), "second.test")


def test_signing_anew_replaces_certificate_and_key(project: Path) -> None:
    authority.sign(project, ("demo.test",), NOW)
    before = {path.name: path.read_bytes() for path in tls(project).iterdir()}
    authority.sign(project, HOSTS, NOW)
    after = {path.name: path.read_bytes() for path in tls(project).iterdir()}
    assert {name for name in after if after[name] != before.get(name)} == {"local.crt", "local.key"}
    shake_hands(project, authority.root_path(), "www.demo.test")


# ------------------------------------------------------------------ looking


def test_what_was_signed_is_ours_and_lasts_a_year(project: Path) -> None:
    authority.sign(project, HOSTS, NOW)
    leaf = authority.look(project)
    assert leaf is not None
    assert (leaf.names, leaf.signed_by_us) == (HOSTS, True)
    assert timedelta(days=364) < leaf.not_after - NOW <= timedelta(days=365)


def test_a_project_among_several_has_files_of_its_own_and_is_nobodys_default(project: Path) -> None:
    authority.sign(project, ("demo.test",), NOW)
    authority.sign(project, ("shop.test",), NOW, "shop")
    note = yaml.safe_load((tls(project) / "shop.yaml").read_text(encoding="utf-8"))
    inside = "/etc/traefik/dynamic/local/shop"
    assert note == {"tls": {"certificates": [{"certFile": f"{inside}.crt", "keyFile": f"{inside}.key"}]}}
    seen = [authority.look(project, name) for name in ("shop", "local", "blog")]
    assert [one and (one.names, one.signed_by_us) for one in seen] == [
        (("shop.test",), True),
        (("demo.test",), True),
        None,
    ]


def test_of_several_certificates_one_is_dropped(project: Path) -> None:
    authority.sign(project, ("demo.test",), NOW)
    authority.sign(project, ("shop.test",), NOW, "shop")
    authority.drop(project, "shop")
    assert sorted(path.name for path in tls(project).iterdir()) == ["local.crt", "local.key", "local.yaml"]


def test_half_a_pair_is_not_ours(project: Path) -> None:
    authority.sign(project, HOSTS, NOW)
    certificate = (tls(project) / "local.crt").read_bytes()
    authority.sign(project, HOSTS, NOW)
    (tls(project) / "local.crt").chmod(0o644)
    (tls(project) / "local.crt").write_bytes(certificate)
    leaf = authority.look(project)
    assert leaf is not None
    assert not leaf.signed_by_us


def test_a_name_that_no_certificate_can_hold_is_refused(project: Path) -> None:
    with pytest.raises(WrongInput, match="bücher"):
        authority.sign(project, ("bücher.test",), NOW)


def test_an_authority_of_two_halves_is_refused(project: Path, tmp_path: Path) -> None:
    authority.sign(project, HOSTS, NOW)
    key = authority.root_path().with_name("root.key")
    other = tls(project) / "local.key"
    key.chmod(0o600)
    key.write_bytes(other.read_bytes())
    with pytest.raises(NotReady, match="not the key of"):
        authority.sign(project, HOSTS, NOW)


def test_an_authority_near_its_end_is_refused(project: Path) -> None:
    authority.sign(project, HOSTS, NOW)
    with pytest.raises(NotReady, match="ends before"):
        authority.sign(project, HOSTS, NOW + authority.ROOT_LIFE - timedelta(days=100))


def test_a_project_without_a_certificate_has_none(project: Path) -> None:
    assert authority.look(project) is None


@pytest.mark.parametrize("content", [b"", b"no certificate", b"\xff\x00"], ids=["empty", "words", "bytes"])
def test_a_certificate_that_cannot_be_read_is_none(project: Path, content: bytes) -> None:
    tls(project).mkdir(parents=True)
    (tls(project) / "local.crt").write_bytes(content)
    assert authority.look(project) is None


def test_a_certificate_without_names_is_none(project: Path) -> None:
    tls(project).mkdir(parents=True)
    (tls(project) / "local.crt").write_bytes(trustme.CA().cert_pem.bytes())
    assert authority.look(project) is None


def test_a_certificate_of_another_users_authority_is_not_ours(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.sign(project, HOSTS, NOW)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another"))
    (tmp_path / "elsewhere").mkdir()
    authority.sign(tmp_path / "elsewhere", HOSTS, NOW)
    leaf = authority.look(project)
    assert leaf is not None
    assert (leaf.names, leaf.signed_by_us) == (HOSTS, False)


@pytest.mark.parametrize("root", [None, b"no certificate"], ids=["no root", "broken root"])
def test_without_a_root_nothing_is_ours(project: Path, root: bytes | None) -> None:
    authority.sign(project, HOSTS, NOW)
    authority.root_path().unlink()
    if root is not None:
        authority.root_path().write_bytes(root)
    leaf = authority.look(project)
    assert leaf is not None
    assert not leaf.signed_by_us


@pytest.mark.parametrize("name", ["local.key", "local.yaml"])
def test_a_certificate_without_its_companions_is_not_good(project: Path, name: str) -> None:
    authority.sign(project, HOSTS, NOW)
    (tls(project) / name).unlink()
    leaf = authority.look(project)
    assert leaf is not None
    assert not leaf.good_for(HOSTS, NOW)


# ------------------------------------------------------------------ an authority that cannot be used


def other_key() -> bytes:
    return ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("root.pem", b"no certificate"),
        ("root.pem", b""),
        ("root.key", b"no key"),
        ("root.key", b""),
        ("root.key", other_key()),
        ("root.key", None),
    ],
    ids=["broken root", "empty root", "broken key", "empty key", "another kind of key", "no key"],
)
def test_a_broken_authority_is_named_and_left_alone(
    project: Path, home: Path, tmp_path: Path, name: str, content: bytes | None
) -> None:
    (tmp_path / "first").mkdir()
    authority.sign(tmp_path / "first", HOSTS, NOW)
    (home / name).unlink()
    if content is not None:
        (home / name).write_bytes(content)
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    with pytest.raises(NotReady, match=r"local authority in .* cannot be used") as caught:
        authority.sign(project, HOSTS, NOW)
    assert str(home) in caught.value.message
    assert "move the folder away" in caught.value.hint
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before
    assert list(project.iterdir()) == []


def test_an_authority_that_cannot_be_read_is_named(project: Path, home: Path) -> None:
    (home / "root.pem").mkdir(parents=True)
    with pytest.raises(NotReady, match="cannot be used"):
        authority.sign(project, HOSTS, NOW)


def test_a_data_folder_that_is_a_file_is_named(project: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way", encoding="utf-8")
    with pytest.raises(NotReady, match="cannot be used"):
        authority.sign(project, HOSTS, NOW)


def test_an_authority_that_was_moved_away_is_made_anew(project: Path, home: Path, tmp_path: Path) -> None:
    authority.sign(project, HOSTS, NOW)
    home.rename(tmp_path / "moved")
    authority.sign(project, HOSTS, NOW)
    shake_hands(project, authority.root_path(), "demo.test")


def test_a_project_that_cannot_be_written_is_named(project: Path) -> None:
    (project / "secrets").write_text("in the way", encoding="utf-8")
    with pytest.raises(NotReady, match="local certificate cannot be written") as caught:
        authority.sign(project, HOSTS, NOW)
    assert str(project / "secrets") in caught.value.hint
