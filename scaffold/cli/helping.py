"""What `--help` says of every command beside what it does: an example, and the exit codes. Nothing is cut to fit."""

from typing import Any

import click

OWN = "2 a wrong option, answer or file, 3 the machine is not ready, 130 interrupted."
EXIT_CODES = f"Exit codes: 0 good, 1 a check failed or a deploy was taken back, {OWN}"
EVERY_WORD = 10_000
"""More letters than the first sentence of any command has."""


class Command(click.Command):
    """A command whose help ends with the exit codes, and then with what is special about its own (`epilog`)."""

    exits = EXIT_CODES

    def __init__(self, name: str | None, *, epilog: str = "", **given: Any) -> None:  # noqa: ANN401 - all that click takes
        super().__init__(name, epilog=f"{self.exits} {epilog}".strip(), **given)

    def get_short_help_str(self, limit: int = EVERY_WORD) -> str:
        """Return the first sentence in full: a list of commands has room for a second line."""
        return super().get_short_help_str(max(limit, EVERY_WORD))


class Family(Command, click.Group):
    """A group of such commands."""

    command_class = Command
    group_class = type


class Handing(Command):
    """A command that hands the words behind `--` on, as `command`, and ends as what gets them does."""

    exits = f"Exit code: that of what it runs. Where it does not come to that: {OWN}"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep what is somebody else's away from our own options."""
        end = args.index("--") if "--" in args else len(args)
        ctx.params["command"] = tuple(args[end + 1 :])
        return super().parse_args(ctx, args[:end])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return what the usage line is made of."""
        return [*super().collect_usage_pieces(ctx), "[-- WORDS...]"]
