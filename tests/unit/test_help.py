"""`--help` of every command: what it does, an example that works, the exit codes, in 80 columns, as plain text."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from scaffold.cli import cli
from scaffold.errors import ExitCode

README = Path(__file__).parents[2] / "README.md"
EXAMPLE = re.compile(r"^  Example: (stack .*)$", re.MULTILINE)


def commands(command: click.Command, *words: str) -> Iterator[tuple[str, ...]]:
    """Yield the words that lead to a command, and to each of those below it."""
    yield words
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            yield from commands(one, *words, name)


EVERY = [" ".join(words) for words in commands(cli)]


def shown(words: str, **environment: str) -> str:
    """Return the help of a command on a terminal of 80 columns."""
    asked = [*words.split(), "--help"]
    done = CliRunner(env={"COLUMNS": "80", **environment}).invoke(cli, asked, prog_name="stack")
    assert done.exit_code == ExitCode.GOOD
    return done.output


def test_the_walk_finds_commands_and_those_below_them() -> None:
    assert {"", "up", "secret", "secret rotate", "completion"} <= set(EVERY)


@pytest.mark.parametrize("words", EVERY)
def test_help_has_an_example_of_the_very_command(words: str) -> None:
    examples = EXAMPLE.findall(shown(words))
    assert examples
    for example in examples:
        assert f"{example} ".startswith(f"stack {words}".rstrip() + " ")


@pytest.mark.parametrize("words", EVERY)
def test_the_example_is_a_command_line_that_is_understood(words: str) -> None:
    for example in EXAMPLE.findall(shown(words)):
        command: click.Command = cli
        rest = shlex.split(example)[1:]
        while isinstance(command, click.Group):
            command = command.commands[rest.pop(0)]
        command.make_context("stack", rest)


@pytest.mark.parametrize("words", EVERY)
def test_help_tells_the_exit_codes(words: str) -> None:
    codes = re.search(r"Exit codes?: (.*)\Z", " ".join(shown(words).split()))
    assert codes
    assert {"2", "3", "130"} <= set(re.findall(r"\d+", codes[1]))


@pytest.mark.parametrize(
    ("words", "special"),
    [
        ("exec", "Exit code: that of what it runs."),
        ("psql", "Exit code: that of what it runs."),
        ("redis", "Exit code: that of what it runs."),
        ("dev", "Ctrl-C, the way out, ends it with 130"),
        ("logs", "With --follow, Ctrl-C ends it with 0."),
        ("check", "With --watch, Ctrl-C ends it as what was seen last: 0 or 1."),
    ],
)
def test_help_tells_where_exit_codes_differ(words: str, special: str) -> None:
    assert special in " ".join(shown(words).split())


@pytest.mark.parametrize("words", EVERY)
def test_help_fits_into_80_columns_and_nothing_is_cut(words: str) -> None:
    text = shown(words)
    assert max(map(len, text.splitlines())) <= 80
    assert "..." not in text.replace("[ARGS]...", "").replace("WORDS...", "").replace("NAME...", "")


@pytest.mark.parametrize("words", EVERY)
@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"FORCE_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_help_is_plain_text(words: str, environment: dict[str, str]) -> None:
    assert "\x1b" not in shown(words, **environment)


def test_the_readme_has_every_command() -> None:
    table = README.read_text(encoding="utf-8").partition("## Commands")[2].partition("\n## ")[0]
    assert [words for words in EVERY if f"`stack {words}" not in table] == []
