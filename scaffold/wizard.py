"""Ask the person at the terminal."""

import questionary

from .errors import Interrupted


def confirm(question: str) -> bool:
    """Return the answer to a question of yes or no; no is the default. Interrupted at Ctrl-C."""
    answer = questionary.confirm(question, default=False).ask()
    if answer is None:
        raise Interrupted("interrupted: nothing was changed")
    return bool(answer)
