"""What TAB offers where click cannot know it. Each key has to be answered at once: nothing costly is imported."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    Offer = Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]

SERVICES = re.compile(r"^services:[^\n]*\n((?:[ \t#][^\n]*\n|\n)*)", re.MULTILINE)
SERVICE = re.compile(r"^  ([A-Za-z0-9][\w.-]*):", re.MULTILINE)
"""A service as the template writes it. What the files come to only Compose could tell, and that takes too long."""


def offering(known: Callable[[click.Context], Mapping[str, str]]) -> "Offer":
    """Make a completion out of a function that returns words, each with what it means or an empty string."""

    @wraps(known)
    def offered(context: click.Context, _: click.Parameter, begun: str) -> "list[CompletionItem[str]]":
        from click.shell_completion import CompletionItem

        # Nobody has asked for anything yet. What is the matter with a file says the command, once it is typed.
        with suppress(Exception):
            return [CompletionItem(word, help=what) for word, what in known(context).items() if word.startswith(begun)]
        return []

    return offered


def folders(context: click.Context, parameter: click.Parameter, begun: str) -> "list[CompletionItem[str]]":
    """Leave it to the shell, which knows the folders."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(begun, type="dir")]


@offering
def checks(context: click.Context) -> Mapping[str, str]:
    """Return the checks that the target can be asked for, by id."""
    from .. import checks, elsewhere

    afar = elsewhere.is_address(_named(context))
    return {one.id: one.promise for one in (checks.beyond(()) if afar else checks.CHECKS)}


@offering
def places(context: click.Context) -> Mapping[str, str]:
    """Return the places that the project's places.yaml names."""
    from .. import places

    return dict.fromkeys(filter(places.NAME.fullmatch, places.names(_folder(context))), "")


@offering
def questions(context: click.Context) -> Mapping[str, str]:
    """Return the questions of the template that came with this program, ready for their answer."""
    from .. import answers

    text = (answers.template() / "copier.yml").read_text(encoding="utf-8")
    return {f"{name}=": "" for name in answers.questions(text)}


@offering
def services(context: click.Context) -> Mapping[str, str]:
    """Return the services in the project's Compose files, as far as their text tells."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(_folder(context).glob("*compose*.y*ml"))]
    blocks = [block for text in texts for block in SERVICES.findall(f"{text}\n")]
    return dict.fromkeys((name for block in blocks for name in SERVICE.findall(block)), "")


def _folder(context: click.Context) -> Path:
    return Path(_named(context))


def _named(context: click.Context) -> str:
    """Return what says which project or site is meant, as far as it is typed already."""
    where = next(one for one in context.command.params if one.name in {"directory", "target"})
    # While an option waits for its value, click has not given the arguments their places yet.
    loose = context.args[:1] if isinstance(where, click.Argument) else []
    return loose[0] if loose else str(context.params.get(str(where.name)) or ".")
