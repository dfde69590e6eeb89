"""What somebody who makes a project has said so far, and what follows from it. Asks nothing, shows nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from .. import adopt, answers
from ..errors import StackError
from ..facts import Room
from ..facts.surroundings import Surroundings
from ..form import Form, Question
from ..outline import Adoption
from ..render.questions import Questionnaire
from ..source import Source
from . import adopting

APP, DOCKERFILE, KIND = "app", "dockerfile", "kind"
FIRST = ("domain", "email", "postgres", "redis")
"""What only a person can know of most projects; everything else has a default that is right."""
UNSEEN = Surroundings(1, Room())


@dataclass
class Conversation:
    """A person's answers, judged by the template."""

    destination: Path
    given: Mapping[str, Any]
    """What the command line says."""
    questionnaire: Questionnaire
    source: Source
    around: Surroundings = UNSEEN
    typed: dict[str, Any] = field(default_factory=dict)

    def adoption(self, typed: Mapping[str, Any]) -> Adoption:
        """Return what follows from the folder when these are typed; WrongInput when it cannot be adopted so."""
        said = {**self.given, **typed}
        if said.get(KIND, answers.APP) != answers.APP:
            return Adoption(said)
        return adopting.adoption(self.source, self.destination, said)

    def form(self, typed: Mapping[str, Any]) -> Form:
        """Return the questions when these are typed; WrongInput as above."""
        return self.questionnaire.form(self.adoption(typed).answers)

    def path(self) -> Iterator[str]:
        """Yield the questions that a person is asked, in order, as far as what was typed tells."""
        yield from self.unclear
        if any(self._open(self.typed)):
            return
        form = self.form(self.typed)
        first = {*FIRST, *self._suggested()}
        yield from (one.name for one in form.asked if one.name in first and one.name not in self.given)
        yield from (one.name for one in form.open if one.name not in {*first, *self.unclear})

    @cached_property
    def unclear(self) -> tuple[str, ...]:
        """What the folder leaves open, and without which nothing follows from it."""
        if self.given.get(KIND, answers.APP) != answers.APP or not adopt.adopts(self.source, self.given):
            return ()
        recipe = self.source.recipe if DOCKERFILE not in self.given else None
        found = len(self.source.candidates) == 1 or APP in self.given or adopt.told(self.source, self.given)
        return (*([DOCKERFILE] if recipe else []), *([] if found else [APP]))

    def noticed(self) -> tuple[str, ...]:
        """Return a sentence for each thing that was found in the folder, and where."""
        if any(self._open(self.typed)):
            return tuple(f"app: {one.app} ({one.where})" for one in self.source.candidates)
        return self.adoption(self.typed).said

    def question(self, name: str) -> Question:
        """Return a question with the default that is right for this folder and this person."""
        if name in self.unclear:
            return adopting.question(name, self.source, self.typed.get(name))
        one = self.form(self.typed)[name]
        suggested = self._suggested().get(name)
        if suggested is None or name in self.typed or name in self.given:
            return one
        value, why = suggested
        return replace(one, value=value, text=f"{one.text} ({why})")

    def refusal(self, name: str, value: Any) -> str:  # noqa: ANN401 - an answer
        """Return why an answer is refused; empty when it is taken."""
        try:
            _, why = self._after(name, value)
            if not why:
                self._taken(name, value)
        except StackError as error:
            return "; ".join((error.message, *error.evidence))
        return why

    def take(self, name: str, value: Any) -> None:  # noqa: ANN401 - an answer
        """Note an answer that was not refused, and forget those that mean nothing any more.

        A default that nobody has chosen is not noted: it goes on following from the other answers.
        """
        self.typed = self._taken(name, value)

    def _taken(self, name: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - an answer
        """Return what is typed when an answer is taken; WrongInput when nothing could follow from that."""
        typed, _ = self._after(name, value)
        if name not in self.unclear and name not in self.given:
            rest = {one: said for one, said in typed.items() if one != name}
            if self.form(rest)[name].value == self.form(typed)[name].value:
                typed = rest
        return typed

    def _after(self, name: str, value: Any) -> tuple[dict[str, Any], str]:  # noqa: ANN401 - an answer
        """Return what is typed when one more is, and why that is refused."""
        typed = {**self.typed, name: value}
        if name in self.unclear and (why := adopting.refusal(name, str(value), self.source, self.destination)):
            return typed, why
        if any(self._open(typed)):
            return typed, ""
        form = self.form(typed)
        answers.refuse_unfit({name: value}, {name: form[name].kind})
        if form[name].problem:
            # Of another kind of project the answers so far may be what is wrong.
            fewer = {**self.form({name: value}).without_idle(self.typed), name: value}
            if not (again := self.form(fewer))[name].problem:
                typed, form = fewer, again
        return form.without_idle(typed), form[name].problem

    def _open(self, typed: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is unclear, and nobody has answered."""
        return (name for name in self.unclear if name not in typed)

    def _suggested(self) -> dict[str, tuple[Any, str]]:
        """Return answers that what was found suggests, with the reason."""
        found: dict[str, tuple[Any, str]] = {
            name: (True, f"{package} is there") for name, package in adopt.stores(self.source).items()
        }
        if adopt.migrates(self.source):
            found["prestart"] = ("alembic", "alembic.ini is there")
        if self.around.email and not any(self._open(self.typed)) and not self.refusal("email", self.around.email):
            found["email"] = (self.around.email, "as in git's settings")
        return found
