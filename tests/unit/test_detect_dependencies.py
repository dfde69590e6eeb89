"""Which tool installs what, and whether its lock file fits."""

from pathlib import Path

import pytest
from packaging.version import Version

from scaffold import detect
from scaffold.detect import versions
from scaffold.source import Dependencies

from .folders import make

PROJECT = (
    '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["fastapi[standard]>=0.110"]\n'
)
UV = """
version = 1
requires-python = ">=3.11"

[[package]]
name = "shop"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "fastapi", extra = ["standard"] }]

[package.dev-dependencies]
dev = [{ name = "pytest" }]

[[package]]
name = "fastapi"
version = "0.165.0"
source = { registry = "https://example.org/simple" }
dependencies = [{ name = "starlette" }]

[package.optional-dependencies]
standard = [{ name = "uvicorn" }]
all = [{ name = "orjson" }]

[[package]]
name = "starlette"
version = "1.10.0"

[[package]]
name = "uvicorn"
version = "0.54.0"

[[package]]
name = "orjson"
version = "3.0"

[[package]]
name = "pytest"
version = "9.2.0"
"""
POETRY = """
[tool.poetry]
name = "shop"

[tool.poetry.dependencies]
python = "^3.11"
fastapi = "^0.115"
"""
POETRY_LOCK = """
[[package]]
name = "fastapi"
version = "0.115.4"
optional = false
groups = ["main"]

[[package]]
name = "pytest"
version = "9.2.0"
optional = false
groups = ["dev"]

[[package]]
name = "psycopg"
version = "3.2"
optional = true
groups = ["main"]

[metadata]
lock-version = "2.1"
python-versions = "^3.11"
"""


def needs(root: Path, files: dict[str, str]) -> Dependencies:
    found = detect.look(make(root, files)).dependencies
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("files", "tool", "where"),
    [
        ({"requirements.txt": "fastapi\n"}, "pip", "requirements.txt"),
        ({"pyproject.toml": PROJECT, "uv.lock": UV}, "uv", "pyproject.toml and uv.lock"),
        ({"pyproject.toml": PROJECT, "uv.lock": UV, "requirements.txt": ""}, "uv", "pyproject.toml and uv.lock"),
        ({"pyproject.toml": POETRY, "poetry.lock": POETRY_LOCK}, "poetry", "pyproject.toml and poetry.lock"),
        ({"pyproject.toml": POETRY, "requirements.txt": "fastapi"}, "poetry", "pyproject.toml"),
        ({"pyproject.toml": PROJECT, "poetry.lock": POETRY_LOCK}, "poetry", "pyproject.toml and poetry.lock"),
        ({"pyproject.toml": PROJECT, "requirements.txt": "fastapi"}, "pip", "requirements.txt"),
        ({"pyproject.toml": "[tool.ruff]\n", "requirements.txt": "fastapi"}, "pip", "requirements.txt"),
        ({"pyproject.toml": PROJECT}, "uv", "pyproject.toml"),
        ({"pyproject.toml": "[project]\ndynamic = ['dependencies']\n"}, "uv", "pyproject.toml"),
        ({"uv.lock": UV, "requirements.txt": "fastapi"}, "pip", "requirements.txt"),
    ],
)
def test_the_tool_is_the_one_whose_files_are_there(
    tmp_path: Path, files: dict[str, str], tool: str, where: str
) -> None:
    found = needs(tmp_path, files)
    assert (found.tool, found.where) == (tool, where)


def test_a_workspace_is_told_as_one(tmp_path: Path) -> None:
    members = '[tool.uv.workspace]\nmembers = ["services/*"]\n'
    (problem,) = needs(tmp_path, {"pyproject.toml": PROJECT + members, "uv.lock": UV}).problems
    assert problem.startswith("pyproject.toml makes a workspace")


@pytest.mark.parametrize("files", [{}, {"main.py": ""}, {"pyproject.toml": "[tool.ruff]\n"}, {"uv.lock": UV}])
def test_a_folder_without_a_list_needs_nothing_that_is_known(tmp_path: Path, files: dict[str, str]) -> None:
    assert detect.look(make(tmp_path, files)).dependencies is None


# ------------------------------------------------------------------ requirements.txt


def test_requirements_are_read_as_pip_reads_them(tmp_path: Path) -> None:
    found = needs(
        tmp_path,
        {
            "requirements.txt": (
                "\ufeff# what the app needs\n"
                "FastAPI[standard] >= 0.110  # the framework\n"
                "Flask_SQLAlchemy==3.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n"
                "pywin32 ; sys_platform == 'win32'\n"
                "uvloop; sys_platform != 'win32'\n"
                "--index-url https://example.org/simple\n"
                "-r requirements/base.txt\n"
                "-c limits.txt\n"
                "shop @ https://example.org/shop.zip\n"
                "git+https://example.org/tools.git@v1#egg=my_tools\n"
                "-e ./libs/own#egg=own\n"
                "./libs/other\n"
                "wheels/third-1.0-py3-none-any.whl\n"
            ),
            "requirements/base.txt": "-r more.txt\n-r ../requirements.txt\nhttpx\n",
            "requirements/more.txt": "pydantic\n",
            "limits.txt": "anyio<5\n",
        },
    )
    assert found.names == frozenset(
        {"fastapi", "flask-sqlalchemy", "uvloop", "httpx", "pydantic", "shop", "my-tools", "own"}
    )
    assert found.extras == frozenset({"fastapi[standard]"})
    assert found.brings("uvicorn")
    unseen = {one.partition(":")[0].partition(" includes ")[0] for one in found.problems}
    assert unseen == {f"requirements.txt, line {number}" for number in (10, 13, 14, 15)}
    assert all("the image's dependency step" in one for one in found.problems)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("fastapi\n\nfast api\n", "requirements.txt, line 3: 'fast api' is not a requirement"),
        ("fastapi=0.1\n", "requirements.txt, line 1: 'fastapi=0.1' is not a requirement"),
        ("-r base.txt\n", "requirements.txt, line 1 includes base.txt, which is not there, or cannot be read"),
        ("-c base.txt\n", "requirements.txt, line 1 includes base.txt, which is not there, or cannot be read"),
        ("-r ../base.txt\n", "requirements.txt, line 1 includes ../base.txt, which lies outside the project"),
        ("-r /etc/passwd\n", "requirements.txt, line 1 includes /etc/passwd, which lies outside the project"),
    ],
)
def test_requirements_that_cannot_be_installed_are_a_problem(tmp_path: Path, text: str, problem: str) -> None:
    assert needs(tmp_path, {"requirements.txt": text}).problems == (problem,)


def test_requirements_that_powershell_wrote_are_read(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes("fastapi==0.165.0\r\nuvicorn\r\n".encode("utf-16"))
    assert needs(tmp_path, {}).names == {"fastapi", "uvicorn"}


def test_requirements_that_are_no_text_are_a_problem(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes(b"fastapi\xff\n")
    assert needs(tmp_path, {}).problems == ("requirements.txt cannot be read",)


# ------------------------------------------------------------------ uv


def test_a_lock_of_uv_says_what_gets_installed(tmp_path: Path) -> None:
    found = needs(tmp_path, {"pyproject.toml": PROJECT, "uv.lock": UV})
    assert found.names == {"fastapi", "starlette", "uvicorn"}
    assert found.problems == ()
    assert found.python == ">=3.11"


def test_a_lock_of_a_workspace_without_a_project_brings_everything(tmp_path: Path) -> None:
    text = UV.replace('virtual = "."', 'editable = "packages/shop"')
    assert "pytest" in needs(tmp_path, {"pyproject.toml": "[tool.uv.workspace]\n", "uv.lock": text}).names


UNFIT = {
    "fits": ("fastapi>=0.110", ""),
    "any version": ("FastAPI", ""),
    "newer wanted": (
        "fastapi[standard]>=1",
        "pyproject.toml asks for fastapi[standard]>=1, uv.lock has 0.165.0: run `uv lock`",
    ),
    "absent": ("httpx>=0.28", "pyproject.toml asks for httpx>=0.28, which uv.lock does not have: run `uv lock`"),
    "absent, and for Windows": ("pywin32; sys_platform == 'win32'", ""),
    "absent, and for an old Python": ("tomli; python_version < '3.9'", ""),
    "from an address": ("fastapi @ https://example.org/fastapi.zip", ""),
    "no requirement": ("fast api", "pyproject.toml: 'fast api' is not a requirement"),
}


@pytest.mark.parametrize(("asked", "problem"), UNFIT.values(), ids=UNFIT)
def test_a_lock_of_uv_has_to_fit(tmp_path: Path, asked: str, problem: str) -> None:
    files = {"pyproject.toml": f'[project]\nname = "shop"\ndependencies = ["{asked}"]\n', "uv.lock": UV}
    assert needs(tmp_path, files).problems == ((problem,) if problem else ())


def test_a_version_is_not_asked_of_what_comes_from_elsewhere(tmp_path: Path) -> None:
    source = "[tool.uv.sources]\nfastapi = { git = 'https://example.org/fastapi.git' }\n"
    project = PROJECT.replace("0.110", "1") + source
    assert needs(tmp_path, {"pyproject.toml": project, "uv.lock": UV}).problems == ()


def test_one_of_several_locked_versions_is_enough(tmp_path: Path) -> None:
    two = UV + '[[package]]\nname = "fastapi"\nversion = "1.2"\n'
    files = {"pyproject.toml": PROJECT.replace(">=0.110", ">=1"), "uv.lock": two}
    assert needs(tmp_path, files).problems == ()


def test_a_missing_lock_is_a_problem_and_the_names_are_those_asked_for(tmp_path: Path) -> None:
    found = needs(tmp_path, {"pyproject.toml": PROJECT})
    assert found.problems == (
        "there is no uv.lock: run `uv lock`, or without uv `pip freeze --exclude-editable > requirements.txt`",
    )
    assert found.names == {"fastapi"}
    assert found.extras == {"fastapi[standard]"}


@pytest.mark.parametrize(
    ("files", "start"),
    [
        ({"pyproject.toml": "[project\n"}, "pyproject.toml is not TOML: "),
        ({"pyproject.toml": PROJECT, "uv.lock": "version ="}, "uv.lock is not TOML: "),
        ({"pyproject.toml": POETRY, "poetry.lock": "]"}, "poetry.lock is not TOML: "),
    ],
)
def test_a_broken_file_is_a_problem_and_not_a_note_as_well(tmp_path: Path, files: dict[str, str], start: str) -> None:
    found = detect.look(make(tmp_path, files))
    assert found.dependencies is not None
    assert found.dependencies.problems[0].startswith(start)
    assert found.notes == ()


def test_a_broken_pyproject_is_no_concern_of_pip(tmp_path: Path) -> None:
    found = detect.look(make(tmp_path, {"pyproject.toml": "[project\n", "requirements.txt": "fastapi\n"}))
    assert found.dependencies is not None
    assert (found.dependencies.tool, found.dependencies.problems) == ("pip", ())
    assert found.notes[0].startswith("pyproject.toml is not TOML")


@pytest.mark.parametrize(
    "text",
    [
        "project = 3\n",
        "tool = []\n",
        "[project]\ndependencies = 'fastapi'\n",
        "[project]\ndependencies = [1, ['x']]\nrequires-python = 3\n",
        "[tool.poetry]\ndependencies = 'x'\n",
        "[tool.poetry.dependencies]\nfastapi = 3\npython = 3\nx = [1, {}]\n",
        "[tool.uv]\nsources = 1\n[project]\ndependencies = []\n",
    ],
)
def test_a_document_of_another_form_is_survived(tmp_path: Path, text: str) -> None:
    lock = "package = 3\n"
    found = detect.look(make(tmp_path, {"pyproject.toml": text, "uv.lock": lock, "poetry.lock": lock}))
    assert found.dependencies is not None
    (tmp_path / "uv.lock").unlink()
    assert detect.look(tmp_path).dependencies is not None


# ------------------------------------------------------------------ Poetry


def test_a_lock_of_poetry_says_what_gets_installed(tmp_path: Path) -> None:
    found = needs(tmp_path, {"pyproject.toml": POETRY, "poetry.lock": POETRY_LOCK})
    assert found.names == {"fastapi"}
    assert found.problems == ()
    assert found.python == "<4,>=3.11"


@pytest.mark.parametrize(
    ("group", "installed"),
    [("", True), ('category = "main"', True), ('category = "dev"', False), ('groups = ["main", "dev"]', True)],
    ids=["Poetry 1.5 to 1.8", "Poetry 1.4", "Poetry 1.4, for development", "Poetry 2"],
)
def test_older_locks_of_poetry_are_read_too(tmp_path: Path, group: str, installed: bool) -> None:
    lock = f'[[package]]\nname = "fastapi"\nversion = "0.115.1"\n{group}\n'
    assert needs(tmp_path, {"pyproject.toml": POETRY, "poetry.lock": lock}).brings("fastapi") is installed


POETRY_UNFIT = {
    "fits": ('"^0.115.1"', ""),
    "table": ('{version = "^0.115", extras = ["standard"]}', ""),
    "newer wanted": (
        '"^0.116"',
        "pyproject.toml asks for fastapi ^0.116, poetry.lock has 0.115.4: run `poetry lock`",
    ),
    "one of two fits": ('"^0.100 || ^0.115"', ""),
    "one of several tables fits": ('[{version = "^0.100"}, {version = "0.115.4"}]', ""),
    "not for this Python": ('{version = "^9", python = "<3.9"}', ""),
    "not for Linux": ("""{version = "^9", markers = "sys_platform == 'win32'"}""", ""),
    "optional": ('{version = "^9", optional = true}', ""),
    "from git": ('{git = "https://example.org/x.git", version = "^9"}', ""),
    "unreadable": ('"newest"', "pyproject.toml: fastapi = 'newest' is not a version that can be read"),
}


@pytest.mark.parametrize(("asked", "problem"), POETRY_UNFIT.values(), ids=POETRY_UNFIT)
def test_a_lock_of_poetry_has_to_fit(tmp_path: Path, asked: str, problem: str) -> None:
    files = {"pyproject.toml": POETRY.replace('"^0.115"', asked), "poetry.lock": POETRY_LOCK}
    assert needs(tmp_path, files).problems == ((problem,) if problem else ())


def test_poetry_reads_a_standard_project_as_well(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT.replace("0.110", "1"), "poetry.lock": POETRY_LOCK}
    assert needs(tmp_path, files).problems == (
        "pyproject.toml asks for fastapi[standard]>=1, poetry.lock has 0.115.4: run `poetry lock`",
    )


# The examples are those of Poetry's documentation, "Dependency specification".
@pytest.mark.parametrize(
    ("constraint", "inside", "outside"),
    [
        ("^1.2.3", ["1.2.3", "1.9"], ["1.2.2", "2.0.0"]),
        ("^1.2", ["1.2", "1.9"], ["1.1", "2"]),
        ("^1", ["1.0", "1.9"], ["0.9", "2"]),
        ("^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0"]),
        ("^0.0.3", ["0.0.3"], ["0.0.4"]),
        ("^0.0", ["0.0.0", "0.0.9"], ["0.1.0"]),
        ("^0", ["0.9"], ["1.0"]),
        ("~1.2.3", ["1.2.3", "1.2.9"], ["1.3.0"]),
        ("~1.2", ["1.2.0", "1.2.9"], ["1.3"]),
        ("~1", ["1.0", "1.9"], ["2.0"]),
        ("*", ["0", "99"], []),
        ("1.*", ["1.0", "1.9"], ["2.0"]),
        ("1.2.*", ["1.2.9"], ["1.3"]),
        (">= 1.2.0", ["1.2", "9"], ["1.1"]),
        (">=1,<2", ["1.5"], ["2"]),
        (">=1 <2", ["1.5"], ["2"]),
        ("!=1.2.3", ["1.2"], ["1.2.3"]),
        ("1.2.3", ["1.2.3"], ["1.2.4"]),
        ("==1.2.3", ["1.2.3"], ["1.2.4"]),
        ("~=1.2", ["1.9"], ["2.0"]),
        ("^2.7 || ^3.11", ["2.8", "3.12"], ["3.0", "4.0"]),
        ("<2|>=3", ["1", "3"], ["2"]),
    ],
)
def test_constraints_of_poetry_allow_what_its_documentation_says(
    constraint: str, inside: list[str], outside: list[str]
) -> None:
    allowed = versions.alternatives(constraint)
    assert allowed is not None
    fits = [one for one in map(Version, [*inside, *outside]) if any(one in some for some in allowed)]
    assert fits == [Version(one) for one in inside]


@pytest.mark.parametrize("constraint", ["newest", "^", "^x", ">=", "~"])
def test_a_constraint_that_is_none_is_not_read(constraint: str) -> None:
    assert versions.alternatives(constraint) is None


# ------------------------------------------------------------------ Python


@pytest.mark.parametrize(
    ("python", "expected"),
    [
        ('"^3.11"', "<4,>=3.11"),
        ('">=3.10,<3.14"', "<3.14,>=3.10"),
        ('"~3.12"', "<3.13,>=3.12"),
        ('"*"', ""),
        ('"^3.10 || ^4.0"', ""),
        ("3", ""),
    ],
)
def test_the_python_of_poetry_is_a_plain_specifier_or_nothing(tmp_path: Path, python: str, expected: str) -> None:
    assert needs(tmp_path, {"pyproject.toml": POETRY.replace('"^3.11"', python)}).python == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3.13\n", "3.13"),
        ("# ours\n3.13.2\n3.12\n", "3.13.2"),
        ("cpython-3.12\n", "3.12"),
        ("pypy3.10\n", ""),
        ("shop-env\n", ""),
        ("", ""),
    ],
)
def test_a_pinned_python_is_read(tmp_path: Path, text: str, expected: str) -> None:
    assert needs(tmp_path, {"requirements.txt": "", ".python-version": text}).pin == expected
