"""`stack new .` in a folder with an app in it: what is found, asked, refused and written."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from scaffold import adopt, answers, cli

STACK = Path(sys.executable).parent / "stack"
APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"
REQUIREMENTS = "fastapi\nuvicorn\n"
PLAIN = {"main.py": APP, "requirements.txt": REQUIREMENTS, "README.md": "# mine\n"}
LOCK = """version = 1
requires-python = ">=3.11"

[[package]]
name = "fastapi"
version = "0.100.0"

[[package]]
name = "shop"
version = "1.0"
source = { virtual = "." }
dependencies = [{ name = "fastapi" }]
"""
PROJECT = """[project]
name = "shop"
version = "1.0"
dependencies = ["fastapi>=0.115", "uvicorn"]
"""
OLD_IMAGE = """FROM tiangolo/uvicorn-gunicorn-fastapi:python3.11
ENV MODULE_NAME=service.web VARIABLE_NAME=api WEB_CONCURRENCY=3
COPY ./service /app/service
"""

REFUSED: Mapping[str, tuple[Mapping[str, str], tuple[str, ...], str]] = {
    "no app": ({"main.py": "print()\n", "requirements.txt": REQUIREMENTS}, (), "no FastAPI app was found"),
    "two apps": ({**PLAIN, "api.py": APP}, (), "more than one FastAPI app"),
    "no dependencies": ({"main.py": APP}, (), "nothing names the app's dependencies"),
    "no FastAPI": ({**PLAIN, "requirements.txt": "uvicorn\n"}, (), "does not name fastapi"),
    "no server": ({**PLAIN, "requirements.txt": "fastapi\n"}, (), "names no uvicorn"),
    "a lock that does not match": (
        {"main.py": APP, "pyproject.toml": PROJECT, "uv.lock": LOCK},
        (),
        "pyproject.toml and uv.lock cannot be installed",
    ),
    "no such module": (PLAIN, ("app=shop.web:api",), "app=shop.web:api names nothing"),
    "no such object": (PLAIN, ("app=main:api",), "app=main:api names nothing"),
    "no import string": (PLAIN, ("app=main.py",), "app=main.py names nothing"),
    "an .env": ({**PLAIN, ".env": "A=1\n"}, (), "already has .env"),
    "a Compose file": ({**PLAIN, "docker-compose.yml": "services: {}\n"}, (), "already has docker-compose.yml"),
    "an override of Compose's": ({**PLAIN, "compose.override.yaml": "{}\n"}, (), "already has compose.override.yaml"),
    "a Dockerfile in shell form": (
        {**PLAIN, "Dockerfile": "FROM python:3.14\nENTRYPOINT uvicorn main:app\n"},
        (),
        "the Dockerfile cannot be kept",
    ),
    "a Dockerfile to keep": (PLAIN, ("dockerfile=keep",), "no Dockerfile to keep"),
    "another template's note": (
        {**PLAIN, ".copier-answers.yml": "_src_path: gh:a/b\n"},
        (),
        "another template, gh:a/b",
    ),
    "an .env that leads elsewhere": ({**PLAIN, ".env": "COMPOSE_FILE=x.yml\n"}, (), "sets COMPOSE_FILE"),
    "an .env that Compose cannot read": ({**PLAIN, ".env": "A=1\nWEIRD LINE\n"}, (), "line 2 is no NAME=VALUE"),
    "a monorepo": (
        {"backend/app/main.py": APP, "backend/requirements.txt": REQUIREMENTS},
        (),
        "the app belongs to backend, which has a requirements.txt of its own",
    ),
    "a tool without its files": (PLAIN, ("dependencies=uv",), "dependencies=uv takes pyproject.toml and uv.lock"),
    "a folder that is not there": (PLAIN, ("app_dir=src",), "names nothing"),
    "an entry point that is none": (
        {**PLAIN, "pyproject.toml": "[tool.fastapi]\nentrypoint = 'nope:app'\n"},
        (),
        "nope:app names nothing",
    ),
    "requirements elsewhere": (
        {**PLAIN, "requirements.txt": "-r deploy/prod.txt\n", "deploy/prod.txt": REQUIREMENTS},
        (),
        "requirements.txt cannot be installed",
    ),
    "replicas with data": ({**PLAIN, "db.py": "URL = 'sqlite:///./shop.db'\n"}, ("replicas=3",), "not safe under"),
    "workers that do not fit": (PLAIN, ("workers=9", "memory=600"), "9 workers x 128 MB + 64 MB"),
}


@pytest.fixture(autouse=True)
def _quick(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "PACKAGE", package)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "shop"


def holding(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def adopted(folder: Path, *words: str, **answers: str) -> int:
    data = [word for name, value in answers.items() for word in ("--data", f"{name}={value}")]
    return cli.run(["new", str(folder), "--defaults", *data, *words])


def answered(folder: Path) -> dict[str, object]:
    return dict(yaml.safe_load((folder / ".copier-answers.yml").read_text()))


def held(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("files", "data", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_adopted_is_exit_2_with_a_sentence_and_nothing_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str], files: Mapping[str, str], data: tuple[str, ...], said: str
) -> None:
    holding(folder, files)

    status = adopted(folder, **dict(pair.split("=", 1) for pair in data))

    printed = capsys.readouterr()
    assert (status, printed.out) == (2, "")
    assert said in printed.err
    assert "  → " in printed.err
    assert held(folder) == files


def test_the_api_of_a_monorepo_is_a_project_in_its_own_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    holding(folder, {f"backend/{name}": text for name, text in PLAIN.items()} | {"web/package.json": "{}\n"})
    (folder / ".git").mkdir()

    assert adopted(folder) == 2
    assert f"stack new {folder}/backend" in capsys.readouterr().err
    assert adopted(folder / "backend") == 0

    assert "git: add /.env to .gitignore" in capsys.readouterr().err
    assert answered(folder / "backend")["app"] == "main:app"
    assert {path.name for path in folder.iterdir()} == {".git", "backend", "web"}


@pytest.mark.parametrize(("ignored", "told"), [("/.env\n", True), (".env\n", False), ("**/.env\n", False)])
def test_a_gitignore_above_may_keep_env_out(
    folder: Path, capsys: pytest.CaptureFixture[str], ignored: str, told: bool
) -> None:
    holding(folder, {f"backend/{name}": text for name, text in PLAIN.items()} | {".gitignore": ignored})
    (folder / ".git").mkdir()

    assert adopted(folder / "backend") == 0

    assert ("add /.env to .gitignore" in capsys.readouterr().err) is told


def test_a_folder_of_requirements_goes_into_the_dependency_step(folder: Path) -> None:
    lists = {"requirements.txt": "-r requirements/prod.txt\n", "requirements/prod.txt": REQUIREMENTS}
    holding(folder, {**PLAIN, **lists})

    assert adopted(folder) == 0

    copied = (folder / "Dockerfile").read_text().partition("RUN --mount")[0]
    assert "COPY requirement[s] requirements/\n" in copied


def test_two_apps_are_both_named_and_one_is_chosen(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    holding(folder, {**PLAIN, "api.py": APP})

    assert adopted(folder) == 2
    said = capsys.readouterr().err
    assert "main:app: main.py, line 3" in said
    assert "api:app: api.py, line 3" in said

    assert adopted(folder, app="api:app") == 0
    assert answered(folder)["app"] == "api:app"


def test_only_new_files_and_what_was_found_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    holding(folder, {**PLAIN, "db.py": "URL = 'sqlite:///./shop.db'\n"})
    before = held(folder)

    assert adopted(folder) == 0

    said = capsys.readouterr()
    assert "main:app (main.py, line 3)" in said.err
    assert "shop.db outlives the container (db.py, line 1)" in said.err
    assert "STACK.md" in said.out
    after = held(folder)
    assert {name: after[name] for name in before} == before
    assert {"STACK.md", "Dockerfile", "Dockerfile.dockerignore", "secrets/.gitignore"} <= set(after) - set(before)
    assert not {".gitignore", ".dockerignore", "app/main.py"} & set(after)
    assert after["secrets/.gitignore"].endswith("\n*\n")
    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o700


def test_git_shows_new_files_only(folder: Path) -> None:
    holding(folder, {**PLAIN, ".gitignore": ".env\n", ".env": "MINE=1\n", "Dockerfile": "FROM python:3.14\n"})
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    subprocess.run(["git", "-C", folder, "add", "--all"], check=True)

    assert adopted(folder, "--yes") == 0

    done = subprocess.run(["git", "-C", folder, "diff", "--stat"], check=True, capture_output=True, text=True)
    assert done.stdout == ""


def test_yes_appends_to_env_and_sets_compose_files_aside(folder: Path) -> None:
    holding(
        folder, {**PLAIN, ".env": "MINE=1", "docker-compose.yml": "old\n", "docker-compose.yml.before-stack": "1\n"}
    )
    (folder / ".env").chmod(0o600)

    assert adopted(folder, "--yes") == 0

    env = (folder / ".env").read_text()
    assert env.startswith(f"MINE=1\n\n{adopt.BEGIN}\n")
    assert "STACK_DOMAIN=localhost\n" in env
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    assert not (folder / "docker-compose.yml").exists()
    assert (folder / "docker-compose.yml.before-stack").read_text() == "1\n"
    assert (folder / "docker-compose.yml.before-stack.2").read_text() == "old\n"


@pytest.mark.parametrize("words", [(), ("--yes",), ("--yes", "--data", "adopt=true")])
def test_the_same_again_is_refused_and_changes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    holding(folder, {**PLAIN, ".env": "MINE=1\n"})
    assert adopted(folder, "--yes") == 0
    once = held(folder)

    assert adopted(folder, *words) == 2

    assert "stack update" in capsys.readouterr().err
    assert held(folder) == once


def test_a_dockerignore_keeps_its_lines_and_ours_win(folder: Path) -> None:
    holding(folder, {**PLAIN, ".dockerignore": "*\n!main.py\n"})

    assert adopted(folder) == 0

    lines = (folder / "Dockerfile.dockerignore").read_text().splitlines()
    assert lines.index("!main.py") < lines.index("secrets") < lines.index("!container/entrypoint.py")
    assert (folder / ".dockerignore").read_text() == "*\n!main.py\n"


def test_a_dockerfile_is_kept_or_set_aside(folder: Path) -> None:
    mine = "FROM python:3.14\nUSER baker\nCMD uvicorn main:app --root-path /x\n"
    holding(folder, {**PLAIN, "Dockerfile": mine})

    assert adopted(folder) == 0
    assert (folder / "Dockerfile").read_text() == mine
    kept = answered(folder)
    assert (kept["dockerfile"], kept["app_user"], kept["server_options"]) == ("keep", "baker", "--root-path=/x")

    (folder / ".copier-answers.yml").unlink()
    assert adopted(folder, "--yes", dockerfile="replace") == 0
    assert (folder / "Dockerfile.before-stack").read_text() == mine
    assert "AS dependencies" in (folder / "Dockerfile").read_text()


def composed(folder: Path, service: str) -> dict[str, Any]:
    return dict(yaml.safe_load((folder / "compose.app.yaml").read_text())["services"][service])


def test_what_a_kept_dockerfile_runs_before_its_server_is_carried_over(folder: Path) -> None:
    mine = """FROM python:3.14
WORKDIR /code
COPY . .
USER baker
ENTRYPOINT ["bash", "docker/entry.sh"]
CMD ["sh", "-c", "alembic upgrade head && exec uvicorn main:app"]
"""
    holding(folder, {**PLAIN, "Dockerfile": mine, "alembic.ini": "[alembic]\n"})

    assert adopted(folder) == 0

    assert composed(folder, "app")["entrypoint"][-3:] == ["/opt/stack/entrypoint.py", "bash", "docker/entry.sh"]
    assert composed(folder, "prestart")["command"][-3:] == ["alembic", "upgrade", "head"]


def test_an_entry_point_that_starts_the_server_is_left_out_when_told_so(folder: Path) -> None:
    holding(folder, {**PLAIN, "Dockerfile": "FROM python:3.14\nUSER baker\nENTRYPOINT uvicorn main:app\n"})

    assert adopted(folder, entrypoint="") == 0

    assert composed(folder, "app")["entrypoint"][-1] == "/opt/stack/entrypoint.py"


def test_the_script_of_the_deprecated_image_runs_where_its_files_are_now(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = "FROM tiangolo/uvicorn-gunicorn-fastapi:python3.11\nCOPY ./service /app\n"
    code = {"service/main.py": APP, "service/alembic.ini": "[alembic]\n", "requirements.txt": REQUIREMENTS}
    holding(folder, {**code, "service/prestart.sh": "python /app/wait.py\nalembic upgrade head\n", "Dockerfile": old})

    assert adopted(folder) == 0

    assert composed(folder, "prestart")["command"][-5:] == ["-C", "service", "bash", "-e", "prestart.sh"]
    assert "/app, which is /srv/service now" in capsys.readouterr().err


def test_what_an_app_seems_to_need_is_said_and_not_decided(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    needs = f"{REQUIREMENTS}sqlalchemy\nasyncpg\nredis\nalembic\n"
    holding(folder, {**PLAIN, "requirements.txt": needs, "alembic.ini": "[alembic]\n"})

    assert adopted(folder) == 0

    said = capsys.readouterr().err
    for words in ("postgres=true", "redis=true", "prestart=alembic"):
        assert words in said
    made = answered(folder)
    assert not made["postgres"]
    assert not made["redis"]
    assert not made["prestart"]


def test_with_a_database_its_address_names_the_driver(folder: Path) -> None:
    holding(folder, {**PLAIN, "requirements.txt": f"{REQUIREMENTS}sqlalchemy\nasyncpg\n"})

    assert adopted(folder, postgres="true") == 0

    assert composed(folder, "app")["environment"]["DATABASE_SCHEME"] == "postgresql+asyncpg"


def test_the_deprecated_image_is_translated(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = "from fastapi import FastAPI\napi = FastAPI()\n"
    holding(folder, {"service/web.py": code, "requirements.txt": REQUIREMENTS, "Dockerfile": OLD_IMAGE})

    assert adopted(folder) == 0

    made = answered(folder)
    assert (made["app"], made["workers"], made["python_version"]) == ("service.web:api", 3, "3.11")
    assert "MODULE_NAME" in capsys.readouterr().err
    assert (folder / "Dockerfile.before-stack").read_text() == OLD_IMAGE


def test_a_failure_on_the_way_puts_everything_back(folder: Path) -> None:
    files = {**PLAIN, ".env": "MINE=1\n", "compose.yml": "old\n", "traefik": "a file where a folder has to be"}
    holding(folder, files)

    assert adopted(folder, "--yes") == 3

    assert held(folder) == files


def test_what_stays_behind_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compose = "services:\n  web: {}\n  db: {}\n"
    database = "URL = 'sqlite:///./shop.db'\n"
    holding(folder, {**PLAIN, "db.py": database, "shop.db": "", "docker-compose.yml": compose, ".env": "A=1\r\n"})
    (folder / ".git").mkdir()

    assert adopted(folder, "--yes") == 0

    said = capsys.readouterr().err
    assert "its services (web, db)" in said
    assert "what is in shop.db now is not taken along" in said
    assert "the container does not see it" in said
    assert "add /.env to .gitignore" in said
    assert (folder / ".env").read_bytes().startswith(b"A=1\r\n\n# >>>")


def test_json_tells_what_was_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    holding(folder, {**PLAIN, "compose.yml": "old\n"})

    assert adopted(folder, "--yes", "--json") == 0

    document = json.loads(capsys.readouterr().out)
    assert document["renamed"] == {"compose.yml": "compose.yml.before-stack"}
    assert document["found"][0].startswith("app: main:app")
