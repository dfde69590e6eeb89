"""Looking at a folder: whatever it holds, there is an answer."""

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scaffold import detect
from scaffold.detect import dependencies, folder, health, recipe
from scaffold.detect.code import RUNNING
from scaffold.source import Source

from .folders import APP, drawn, make

NAMES = (*folder.DECLARATIONS, "main.py", "app/main.py", "src/shop/web.py")


def test_an_empty_folder_is_empty(tmp_path: Path) -> None:
    found = detect.look(tmp_path)
    assert found == Source(looked=found.looked)


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert detect.look(tmp_path / "none") == detect.look(tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    make(tmp_path, {"main.py": APP})
    assert detect.look(tmp_path / "main.py").candidates == ()


def test_all_parts_are_there(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "app/__init__.py": "",
            "app/main.py": f"{APP}\n@app.get('/health')\ndef health(): ...\n",
            "app/db.py": 'url = "sqlite:///app.db"\n',
            "requirements.txt": "fastapi\n",
            "Dockerfile": "FROM python:3.13\n",
            ".env": "SECRET=1\n",
        },
    )
    found = detect.look(tmp_path)
    assert found.files == {"app", "requirements.txt", "Dockerfile", ".env"}
    assert found.paths == {"app/__init__.py", "app/main.py", "app/db.py", "requirements.txt", "Dockerfile", ".env"}
    assert found.python
    assert found.candidates[0].app == "app.main:app"
    assert found.dependencies is not None
    assert found.writings[0].path == "app.db"
    assert (found.health_path, found.health_where) == ("/health", "app/main.py, line 5")
    assert found.recipe is not None
    assert found.recipe.base == "python:3.13"
    assert found.notes == ()


@pytest.mark.parametrize(
    ("files", "python"),
    [({"index.html": ""}, False), ({"a/b/x.py": ""}, True), ({"requirements.txt": ""}, True), ({}, False)],
)
def test_it_is_told_whether_there_is_any_python(tmp_path: Path, files: dict[str, str], python: bool) -> None:
    assert detect.look(make(tmp_path, files)).python is python


# ------------------------------------------------------------------ what cannot be read

UNREADABLE = {
    "syntax": (b"app = (\n", f"main.py was not read: line 1 is not valid in Python {RUNNING} ('(' was never closed)"),
    "bytes": (
        b"app = '\xff'\n",
        "main.py was not read: it is not text in the encoding that it names, UTF-8 without one",
    ),
    "encoding": (b"# coding: klingon\n", "main.py was not read: it is not text in the encoding that it names, UTF-8 "),
    "null": (b"a = '\x00'\n", "main.py was not read: "),
    "size": (b"#" * (folder.LARGEST + 1), "main.py was not read: it is larger than 1 MB"),
    "depth": (b"a = " + b"-" * 100_000 + b"1\n", "main.py was not read: "),
}


@pytest.mark.parametrize(("content", "note"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_a_note_and_the_rest_is_read(tmp_path: Path, content: bytes, note: str) -> None:
    make(tmp_path, {"app.py": APP})
    (tmp_path / "main.py").write_bytes(content)
    found = detect.look(tmp_path)
    assert [one.app for one in found.candidates] == ["app:app"]
    assert [one[: len(note)] for one in found.notes] == [note]


def test_a_named_encoding_is_obeyed(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_bytes(b"# coding: latin-1\nx = '\xe4'\n" + APP.encode())
    found = detect.look(tmp_path)
    assert (len(found.candidates), found.notes) == (1, ())


def test_a_warning_of_the_compiler_is_nobodys_concern(tmp_path: Path) -> None:
    found = detect.look(make(tmp_path, {"main.py": APP + "pattern = '\\d'\nassert (1, 'x')\nx is 3\n"}))
    assert (len(found.candidates), found.notes) == (1, ())


def test_links_lead_nowhere(tmp_path: Path) -> None:
    make(tmp_path, {"pkg/__init__.py": "", "real.txt": APP})
    (tmp_path / "pkg" / "again").symlink_to(tmp_path)
    (tmp_path / "main.py").symlink_to(tmp_path / "main.py")
    (tmp_path / "app.py").symlink_to(tmp_path / "gone")
    (tmp_path / "api.py").symlink_to(tmp_path / "real.txt")
    found = detect.look(tmp_path)
    assert [one.app for one in found.candidates] == ["api:app"]
    assert found.paths == {"pkg/__init__.py", "real.txt", "api.py"}


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    for name in ("main.py", "requirements.txt", "Dockerfile"):
        os.mkfifo(tmp_path / name)
    found = detect.look(tmp_path)
    assert found.candidates == ()
    assert found.recipe is not None
    assert found.recipe.problem == "Dockerfile cannot be read"


def test_a_declaration_that_is_a_folder_is_survived(tmp_path: Path) -> None:
    for name in folder.DECLARATIONS:
        (tmp_path / name).mkdir()
    found = detect.look(tmp_path)
    assert found.dependencies is not None
    assert found.dependencies.problems == ("pyproject.toml cannot be read", "uv.lock cannot be read: run `uv lock`")


def test_a_name_that_cannot_be_shown_is_left_out(tmp_path: Path) -> None:
    for name in (b"new\nline.py", b"\xff.py"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text(APP, encoding="utf-8")
    assert detect.look(tmp_path) == detect.look(tmp_path / "none")


def test_a_great_many_files_are_not_all_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MOST", 3)
    make(tmp_path, {"main.py": APP, **{f"data/{number}.py": "" for number in range(5)}})
    found = detect.look(tmp_path)
    assert found.paths == {"main.py", "data/0.py", "data/1.py"}
    assert found.notes == ("only the first 3 files were looked at",)


# ------------------------------------------------------------------ anything at all

TOML = st.recursive(
    st.integers() | st.text("ab.^~*=<>", max_size=5) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("project", "name")), inner, max_size=3)
    ),
    max_leaves=6,
)
LINES = st.lists(
    st.sampled_from(
        (
            "FROM x AS y",
            "from y",
            "ENV A",
            "ENV A=b c",
            "ENV =",
            'ENV "',
            "ARG",
            "ARG A=$A B",
            "COPY a",
            "COPY --from=x a b",
            'COPY ["a"]',
            "COPY []",
            "ADD <<X",
            "X",
            "RUN <<EOF",
            "EOF",
            "CMD \\",
            "ENTRYPOINT {}",
            "WORKDIR ''",
            "WORKDIR $",
            "USER ${A:-${B}}",
            "# escape=`",
            "",
        )
    )
    | st.text("aFR$'\"\\{}=#<-:[], ", max_size=12),
    max_size=12,
)


@drawn
@given(name=st.sampled_from(NAMES), content=st.binary(max_size=200))
@example(name="Dockerfile", content=b"FROM x\nENV =\n")
@example(name="requirements.txt", content=b"-r\n-c \n-e\n--\n\\\n;\n#\n@\n")
def test_any_bytes_have_an_answer(tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes) -> None:
    root = make(tmp_path_factory.mktemp("any"), {name: "", "pyproject.toml": "", "main.py": APP})
    (root / name).write_bytes(content)
    assert name in detect.look(root).paths


@drawn
@given(lines=LINES)
def test_any_dockerfile_has_an_answer(lines: list[str]) -> None:
    found = recipe.read("\n".join(lines))
    assert bool(found.base) is not bool(found.problem)


@drawn
@given(text=st.text(st.sampled_from("fastapi-_[]=<>~!;.,@#:/ \n\\'\"r"), max_size=60))
def test_any_requirements_have_an_answer(text: str) -> None:
    found = dependencies.read({"requirements.txt": text}.get, {"requirements.txt"})
    assert found is not None
    assert all(sentence.startswith("requirements.txt, line ") for sentence in found.problems)


def test_a_health_path_is_plain_whatever_the_code(tmp_path: Path) -> None:
    odd = ("/{x}/health", "//health", "/a?b/health", "health", "/é/health", "")
    text = APP + "".join(f"@app.get({path!r})\ndef f{n}(): ...\n" for n, path in enumerate(odd))
    assert health.PLAIN.fullmatch(detect.look(make(tmp_path, {"main.py": text})).health_path)


@pytest.mark.parametrize("text", ["a: 2024-13-45\n", "a: [\n", "- b\n", "!!int x\n"])
def test_a_note_that_is_no_list_of_answers_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / ".copier-answers.yml").write_text(text)

    assert detect.look(tmp_path).note == {}


# ------------------------------------------------------------------ the machine


def test_a_machine_has_memory_and_a_disk(tmp_path: Path) -> None:
    found = detect.room(tmp_path)
    assert found.memory is not None
    assert found.memory_total is not None
    assert 0 < found.memory <= found.memory_total
    assert found.disk is not None
    assert found.disk > 0


def test_a_disk_elsewhere_cannot_be_told(tmp_path: Path) -> None:
    found = detect.room(tmp_path / "in another machine")
    assert found.disk is None
    assert found.memory
