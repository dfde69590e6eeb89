"""The commands: wire, call, show, exit. Nothing outside this package prints or exits.

What a command does not need it does not import: Copier alone costs half a second (FACTS C10).
"""

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from .. import __version__
from ..errors import ExitCode, Interrupted, NotReady, StackError, WrongInput
from . import terminal

EXIT_CODES = (
    "Exit codes: 0 good, 1 a check failed or a deploy was taken back, 2 a wrong option, answer or file, "
    "3 the machine is not ready, 130 interrupted."
)


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


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="stack")
def cli() -> None:
    """Take a FastAPI app to an HTTPS address on your own server, and prove that it got there."""


@cli.command()
@click.argument("destination", metavar="DEST")
@click.option("--defaults", is_flag=True, help="Ask nothing; take the default where no answer is given.")
@click.option(
    "--data", multiple=True, metavar="NAME=VALUE", help="Give one answer. May be repeated; wins over --answers."
)
@click.option("--answers", type=click.Path(path_type=Path), metavar="FILE", help="Take answers from a YAML file.")
@click.option(
    "--template", metavar="SOURCE", help="Use another template: a folder, an address of git's, or gh:owner/repo."
)
@click.option("--ref", metavar="REF", help="Use this tag, branch or commit of --template; else its newest tag.")
@click.option("--yes", is_flag=True, help="Overwrite files that are in the way.")
@common
def new(
    destination: str,
    defaults: bool,
    data: tuple[str, ...],
    answers: Path | None,
    template: str | None,
    ref: str | None,
    yes: bool,
    as_json: bool,
    debug: bool,
) -> int:
    """Make a project in the folder DEST.

    Example: stack new shop --data domain=shop.example.com
    """
    from . import create

    if not destination.strip():
        raise WrongInput("the folder's name is empty", hint="for example: stack new shop")
    of = create.template(template, ref)
    given = create.given(answers, data, of)
    return create.create(Path(destination), given, of, ask=not defaults, yes=yes, as_json=as_json)


@cli.command()
@directory
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
@click.option(
    "--rehearsal/--no-rehearsal",
    "rehearse",
    default=True,
    help="Order a first certificate from an authority for trials before the real one (the default), or not.",
)
@common
def up(directory: Path, dry_run: bool, rehearse: bool, as_json: bool, debug: bool) -> int:
    """Bring the stack up, wait until it serves, and check it. Doing it again does nothing.

    Example: stack up shop --dry-run
    """
    from . import stack

    return stack.up(directory, dry_run=dry_run, rehearse=rehearse, as_json=as_json)


@cli.command()
@directory
@click.option("--list", "listing", is_flag=True, help="Show every check and its promise, and stop.")
@click.option("--only", multiple=True, metavar="ID", help="Run this check and those it needs. May be repeated.")
@click.option("--before", is_flag=True, help="Look only at what must be right before anything is started.")
@common
def check(directory: Path, listing: bool, only: tuple[str, ...], before: bool, as_json: bool, debug: bool) -> int:
    """Prove the promises that the stack makes, from the outside. Changes nothing.

    Example: stack check shop --only tls.trusted
    """
    from . import stack

    if listing:
        return stack.list_checks(only, before=before, as_json=as_json)
    return stack.check(directory, only, before=before, as_json=as_json)


@cli.command()
@directory
@click.option("--volumes", is_flag=True, help="Remove the volumes too, with everything in them. Asks first.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def down(directory: Path, volumes: bool, yes: bool, as_json: bool, debug: bool) -> int:
    """Stop and remove containers and networks; volumes stay.

    Example: stack down shop
    """
    from . import stack

    return stack.down(directory, volumes=volumes, yes=yes, as_json=as_json)


@cli.command("update")
@directory
@click.option("--to", metavar="REF", help="Go to this tag, branch or commit of the template; else its newest tag.")
@click.option("--template", metavar="SOURCE", help="Take the template from here from now on, not from where it was.")
@click.option("--data", multiple=True, metavar="NAME=VALUE", help="Change one answer, too. May be repeated.")
@click.option("--defaults", is_flag=True, help="Ask nothing; take the default where the template has a new question.")
@click.option("--dry-run", is_flag=True, help="Update a copy, show what would change, and stop.")
@common
def update_project(
    directory: Path,
    to: str | None,
    template: str | None,
    data: tuple[str, ...],
    defaults: bool,
    dry_run: bool,
    as_json: bool,
    debug: bool,
) -> int:
    """Carry a project to a newer version of its template; your edits, .env and secrets/ stay.

    Example: stack update shop --dry-run
    """
    from . import update

    ask = not defaults and not as_json and terminal.interactive()
    chosen = update.Wish(to, template, data, ask=ask, dry_run=dry_run)
    return update.update(directory, chosen, as_json=as_json)


@cli.group("secret")
def secret_group() -> None:
    """Set what nobody else may see."""


@secret_group.command("set")
@click.argument("words", metavar="NAME", nargs=-1, required=True)
@of_proxy
@within
@common
def secret_set(words: tuple[str, ...], proxy: bool, directory: Path, as_json: bool, debug: bool) -> int:
    """Set a secret variable of the app, or of Traefik alone.

    The value is asked for, or read from standard input.

    Example: stack secret set STRIPE_KEY
    """
    from . import secret

    return secret.put(directory, words, proxy=proxy, as_json=as_json)


@secret_group.command("list")
@within
@common
def secret_list(directory: Path, as_json: bool, debug: bool) -> int:
    """Name what is in secrets/, and show no value.

    Example: stack secret list -C shop
    """
    from . import secret

    return secret.names(directory, as_json=as_json)


@secret_group.command("remove")
@click.argument("name")
@of_proxy
@within
@common
def secret_remove(name: str, proxy: bool, directory: Path, as_json: bool, debug: bool) -> int:
    """Take a secret variable out of the app's environment, or Traefik's.

    Example: stack secret remove STRIPE_KEY
    """
    from . import secret

    return secret.remove(directory, name, proxy=proxy, as_json=as_json)


@secret_group.command("rotate")
@click.argument("store", type=click.Choice(["postgres", "redis"]))
@within
@common
def secret_rotate(store: str, directory: Path, as_json: bool, debug: bool) -> int:
    """Give a data service a new password, and restart what needs it.

    Example: stack secret rotate postgres
    """
    from . import rotate

    return rotate.rotate(directory, store, as_json=as_json)


@cli.command("exec", cls=Handing, context_settings={"ignore_unknown_options": True})
@click.argument("words", metavar="[SERVICE]", nargs=-1)
@within
@debugging
def execute(words: tuple[str, ...], directory: Path, command: tuple[str, ...], debug: bool) -> int:
    """Run a command or a shell in a container.

    Of the app, or of SERVICE: as its user, with its environment.

    Example: stack exec -- python -m app.cleanup
    """
    from . import enter

    return enter.shell(directory, words, command)


@cli.command(cls=Handing)
@within
@debugging
def psql(directory: Path, command: tuple[str, ...], debug: bool) -> int:
    """Open psql in the app's database.

    In the container, as the superuser.

    Example: stack psql -- --command "select count(*) from notes"
    """
    from . import enter

    return enter.psql(directory, command)


@cli.command(cls=Handing)
@within
@debugging
def redis(directory: Path, command: tuple[str, ...], debug: bool) -> int:
    """Open redis-cli, logged in.

    Example: stack redis -- info memory
    """
    from . import enter

    return enter.redis(directory, command)


@cli.command("dev")
@directory
@click.option("--down", is_flag=True, help="Remove what development left: containers and networks, never a volume.")
@debugging
def develop(directory: Path, down: bool, debug: bool) -> int:
    """Run the app for development: on 127.0.0.1, started again at every change. Ctrl-C ends it.

    Example: stack dev shop
    """
    from . import dev

    return dev.dev(directory, down=down)


def run(words: list[str]) -> int:
    """Run one command line and return its exit code. The one place where errors are caught."""
    own = words[: words.index("--")] if "--" in words else words
    as_json, debug = "--json" in own, "--debug" in own
    try:
        return int(cli.main(words, prog_name="stack", standalone_mode=False) or ExitCode.GOOD)
    except click.ClickException as error:
        return terminal.usage(error, as_json=as_json)
    except (KeyboardInterrupt, click.Abort):
        return terminal.failure(
            Interrupted("interrupted", hint="run it again: it goes on from where things are"), as_json=as_json
        )
    except StackError as error:
        return terminal.failure(error, as_json=as_json)
    except Exception as error:
        if debug:
            raise
        return terminal.failure(_unexpected(error), as_json=as_json)


def _unexpected(error: Exception) -> StackError:
    """Return the sentence for an error that no code foresaw; the system's own complaints name the file."""
    if isinstance(error, OSError) and error.errno is not None:
        return NotReady(f"the system refused: {error}", hint="--debug shows where")
    return StackError(
        f"something unexpected happened: {type(error).__name__}: {error}", hint="--debug shows where; please report it"
    )


def main() -> None:
    """Run this process's command line, and end it."""
    # Whoever ends the process politely gets the same clean way out as Ctrl-C.
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
    status = run(sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # everything is said and done
    sys.exit(status)
