"""The template's questions, judged by Copier itself, in its own environment and with its own filters.

The parts of Copier used here are private ones: tests/template/test_asking.py compares with what `copier copy` accepts.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from copier._types import MISSING
from copier._user_data import AnswersMap
from copier._user_data import Question as Asking
from copier.errors import CopierError

from ..form import Choice, Form, Question
from . import Rendering, Template, explained, sentence

REFUSED = (ValueError, TypeError)
"""What Copier raises of an answer that it does not take."""
UNANSWERED = "it has to be answered"


class Questionnaire:
    """A template's questions, which can be judged with other answers as often as need be."""

    def __init__(self, worker: Rendering, address: str) -> None:
        self._worker, self._address = worker, address
        known = worker.template.questions_data
        last = max((place for place, body in enumerate(known.values()) if body.get("when") is not False), default=-1)
        # What is worked out after the last one that anybody answers is for the files.
        self._bodies = dict(list(known.items())[: last + 1])

    def form(self, given: Mapping[str, Any]) -> Form:
        """Return what becomes of all questions when these are answered; nothing is raised for a wrong answer."""
        self._worker.answers = AnswersMap(init=dict(given), metadata=self._worker.template.metadata)
        with explained(self._address):
            found = [self._question(name, body, given) for name, body in self._bodies.items()]
        return Form(tuple(one for one in found if self._bodies[one.name].get("when") is not False))

    def _question(self, name: str, body: Mapping[str, Any], given: Mapping[str, Any]) -> Question:
        answers = self._worker.answers
        one = Asking(
            answers=answers,
            context=self._worker._render_context(),  # noqa: SLF001
            jinja_env=self._worker.jinja_env,
            settings=self._worker.settings,
            var_name=name,
            **body,
        )
        asked = one.get_when()
        if not asked:
            answers.hide(name)
        value, problem = _judged(one, given)
        if value is not None:
            answers.user[name] = value
        choices = tuple(Choice(str(c.title), one.cast_answer(c.value)) for c in one._formatted_choices)  # noqa: SLF001
        return Question(
            name,
            one.get_type_name(),
            one.get_message().strip(),
            value,
            asked=asked,
            given=name in given,
            choices=choices,
            problem=problem,
        )


def _judged(one: Asking, given: Mapping[str, Any]) -> tuple[Any, str]:
    """Return what a question comes to, and why that is refused."""
    if one.var_name not in given:
        return _usual(one)
    value = None
    try:
        value = one.parse_answer(given[one.var_name])
        one.validate_answer(value)
    except REFUSED as error:
        return value, sentence(error)
    return value, ""


def _usual(one: Asking) -> tuple[Any, str]:
    """Return a question's default, and why that is refused: other answers may be what is wrong."""
    try:
        default = one.get_default()
    except REFUSED as error:
        with suppress(*REFUSED, CopierError):  # later questions look at it all the same
            return one.parse_answer(one.render_value(one.default)), sentence(error)
        return "", sentence(error)
    return (None, UNANSWERED if one.get_when() else "") if default is MISSING else (default, "")


@contextmanager
def opened(of: Template, destination: Path) -> Iterator[Questionnaire]:
    """Give the questions of a template for a project in a folder, of which nothing is read, and nothing written."""
    with tempfile.TemporaryDirectory(prefix="stack-questions-") as folder, ExitStack() as later:
        # The folder's name is the default of project_name, so it has to be the real one.
        empty = Path(folder, destination.resolve().name)
        with explained(of.address):
            worker = later.enter_context(Rendering.begun(of, empty, defaults=True))
            worker.refuse_code()
            questionnaire = Questionnaire(worker, of.address)
        yield questionnaire
