"""Ask the person at the terminal."""

from collections.abc import Sequence

import questionary

from ..errors import Interrupted


def confirm(question: str) -> bool:
    """Return the answer to a question of yes or no; no is the default. Interrupted at Ctrl-C."""
    answer = questionary.confirm(question, default=False, auto_enter=False).ask()
    if answer is None:
        raise Interrupted("interrupted: nothing was changed")
    return bool(answer)


def typed(question: str, default: str = "") -> str:
    """Return a line that somebody types. Interrupted at Ctrl-C."""
    answer = questionary.text(question, default=default).ask()
    if answer is None:
        raise Interrupted("interrupted: nothing was changed")
    return str(answer).strip()


def hidden(question: str) -> str:
    """Return an answer that is not shown while it is typed. Interrupted at Ctrl-C."""
    answer = questionary.password(question).ask()
    if answer is None:
        raise Interrupted("interrupted: nothing was changed")
    return str(answer)


def choose(question: str, options: Sequence[str]) -> str:
    """Return one of some options; the first is the default. Interrupted at Ctrl-C."""
    answer = questionary.select(question, choices=list(options)).ask()
    if answer is None:
        raise Interrupted("interrupted: nothing was changed")
    return str(answer)
