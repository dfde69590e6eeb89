"""`stack completion`: the script by which a shell asks `stack` what can come next."""

import os
from pathlib import Path

import click
from click.shell_completion import BashComplete, get_completion_class

from ..errors import ExitCode, WrongInput
from . import terminal

SHELLS = ("bash", "zsh", "fish")
PROGRAM = "stack"
VARIABLE = "_STACK_COMPLETE"
"""By which click knows that a shell asks: its own name for a program that is called `stack`."""
END = "    return 0\n"
OPEN_END = "    [[ $COMPREPLY == *= ]] && compopt -o nospace\n\n"
"""NAME= is half of a word: without this, Bash would put a space behind it."""


class Bash(BashComplete):
    """Click's script, with one line more."""

    source_template = BashComplete.source_template.replace(END, OPEN_END + END)


def show(program: click.Command, shell: str | None) -> int:
    """Print the script for a shell, or for the one that the person uses; WrongInput when that is another."""
    kind = Bash if (name := shell or _own()) == "bash" else get_completion_class(name)
    if kind is None or name not in SHELLS:
        raise WrongInput(
            f"there is a completion for {', '.join(SHELLS)}, and $SHELL names {name or 'none'}",
            hint=f"stack completion {SHELLS[0]}",
        )
    terminal.result(kind(program, {}, PROGRAM, VARIABLE).source().rstrip("\n"))
    return ExitCode.GOOD


def _own() -> str:
    return Path(os.environ.get("SHELL", "")).name
