"""What several commands take: their common options and arguments."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from . import completing

EXIT_CODES = (
    "Exit codes: 0 good, 1 a check failed or a deploy was taken back, 2 a wrong option, answer or file, "
    "3 the machine is not ready, 130 interrupted."
)
HANDED_ON = "Exit codes: that of what it ran; 2 a wrong option or file, 3 the machine is not ready, 130 interrupted."


class Command(click.Command):
    """A command whose help ends with the exit codes."""

    def __init__(self, *words: Any, **options: Any) -> None:  # noqa: ANN401 - as click's own
        super().__init__(*words, **{"epilog": EXIT_CODES, **options})


class Group(click.Group):
    """Commands whose help ends with the exit codes."""

    command_class = Command
    group_class = type

    def __init__(self, *words: Any, **options: Any) -> None:  # noqa: ANN401 - as click's own
        super().__init__(*words, **{"epilog": EXIT_CODES, **options})


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
        shell_complete=completing.named_places,
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


class Handing(Command):
    """A command that hands the words behind `--` on, as `command`, and ends as what it ran."""

    def __init__(self, *words: Any, **options: Any) -> None:  # noqa: ANN401 - as click's own
        super().__init__(*words, **{"epilog": HANDED_ON, **options})

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep what is somebody else's away from our own options."""
        end = args.index("--") if "--" in args else len(args)
        ctx.params["command"] = tuple(args[end + 1 :])
        return super().parse_args(ctx, args[:end])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return what the usage line is made of."""
        return [*super().collect_usage_pieces(ctx), "[-- WORDS...]"]
