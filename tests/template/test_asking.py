"""The questions of `stack new` in a real terminal, and the same answers given to `copier copy` and to them."""

from __future__ import annotations

import filecmp
import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaffold import answers, cli, render
from scaffold.cli import create
from scaffold.cli.conversation import Conversation
from scaffold.errors import WrongInput
from scaffold.render import questions
from scaffold.source import Source

from ..terminal import CLEAR, CTRL_C, CTRL_D, DOWN, ENTER, ESC, Terminal
from .combinations import PAIRS, supported
from .test_values import ODD

STACK = Path(sys.executable).parent / "stack"
QUIET = {"STACK_DNS_RESOLVERS": "127.0.0.1:1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
"""Nobody is asked about names, and nobody is known to git."""
SUM = "Is that right?"
APP = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/healthz')\ndef healthz():\n    return {}\n"
WEB = {"main.py": APP, "requirements.txt": "fastapi==0.165.0\nuvicorn==0.54.0\nasyncpg==0.32.0\n"}
WIDTH = 80

Talk = Callable[..., Terminal]


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    """Return a function that starts `stack new` in a terminal, in an empty folder."""
    begun: list[Terminal] = []

    def start(*words: str, **env: str) -> Terminal:
        (tmp_path / "home").mkdir(exist_ok=True)
        begun.append(Terminal([STACK, "new", *words], tmp_path / "home", {**QUIET, **env}))
        return begun[-1]

    yield start
    for one in begun:
        one.close()


def held(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def holding(folder: Path, files: Mapping[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def public(folder: Path) -> dict[str, bytes]:
    """Return a project's files without its passwords, which differ each time."""
    return {name: text for name, text in held(folder).items() if not name.endswith("_password")}


# ------------------------------------------------------------------ at a terminal


def test_enter_is_enough_and_gives_what_the_defaults_give(talk: Talk, tmp_path: Path) -> None:
    screen = talk("shop")
    screen.answers("domain")
    screen.answers("postgres")
    screen.answers("redis")
    screen.asks(SUM)
    assert held(tmp_path / "home") == {}
    screen.types(ENTER)

    assert screen.ended() == 0
    assert "Next: stack up shop" in screen.text
    assert cli.run(["new", str(tmp_path / "other/shop"), "--defaults"]) == 0
    assert public(tmp_path / "home/shop") == public(tmp_path / "other/shop")
    assert max(map(len, screen.lines)) <= WIDTH


def test_an_answer_is_refused_with_the_templates_own_words_and_typed_again(talk: Talk, tmp_path: Path) -> None:
    screen = talk("shop")
    screen.answers("domain", "not a domain", ENTER)
    screen.sees("domain must be a bare host name such as api.example.com")
    screen.answers("domain", "shop.example.com", ENTER)  # what was refused is marked, and so replaced
    screen.answers("email", "nobody", ENTER)
    screen.sees("email must be an address such as me@example.com, or empty")
    screen.answers("email", "me@example.com", ENTER)
    screen.answers("postgres", "y", ENTER)
    screen.answers("redis", "n", ENTER)
    screen.asks(SUM)
    for said in (
        "https://shop.example.com/",
        "where shop.example.com leads could not be asked",
        "certificates from Let's Encrypt",
        "PostgreSQL has 512 MB of it",
        "domain=shop.example.com email=me@example.com postgres=yes",
    ):
        assert said in screen.text
    screen.types(ENTER)

    assert screen.ended() == 0
    env = (tmp_path / "home/shop/.env").read_text()
    assert "STACK_DOMAIN=shop.example.com\n" in env
    assert "STACK_ACME_EMAIL=me@example.com\n" in env
    assert (tmp_path / "home/shop/compose.postgres.yaml").exists()
    assert not (tmp_path / "home/shop/compose.redis.yaml").exists()


def test_esc_leads_back_and_the_sum_lets_every_answer_be_changed(talk: Talk, tmp_path: Path) -> None:
    screen = talk("shop")
    screen.answers("domain")
    screen.answers("postgres", ESC)
    screen.answers("domain", "shop.test", ENTER)
    screen.answers("postgres", "y", ENTER)
    screen.answers("redis", ESC)
    screen.answers("postgres", "n", ENTER)
    screen.answers("redis", "y", ENTER)
    screen.answers(SUM, DOWN, ENTER)
    screen.answers("domain", "other.test", ENTER)
    screen.sees("https://other.test/")
    screen.asks(SUM)
    screen.types(DOWN, DOWN, DOWN, DOWN, ENTER)  # change something else
    screen.asks("Change what?")
    screen.types("workers", ENTER)  # typing filters
    screen.answers("workers", "many", ENTER)
    screen.sees("workers must be a whole number, not 'many'")
    screen.answers("workers", "0", ENTER)
    screen.sees("workers must be a number from 1 to 64")
    screen.answers("workers", "3", ENTER)
    screen.answers("Change what?", ESC)
    screen.sees("3 x 128 MB + 64 MB for the process above them = 448 of 512 MB")
    screen.answers(SUM, ENTER)

    assert screen.ended() == 0
    env = (tmp_path / "home/shop/.env").read_text()
    assert "STACK_DOMAIN=other.test\n" in env
    assert "STACK_WORKERS=3\n" in env
    assert {"compose.redis.yaml", "compose.yaml"} <= set(held(tmp_path / "home/shop"))
    assert "compose.postgres.yaml" not in held(tmp_path / "home/shop")


def test_a_key_that_was_pressed_before_the_sum_was_shown_agrees_to_nothing(talk: Talk, tmp_path: Path) -> None:
    screen = talk("shop", "--data", "domain=localhost")
    screen.asks("postgres")
    screen.types("y", ENTER, "y", ENTER, ENTER, ENTER)
    screen.asks(SUM)
    for _ in range(10):
        assert screen.takes()

    assert "redis Yes" in screen.text
    assert held(tmp_path / "home") == {}


def test_esc_at_the_sum_leads_to_the_last_question(talk: Talk) -> None:
    screen = talk("shop", "--data", "domain=localhost", "--data", "postgres=no")
    screen.answers("redis")
    screen.answers(SUM, ESC)
    screen.asks("redis")


def test_migrations_that_are_there_are_asked_about(talk: Talk, tmp_path: Path) -> None:
    needs = WEB["requirements.txt"] + "alembic\nsqlalchemy\n"
    holding(tmp_path / "home", {**WEB, "alembic.ini": "[alembic]\n", "requirements.txt": needs})
    screen = talk(".", "--data", "domain=localhost", "--data", "redis=no")
    screen.answers("postgres")
    screen.answers("prestart")
    screen.sees("prestart=alembic")
    screen.sees("database_scheme=postgresql+asyncpg")
    screen.asks(SUM)


@pytest.mark.parametrize("answered", range(6))
def test_ctrl_c_at_any_question_leaves_nothing_behind(talk: Talk, tmp_path: Path, answered: int) -> None:
    asked = ("domain", "email", "postgres", "redis", SUM)
    screen = talk("shop")
    for name in asked[:answered]:
        keys = {"domain": ("shop.example.com", ENTER), SUM: (*[DOWN] * 5, ENTER)}.get(name, (ENTER,))
        screen.answers(name, *keys)
    screen.asks((*asked, "Change what?")[answered])
    screen.types(CTRL_C)

    assert screen.ended() == 130
    assert "interrupted: nothing was written" in screen.text
    assert "Traceback" not in screen.text
    assert list((tmp_path / "home").iterdir()) == []


def test_the_end_of_all_input_is_an_end_too(talk: Talk, tmp_path: Path) -> None:
    screen = talk("shop")
    screen.asks("domain")
    screen.types(CLEAR, CTRL_D)

    assert screen.ended() == 130
    assert "interrupted: nothing was written" in screen.text
    assert list((tmp_path / "home").iterdir()) == []


def test_to_stop_at_the_sum_writes_nothing(talk: Talk, tmp_path: Path) -> None:
    screen = talk("shop", "--data", "domain=localhost", "--data", "postgres=false", "--data", "redis=false")
    screen.answers(SUM, DOWN, DOWN, ENTER)

    assert screen.ended() == 130
    assert "stopped: nothing was written" in screen.text
    assert list((tmp_path / "home").iterdir()) == []


def test_what_a_given_answer_makes_necessary_is_asked(talk: Talk) -> None:
    screen = talk("shop", "--data", "domain=*.shop.org", "--data", "email=", "--data", "postgres=no")
    screen.answers("redis")
    screen.answers("dns_provider", "Cloud Flare", ENTER)
    screen.sees("dns_provider must be a name such as cloudflare")
    screen.answers("dns_provider", "cloudflare", ENTER)
    screen.asks(SUM)


def test_an_app_is_looked_at_and_what_is_not_clear_is_asked(talk: Talk, tmp_path: Path) -> None:
    dockerfile = "FROM python:3.14\nUSER baker\n"
    own = {**WEB, "api.py": APP, ".env": "MINE=1\n", "Dockerfile": dockerfile}
    before = held(holding(tmp_path / "home", own))
    screen = talk(".")
    screen.answers("dockerfile")
    screen.answers("app", DOWN, ENTER)
    screen.answers("domain")
    screen.sees("It gets DATABASE_URL (asyncpg is there)")
    screen.answers("postgres")
    screen.answers("redis")
    screen.asks(SUM)
    assert "the stack's lines are appended to .env" in screen.text
    assert held(tmp_path / "home") == before
    screen.types(ENTER)

    assert screen.ended() == 0
    made = (tmp_path / "home/.copier-answers.yml").read_text()
    for line in ("dockerfile: keep\n", "app_user: baker\n", "app: api:app\n", "postgres: true\n"):
        assert line in made
    assert (tmp_path / "home/.env").read_text().startswith("MINE=1\n")
    assert (tmp_path / "home/Dockerfile").read_text() == dockerfile


def test_a_change_from_which_nothing_could_follow_is_refused_and_no_answer_is_lost(talk: Talk, tmp_path: Path) -> None:
    holding(tmp_path / "home", {**WEB, "api.py": APP})
    screen = talk(".")
    screen.answers("app", DOWN, ENTER)
    for name in ("domain", "postgres", "redis"):
        screen.answers(name)
    screen.asks(SUM)
    screen.types(*[DOWN] * 5, ENTER)  # change something else
    screen.asks("Change what?")
    screen.types("kind", ENTER)
    screen.answers("kind", DOWN, ENTER)
    screen.sees("✗ there is more than one FastAPI app")
    screen.types(CTRL_C)

    assert screen.ended() == 130


def test_an_app_that_nobody_finds_is_asked_for(talk: Talk, tmp_path: Path) -> None:
    holding(tmp_path / "home", {**WEB, "main.py": "from elsewhere import thing\n"})
    screen = talk(".", "--data", "domain=localhost", "--data", "postgres=no", "--data", "redis=no")
    screen.answers("app", "nowhere:app", ENTER)
    screen.sees("nowhere")
    screen.answers("app", "main:thing", ENTER)
    screen.answers(SUM, ENTER)

    assert screen.ended() == 0
    assert "app: main:thing\n" in (tmp_path / "home/.copier-answers.yml").read_text()


def test_another_kind_of_project_takes_the_answers_of_an_app_back(talk: Talk, tmp_path: Path) -> None:
    screen = talk("front")
    screen.answers("domain", "example.test", ENTER)
    screen.answers("postgres", "y", ENTER)
    screen.answers("redis", "n", ENTER)
    screen.answers(SUM, *[DOWN] * 4, ENTER)
    screen.asks("Change what?")
    screen.types("kind", ENTER)
    screen.answers("kind", DOWN, ENTER)
    screen.answers("Change what?", ESC)
    screen.asks(SUM)
    screen.types(ENTER)

    assert screen.ended() == 0
    assert (tmp_path / "home/front/compose.static.yaml").exists()
    assert "STACK_DOMAIN=example.test\n" in (tmp_path / "home/front/.env").read_text()


# ------------------------------------------------------------------ without a person


@pytest.fixture
def _quick(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "PACKAGE", package)


@pytest.mark.usefixtures("_quick")
def test_without_a_terminal_what_nobody_answered_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["new", str(tmp_path / "shop"), "--data", "domain=shop.example.com", "--data", "redis=no"]

    assert cli.run(words) == 2

    said = capsys.readouterr().err
    assert "nobody has answered: email, postgres" in said
    assert "--data email=VALUE" in said
    assert list(tmp_path.iterdir()) == []
    assert cli.run([*words, "--data", "email=", "--data", "postgres=no"]) == 0


@pytest.mark.usefixtures("_quick")
def test_an_answer_that_has_no_default_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["new", str(tmp_path / "shop"), "--defaults", "--data", "domain=*.example.com"]

    assert cli.run(words) == 2

    assert "dns_provider has to be answered: --data dns_provider=VALUE" in capsys.readouterr().err


@pytest.mark.usefixtures("_quick")
def test_variables_answer_too_and_the_command_line_wins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "answers.yml").write_text("workers: 7\ndomain: file.test\nreplicas: 1\n")
    monkeypatch.setenv("STACK_NEW_WORKERS", "3")
    monkeypatch.setenv("STACK_NEW_DOMAIN", "variable.test")
    answers = ["--answers", str(tmp_path / "answers.yml"), "--data", "domain=line.test"]

    assert cli.run(["new", str(tmp_path / "shop"), "--defaults", *answers]) == 0

    env = (tmp_path / "shop/.env").read_text()
    assert "STACK_WORKERS=3\n" in env
    assert "STACK_DOMAIN=line.test\n" in env
    monkeypatch.setenv("STACK_NEW_WROKERS", "3")
    assert cli.run(["new", str(tmp_path / "other"), "--defaults"]) == 2
    assert "there is no question named 'wrokers' (STACK_NEW_WROKERS)" in capsys.readouterr().err


@pytest.mark.usefixtures("_quick")
def test_the_same_answers_make_the_same_project_but_for_passwords(tmp_path: Path) -> None:
    answers = ["--data", "postgres=true", "--data", "redis=true", "--data", "domain=shop.example.com"]
    for name in ("one", "two"):
        assert cli.run(["new", str(tmp_path / name / "shop"), "--defaults", *answers]) == 0

    assert public(tmp_path / "one/shop") == public(tmp_path / "two/shop")
    passwords = list((tmp_path / "one/shop/secrets").glob("*_password"))
    assert len(passwords) == 2
    assert not any(filecmp.cmp(path, tmp_path / "two/shop/secrets" / path.name, shallow=False) for path in passwords)


# ------------------------------------------------------------------ the same as `copier copy`

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
WRONG: Mapping[str, tuple[Any, ...]] = {
    "domain": ("Shop.example.com", "localhost:80", ""),
    "workers": ("0", "many", "64"),
    "memory": ("64", "1", "2048"),
    "certificates": ("maybe", "acme", "local"),
    "email": ("nobody", ""),
    "replicas": ("2", "65"),
    "python_version": ("2.7", "3.12"),
    "kind": ("static", "proxy", "app"),
    "proxy": ("shared", "own"),
    "health_path": ("up", "/up"),
    "prestart": ("alembic",),
}
"""What is refused, or is depending on the other answers."""
LIMITS = settings(max_examples=600 if SOAK else 20, derandomize=not SOAK, database=None, deadline=None)


def values(name: str) -> st.SearchStrategy[str]:
    known = [str(one) for one in (*PAIRS[name], *ODD.get(name, ()), *WRONG.get(name, ())) if one is not None]
    return st.sampled_from(known or ["true"])


VALID = [{name: str(value) for name, value in one.answers.items()} for one in supported()]
"""Answers that go together."""


def some(names: Collection[str], least: int = 0) -> st.SearchStrategy[dict[str, str]]:
    """Return a strategy for answers to a few questions, whatever they are to each other."""
    few = st.lists(st.sampled_from(sorted(names)), min_size=least, max_size=4, unique=True)
    return few.flatmap(lambda chosen: st.fixed_dictionaries({name: values(name) for name in chosen}))


SOME = st.one_of(
    st.sampled_from(VALID),
    st.builds(lambda valid, other: {**valid, **other}, st.sampled_from(VALID), some(WRONG, 1)),
    some(PAIRS),
)


def copied(folder: Path, answers: Mapping[str, str]) -> str:
    """Make a project as `copier copy` does, and return why that is refused; empty when it is not."""
    try:
        with render.rendered(folder, create.given(None, [f"{k}={v}" for k, v in answers.items()]), ask=False) as made:
            made.rename(folder)
    except WrongInput as error:
        return error.message
    return ""


@pytest.fixture(scope="module")
def _quick_for_all(package: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers, "PACKAGE", package)
        yield


@pytest.mark.usefixtures("_quick_for_all")
@LIMITS
@given(answers=SOME)
def test_what_copier_refuses_is_refused_and_the_same_answers_make_the_same_files(
    tmp_path_factory: pytest.TempPathFactory, answers: dict[str, str]
) -> None:
    home = tmp_path_factory.mktemp("copied")
    with questions.opened(render.carried(), home / "shop") as questionnaire:
        judged = questionnaire.form(answers)
        talk = Conversation(home / "shop", {}, questionnaire, Source())
        in_order = [one.name for one in judged.questions if one.name in answers]
        refused = [name for name in in_order if not _took(talk, name, answers[name])]
        ready = not talk.form(talk.typed).open
        asked = talk.adoption(talk.typed).answers

    why = copied(home / "shop", answers)

    assert bool(judged.open) == bool(why), (why, judged.open)
    (home / "asked").mkdir()
    if not refused and ready:
        assert copied(home / "asked/shop", {name: str(value) for name, value in asked.items()}) == ""
    # Copier keeps an answer to what it would not ask.
    if not refused and not why and all(judged[name].asked for name in answers):
        assert public(home / "asked/shop") == public(home / "shop")


def _took(talk: Conversation, name: str, answer: str) -> bool:
    """Answer a question as at the terminal, and tell whether it was taken."""
    if talk.refusal(name, answer):
        return False
    talk.take(name, answer)
    return True
