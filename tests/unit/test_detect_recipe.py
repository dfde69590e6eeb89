"""A Dockerfile read as text, with the quirks of the library that splits it."""

import pytest

from scaffold.detect.recipe import read
from scaffold.source import Recipe

WHOLE = """\
# syntax=docker/dockerfile:1
ARG VERSION=3.13
ARG BASE=python:${VERSION}-slim

FROM --platform=linux/amd64 ${BASE} AS build
COPY pyproject.toml uv.lock ./
RUN pip wheel .

from ${BASE} as run
arg HOME_DIR=/srv
ENV PATH="/venv/bin:$PATH" \\
    # a comment in between
    APP_HOME=${HOME_DIR}/shop \\

    EMPTY= PLAIN='$kept' WORDS="two words"
ENV OLD style value
WORKDIR ${APP_HOME}
WORKDIR code
COPY --from=build /wheels /wheels
COPY --chown=app:app --link ./app app/
COPY ["main.py", "other file.py", "./"]
ADD https://example.org/x.tar.gz /x
ADD data.tar.gz /data
USER app:app
ENTRYPOINT ["/entry", "--flag"]
CMD ["uvicorn", "app.main:app"]
"""


def test_a_whole_file_is_read() -> None:
    assert read(WHOLE) == Recipe(
        base="python:3.13-slim",
        user="app:app",
        workdir="/srv/shop/code",
        entrypoint=("/entry", "--flag"),
        command=("uvicorn", "app.main:app"),
        environment={
            "PATH": "/venv/bin:$PATH",
            "APP_HOME": "/srv/shop",
            "EMPTY": "",
            "PLAIN": "$kept",
            "WORDS": "two words",
            "OLD": "style value",
        },
        copies=(
            ("./app", "/srv/shop/code/app/"),
            ("main.py", "/srv/shop/code/"),
            ("other file.py", "/srv/shop/code/"),
            ("data.tar.gz", "/data"),
        ),
    )


COMMANDS = {
    "exec form": ('CMD ["a", "b c"]', ("a", "b c"), False),
    "shell form": ("CMD a 'b c' --d", ("a", "b c", "--d"), True),
    "operators without spaces": ("CMD a;b&&c --d 'e;f'", ("a", ";", "b", "&&", "c", "--d", "e;f"), True),
    "single quotes are no JSON": ("CMD ['a', 'b']", ("[a,", "b]"), True),
    "a number is no word": ("CMD [1]", ("[1]",), True),
    "open quotes": ("CMD a 'b", ("a 'b",), True),
    "none": ("CMD []", (), False),
    "over several lines": ('CMD ["a", \\\n\n  # why\n  "b"]', ("a", "b"), False),
    "lower case": ('cmd ["a"]', ("a",), False),
    "variables are left to the shell": ("ENV A=b\nCMD run $A", ("run", "$A"), True),
    "the last of two": ("CMD a\nCMD b", ("b",), True),
    "cut off": ("CMD a \\", ("a",), True),
    "of the health check": ("CMD a\nHEALTHCHECK CMD b", ("a",), True),
    "in a comment": ("CMD a\n# CMD b", ("a",), True),
    "in a heredoc": ("CMD a\nRUN <<EOF\nCMD b\nFROM c\nEOF", ("a",), True),
    "in two heredocs": ("CMD a\nCOPY <<one <<-'two' /x/\nCMD b\none\nCMD c\n\ttwo\nUSER x", ("a",), True),
    "after a shift that is no heredoc": ("RUN echo $((1 <<N))\nCMD a", ("a",), True),
    "another escape": ("# escape=`\nFROM x\nCMD a `\n  b", ("a", "b"), True),
}


@pytest.mark.parametrize(("text", "command", "in_shell"), COMMANDS.values(), ids=COMMANDS)
def test_a_command_is_split_as_docker_does(text: str, command: tuple[str, ...], in_shell: bool) -> None:
    found = read(text if "FROM x" in text else f"FROM x\n{text}\n")
    assert (found.base, found.command, found.command_in_shell) == ("x", command, in_shell)


STAGES = {
    "inherits from a stage": (
        "FROM x AS one\nENV A=1\nUSER me\nWORKDIR /w\nCMD a\nFROM one\nENV B=2",
        Recipe(
            base="x", user="me", workdir="/w", command=("a",), command_in_shell=True, environment={"A": "1", "B": "2"}
        ),
    ),
    "in whatever case": ("FROM x AS One\nUSER me\nFROM oNE", Recipe(base="x", user="me")),
    "not from another": ("FROM x AS one\nUSER me\nCMD a\nFROM y", Recipe(base="y")),
    "not from what a stage becomes later": (
        "FROM x AS x\nUSER me\nFROM x AS two\nUSER you\nFROM x",
        Recipe(base="x", user="me"),
    ),
    "an entry point takes the command of the base away": (
        'FROM x AS one\nCMD a\nFROM one\nENTRYPOINT ["e"]',
        Recipe(base="x", entrypoint=("e",)),
    ),
    "and leaves the stage's own": (
        'FROM x\nCMD ["a"]\nENTRYPOINT e f',
        Recipe(base="x", command=("a",), entrypoint=("e", "f"), entrypoint_in_shell=True),
    ),
    "arguments of a stage it comes from": (
        "FROM x AS one\nARG U=me\nFROM one\nUSER $U",
        Recipe(base="x", user="me"),
    ),
}


@pytest.mark.parametrize(("text", "expected"), STAGES.values(), ids=STAGES)
def test_stages_inherit_as_in_docker(text: str, expected: Recipe) -> None:
    assert read(text) == expected


VARIABLES = {
    "argument": ("ARG U=me", "$U", "me"),
    "argument in quotes": ('ARG U="me"', "${U}", "me"),
    "argument from before the stages": ("ARG G", "$G", "global"),
    "unless it has a default of its own": ("ARG G=own", "$G", "own"),
    "not without naming it": ("", "$G", "$G"),
    "argument that only the build knows": ("ARG U", "$U", "$U"),
    "two arguments": ("ARG U=me V", "$U:$V", "me:$V"),
    "variable before argument": ("ARG U=me\nENV U=you", "$U", "you"),
    "variable of a variable": ("ENV A=me\nENV U=$A", "$U", "me"),
    "not of the same line": ("ENV A=me U=$A", "$U", "$A"),
    "default": ("", "${U:-me}", "me"),
    "default for an empty one": ("ENV U=", "${U:-me}", "me"),
    "no default for an empty one": ("ENV U=", "${U-me}", ""),
    "no default when there is a value": ("ENV U=you", "${U:-me}", "you"),
    "instead of a value": ("ENV U=you", "${U:+me}", "me"),
    "instead of none": ("", "${U:+me}", ""),
    "escaped": ("ENV U=you", "\\$U", "$U"),
    "in single quotes": ("ENV U=you", "'$U'", "$U"),
    "in double quotes": ("ENV U=you", '"$U"', "you"),
}


@pytest.mark.parametrize(("before", "word", "expected"), VARIABLES.values(), ids=VARIABLES)
def test_variables_are_replaced_as_far_as_they_are_known(before: str, word: str, expected: str) -> None:
    assert read(f"ARG G=global\nFROM x\n{before}\nUSER {word}\n").user == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY . .", (".", "./")),
        ("COPY . /code", (".", "/code")),
        ("WORKDIR /code\nCOPY . .", (".", "/code/")),
        ("WORKDIR /code/\nCOPY app ./app", ("app", "/code/app")),
        ("COPY ./app /app/.", ("./app", "/app/")),
        ("COPY $SRC /app", ("$SRC", "/app")),
        ('COPY "my app" /app', ("my app", "/app")),
    ],
)
def test_a_copy_says_what_goes_where(text: str, expected: tuple[str, str]) -> None:
    assert read(f"FROM x\n{text}\n").copies == (expected,)


@pytest.mark.parametrize("text", ["", "# nothing\n", "RUN x\n", "ARG X=1\n"])
def test_a_file_without_a_stage_is_a_problem(text: str) -> None:
    assert read(text) == Recipe(problem="Dockerfile has no FROM, so it builds nothing")


def test_a_file_that_is_no_text_is_a_problem() -> None:
    assert read(None) == Recipe(problem="Dockerfile cannot be read")
