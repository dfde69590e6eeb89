"""What several commands take: their common options and arguments."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from . import completing


def debugging(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that every command has, also one that leaves standard output to another program."""
    return click.option("--debug", is_flag=True, help="Show the traceback when something unexpected happens.")(command)


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that has a result."""
    command = debugging(command)
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")(command)


def directory(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument DIR."""
    return click.argument(
        "directory",
        metavar="[DIR]",
        default=".",
        type=click.Path(path_type=Path),
        shell_complete=completing.folders,
    )(command)


def within(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that names the project's folder, where an argument is something else."""
    return click.option(
        "-C",
        "--directory",
        metavar="DIR",
        default=".",
        type=click.Path(path_type=Path),
        shell_complete=completing.folders,
        help="The project's folder.",
    )(command)


def server(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that names a server."""
    return click.option(
        "--on",
        metavar="PLACE",
        shell_complete=completing.places,
        help="Act on a server over SSH: USER@HOST, USER@HOST:/FOLDER, or a name of places.yaml.",
    )(command)


def on_server(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that names a server: the command gets the project's folder there, while a connection holds."""

    @wraps(command)
    def there(*, on: str | None, directory: Path, **given: Any) -> Any:  # noqa: ANN401 - a command of click's
        if on is None:
            return command(directory=directory, **given)
        from . import afield

        with afield.at(directory, on, as_json=given.get("as_json", False)) as place:
            return command(directory=place, **given)

    return server(there)


def of_proxy(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that means Traefik's secrets instead of the app's."""
    return click.option("--proxy", is_flag=True, help="For Traefik alone, such as a DNS provider's variables.")(command)
