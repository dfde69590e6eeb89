"""The questions of `stack new` at a terminal: what was found, five at most, the sum; nothing is written before that."""

import tempfile
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from .. import outline, render
from ..errors import Interrupted
from ..facts import Naming
from ..form import Form
from ..outline import Adoption, Files, Outline, Part
from ..render import questions
from ..screens import making
from ..wizard import asking as prompts
from . import adopting, around, becoming, terminal
from .conversation import Conversation

WRITE: Final = "\nwrite"
MORE: Final = "\nmore"
STOP: Final = "\nstop"
"""Wishes, which are no names of questions."""
WIDTH = 78


def ask(destination: Path, given: Mapping[str, Any], of: render.Template) -> Adoption:
    """Return what a person wants who has seen all of it; Interrupted when they do not. Nothing is written."""
    with terminal.step("look at the folder and at this machine"):
        source, surroundings = adopting.read(destination), around.look(destination)
    with questions.opened(of, destination) as questionnaire:
        talk = Conversation(destination, given, questionnaire, source, surroundings)
        shown = talk.noticed()
        terminal.note(making.found(surroundings, shown))
        _follow(talk)
        for line in talk.noticed():
            if line not in shown:
                terminal.note(f"  {line}")
        names: dict[tuple[str, ...], tuple[Naming, ...]] = {}
        while (wish := _wish(talk, of, names)) != WRITE:
            _change(talk, wish)
        return talk.adoption(talk.typed)


def missing(destination: Path, given: Mapping[str, Any], of: render.Template) -> tuple[str, ...]:
    """Return the questions that somebody would be asked who has given these answers; WrongInput for a wrong one."""
    source = adopting.read(destination)
    with questions.opened(of, destination) as questionnaire:
        return tuple(Conversation(destination, given, questionnaire, source).path())


def _follow(talk: Conversation) -> None:
    """Ask what only a person can know; Esc leads back."""
    done: list[str] = []
    while name := next((one for one in talk.path() if one not in done), None):
        if _asked(talk, name):
            done.append(name)
        elif done:
            done.pop()


def _asked(talk: Conversation, name: str) -> bool:
    """Ask one question, and tell whether it was answered."""
    question = talk.question(name)
    _tell(f"\n{question.text}")
    while (answer := prompts.ask(question)) is not prompts.BACK:
        if not (why := talk.refusal(name, answer)):
            talk.take(name, answer)
            return True
        _tell(f"✗ {why}")
        question = replace(question, value=answer)
    return False


def _tell(text: str) -> None:
    begin = "\n" * text.startswith("\n")
    terminal.note(begin + textwrap.fill(text.strip(), WIDTH, break_on_hyphens=False))


def _wish(talk: Conversation, of: render.Template, known: dict[tuple[str, ...], tuple[Naming, ...]]) -> str:
    """Show the sum, and return what somebody wants then: one of the wishes above, or the name of a question."""
    form = talk.form(talk.typed)
    hosts = outline.public(form)
    if hosts and hosts not in known:
        with terminal.step(f"ask where {', '.join(hosts)} leads"):
            known[hosts] = around.leads(hosts)
    terminal.note("\n" + _summary(talk, form, of, known.get(hosts, ())) + "\n")
    wrong = form.open
    options = [] if wrong else [("write it", WRITE)]
    options += [(f"answer {one.name}", one.name) for one in wrong]
    first = [name for name in talk.path() if name not in {one.name for one in wrong}]
    options += [(f"change {name}: {form[name].shown or '(empty)'}", name) for name in first]
    options += [("change something else", MORE), ("stop, and write nothing", STOP)]
    wish = prompts.pick("Is that right?", options, afresh=True)
    if wish == STOP:
        raise Interrupted("stopped: nothing was written")
    return next(reversed(first), MORE) if wish is prompts.BACK else str(wish)


def _change(talk: Conversation, wish: str) -> None:
    """Ask one question again, or let somebody choose one of all."""
    if wish != MORE:
        _asked(talk, wish)
        return
    name: Any = None
    while name is not prompts.BACK:
        asked = talk.form(talk.typed).asked
        wide = max(len(one.name) for one in asked)
        rows = [(f"{one.name:{wide}}  {one.shown or '(empty)'}"[: WIDTH - 4], one.name) for one in asked]
        name = prompts.pick("Change what?", [("back to the sum", prompts.BACK), *rows], name)
        if name is not prompts.BACK:
            _asked(talk, name)


def _summary(talk: Conversation, form: Form, of: render.Template, naming: tuple[Naming, ...]) -> str:
    """Return the sum of a project, rendered where nobody looks."""
    adoption = talk.adoption(talk.typed)
    files, parts = Files(), tuple[Part, ...]()
    if not form.open:
        with (
            tempfile.TemporaryDirectory(prefix="stack-new-") as home,
            render.rendered(talk.destination, adoption.answers, ask=False, of=of, home=Path(home)) as folder,
        ):
            files, parts = becoming.files(folder, talk.destination, adoption), outline.parts(folder)
    leads = tuple(outline.leads(one, talk.around.interfaces) for one in naming)
    whole = Outline(talk.destination, form, parts, files, outline.urls(form), leads)
    return making.summary(whole, talk.around, colour=terminal.colour())
