"""The commands: wire, call, show, exit. Nothing outside this package prints or exits.

What a command does not need it does not import: Copier alone costs half a second (FACTS C10).
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from .. import __version__
from ..errors import ExitCode, Interrupted, StackError, WrongInput
from . import completing, terminal, unforeseen
from .helping import Family, Handing
from .options import common, debugging, directory, of_proxy, on_server, server, within


@click.group(cls=Family, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="stack")
def cli() -> None:
    """Take a FastAPI app to an HTTPS address on your own server, and prove that it got there.

    Example: stack new shop
    """


@cli.command()
@click.argument("destination", metavar="DEST", shell_complete=completing.folders)
@click.option("--defaults", is_flag=True, help="Ask nothing; take the default where no answer is given.")
@click.option(
    "--data",
    multiple=True,
    metavar="NAME=VALUE",
    shell_complete=completing.questions,
    help="Give one answer. May be repeated; wins over --answers.",
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
    given = create.given(answers, data, of, os.environ)
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
@click.option("--yes", is_flag=True, help="Do not ask before something that serves is made anew.")
@server
@click.option(
    "--set", "pairs", multiple=True, metavar="NAME=VALUE", help="With --on: change a line of .env there. Repeatable."
)
@click.option(
    "--build",
    "builder",
    type=click.Choice(["there", "here"]),
    default="there",
    help="With --on: build the image on the server (the default), or here, and carry over what is new of it.",
)
@common
def up(
    directory: Path,
    dry_run: bool,
    rehearse: bool,
    yes: bool,
    on: str | None,
    pairs: tuple[str, ...],
    builder: str,
    as_json: bool,
    debug: bool,
) -> int:
    """Bring the stack up, wait until it serves, and check it. Doing it again does nothing.

    A new version takes the place of the one that serves without a gap, and is taken back when it is no good.

    With --on, what git has of the project is sent to the server first; .env and secrets/ there are its own.

    Example: stack up shop --dry-run
    """
    from . import afield, stack

    settings = afield.settings(on, pairs, here=builder == "here")
    asked = afield.Asked(directory, on, settings, dry_run=dry_run, yes=yes, as_json=as_json)
    with afield.at(directory, on, as_json=as_json) as place, afield.workshop(asked, builder) as workshop:
        ended = afield.deliver(place, asked)
        wish = stack.Wish(dry_run=dry_run, rehearse=rehearse, yes=yes, workshop=workshop)
        return stack.up(place, wish, as_json=as_json) if ended is None else ended


@cli.command("rollback")
@directory
@click.option("--to", metavar="TAG", help="Go back to this image: its tag, or how that begins. Else to the one before.")
@click.option("--list", "listing", is_flag=True, help="Show what can be gone back to, and stop.")
@click.option("--prestart", is_flag=True, help="Run what runs before the app, too, in the older image.")
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
@click.option("--yes", is_flag=True, help="Do not ask before something that serves is made anew.")
@on_server
@common
def roll_back(debug: bool, as_json: bool, **options: Any) -> int:  # noqa: ANN401 - each of its own kind, in rollback.Asked
    """Bring an earlier image of the app back, the same way as `up` brings a new one.

    The files stay as they are: the next `up` goes forward to them.

    Example: stack rollback shop
    """
    from . import rollback

    return rollback.rollback(rollback.Asked(**options), as_json=as_json)


@cli.command("host", epilog="Here 3 says that the server lacks something.")
@click.argument("host", metavar="USER@HOST")
@common
def look_at_host(host: str, as_json: bool, debug: bool) -> int:
    """Look at a server over SSH, and say what it lacks, each with the command that mends it. Changes nothing.

    Example: stack host deploy@203.0.113.7
    """
    from . import hosting

    return hosting.look(host, as_json=as_json)


@cli.command("history")
@directory
@on_server
@common
def show_history(directory: Path, as_json: bool, debug: bool) -> int:
    """Show every `up` and `rollback`: who, when, from what to what, and what became of it.

    Example: stack history shop
    """
    from . import deeds

    return deeds.history(directory, as_json=as_json)


@cli.command(epilog="With --watch, Ctrl-C ends it as what was seen last: 0 or 1.")
@click.argument("target", metavar="[DIR | ADDRESS]", default=".", shell_complete=completing.folders)
@click.option("--list", "listing", is_flag=True, help="Show every check and its promise, and stop.")
@click.option(
    "--only",
    multiple=True,
    metavar="ID",
    shell_complete=completing.checks,
    help="Run this check and those it needs. May be repeated.",
)
@click.option("--before", is_flag=True, help="Look only at what must be right before anything is started.")
@click.option(
    "--watch",
    "seconds",
    type=click.IntRange(min=1),
    metavar="SECONDS",
    help="Look again and again, after a pause, and tell what changes. Ctrl-C ends it as what was last seen: 0 or 1.",
)
@click.option("--once-bad", is_flag=True, help="With --watch: end with 1 as soon as something is bad.")
@click.option("--facts", type=click.Path(path_type=Path), metavar="FILE", help="Save what is seen, for a bug report.")
@click.option("--from-facts", type=click.Path(path_type=Path), metavar="FILE", help="Judge what was saved, elsewhere.")
@click.option(
    "--roots",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With an address: believe the authorities in this PEM file, and no others.",
)
@server
@common
def check(debug: bool, **options: Any) -> int:  # noqa: ANN401 - each of its own kind, in checking.Asked
    """Prove the promises that the stack makes, from the outside. Changes nothing.

    An ADDRESS such as https://shop.example.com is looked at from here, without Docker: whatever serves it, and
    wherever. A path in it is what the site is below.

    Example: stack check shop --only tls.trusted
    """
    from . import checking

    return checking.check(checking.Asked(**options))


@cli.command("status", epilog="Here 1 says that something does not run as it should.")
@directory
@on_server
@common
def show_status(directory: Path, as_json: bool, debug: bool) -> int:
    """Show what runs, since when, and what it takes.

    Example: stack status shop
    """
    from . import status

    return status.status(directory, as_json=as_json)


@cli.command("logs", epilog="With --follow, Ctrl-C ends it with 0.")
@click.argument("services", metavar="[SERVICE]", nargs=-1, shell_complete=completing.services)
@within
@click.option("--since", metavar="TIME", help="Only what was written since then: 10m, 2h, 2026-08-01T12:00:00Z.")
@click.option("--tail", type=click.IntRange(min=0), metavar="N", help="Only the last lines; 200 without --since.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written from now on. Ctrl-C ends it.")
@on_server
@common
def show_logs(
    services: tuple[str, ...],
    directory: Path,
    since: str | None,
    tail: int | None,
    follow: bool,
    as_json: bool,
    debug: bool,
) -> int:
    """Show what the containers say, by time.

    Of all services, or of SERVICE. What is known to puzzle people is explained.

    Example: stack logs app --since 1h
    """
    from . import logs

    return logs.logs(directory, logs.Wish(services, since, tail, follow), as_json=as_json)


@cli.command()
@directory
@click.option("--volumes", is_flag=True, help="Remove the volumes too, with everything in them. Asks first.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@on_server
@common
def down(directory: Path, volumes: bool, yes: bool, as_json: bool, debug: bool) -> int:
    """Stop and remove containers and networks; volumes stay.

    Example: stack down shop
    """
    from . import stack

    return stack.down(directory, volumes=volumes, yes=yes, as_json=as_json)


@cli.command("update", epilog="Here 2 says, too, that your lines and the template's met: both are in the file.")
@directory
@click.option("--to", metavar="REF", help="Go to this tag, branch or commit of the template; else its newest tag.")
@click.option("--template", metavar="SOURCE", help="Take the template from here from now on, not from where it was.")
@click.option(
    "--data",
    multiple=True,
    metavar="NAME=VALUE",
    shell_complete=completing.questions,
    help="Change one answer, too. May be repeated.",
)
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
    """Set what nobody else may see.

    Example: stack secret set STRIPE_KEY
    """


@secret_group.command("set")
@click.argument("words", metavar="NAME", nargs=-1, required=True)
@of_proxy
@within
@on_server
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
@on_server
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
@on_server
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
@on_server
@common
def secret_rotate(store: str, directory: Path, as_json: bool, debug: bool) -> int:
    """Give a data service a new password, and restart what needs it.

    Example: stack secret rotate postgres
    """
    from . import rotate

    return rotate.rotate(directory, store, as_json=as_json)


@cli.command("exec", cls=Handing, context_settings={"ignore_unknown_options": True})
@click.argument("words", metavar="[SERVICE]", nargs=-1, shell_complete=completing.services)
@within
@on_server
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
@on_server
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
@on_server
@debugging
def redis(directory: Path, command: tuple[str, ...], debug: bool) -> int:
    """Open redis-cli, logged in.

    Example: stack redis -- info memory
    """
    from . import enter

    return enter.redis(directory, command)


@cli.command("dev", epilog="Ctrl-C, the way out, ends it with 130; 1 says that Compose failed.")
@directory
@click.option("--down", is_flag=True, help="Remove what development left: containers and networks, never a volume.")
@debugging
def develop(directory: Path, down: bool, debug: bool) -> int:
    """Run the app for development: on 127.0.0.1, started again at every change. Ctrl-C ends it.

    Example: stack dev shop
    """
    from . import dev

    return dev.dev(directory, down=down)


@cli.command("completion", epilog="Here 2 says, too, that there is none for your shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), required=False)
@debugging
def print_completion(shell: str | None, debug: bool) -> int:
    """Print the script that lets TAB complete commands, options, checks, places and questions.

    For bash, zsh or fish, or without a word for the shell that $SHELL names. One line for each of them installs it, for
    every terminal that is opened from then on; a folder that is not there yet wants to be made first.

    \b
    mkdir -p ~/.local/share/bash-completion/completions
    stack completion bash > ~/.local/share/bash-completion/completions/stack
    stack completion zsh > ~/.stack.zsh && echo '. ~/.stack.zsh' >> ~/.zshrc
    stack completion fish > ~/.config/fish/completions/stack.fish

    Example: stack completion bash
    """  # noqa: D301 - click's mark for lines that stay as they are
    from . import completion

    return completion.show(cli, shell)


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
        return terminal.failure(unforeseen.told(error), as_json=as_json)


def main() -> None:
    """Run this process's command line, and end it."""
    # Whoever ends the process politely gets the same clean way out as Ctrl-C.
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
    status = run(sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # everything is said and done
    sys.exit(status)
