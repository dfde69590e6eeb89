"""What TAB offers: asked as a shell asks, and at a real Bash."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from scaffold import answers, checks, places
from scaffold.cli import run
from scaffold.cli.completion import SHELLS
from scaffold.errors import ExitCode, WrongInput

ROOT = Path(__file__).parents[2]
Answered = Callable[[Path, str], list[str]]
PLACES = """\
staging: deploy@staging.example.com
production:
  server: deploy@203.0.113.7
  folder: /srv/shop
"the old one": deploy@198.51.100.4
"""
SERVICES = """\
name: shop
services:   # all of them
  # the front
  web.front:
    image: one
    labels:
      - a

  worker: !reset null
volumes:
  data:
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project's folder, as far as completion reads it."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "places.yaml").write_text(PLACES, encoding="utf-8")
    (folder / "compose.yaml").write_text("name: shop\ninclude:\n  - compose.app.yaml\n", encoding="utf-8")
    (folder / "compose.app.yaml").write_text(SERVICES, encoding="utf-8")
    (folder / "compose.redis.yaml").write_text("services:\n  redis:\n    image: redis", encoding="utf-8")
    return folder


def request(typed: str, shell: str = "bash") -> dict[str, str]:
    """Return the variables by which a shell asks what fits behind the words that are typed."""
    words = typed.split(" ")
    at = words[-1] if shell == "fish" else str(len(words) - 1)
    return {"_STACK_COMPLETE": f"{shell}_complete", "COMP_WORDS": typed, "COMP_CWORD": at}


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Answered:
    """Return what tells a Bash's answer, in a folder; nothing else may be said."""

    def of(folder: Path, typed: str) -> list[str]:
        with monkeypatch.context() as patch:
            patch.chdir(folder)
            for name, value in request(typed).items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                run([])
        out, err = capfd.readouterr()
        assert (ended.value.code, err) == (0, "")
        return out.split("\n")[:-1]

    return of


@pytest.fixture
def offered(answered: Answered) -> Answered:
    """Return what tells the words that are offered."""
    return lambda folder, typed: [line.removeprefix("plain,") for line in answered(folder, typed) if line]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("stack rol", ["rollback"]),
        ("stack secret ro", ["rotate"]),
        ("stack secret rotate r", ["redis"]),
        ("stack up --reh", ["--rehearsal"]),
        ("stack up --build ", ["there", "here"]),
        ("stack check --only tls.n", ["tls.names"]),
        ("stack check https://example.com --only app.", [one.id for one in checks.beyond(()) if one.id[:4] == "app."]),
        ("stack up --on ", ["staging", "production"]),
        ("stack status --on p", ["production"]),
        ("stack logs --on s", ["staging"]),
        ("stack logs ", ["web.front", "worker", "redis"]),
        ("stack exec w", ["web.front", "worker"]),
        ("stack new ../blog --data postgres", ["postgres=", "postgres_version="]),
        ("stack new ../blog --data postgres=t", []),
        ("stack completion ", list(SHELLS)),
        ("stack exec -- a", []),
    ],
)
def test_what_fits_is_offered(project: Path, typed: str, expected: list[str], offered: Answered) -> None:
    assert offered(project, typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("stack up shop --on p", ["production"]),
        ("stack check shop --on p", ["production"]),
        ("stack logs -C shop --on p", ["production"]),
        ("stack logs -C shop r", ["redis"]),
        ("stack up none --on p", []),
        ("stack logs r", []),
    ],
)
def test_the_project_is_the_one_that_was_named(
    project: Path, typed: str, expected: list[str], offered: Answered
) -> None:
    assert offered(project.parent, typed) == expected


def test_every_check_and_every_question_is_offered(tmp_path: Path, offered: Answered) -> None:
    questions = answers.questions((ROOT / "copier.yml").read_text(encoding="utf-8"))
    assert offered(tmp_path, "stack check --only ") == [one.id for one in checks.CHECKS]
    assert offered(tmp_path, "stack new shop --data ") == [f"{name}=" for name in questions]


@pytest.mark.parametrize(
    "typed", ["stack up sh", "stack new sh", "stack check sh", "stack logs -C sh", "stack secret list --directory sh"]
)
def test_where_a_folder_is_meant_the_shell_offers_folders(tmp_path: Path, typed: str, answered: Answered) -> None:
    assert answered(tmp_path, typed) == ["dir,sh"]


@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        ("bash", "plain,app.healthy\n"),
        ("zsh", "plain\napp.healthy\nThe app's containers run and are healthy.\n"),
        ("fish", "plain,app.healthy\tThe app's containers run and are healthy.\n"),
    ],
)
def test_each_shell_is_answered_in_its_own_way(tmp_path: Path, shell: str, expected: str) -> None:
    asked = request("stack check --only app.heal", shell)
    done = subprocess.run(
        [sys.executable, "-m", "scaffold"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), **asked},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (expected, "")


@pytest.mark.parametrize(
    "text",
    [b"a: [", b"\xff\xfe\x00", b"- a\n", b"12: b\n", b"a: !!timestamp b\n", b"a: !!int b\n", b"[" * 5000, b""],
    ids=["cut off", "not text", "a list", "a number", "no time", "no number", "too deep", "empty"],
)
def test_a_broken_file_offers_nothing_and_says_nothing(project: Path, text: bytes, offered: Answered) -> None:
    (project / "places.yaml").write_bytes(text)
    (project / "compose.app.yaml").write_bytes(text)
    assert offered(project, "stack up --on ") == []
    assert set(offered(project, "stack logs ")) <= {"redis"}


def test_a_file_that_is_a_folder_offers_nothing(project: Path, offered: Answered) -> None:
    for name in ("places.yaml", "compose.app.yaml"):
        (project / name).unlink()
        (project / name).mkdir()
    assert offered(project, "stack up --on ") == []
    assert offered(project, "stack logs ") == []


def test_the_names_of_places_are_told_although_one_of_them_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "places.yaml").write_text("good: a@b\nbad: {folder: /srv}\n", encoding="utf-8")
    assert places.names(tmp_path) == ("good", "bad")
    with pytest.raises(WrongInput, match="no server"):
        places.find(tmp_path, "good")


# ------------------------------------------------------------------ the scripts


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_is_printed_for_each_shell(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    assert run(["completion", shell]) == ExitCode.GOOD
    assert f"_STACK_COMPLETE={shell}_complete" in capsys.readouterr().out


def test_without_a_word_the_shell_is_the_persons_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert run(["completion"]) == ExitCode.GOOD
    assert "_STACK_COMPLETE=fish_complete" in capsys.readouterr().out


@pytest.mark.parametrize(("shell", "named"), [("/bin/ksh", "ksh"), ("", "none"), ("/usr/bin/powershell", "powershell")])
def test_a_shell_that_is_not_known_is_refused_with_those_that_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, shell: str, named: str
) -> None:
    monkeypatch.setenv("SHELL", shell)
    assert run(["completion"]) == ExitCode.WRONG_INPUT
    caught = capsys.readouterr()
    assert caught.out == ""
    assert caught.err == (
        f"stack: there is a completion for bash, zsh, fish, and $SHELL names {named}\n  → stack completion bash\n"
    )


# ------------------------------------------------------------------ a real shell

PROGRAM = """\
#!/bin/sh
if [ -n "$_STACK_COMPLETE" ]; then exec {python} -m scaffold; fi
printf '<%s>' "$@"
echo .
"""


@pytest.fixture
def bash(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "pexpect.spawn[str]":
    """Return a Bash at a terminal, in a project's folder, that has read the script; its `stack` tells what it got."""
    if not (found := shutil.which("bash")):
        pytest.skip("there is no bash here")
    program = tmp_path / "bin" / "stack"
    program.parent.mkdir()
    program.write_text(PROGRAM.format(python=sys.executable), encoding="utf-8")
    program.chmod(0o755)
    script = subprocess.run(
        [sys.executable, "-m", "scaffold", "completion", "bash"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    (tmp_path / "script").write_text(script.stdout, encoding="utf-8")
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("INPUTRC", "/dev/null")
    monkeypatch.setenv("TERM", "dumb")
    shell = pexpect.spawn(
        found, ["--norc", "--noprofile"], cwd=str(project), encoding="utf-8", timeout=20, dimensions=(24, 200)
    )
    shell.sendline(f"PS1='ready> '; source {tmp_path / 'script'}; echo sour''ced")
    shell.expect("sourced\r\n")
    return shell


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("stack rollb\t", "<rollback>"),
        ("stack check --only tls.nam\t", "<check><--only><tls.names>"),
        ("stack up --on prod\t", "<up><--on><production>"),
        ("stack logs web\t", "<logs><web.front>"),
        ("stack new blog --data health\t/alive", "<new><blog><--data><health_path=/alive>"),
        ("stack up ../sho\t", "<up><../shop/>"),
    ],
)
def test_bash_completes_what_is_typed(bash: "pexpect.spawn[str]", typed: str, expected: str) -> None:
    with bash:
        bash.send(f"{typed}\r")
        bash.expect_exact(f"{expected}.\r\n")
