"""What a shell offers while `stack` is typed: click's own protocol, and the words that only this program knows."""

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from .. import places
from ..errors import StackError, WrongInput

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_STACK_COMPLETE"
"""The variable in which click is asked for words, after the name of the command."""


def script(command: click.Command, shell: str | None) -> str:
    """Return what a shell has to read to complete words; of the person's own shell where none is named. WrongInput."""
    name = shell or Path(os.environ.get("SHELL", "")).name
    kind = get_completion_class(name) if name in SHELLS else None
    if kind is None:
        raise WrongInput(
            f"there is no completion for {name or 'a shell that nobody named'}", hint=f"one of: {', '.join(SHELLS)}"
        )
    return kind(command, {}, "stack", VARIABLE).source()


def checks(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the checks that begin so."""
    from ..checks import CHECKS

    return [one.id for one in CHECKS if one.id.startswith(incomplete)]


def named_places(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the project's places that begin so; none where it names none, or cannot be read."""
    try:
        known = places.names(Path(context.params.get("directory") or "."))
    except StackError:
        return []
    return [name for name in known if name.startswith(incomplete)]
