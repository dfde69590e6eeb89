"""What several commands take: their common options and arguments."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click


def debugging(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that every command has, also one that leaves standard output to another program."""
    return click.option("--debug", is_flag=True, help="Show the traceback when something unexpected happens.")(command)


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that has a result."""
    command = debugging(command)
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")(command)


def directory(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument DIR."""
    return click.argument("directory", metavar="[DIR]", default=".", type=click.Path(path_type=Path))(command)


def within(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that names the project's folder, where an argument is something else."""
    return click.option(
        "-C", "--directory", metavar="DIR", default=".", type=click.Path(path_type=Path), help="The project's folder."
    )(command)


def server(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that names a server."""
    return click.option(
        "--on",
        metavar="PLACE",
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


class Handing(click.Command):
    """A command that hands the words behind `--` on, as `command`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep what is somebody else's away from our own options."""
        end = args.index("--") if "--" in args else len(args)
        ctx.params["command"] = tuple(args[end + 1 :])
        return super().parse_args(ctx, args[:end])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return what the usage line is made of."""
        return [*super().collect_usage_pieces(ctx), "[-- WORDS...]"]
