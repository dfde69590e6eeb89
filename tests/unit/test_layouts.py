"""Folders as people have them, whole: what is found in each, or what is asked.

They lie in tests/layouts and are only read. Their lock files are short: nothing is installed from them, so that
they name no downloads.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scaffold import adopt, detect
from scaffold.cli import adopting
from scaffold.errors import WrongInput

LAYOUTS = Path(__file__).parents[1] / "layouts"
OLD = "tiangolo/uvicorn-gunicorn-fastapi:python3.8-slim-2020-12-19"
ALEMBIC = "alembic.ini is there: --data prestart=alembic runs `alembic upgrade head` once before each new version"
REDIS = "redis is there: --data redis=true puts Redis beside the app (REDIS_URL)"
METERS = (
    "prometheus_client is there: each worker counts for itself, and who asks for the figures gets one worker's;"
    " PROMETHEUS_MULTIPROC_DIR: /tmp under `environment:` in compose.app.yaml, with a MultiProcessCollector in the"
    " code, adds them up, and --data workers=1 does without"
)


def postgres(package: str) -> str:
    return f"{package} is there: --data postgres=true puts PostgreSQL beside the app (DATABASE_URL)"


@dataclass(frozen=True)
class Found:
    """What is told about a folder, and the answers that follow."""

    app: str
    place: str
    """Where the app is made."""
    tool: str
    python: str
    health: str
    healthy: str
    """Where the health route is; empty without one."""
    app_dir: str = "."
    lists: str = "requirements.txt"
    more: Mapping[str, Any] = field(default_factory=dict)
    """Answers that not every folder has."""
    said: tuple[str, ...] = ()
    """Everything else that is said, in order."""

    @property
    def answers(self) -> dict[str, Any]:
        app = {"adopt": True, "app": self.app, "app_dir": self.app_dir, "health_path": self.health}
        return {**app, "dependencies": self.tool, "server": "uvicorn", "python_version": self.python, **self.more}

    @property
    def sentences(self) -> tuple[str, ...]:
        root = "" if self.app_dir == "." else f" from {self.app_dir}/"
        why = f" ({self.healthy})" if self.healthy else ", since no health route was found"
        return (
            f"app: {self.app}{root} ({self.place})",
            f"dependencies: {self.lists}, installed by {self.tool} with Python {self.python}",
            *self.said,
            f"alive: {self.health} answers below 500{why}",
        )


@dataclass(frozen=True)
class Asked:
    """What a person is told who has to decide, and what they do then."""

    sentence: str
    hint: str
    """With FOLDER for the folder's name."""
    evidence: tuple[str, ...] = ()
    done: Mapping[str, str] = field(default_factory=dict)
    """The files that they write then."""
    inner: str = "."
    """The folder that they name then."""


FOUND = {
    "package": Found(
        "app.main:app",
        "app/main.py, line 15",
        "pip",
        "3.14",
        "/api/v1/health",
        "app/routers/system.py, line 6",
        said=(postgres("asyncpg"), ALEMBIC),
    ),
    "single_file": Found(
        "main:app",
        "main.py, line 23",
        "pip",
        "3.14",
        "/",
        "",
        more={"data": "data/"},
        said=("data: data/ outlives the container (main.py, line 27)",),
    ),
    "src_layout": Found(
        "shop.web:app",
        "src/shop/web.py, line 6",
        "pip",
        "3.12",
        "/healthz",
        "src/shop/web.py, line 10",
        app_dir="src",
        more={"data": "uploads/"},
        said=("data: uploads/ outlives the container (src/shop/pictures.py, line 9)",),
    ),
    "factory": Found(
        "jobs.factory:create_app",
        "jobs/factory.py, line 8",
        "pip",
        "3.12",
        "/v1/ready",
        "jobs/routes.py, line 17",
        more={"server_options": "--factory"},
        said=(REDIS,),
    ),
    "uv": Found(
        "app.main:app",
        "app/main.py, line 6",
        "uv",
        "3.13",
        "/health/live",
        "app/main.py, line 11",
        lists="pyproject.toml and uv.lock",
        said=(postgres("psycopg"), METERS),
    ),
    "poetry": Found(
        "catalogue.main:app",
        "catalogue/main.py, line 5",
        "poetry",
        "3.13",
        "/api/monitoring/ping",
        "catalogue/api/monitoring.py, line 6",
        lists="pyproject.toml and poetry.lock",
        said=(REDIS,),
    ),
    "requirements_folder": Found(
        "app.main:app",
        "app/main.py, line 7",
        "pip",
        "3.14",
        "/status",
        "app/main.py, line 10",
        said=(postgres("psycopg2-binary"),),
    ),
    "monorepo": Found(
        "app.main:app",
        "app/main.py, line 11",
        "pip",
        "3.14",
        "/healthz",
        "app/main.py, line 20",
        said=(postgres("psycopg"),),
    ),
    "called_api": Found(
        "weather.service:api",
        "weather/service.py, line 5",
        "pip",
        "3.14",
        "/livez",
        "weather/service.py, line 13",
        said=(postgres("psycopg"),),
    ),
}
"""What is found by itself, or once the person has done what the hint says."""

ASKED = {
    "src_layout": Asked(
        "the dependencies in pyproject.toml cannot be installed as they are",
        "mend what is named above, then try again",
        ("there is no uv.lock: run `uv lock`, or without uv `pip freeze --exclude-editable > requirements.txt`",),
        done={"requirements.txt": "fastapi==0.115.6\npython-multipart==0.0.19\nuvicorn==0.34.0\n"},
    ),
    "requirements_folder": Asked(
        "nothing names the app's dependencies: there is neither requirements.txt nor pyproject.toml",
        "echo '-r requirements/prod.txt' > FOLDER/requirements.txt, if that is what the server needs, or another"
        " of these",
        ("other lists are requirements/prod.txt, requirements/base.txt, requirements/dev.txt",),
        done={"requirements.txt": "-r requirements/prod.txt\n"},
    ),
    "monorepo": Asked(
        "the app belongs to services/api, which has a requirements.txt of its own",
        "stack new FOLDER/services/api makes the project there; it has nothing that lies outside of that folder",
        inner="services/api",
    ),
    "old_dockerfile": Asked(
        "requirements.txt does not name fastapi",
        f'add "fastapi[standard]" to it: {OLD} brought it along, and the stack\'s image does not',
        done={"requirements.txt": "fastapi[standard]\nsqlalchemy==1.3.20\npsycopg2-binary==2.8.6\nalembic==1.4.3\n"},
    ),
}
"""Where a person has to decide: nothing is guessed."""

OLD_DOCKERFILE = (
    f"app: app.main:app (as {OLD} would have started it)",
    (
        "the image's tag python3.8-slim-2020-12-19: not carried over, Python 3.8 is too old; the app gets the default"
        " python_version"
    ),
    "/app/app/main.py: translated to app=app.main:app and app_dir=.",
    "MAX_WORKERS=4: not carried over, a stack has a fixed number; choose one with --data workers=N",
    "LOG_LEVEL=warning: not carried over; --data server_options=--log-level=warning does the same",
    (
        "GRACEFUL_TIMEOUT=60: not carried over, --timeout-graceful-shutdown and stop_grace_period say how long a stop"
        " takes"
    ),
    (
        "prestart.sh: translated to prestart=bash -e prestart.sh; it ran in /app, which is /srv now: mend paths in it"
        " that begin with /app; what it exports ends with it"
    ),
    "dependencies: requirements.txt, installed by pip with Python 3.14",
    postgres("psycopg2-binary"),
    "alive: /health-check answers below 500 (app/main.py, line 20)",
    "docker-compose.yml: its services (web, db) and their settings are not part of the stack",
)


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the layout, which a person may change."""
    return Path(shutil.copytree(LAYOUTS / request.param, tmp_path / request.param))


def mended(folder: Path) -> Path:
    """Do what the hint says, if there is one, and return the folder to look at then."""
    asked = ASKED.get(folder.name, Asked("", ""))
    for name, text in asked.done.items():
        (folder / name).write_text(text)
    return folder / asked.inner


def test_every_layout_has_its_row() -> None:
    assert {one.name for one in LAYOUTS.iterdir()} == {*FOUND, "old_dockerfile"}


@pytest.mark.parametrize(("folder", "expected"), FOUND.items(), ids=FOUND, indirect=["folder"])
def test_everything_is_found(folder: Path, expected: Found) -> None:
    adoption = adopting.look(mended(folder), {})

    assert adoption.found
    assert adoption.answers == expected.answers
    assert adoption.said == expected.sentences
    assert adoption.aside == {}


@pytest.mark.parametrize(("folder", "asked"), ASKED.items(), ids=ASKED, indirect=["folder"])
def test_what_only_the_person_knows_is_asked_with_what_to_do(folder: Path, asked: Asked) -> None:
    with pytest.raises(WrongInput) as refused:
        adopting.look(folder, {})

    assert str(refused.value) == asked.sentence
    assert refused.value.hint == asked.hint.replace("FOLDER", str(folder))
    assert refused.value.evidence == asked.evidence


@pytest.mark.parametrize("folder", ["old_dockerfile"], ids=["old_dockerfile"], indirect=True)
def test_an_old_dockerfile_is_translated(folder: Path) -> None:
    adoption = adopting.look(mended(folder), {})

    assert adoption.said == OLD_DOCKERFILE
    assert adoption.answers == {
        "adopt": True,
        "app": "app.main:app",
        "app_dir": ".",
        "dockerfile": "replace",
        "dependencies": "pip",
        "server": "uvicorn",
        "python_version": "3.14",
        "health_path": "/health-check",
        "prestart": "bash -e prestart.sh",
    }
    assert adoption.aside == {
        "docker-compose.yml": "docker-compose.yml.before-stack",
        "Dockerfile": "Dockerfile.before-stack",
    }


@pytest.mark.parametrize("folder", [*FOUND, "old_dockerfile"], ids=str, indirect=True)
def test_the_app_that_is_chosen_exists(folder: Path) -> None:
    place = mended(folder)
    source = detect.look(place)
    app = adopt.choose(source, str(place))

    assert detect.names(place, app.app, app.folder) == ""
    assert adopt.propose(source, app, {}).answers["app"] == app.app
    assert source.notes == ()


USES = {
    "package": {"sqlalchemy", "asyncpg", "alembic"},
    "single_file": set(),
    "factory": {"redis"},
    "uv": {"sqlalchemy", "psycopg", "prometheus-client"},
    "poetry": {"redis"},
    "requirements_folder": {"sqlalchemy", "psycopg2-binary"},
    "monorepo": {"sqlalchemy", "psycopg"},
    "called_api": {"psycopg"},
    "old_dockerfile": {"sqlalchemy", "psycopg2-binary", "alembic"},
}


@pytest.mark.parametrize(("folder", "uses"), USES.items(), ids=USES, indirect=["folder"])
def test_what_the_app_uses_is_told_by_its_list_or_its_lock(folder: Path, uses: set[str]) -> None:
    found = detect.look(mended(folder)).dependencies

    assert found is not None
    asked = {"sqlalchemy", "asyncpg", "psycopg", "psycopg2-binary", "redis", "alembic", "prometheus-client"}
    assert {one for one in asked if found.brings(one)} == uses


def test_of_two_apps_of_one_name_none_is_guessed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n")
    (tmp_path / "requirements.txt").write_text("fastapi\nuvicorn\n")

    with pytest.raises(WrongInput, match="there is more than one main:app") as caught:
        adopting.look(tmp_path, {"app": "main:app"})
    assert caught.value.evidence == ("app_dir=a: a/main.py, line 3", "app_dir=b: b/main.py, line 3")
    assert adopting.look(tmp_path, {"app": "main:app", "app_dir": "b"}).answers["app_dir"] == "b"


def test_a_factory_that_is_named_is_still_one(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text("from fastapi import FastAPI\n\ndef create_app() -> FastAPI:\n    ...\n")
    (tmp_path / "requirements.txt").write_text("fastapi\nuvicorn\n")

    assert "--factory" in str(adopting.look(tmp_path, {"app": "two:create_app"}).answers["server_options"])
