"""`--help` of every command, what a shell completes, and what a command imports before it is needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from scaffold import checks
from scaffold.cli import cli, run

ROOT = Path(__file__).parents[2]
WIDTH = 80
COSTLY = {"copier", "docker", "questionary", "prompt_toolkit", "rich", "cryptography", "dns", "urllib3", "cattrs"}
"""What takes long to import; psutil, packaging and dockerfile_parse take next to nothing beside them."""


def tree(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield how each command is typed, the groups among them."""
    yield words
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            yield from tree(one, (*words, name))


COMMANDS = list(tree(cli))


def shown(words: Sequence[str]) -> str:
    done = CliRunner().invoke(cli, [*words, "--help"], prog_name="stack", terminal_width=WIDTH)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_has_an_example_and_the_exit_codes_in_80_columns(words: tuple[str, ...]) -> None:
    said = shown(words)
    assert "Example" in said
    assert f"stack {' '.join(words)}".strip() in said.split("Example", 1)[1]
    assert "Exit codes:" in said
    assert max(map(len, said.splitlines())) <= WIDTH
    assert "\x1b" not in said
    assert "..." not in said.split("Commands:")[0].replace("[ARGS]...", "").replace("WORDS...", "")


# ------------------------------------------------------------------ completion


def completed(words: str, folder: Path) -> list[str]:
    """Return what a shell is told of the last word, as it asks."""
    typed = words.split(" ")
    env = {**os.environ, "_STACK_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": f"{len(typed) - 1}"}
    script = "import sys; from scaffold.cli import cli; cli.main([], prog_name='stack')"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**env, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


def test_commands_checks_and_places_are_completed(tmp_path: Path) -> None:
    (tmp_path / "places.yaml").write_text("production: deploy@203.0.113.7\nstaging: deploy@203.0.113.8\n")
    assert completed("stack ro", tmp_path) == ["rollback"]
    assert completed("stack secret ro", tmp_path) == ["rotate"]
    assert completed("stack up --bu", tmp_path) == ["--build"]
    assert completed("stack up --build h", tmp_path) == ["here"]
    assert completed("stack check --only tls.s", tmp_path) == ["tls.staging"]
    assert set(completed("stack check --only ", tmp_path)) == {one.id for one in checks.CHECKS}
    assert completed("stack check --on ", tmp_path) == ["production", "staging"]
    assert completed("stack status --on st", tmp_path) == ["staging"]


@pytest.mark.parametrize("text", ["- a list", "{: :", "\x00"], ids=["list", "no YAML", "binary"])
def test_a_broken_file_completes_nothing_and_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "places.yaml").write_text(text)
    assert completed("stack up --on ", tmp_path) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_printed(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    if shell == "bash" and not shutil.which("bash"):
        pytest.skip("click asks bash for its version")
    assert run(["completion", shell]) == 0
    assert f"_STACK_COMPLETE={shell}_complete" in capsys.readouterr().out


def test_a_shell_that_nobody_knows_is_exit_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/tcsh")
    assert run(["completion"]) == 2
    assert "there is no completion for tcsh" in capsys.readouterr().err
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert run(["completion"]) == 0
    assert "fish_complete" in capsys.readouterr().out


def test_a_real_bash_completes(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if not bash:
        pytest.skip("no bash on this machine")
    # The command itself, as its entry point starts it.
    (tmp_path / "stack").write_text(f"#!{sys.executable}\nfrom scaffold.__main__ import main\nmain()\n")
    (tmp_path / "stack").chmod(0o755)
    script = (
        'eval "$(stack completion bash)"; COMP_WORDS=(stack ro); COMP_CWORD=1; '
        '_stack_completion stack ro stack; echo "${COMPREPLY[@]}"'
    )
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([bash, "-c", script], env=env, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("rollback", "")


# ------------------------------------------------------------------ start-up

MAY: Mapping[tuple[str, ...], set[str]] = {
    ("--help",): set(),
    ("--version",): set(),
    ("new", "--help"): set(),
    ("up", "--help"): set(),
    ("check", "--list"): {"rich"},
    ("history",): {"docker", "urllib3"},  # of the engine it asks Compose alone, which is in one package with the SDK
    ("completion", "fish"): set(),
    ("new", "made", "--defaults"): {"copier", "questionary", "prompt_toolkit"},  # Copier imports the two itself
}
"""Commands, each with what costs much and it needs all the same."""


@pytest.mark.parametrize("words", MAY, ids=" ".join)
def test_a_command_imports_nothing_costly_that_it_does_not_need(words: tuple[str, ...], tmp_path: Path) -> None:
    script = (
        "import sys, json; from scaffold.cli import run; status = run(sys.argv[1:]);"
        " print('\\n' + json.dumps([status, sorted(sys.modules)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    status, modules = json.loads(done.stdout.splitlines()[-1])
    assert status in {0, 2}, done.stderr  # there is no project here
    assert {name.partition(".")[0] for name in modules} & COSTLY == MAY[words]
