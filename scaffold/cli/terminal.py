"""What reaches the person: progress on standard error, results on standard output."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from ..errors import ExitCode, StackError

if TYPE_CHECKING:
    import click

    from ..engine import Say

REMINDER_SECONDS = 10
"""How often a step that takes long says that it is alive, where there is no terminal to draw on."""


def colour() -> bool:
    """Tell whether standard output is a terminal that knows colours, and wants them (https://no-color.org)."""
    return _is_terminal(sys.stdout) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width() -> int:
    """Return the columns of the terminal; 100 without one."""
    return shutil.get_terminal_size((100, 24)).columns


def interactive() -> bool:
    """Tell whether somebody is there to answer a question."""
    return all(map(_is_terminal, (sys.stdin, sys.stdout, sys.stderr))) and not os.environ.get("CI")


def attached() -> bool:
    """Tell whether a command that gets our standard input and output would be at a terminal."""
    return _is_terminal(sys.stdin) and _is_terminal(sys.stdout)


def secret(question: str, *, as_json: bool) -> str:
    """Return what is typed and not shown; without a terminal, all of standard input but one new line at its end."""
    from ..errors import WrongInput

    if not _is_terminal(sys.stdin):
        return _piped()
    if as_json or not interactive():
        raise WrongInput("there is no terminal to ask for the value at", hint="the value on standard input: < FILE")
    from .. import wizard

    return wizard.hidden(question)


def _piped() -> str:
    given = sys.stdin.buffer.read() if sys.stdin else b""
    return given.decode(errors="surrogateescape").removesuffix("\n")


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()  # None where the descriptor was closed


def result(text: str) -> None:
    """Show a result."""
    print(text, flush=True)


def document(body: dict[str, Any]) -> None:
    """Show the one JSON document."""
    from .. import report

    result(report.as_json(body))


def heartbeat(text: str) -> None:
    """Show that all goes on, in a line that the next one replaces; an empty one takes it away. Only on a terminal."""
    if _is_terminal(sys.stderr):
        print(f"\r{text[: width() - 1]}\x1b[K", end="", file=sys.stderr, flush=True)


def note(text: str) -> None:
    """Show something beside the result."""
    print(text, file=sys.stderr, flush=True)


def failure(error: StackError, *, as_json: bool) -> int:
    """Show an error and return its exit code."""
    from .. import report

    if as_json:
        document(report.error_document(error))
    else:
        note(report.error_text(error))
    return int(error.exit_code)


def usage(error: "click.ClickException", *, as_json: bool) -> int:
    """Show a wrong command line and return its exit code."""
    from ..errors import WrongInput

    if as_json:
        return failure(WrongInput(error.format_message()), as_json=True)
    error.show()
    return int(ExitCode.WRONG_INPUT)


@contextmanager
def step(text: str) -> Iterator["Say"]:
    """Show that a step is under way: a moving line on a terminal, else a line now and then; afterwards its seconds."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False)
    started = time.monotonic()
    if console.is_terminal:
        with console.status(Text(text)) as status:
            yield lambda line: status.update(Text(f"{text}  ").append(line[: console.width // 2], style="dim"))
    else:
        note(f"… {text}")
        yield _reminder(started)
    console.print(Text(f"✓ {text} ({time.monotonic() - started:.1f} s)"), soft_wrap=True)


def _reminder(started: float) -> "Say":
    last = started

    def say(line: str) -> None:
        nonlocal last
        if time.monotonic() - last > REMINDER_SECONDS:
            last = time.monotonic()
            note(f"    {last - started:.0f} s: {line}")

    return say
