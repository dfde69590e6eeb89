"""Secrets on the disk: who may read them, and that a file is never half of one."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scaffold import secretfiles
from scaffold.errors import NotReady, StackError, WrongInput


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "secrets"
    path.mkdir()
    return path


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=lambda mask: f"umask {mask:03o}")
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o7777)


def put(path: Path, bits: int, text: str = "") -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(bits)
    return path


# ------------------------------------------------------------------ writing


def test_a_password_has_at_least_128_bits_and_needs_no_quoting() -> None:
    passwords = {secretfiles.new_password() for _ in range(100)}
    assert len(passwords) == 100
    assert all(re.fullmatch("[0-9a-f]{40}", one) for one in passwords)


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("bits", [0o444, 0o644])
def test_a_new_file_is_for_containers_users_in_a_folder_for_its_owner(tmp_path: Path, bits: int) -> None:
    path = tmp_path / "secrets" / "redis_password"
    secretfiles.write(path, "x\r\né", bits)
    assert (mode(path.parent), mode(path)) == ("0o700", oct(bits))
    assert path.read_bytes() == "x\r\né".encode()
    assert secretfiles.read(path) == "x\r\né"


def test_a_file_is_replaced_and_nothing_is_left_beside_it(folder: Path) -> None:
    path = put(folder / "app.env", 0o644, "old")
    secretfiles.write(path, "new")
    assert [(one.name, one.read_text(encoding="utf-8"), mode(one)) for one in folder.iterdir()] == [
        ("app.env", "new", "0o444")
    ]


def test_a_reader_that_has_the_old_file_open_goes_on_reading_the_old_one(folder: Path) -> None:
    path = put(folder / "app.env", 0o644, "old")
    with path.open(encoding="utf-8") as file:
        secretfiles.write(path, "new")
        assert file.read() == "old"


def test_what_cannot_be_written_is_said_and_leaves_nothing(folder: Path) -> None:
    (folder / "app.env" / "in the way").mkdir(parents=True)
    with pytest.raises(NotReady, match=r"app\.env cannot be written: "):
        secretfiles.write(folder / "app.env", "hush")
    assert [one.name for one in folder.iterdir()] == ["app.env"]


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "secrets").touch()
    with pytest.raises(NotReady, match="cannot be written"):
        secretfiles.write(tmp_path / "secrets" / "app.env", "hush")


def test_a_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert secretfiles.read(tmp_path / "secrets" / "app.env") == ""


def test_a_file_that_is_no_text_is_refused_and_not_shown(folder: Path) -> None:
    (folder / "app.env").write_bytes(b"hush\xff")
    with pytest.raises(WrongInput, match="from byte 4 on") as caught:
        secretfiles.read(folder / "app.env")
    assert "hush" not in caught.value.message


def test_what_cannot_be_read_or_renamed_is_said(folder: Path) -> None:
    with pytest.raises(NotReady, match="cannot be read"):
        secretfiles.read(folder)
    with pytest.raises(NotReady, match="cannot be written"):
        secretfiles.rename(folder / "nothing", folder / "redis_password")
    with pytest.raises(NotReady, match="cannot be removed"):
        secretfiles.remove(folder)


def test_a_file_takes_the_place_of_another(folder: Path) -> None:
    new, old = put(folder / "a.new", 0o444, "new"), put(folder / "a", 0o444, "old")
    secretfiles.rename(new, old)
    secretfiles.remove(new)
    assert [(one.name, one.read_text(encoding="utf-8")) for one in folder.iterdir()] == [("a", "new")]


# ------------------------------------------------------------------ listing


def test_the_files_are_named_without_folders_and_what_begins_with_a_dot(tmp_path: Path, folder: Path) -> None:
    for name in ("redis_password", "app.env", ".gitignore", ".app.env.x1"):
        (folder / name).touch()
    (folder / "tls").mkdir()
    assert [one.path.name for one in secretfiles.look(tmp_path)] == ["app.env", "redis_password"]


def test_without_a_folder_there_are_no_files(tmp_path: Path) -> None:
    assert secretfiles.look(tmp_path) == ()


# ------------------------------------------------------------------ guarding


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (0o600, "0o644"),
        (0o400, "0o444"),
        (0o640, "0o644"),
        (0o660, "0o644"),
        (0o664, "0o644"),
        (0o644, "0o644"),
        (0o444, "0o444"),
        (0o666, "0o666"),
        (0o602, "0o602"),
    ],
    ids=lambda bits: oct(bits) if isinstance(bits, int) else bits,
)
def test_containers_users_may_read_and_nobody_but_the_owner_may_write(
    tmp_path: Path, folder: Path, before: int, after: str
) -> None:
    path = put(folder / "redis_password", before, "x")
    secretfiles.guard(tmp_path)
    assert (mode(folder), mode(path)) == ("0o700", after)


def test_only_files_of_the_folder_itself_are_opened(tmp_path: Path, folder: Path) -> None:
    elsewhere = put(tmp_path / "key", 0o600)
    (folder / "link").symlink_to(elsewhere)
    (folder / "tls").mkdir(mode=0o700)
    inside = put(folder / "tls" / "local.key", 0o400)
    secretfiles.guard(tmp_path)
    assert [mode(one) for one in (elsewhere, inside, folder / "tls")] == ["0o600", "0o400", "0o700"]


def test_a_project_without_secrets_is_left_alone(tmp_path: Path) -> None:
    secretfiles.guard(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_whatever_is_secret_is_blanked_out_as_it_stands_and_as_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/postgres_password").write_text("p@ssword\n", encoding="utf-8")
    (tmp_path / "secrets/app.env").write_text('KEY="line one\\nline two"\nMODE=dev\n', encoding="utf-8")
    lines = ("postgresql://app:p%40ssword@postgres", "p@ssword!", "it was: line two", "MODE is dev", "KEY")
    assert secretfiles.blanked(tmp_path, lines) == (
        "postgresql://app:***@postgres",
        "***!",
        "it was: ***",
        "MODE is dev",
        "KEY",
    )


def test_a_binary_file_among_secrets_hides_none_of_the_others(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/client.p12").write_bytes(b"\x00\xff\xfe")
    (tmp_path / "secrets/postgres_password").write_text("p@ssword\n", encoding="utf-8")
    assert secretfiles.values(tmp_path) >= {"p@ssword", "p%40ssword"}


def test_without_secrets_nothing_is_blanked_out(tmp_path: Path) -> None:
    assert secretfiles.blanked(tmp_path, ("as it was", "")) == ("as it was", "")


def test_no_part_of_an_error_shows_what_only_traefik_may_know(tmp_path: Path) -> None:
    secretfiles.write(tmp_path / secretfiles.PROXY_ENV, "DUCKDNS_TOKEN=0f1e2d3c4b5a\n")
    said = "used url https://www.duckdns.org/update?token=0f1e2d3c4b5a"
    error = StackError(f"it did not come: {said}", evidence=(said,), hint=f"ask {said}")

    secretfiles.blank(tmp_path, error)

    assert "0f1e2d3c4b5a" not in "\n".join((error.message, error.hint, *error.evidence))
    assert error.message.endswith("token=***")
