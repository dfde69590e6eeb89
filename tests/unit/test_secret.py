"""`stack secret` in a folder: what is written, what is said, and that no value is shown. Needs no engine."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from scaffold.cli import run
from scaffold.cli.alone import alone
from scaffold.errors import ExitCode


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "compose.yaml").touch()
    return tmp_path


def given(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


def put(folder: Path, text: str, mode: int = 0o644) -> Path:
    path = folder / "secrets" / "app.env"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode())
    path.chmod(mode)
    return path


def said(capsys: pytest.CaptureFixture[str]) -> str:
    shown = capsys.readouterr()
    return shown.out + shown.err


def document(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


# ------------------------------------------------------------------ set


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"hush $5\n", "KEY=hush $5"),
        (b"hush", "KEY=hush"),
        (b"hush\n\n", 'KEY="hush\\n"'),
        (b"hush\r\n", 'KEY="hush\\r"'),
        ("hüsh".encode(), "KEY=hüsh"),
    ],
    ids=["a line", "no new line", "two", "of Windows", "UTF-8"],
)
def test_the_value_is_standard_input_but_one_new_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: bytes, line: str
) -> None:
    given(monkeypatch, data)
    assert run(["secret", "set", "KEY", "-C", str(folder)]) == ExitCode.GOOD
    path = folder / "secrets" / "app.env"
    assert path.read_text(encoding="utf-8") == f"{line}\n"
    assert (oct(path.stat().st_mode & 0o777), oct(path.parent.stat().st_mode & 0o777)) == ("0o644", "0o700")
    shown = said(capsys)
    assert "KEY is set" in shown
    assert f"Next: stack up {folder}" in shown
    assert data.decode().strip() not in shown


@pytest.mark.parametrize(
    ("file", "more", "says"),
    [
        ("compose.static.yaml", [], "there is no app in"),
        ("compose.joiner.yaml", [], "there is no app in"),
        ("compose.shared.yaml", ["--proxy"], "Traefik is not part of"),
    ],
)
def test_what_nothing_would_read_is_not_written(
    folder: Path, capsys: pytest.CaptureFixture[str], file: str, more: list[str], says: str
) -> None:
    (folder / file).touch()
    assert run(["secret", "set", "KEY", *more, "-C", str(folder)]) == ExitCode.WRONG_INPUT
    assert says in said(capsys)
    assert not (folder / "secrets").exists()


@pytest.mark.parametrize("data", [b"", b"\n"], ids=["a pipe that failed", "an empty line"])
def test_nothing_is_no_value_and_takes_none_away(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: bytes
) -> None:
    path = put(folder, "KEY=live\n")
    given(monkeypatch, data)
    assert run(["secret", "set", "KEY", "-C", str(folder)]) == ExitCode.WRONG_INPUT
    assert path.read_text(encoding="utf-8") == "KEY=live\n"
    assert "stack secret remove KEY" in said(capsys)


def test_the_mode_and_the_other_lines_stay(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(folder, "# mine\nKEY=old\nOTHER=1\r\n", 0o444)
    given(monkeypatch, b"new")
    assert run(["secret", "set", "KEY", "-C", str(folder)]) == ExitCode.GOOD
    assert (path.read_bytes(), oct(path.stat().st_mode & 0o777)) == (b"# mine\nKEY=new\nOTHER=1\r\n", "0o444")


def test_the_document_names_the_file_and_what_is_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, b"hush")
    monkeypatch.chdir(folder)
    assert run(["secret", "set", "KEY", "--json"]) == ExitCode.GOOD
    assert document(capsys) == {"ok": True, "name": "KEY", "file": "secrets/app.env", "next": "stack up"}


@pytest.mark.parametrize("words", [["KEY=hush"], ["KEY", "hush"], ["KEY", "=", "hush"]], ids=" ".join)
def test_a_value_on_the_command_line_is_refused_and_not_shown_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    given(monkeypatch, b"x")
    assert run(["secret", "set", *words, "-C", str(folder)]) == ExitCode.WRONG_INPUT
    shown = said(capsys)
    assert "the shell's history" in shown
    assert "hush" not in shown
    assert not (folder / "secrets").exists()


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("1KEY", b"hush", "no name of an environment variable"),
        ("KEY", b"hush\0", "the character NUL"),
        ("KEY", b"hush\xff", "no text in UTF-8"),
    ],
)
def test_what_no_environment_can_hold_is_refused_and_nothing_written(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    data: bytes,
    sentence: str,
) -> None:
    given(monkeypatch, data)
    assert run(["secret", "set", name, "-C", str(folder)]) == ExitCode.WRONG_INPUT
    shown = said(capsys)
    assert sentence in shown
    assert "hush" not in shown
    assert not (folder / "secrets").exists()


def test_a_folder_that_is_no_project_gets_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, b"hush")
    assert run(["secret", "set", "KEY", "-C", str(tmp_path)]) == ExitCode.WRONG_INPUT
    assert "there is no compose.yaml" in said(capsys)
    assert list(tmp_path.iterdir()) == []


def test_another_stack_at_work_is_waited_for_by_the_person(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, b"hush")
    with alone(folder):
        assert run(["secret", "set", "KEY", "-C", str(folder)]) == ExitCode.NOT_READY
    assert "another `stack` is at work" in said(capsys)


# ------------------------------------------------------------------ list


def test_everything_is_named_and_nothing_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder, "# A=hush\nB=hush\nKEY='hush'\nB=hush\n")
    (folder / "secrets" / "traefik.env").write_text("TOKEN=hush\n", encoding="utf-8")
    (folder / "secrets" / "tls").mkdir()
    for name in (".gitignore", "postgres_password", "redis_password"):
        (folder / "secrets" / name).write_text("hush", encoding="utf-8")
    assert run(["secret", "list", "-C", str(folder), "--json"]) == ExitCode.GOOD
    assert document(capsys) == {
        "ok": True,
        "settings": ["B", "KEY"],
        "proxy": ["TOKEN"],
        "files": ["postgres_password", "redis_password"],
    }
    assert run(["secret", "list", "-C", str(folder)]) == ExitCode.GOOD
    assert said(capsys).splitlines() == [
        "B                  a setting of the app, in secrets/app.env",
        "KEY                a setting of the app, in secrets/app.env",
        "TOKEN              for Traefik alone, in secrets/traefik.env",
        "postgres_password  the file secrets/postgres_password",
        "redis_password     the file secrets/redis_password",
    ]


def test_a_project_without_secrets_says_how_to_have_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["secret", "list", "-C", str(folder)]) == ExitCode.GOOD
    assert "stack secret set NAME" in said(capsys)


def test_a_name_that_traefiks_script_goes_by_is_no_secret(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, b"x")
    assert run(["secret", "set", "--proxy", "STACK_DNS_PROVIDER", "-C", str(folder)]) == ExitCode.WRONG_INPUT
    assert "belongs into .env" in said(capsys)
    assert not (folder / "secrets/traefik.env").exists()


def test_what_only_traefik_may_know_has_a_file_of_its_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, b" hush'\n")
    assert run(["secret", "set", "--proxy", "TOKEN", "-C", str(folder), "--json"]) == ExitCode.GOOD
    assert document(capsys)["file"] == "secrets/traefik.env"
    assert (folder / "secrets/traefik.env").read_text(encoding="utf-8") == "TOKEN=' hush''\n"
    assert run(["secret", "remove", "TOKEN", "-C", str(folder)]) == ExitCode.WRONG_INPUT
    assert run(["secret", "remove", "--proxy", "TOKEN", "-C", str(folder)]) == ExitCode.GOOD
    assert (folder / "secrets/traefik.env").read_text(encoding="utf-8") == ""


# ------------------------------------------------------------------ remove


def test_a_setting_is_taken_out_and_the_rest_stays(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = put(folder, "# mine\nKEY=hush\nOTHER=1\nexport KEY=hush")
    assert run(["secret", "remove", "KEY", "-C", str(folder)]) == ExitCode.GOOD
    assert path.read_text(encoding="utf-8") == "# mine\nOTHER=1\n"
    assert "KEY is gone from secrets/app.env" in said(capsys)


@pytest.mark.parametrize(
    ("text", "sentence"), [("A=1\nB=2\n", "it has A, B"), ("# A=1\n", "it has no setting at all")], ids=["two", "none"]
)
def test_a_name_that_is_not_there_is_refused_with_those_that_are(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, sentence: str
) -> None:
    put(folder, text)
    assert run(["secret", "remove", "KEY", "-C", str(folder)]) == ExitCode.WRONG_INPUT
    assert sentence in said(capsys)


def test_only_the_data_services_have_a_password_to_rotate(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["secret", "rotate", "traefik", "-C", str(folder)]) == ExitCode.WRONG_INPUT
    assert "'traefik' is not one of 'postgres', 'redis'" in said(capsys)
