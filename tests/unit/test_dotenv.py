"""What is written into secrets/app.env, beside the reader of the app's container, which is the judge."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scaffold import dotenv
from scaffold.errors import WrongInput

from .folders import drawn

SCRIPT = Path(__file__).parents[2] / "template" / "container" / "entrypoint.py"
LAST = "prepare(os.environ)\n"

VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.text(
    st.sampled_from("$%\"'\\ #=\n\r\tn\u2028\x85é{}"), max_size=8
)
FILES = st.lists(
    st.sampled_from(
        [
            "# a comment",
            "#A=1",
            "",
            "  ",
            "A=1",
            " A= 2",
            "export A=3",
            "A='4'",
            'A="\\n"',
            "B=b",
            "AB=ab",
            "export B= b \t",
            "C=\u2028",
        ]
    ).flatmap(lambda line: st.sampled_from(["\n", "\r\n", "\r"]).map(lambda end: line + end)),
    max_size=6,
).map("".join)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[tuple[str, str]]]:
    """Return the container's own reader: the text of a file → its names and values, in order."""
    source, found, _ = SCRIPT.read_text(encoding="utf-8").partition(LAST)
    assert found, f"{SCRIPT} ends in another way"
    reader: dict[str, Any] = {"__name__": "entrypoint"}
    exec(compile(source, str(SCRIPT), "exec"), reader)
    path = tmp_path_factory.mktemp("secrets") / "app.env"

    def read(text: str) -> list[tuple[str, str]]:
        path.write_bytes(text.encode())
        return list(reader["settings"](str(path)))

    return read


Read = Callable[[str], list[tuple[str, str]]]


@drawn
@given(value=VALUES)
@example(value="")
@example(value="it costs $5, 100%")
@example(value=" blanks at both ends ")
@example(value='"quoted"')
@example(value="'quoted'")
@example(value='"')
@example(value="\\n is no new line, \\\\ no backslash")
@example(value="-----BEGIN KEY-----\nabc\n-----END KEY-----\n")
@example(value="# no comment")
@example(value="bücher\u2028\x85")
@example(value="\r")
def test_any_value_survives(read: Read, value: str) -> None:
    assert read(dotenv.with_value("", "NAME", value)) == [("NAME", value)]


@drawn
@given(text=FILES, value=VALUES, cut=st.booleans())
def test_the_other_definitions_stay_and_the_new_one_counts(read: Read, text: str, value: str, *, cut: bool) -> None:
    before = text.rstrip("\r\n") if cut else text
    after = dotenv.with_value(before, "A", value)
    assert dict(read(after)) == {**dict(read(before)), "A": value}
    assert [name for name, _ in read(after)].count("A") == 1


@drawn
@given(text=FILES)
def test_the_names_are_those_that_the_reader_sees(read: Read, text: str) -> None:
    assert dotenv.names(text) == tuple(dict(read(text)))


@drawn
@given(text=FILES)
def test_what_is_taken_out_is_gone_and_nothing_else(read: Read, text: str) -> None:
    assert read(dotenv.without(text, "A")) == [one for one in read(text) if one[0] != "A"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "A=x\n"),
        ("# why\nB=1\n", "# why\nB=1\nA=x\n"),
        ("B=1", "B=1\nA=x\n"),
        ("A=1\n# why\nB=1\n", "A=x\n# why\nB=1\n"),
        ("A=1\n# A=2\n\nA=3\r\n  B=1", "# A=2\n\nA=x\r\n  B=1"),
        ("B=1\nA=1", "B=1\nA=x\n"),
        ("no definition\nA=1\n", "no definition\nA=x\n"),
    ],
    ids=["empty", "appended", "no end of line", "in its place", "the last one counts", "the last line", "malformed"],
)
def test_other_lines_stay_byte_for_byte(before: str, after: str) -> None:
    assert dotenv.with_value(before, "A", "x") == after


def test_a_value_is_written_as_it_is_wherever_that_is_possible() -> None:
    assert dotenv.with_value("", "A", 'it\'s $5 "or" 100% #1\\n') == 'A=it\'s $5 "or" 100% #1\\n\n'
    assert dotenv.with_value("", "A", " é\n") == 'A=" é\\n"\n'


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "A=B", "É", "A\n", "$A"])
def test_a_name_that_no_shell_knows_is_refused(name: str) -> None:
    with pytest.raises(WrongInput, match="environment variable"):
        dotenv.refuse_unfit(name, "x")


@pytest.mark.parametrize("name", ["A", "_", "a1_B"])
def test_a_name_of_letters_digits_and_underscores_is_fine(name: str) -> None:
    dotenv.refuse_unfit(name, "any\nvalue")


@pytest.mark.parametrize("value", ["hush\0hush", "hush\udc80"], ids=["NUL", "bytes that are no text"])
def test_a_value_that_cannot_be_kept_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(WrongInput) as caught:
        dotenv.refuse_unfit("A", value)
    assert "hush" not in f"{caught.value.message}{caught.value.hint}{caught.value.evidence}"


LINE = st.text(st.sampled_from("AB=_1 \"'\\nud#$\0\t{}"), max_size=12) | st.sampled_from(
    [
        'A="\\ud800"',
        'A="\\u0000"',
        'A="a\\b"',
        "A='",
        'A="',
        "1A=x",
        "A",
        "=x",
        "export A",
        "A-B=1",
        "A =1",
        "\u2028A=1",
    ]
)


@drawn
@given(lines=st.lists(LINE, max_size=4))
def test_what_the_reader_stops_at_is_told_before_with_the_line(read: Read, lines: list[str]) -> None:
    text = "\n".join(lines)
    first = next(iter(dotenv.problems(text)), "")
    assert first.partition(":")[0] == re.sub(r".*, (line \d+): .*", r"\1", stops(read, text))


def stops(read: Read, text: str) -> str:
    """Return what the reader says when it stops; nothing when it does not."""
    try:
        read(text)
    except SystemExit as stopped:
        return str(stopped)
    return ""


def test_a_problem_shows_no_value() -> None:
    assert dotenv.problems('TOKEN="s3cr\\et"\ns3cret\n') == (
        'line 1: TOKEN: in double quotes a \\ is written \\\\ and a " is written \\"',
        "line 2: not of the form NAME=VALUE",
    )


# ------------------------------------------------------------------ what nobody has written yet


@pytest.mark.parametrize(
    "value",
    [
        "changeme",
        "CHANGE_ME",
        "change-me",
        "changethis",
        "change-this",
        "replace_me",
        "replace-me",
        "your-smtp-relay-here",
        "YOUR_KEY_HERE",
        "insert-token-here",
        "insert_here",
        "<secret>",
        "<the key of the shop>",
        "TODO",
        "FIXME",
        "xxx",
        "XXXXXXXX",
        "placeholder",
        "PLACEHOLDER",
        " changeme ",
    ],
)
def test_what_nobody_can_mean_is_a_placeholder(value: str) -> None:
    assert dotenv.is_placeholder(value)
    assert dotenv.may_be_placeholder(value)


@pytest.mark.parametrize(
    "value",
    [
        "please-change-me",
        "change-it",
        "changeme123",
        "changeme-4711",
        "postgresql://shop:changeme@db/shop",
        "REPLACE-THIS",
        "Replace it",
        "Replace it.",
        "replaceme!",
        "your-api-key",
        "your_secret_key",
        "YOUR PASSWORD",
        "yourpassword",
        "your-own-token",
        "sk-live_your_key",
        "insert-key",
        "insert your token",
        "enter_the_password",
        "Enter your email address",
        "put_it_here",
        "https://<user>:<password>@host/",
        "Bearer=<token>",
        "Bearer <token>",
        "TODO: ask Ann",
        "fixme",
        "sk-xxxxxxxx",
        "xxxx-xxxx-xxxx",
        "redis://:xxx@redis",
        "placeholder-key",
        "placeholder: later",
    ],
)
def test_what_somebody_may_mean_is_doubtful(value: str) -> None:
    assert not dotenv.is_placeholder(value)
    assert dotenv.may_be_placeholder(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0",
        "todo",
        "todo-app",
        "my-todo",
        "todo.org",
        "TODO-APP",
        "/srv/TODO/list",
        "/srv/xxx",
        "/srv/changeme",
        "C:\\data\\xxx",
        "postgresql://todo:e4c1@db/todo",
        "postgresql://shop:e4c1@your-server.de/xxx",
        "exchange-me",
        "exchange-items",
        "changes",
        "change-it.org",
        "changeme.io",
        "interchange-this-way",
        "replacement",
        "get-your-key.com",
        "yours",
        "yourapp.io",
        "your-garden.org",
        "mail.your-server.de",
        "static.1.2.3.4.clients.your-server.de",
        "me@your-server.de",
        "https://your-server.de/insert-key",
        "bring-your-own-bike.de",
        "yourapplication",
        "insert-coin.games",
        "your-atmosphere",
        "we-are-here",
        "here",
        "site.xxx",
        "xx",
        "xxx-large",
        "maxxx",
        "0xxx1",
        "https://via.placeholder.com/150",
        "/static/placeholder.png",
        "placeholder-image.png",
        "Shop <shop@shop.org>",
        "<shop@shop.org>",
        "<p>Hello</p>",
        "/users/<id>",
        "a<b",
        "1 < 2 > 1",
        "https://shop.org/?a=<b",
        "acme",
        "e4c1f0b7",
    ],
)
def test_a_host_a_path_and_what_an_app_may_well_be_called_are_no_placeholders(value: str) -> None:
    assert not dotenv.is_placeholder(value)
    assert not dotenv.may_be_placeholder(value)


def test_names_with_placeholders_are_told_and_no_value() -> None:
    text = "# C=changeme\nA=changeme\nexport B=\"change\\u002dme\"\nC=1\nD='<key>'\nE=changeme\nE=2\nnone\n"
    assert dotenv.placeholders(text) == ("A", "B", "D")


@given(st.binary(min_size=20, max_size=64))
def test_a_random_secret_is_no_placeholder(secret: bytes) -> None:
    assert not dotenv.may_be_placeholder(secret.hex())


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("A = b c ", "b c"),
        ("export A=1", "1"),
        ("A='1 # 2' # 3", "1 # 2"),
        ('A="1" # 3', "1"),
        ("A=1 # TODO", "1"),
        ("A=1#2", "1#2"),
        ("A=# nothing", "# nothing"),
        ("A=", ""),
        ("A=''", ""),
        ("A='", "'"),
    ],
)
def test_a_setting_is_read_as_compose_does(line: str, value: str) -> None:
    assert dotenv.settings(f"# B=1\n{line}\n") == {"A": value}


def test_the_last_definition_of_a_setting_counts() -> None:
    assert dotenv.settings("A=1\nA=2\n") == {"A": "2"}
