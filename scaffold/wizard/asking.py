"""One question of a template at the terminal: its choices, its default, what refuses an answer, and the way back."""

import termios
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import questionary
from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import clear_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent, merge_key_bindings

from ..errors import Interrupted
from ..form import Question

if TYPE_CHECKING:
    from prompt_toolkit.application import Application

ESCAPE_SECONDS = 0.05
"""How long a lone Esc waits for the rest of an arrow key; terminals send that at once."""
SEARCHED = 8
"""From so many options on, typing filters them."""


class _Back:
    """What is returned when somebody wants the question before."""


BACK: Final = _Back()


def ask(question: Question) -> Any:  # noqa: ANN401 - a text, yes or no, a choice, BACK
    """Return what somebody answers, or BACK at Esc; Interrupted at Ctrl-C.

    A text starts with its default, marked: typing replaces it, an arrow key keeps it to be edited.
    """
    if question.kind == "bool":
        return _answered(questionary.confirm(question.name, default=bool(question.value), auto_enter=False))
    if question.choices:
        return pick(question.name, [(one.label, one.value) for one in question.choices], question.value)
    prompt = questionary.text(question.name, default=question.shown)
    prompt.application.pre_run_callables.append(lambda: _mark(prompt.application))
    answer = _answered(prompt)
    return answer.strip() if isinstance(answer, str) else answer


def pick(
    title: str,
    options: Sequence[tuple[str, Any]],
    default: Any = None,  # noqa: ANN401 - one of them
    *,
    afresh: bool = False,
) -> Any:  # noqa: ANN401 - one of them
    """Return the value of one of some (label, value), or BACK at Esc. Interrupted at Ctrl-C.

    Afresh, no key counts that was pressed before this stood on the screen.
    """
    choices = [questionary.Choice(label, value) for label, value in options]
    known = next((one for one in choices if one.value == default), None)
    many = len(choices) >= SEARCHED
    prompt = questionary.select(
        title, choices, default=known, use_jk_keys=not many, use_search_filter=many, use_shortcuts=False
    )
    if afresh:
        _forget_keys(prompt.application.input)
    return _answered(prompt)


def _forget_keys(terminal: Input) -> None:
    clear_typeahead(terminal)
    with suppress(OSError, termios.error):
        termios.tcflush(terminal.fileno(), termios.TCIFLUSH)


def _answered(prompt: questionary.Question) -> Any:  # noqa: ANN401 - of each prompt another
    app: Application[Any] = prompt.application
    keys = KeyBindings()

    @keys.add("escape", eager=True)
    def _(event: KeyPressEvent) -> None:
        event.app.exit(result=BACK)

    @keys.add("c-u", eager=True)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.reset()  # by itself it leaves what is marked

    app.key_bindings = merge_key_bindings([one for one in (app.key_bindings, keys) if one])
    app.ttimeoutlen = ESCAPE_SECONDS
    try:
        return prompt.unsafe_ask()
    except (KeyboardInterrupt, EOFError):  # Ctrl-C, and Ctrl-D where nothing is typed
        raise Interrupted("interrupted: nothing was written") from None


def _mark(app: "Application[Any]") -> None:
    """Mark all of a text, as a form in a browser does."""
    buffer = app.current_buffer
    if buffer.text:
        buffer.cursor_position = 0
        buffer.start_selection()
        if buffer.selection_state:
            buffer.selection_state.enter_shift_mode()
        buffer.cursor_position = len(buffer.text)
