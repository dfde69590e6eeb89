"""Answers given on the command line and in files, and the first judgement of them."""

from pathlib import Path
from typing import Any

import pytest

from scaffold import answers
from scaffold.errors import WrongInput

ROOT = Path(__file__).parents[2]
ASKED = {"project_name": "str", "domain": "str", "workers": "int"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "answers.yml"


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], {}),
        (["domain=demo.test"], {"domain": "demo.test"}),
        (["domain=demo.test", "workers=4"], {"domain": "demo.test", "workers": "4"}),
        (["workers=2", "workers=4"], {"workers": "4"}),
        (["email="], {"email": ""}),
        (["acme_directory=https://a.example/?x=y"], {"acme_directory": "https://a.example/?x=y"}),
    ],
    ids=["none", "one", "two", "the last wins", "an empty value", "equals signs in the value"],
)
def test_pairs_become_answers(pairs: list[str], expected: dict[str, Any]) -> None:
    assert answers.from_pairs(pairs) == expected


@pytest.mark.parametrize("pair", ["domain", "=demo.test", "=", ""])
def test_a_pair_that_is_none_is_refused_and_shown(pair: str) -> None:
    with pytest.raises(WrongInput, match="NAME=VALUE") as caught:
        answers.from_pairs(["workers=2", pair])
    assert repr(pair) in caught.value.message
    assert caught.value.hint


def test_a_file_gives_answers_with_the_types_of_yaml(file: Path) -> None:
    file.write_text("domain: demo.test\nworkers: 4\nemail: ''\n", encoding="utf-8")
    assert answers.from_file(file) == {"domain": "demo.test", "workers": 4, "email": ""}


def test_copiers_own_notes_in_a_file_are_no_answers(file: Path) -> None:
    file.write_text("_commit: v1.0.0\n_src_path: gh:owner/repo\ndomain: demo.test\n", encoding="utf-8")
    assert answers.from_file(file) == {"domain": "demo.test"}


def test_a_missing_file_is_named(file: Path) -> None:
    with pytest.raises(WrongInput, match="cannot be read: No such file") as caught:
        answers.from_file(file)
    assert str(file) in caught.value.message


def test_a_folder_is_no_answers_file(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="cannot be read: Is a directory"):
        answers.from_file(tmp_path)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"domain: [unclosed\n", "is not YAML"),
        (b"domain: a: b\n", "is not YAML"),
        (b"!!python/object:os.system {}\n", "is not YAML"),
        (b"\xff\xfe\x00binary\x80", "is not YAML"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not YAML"),
        (b"domain: \x00\n", "is not YAML"),
        (b"domain: 2024-13-45\n", "is not YAML"),
        (b"workers: !!int many\n", "is not YAML"),
        (b"domain: !!timestamp soon\n", "is not YAML"),
        (b"[" * 1500, "is not YAML"),
        (b"- domain\n- workers\n", "is not a list of NAME: VALUE lines"),
        (b"just words\n", "is not a list of NAME: VALUE lines"),
        (b"", "is not a list of NAME: VALUE lines"),
        (b"1: one\n", "is not a list of NAME: VALUE lines"),
    ],
    ids=[
        "unclosed",
        "two colons",
        "a tag that would run code",
        "not UTF-8",
        "a picture",
        "a null byte",
        "a day that is none",
        "a number that is none",
        "a time that is none",
        "nested without end",
        "a list",
        "words",
        "empty",
        "a number for a name",
    ],
)
def test_a_file_that_is_something_else_is_refused_in_one_line(file: Path, content: bytes, complaint: str) -> None:
    file.write_bytes(content)
    with pytest.raises(WrongInput, match=complaint) as caught:
        answers.from_file(file)
    assert str(file) in caught.value.message
    assert "\n" not in caught.value.message


# ------------------------------------------------------------------ what may be answered


def test_questions_have_types_and_an_order() -> None:
    copier_yml = """
    _subdirectory: template
    domain: {type: str, default: localhost}
    workers: {type: int, default: 2}
    email: {type: str, when: "{{ domain != 'localhost' }}"}
    free: {default: 1}
    derived: {type: str, default: x, when: false}
    _message: {type: str}
    """
    assert list(answers.questions(copier_yml).items()) == [
        ("domain", "str"),
        ("workers", "int"),
        ("email", "str"),
        ("free", "yaml"),
    ]


def test_the_templates_own_questions_can_be_read() -> None:
    asked = answers.questions((ROOT / "copier.yml").read_text(encoding="utf-8"))
    assert {"project_name", "domain", "workers"} <= set(asked)
    assert asked["workers"] == "int"
    assert [name for name in asked if name.startswith("_")] == []


@pytest.mark.parametrize(
    "given",
    [{}, {"domain": "demo.test"}, {"workers": 4}, {"workers": "4"}, {"workers": " 4 "}, {"workers": "-1"}],
    ids=["none", "a word", "a number", "a number in words", "with spaces", "a judgement for Copier"],
)
def test_fit_answers_pass(given: dict[str, Any]) -> None:
    answers.refuse_unfit(given, ASKED)


@pytest.mark.parametrize(
    "value",
    ["four", "", "4.0", 4.5, "1e3", "1_0", "4 workers", True, None, [4]],
    ids=lambda value: repr(value) or "empty",
)
def test_a_whole_number_is_wanted_where_one_is_asked_for(value: object) -> None:
    with pytest.raises(WrongInput, match="workers must be a whole number") as caught:
        answers.refuse_unfit({"domain": "demo.test", "workers": value}, ASKED)
    assert repr(str(value)) in caught.value.message
    assert "--data workers=2" in caught.value.hint


def test_an_answer_nobody_asked_for_is_refused_by_name() -> None:
    with pytest.raises(WrongInput, match="no question named 'wokers'") as caught:
        answers.refuse_unfit({"domain": "demo.test", "wokers": "4"}, ASKED)
    assert caught.value.hint == "did you mean workers?"
    with pytest.raises(WrongInput, match="no question named 'colour'") as caught:
        answers.refuse_unfit({"colour": "blue"}, ASKED)
    assert caught.value.hint == "the questions are: project_name, domain, workers"


def test_a_derived_answer_cannot_be_given() -> None:
    asked = answers.questions("domain: {type: str}\nderived: {type: str, when: false}\n")
    with pytest.raises(WrongInput, match="no question named 'derived'"):
        answers.refuse_unfit({"derived": "x"}, asked)


NOTE = "# Written by Copier.\n# Twice.\n_commit: abc\n_src_path: /here\ndomain: demo.test\nworkers: 2\n"


@pytest.mark.parametrize(
    ("note", "before"),
    [
        pytest.param(NOTE, answers.Origin("/here", "abc"), id="both"),
        pytest.param(NOTE.replace("_commit: abc\n", ""), answers.Origin("/here", ""), id="no version"),
        pytest.param(NOTE.replace("_commit: abc\n_src_path: /here\n", ""), answers.Origin("", ""), id="neither"),
        pytest.param(NOTE.replace("/here", "/a\n  b"), answers.Origin("/a b", "abc"), id="folded by YAML"),
        pytest.param(NOTE.replace("abc", "'123'"), answers.Origin("/here", "123"), id="quoted"),
    ],
)
def test_an_origin_is_written_below_the_comment_and_nothing_else_changes(
    file: Path, note: str, before: answers.Origin
) -> None:
    file.write_text(note, encoding="utf-8")
    assert answers.origin(file) == before
    assert answers.recorded(note, answers.Origin("gh:owner/repo", "v1")) == NOTE.replace("abc", "v1").replace(
        "/here", "gh:owner/repo"
    )


@pytest.mark.parametrize("odd", ["123", "1.0", "a: b", "# no", "it's", "long words " * 20 + "end", "ü"])
def test_any_origin_is_read_as_it_was_written(file: Path, odd: str) -> None:
    file.write_text(answers.recorded(NOTE, answers.Origin(odd, odd)), encoding="utf-8")
    assert answers.origin(file) == answers.Origin(odd, odd)
    assert answers.from_file(file) == {"domain": "demo.test", "workers": 2}


@pytest.mark.parametrize(
    ("after", "given", "expected"),
    [
        ({"domain": "demo.test", "workers": 2}, (), {}),
        ({"domain": "demo.test", "workers": 3}, (), {"workers": (2, 3)}),
        ({"domain": "demo.test", "workers": 3}, ("workers",), {}),
        ({"domain": "demo.test"}, (), {}),
        ({"domain": "demo.test", "workers": 2, "colour": "green"}, (), {}),
    ],
    ids=["the same", "replaced", "changed by the person", "no question any more", "a new question"],
)
def test_an_answer_that_was_replaced_is_found(
    after: dict[str, Any], given: tuple[str, ...], expected: dict[str, tuple[Any, Any]]
) -> None:
    assert answers.replaced({"domain": "demo.test", "workers": 2}, after, given) == expected


class TestWhatTheTemplateHasToAgreeWith:
    TEMPLATE = ROOT

    def test_what_env_decides_is_in_env(self) -> None:
        parts = [self.TEMPLATE / "template/.env.jinja", *(self.TEMPLATE / "template/.env.d").iterdir()]
        lines = [line for part in parts for line in part.read_text().splitlines()]

        for name, variable in answers.IN_ENV.items():
            assert any(line.startswith(f"{variable}=") and name in line for line in lines), name


class TestWhatAnUpdateDoesNotChange:
    @pytest.mark.parametrize("name", sorted({*answers.IN_ENV, *answers.AT_BIRTH}))
    def test_it_is_refused_with_the_place_to_change_it(self, name: str) -> None:
        with pytest.raises(WrongInput, match=name) as caught:
            answers.refuse_settled({name: "x"}, {"certificates": "acme"})
        assert caught.value.hint

    def test_what_stands_in_front_is_more_than_a_line_in_env(self) -> None:
        front = {"certificates": "external", "trusted_proxies": "10.0.0.0/8"}
        answers.refuse_settled(front, {"certificates": "acme"})
        answers.refuse_settled({"certificates": "acme"}, front)
        with pytest.raises(WrongInput, match="domain"):
            answers.refuse_settled({**front, "domain": "demo.test"}, {"certificates": "acme"})

    @pytest.mark.parametrize("name", sorted(answers.OWN - answers.FRONT))
    def test_with_another_proxy_the_lines_that_env_does_not_have_yet_may_be_given(self, name: str) -> None:
        answered = {"certificates": "acme", "proxy": "own"}
        answers.refuse_settled({"proxy": "shared", name: "x"}, answered)
        for staying in ({name: "x"}, {"proxy": "own", name: "x"}):
            with pytest.raises(WrongInput, match=name):
                answers.refuse_settled(staying, answered)

    @pytest.mark.parametrize("name", sorted((answers.IN_ENV.keys() | answers.AT_BIRTH) - answers.OWN))
    def test_with_another_proxy_all_else_is_where_it_was(self, name: str) -> None:
        with pytest.raises(WrongInput, match=name):
            answers.refuse_settled({"proxy": "shared", name: "x"}, {"certificates": "acme", "proxy": "own"})


@pytest.mark.parametrize(
    ("given", "answered", "moves"),
    [
        ({"proxy": "shared"}, {"proxy": "own"}, True),
        ({"proxy": "own"}, {"proxy": "shared"}, True),
        ({"proxy": "shared"}, {}, True),
        ({"proxy": "own"}, {}, False),
        ({"proxy": "shared"}, {"proxy": "shared"}, False),
        ({"workers": "4"}, {"proxy": "shared"}, False),
        ({}, {}, False),
    ],
    ids=["to a shared one", "back", "an old note", "an old note, nothing new", "the same", "something else", "nothing"],
)
def test_another_proxy_is_a_move(given: dict[str, Any], answered: dict[str, Any], moves: bool) -> None:
    assert answers.moves(given, answered) is moves
