"""What becomes of a Dockerfile on one of tiangolo's deprecated base images."""

from typing import Any

import pytest

from scaffold.adopt.legacy import Translation, translate
from scaffold.detect.recipe import read

IMAGE = "FROM tiangolo/uvicorn-gunicorn-fastapi:python3.11\n"
PLAIN = "COPY ./app /app\n"
PACKAGE = "COPY ./app /app/app\n"
FILES = frozenset({"app/__init__.py", "app/main.py", "Dockerfile"})
PYTHON = "the image's tag python3.11: translated to python_version=3.11"
DEFAULT = "/app/main.py: translated to app=main:app and app_dir=app"


def translated(text: str, files: frozenset[str] = FILES) -> Translation:
    found = translate(read(text), files)
    assert found is not None
    return found


def app_of(text: str, *files: str) -> dict[str, Any]:
    answers = translated(IMAGE + text, frozenset(files)).answers
    return {name: value for name, value in answers.items() if name != "python_version"}


@pytest.mark.parametrize(
    "base",
    [
        "python:3.13",
        "tiangolo/uwsgi-nginx-flask:python3.11",
        "tiangolo/uvicorn-gunicorn-fastapi-plus",
        "example.org/tiangolo/uvicorn-gunicorn-fastapi",
        "scratch",
    ],
)
def test_another_image_is_left_alone(base: str) -> None:
    assert translate(read(f"FROM {base}\n"), FILES) is None


@pytest.mark.parametrize(
    ("base", "version"),
    [
        ("tiangolo/uvicorn-gunicorn-fastapi", "3.11"),
        ("tiangolo/uvicorn-gunicorn-fastapi:latest", "3.11"),
        ("tiangolo/uvicorn-gunicorn-fastapi:python3.10-slim", "3.10"),
        ("tiangolo/uvicorn-gunicorn-fastapi:python3.11-2024-11-02", "3.11"),
        ("docker.io/tiangolo/uvicorn-gunicorn:python3.11@sha256:00", "3.11"),
        ("tiangolo/uvicorn-gunicorn-starlette:python3.10", "3.10"),
        ("tiangolo/uvicorn-gunicorn-fastapi:python3.9", None),
        ("tiangolo/uvicorn-gunicorn-fastapi:python3.8-alpine3.10", None),
        ("tiangolo/uvicorn-gunicorn-fastapi:${TAG}", None),
    ],
)
def test_the_tag_names_the_python(base: str, version: str | None) -> None:
    found = translated(f"FROM {base}\n")
    assert found.answers.get("python_version") == version
    assert ("translated to" if version else "not carried over") in found.said[0]


def test_the_image_is_known_in_the_last_stage_only() -> None:
    assert translate(read(f"{IMAGE}FROM python:3.13\n"), FILES) is None
    assert translate(read(f"FROM python:3.13 AS reqs\n{IMAGE}"), FILES) is not None


# ------------------------------------------------------------------ the app

APPS = {
    "contents of the folder": (PLAIN, {"app": "main:app", "app_dir": "app"}),
    "folder as a package": (PACKAGE, {"app": "app.main:app", "app_dir": "."}),
    "the whole project": ("COPY . /app\n", {"app": "app.main:app", "app_dir": "."}),
    "to the image's working directory": ("COPY . .\n", {"app": "app.main:app", "app_dir": "."}),
    "one file": ("COPY app/main.py /app/\n", {"app": "main:app", "app_dir": "app"}),
    "one file, under its name": ("COPY app/main.py /app/main.py\n", {"app": "main:app", "app_dir": "app"}),
    "by a pattern": ("COPY app/*.py /app/\n", {"app": "main:app", "app_dir": "app"}),
    "from another build": ("COPY --from=x ./app /app\n", {}),
    "nothing": ("", {}),
    "module": (f"{PLAIN}ENV MODULE_NAME=main VARIABLE_NAME=api\n", {"app": "main:api", "app_dir": "app"}),
    "variable": (f"{PACKAGE}ENV VARIABLE_NAME=api\n", {"app": "app.main:api", "app_dir": "."}),
    "app": (f"{PACKAGE}ENV APP_MODULE=app.main:web MODULE_NAME=x\n", {"app": "app.main:web", "app_dir": "."}),
    "module that is not in the project": (f"{PLAIN}ENV MODULE_NAME=shop.web\n", {"app": "shop.web:app"}),
    "app that is none": (f"{PLAIN}ENV APP_MODULE=app/main.py\n", {}),
    "folder of another name": ("COPY ./app /app/shop\nENV MODULE_NAME=shop.main\n", {}),
    "a command of its own": (
        f'{PACKAGE}ENV MODULE_NAME=x\nCMD ["uvicorn", "app.main:api"]\n',
        {"app": "app.main:api", "app_dir": "."},
    ),
    "gunicorn of its own": (
        f"{PACKAGE}CMD gunicorn -k uvicorn.workers.UvicornWorker app.main:app\n",
        {"app": "app.main:app", "app_dir": "."},
    ),
    "another command": (f'{PACKAGE}CMD ["python", "serve.py"]\n', {}),
    "the image's own command": (f'{PACKAGE}CMD ["/start.sh"]\n', {"app": "app.main:app", "app_dir": "."}),
    "the image's other command": (f'{PACKAGE}CMD ["/start-reload.sh"]\n', {"app": "app.main:app", "app_dir": "."}),
}


@pytest.mark.parametrize(("text", "expected"), APPS.values(), ids=APPS)
def test_the_app_is_the_one_that_the_image_would_start(text: str, expected: dict[str, Any]) -> None:
    assert app_of(text, *FILES) == expected


def test_the_image_prefers_the_package() -> None:
    both = ("app/main.py", "main.py")
    assert app_of("COPY . /app\n", *both) == {"app": "app.main:app", "app_dir": "."}


def test_a_package_may_be_the_module() -> None:
    files = ("src/shop/__init__.py",)
    assert app_of("COPY src /app\nENV MODULE_NAME=shop\n", *files) == {"app": "shop:app", "app_dir": "src"}


# ------------------------------------------------------------------ settings

SETTINGS = {
    "WEB_CONCURRENCY=4": ({"workers": 4}, ["WEB_CONCURRENCY=4: translated to workers=4"]),
    "WEB_CONCURRENCY=many": ({}, ["WEB_CONCURRENCY=many: not carried over, it is no number"]),
    "WEB_CONCURRENCY=4 MAX_WORKERS=2": (
        {"workers": 4},
        ["WEB_CONCURRENCY=4: translated", "MAX_WORKERS=2: not needed any more, WEB_CONCURRENCY decides"],
    ),
    "WEB_CONCURRENCY=2 WORKERS_PER_CORE=1": (
        {"workers": 2},
        ["WEB_CONCURRENCY=2: translated", "WORKERS_PER_CORE=1: not needed any more"],
    ),
    "MAX_WORKERS=1": ({"workers": 1}, ["MAX_WORKERS=1: translated to workers=1"]),
    "MAX_WORKERS=8": ({}, ["MAX_WORKERS=8: not carried over"]),
    "WORKERS_PER_CORE=0.5": ({}, ["WORKERS_PER_CORE=0.5: not carried over"]),
    "HOST=0.0.0.0": ({}, ["HOST=0.0.0.0: not needed any more"]),
    "PORT=8080": ({}, ["PORT=8080: not needed any more"]),
    "BIND=0.0.0.0:80": ({}, ["BIND=0.0.0.0:80: not needed any more"]),
    "LOG_LEVEL=warning": ({}, ["LOG_LEVEL=warning: not carried over; --data server_options=--log-level=warning"]),
    "ACCESS_LOG=": ({}, ["ACCESS_LOG=: not needed any more"]),
    "ACCESS_LOG=-": ({}, ["ACCESS_LOG=-: not needed any more"]),
    "ACCESS_LOG=/log/a": ({}, ["ACCESS_LOG=/log/a: not carried over"]),
    "ERROR_LOG=-": ({}, ["ERROR_LOG=-: not needed any more"]),
    "ERROR_LOG=/log/e": ({}, ["ERROR_LOG=/log/e: not carried over"]),
    "TIMEOUT=20": ({}, ["TIMEOUT=20: not needed any more"]),
    "GRACEFUL_TIMEOUT=20": ({}, ["GRACEFUL_TIMEOUT=20: not carried over"]),
    "KEEP_ALIVE=20": ({}, ["KEEP_ALIVE=20: not needed any more"]),
    "WORKER_CLASS=uvicorn.workers.UvicornWorker": ({}, ["WORKER_CLASS=uvicorn.workers.UvicornWorker: not needed any"]),
    "WORKER_CLASS=uvicorn.workers.UvicornH11Worker": (
        {},
        ["WORKER_CLASS=uvicorn.workers.UvicornH11Worker: not carried over, add --http=h11"],
    ),
    "WORKER_CLASS=shop.Worker": ({}, ["WORKER_CLASS=shop.Worker: not carried over"]),
    "GUNICORN_CMD_ARGS=--preload": ({}, ["GUNICORN_CMD_ARGS=--preload: not carried over"]),
    "GUNICORN_CONF=/app/conf.py": ({}, ["GUNICORN_CONF=/app/conf.py: not carried over"]),
    "PRE_START_PATH=/app/none.sh": ({}, ["PRE_START_PATH=/app/none.sh: not carried over, no file of the project"]),
    "DATABASE_URL=x": ({}, []),
}


@pytest.mark.parametrize("variables", SETTINGS)
def test_each_setting_has_its_sentence(variables: str) -> None:
    answers, said = SETTINGS[variables]
    found = translated(f"{IMAGE}{PLAIN}ENV {variables}\n")
    assert found.answers == {"python_version": "3.11", "app": "main:app", "app_dir": "app"} | answers
    assert found.said[:2] == (PYTHON, DEFAULT)
    assert [one[: len(start)] for one, start in zip(found.said[2:], said, strict=True)] == said


@pytest.mark.parametrize(
    ("text", "path", "answer", "folder"),
    [
        (PLAIN, "app/prestart.sh", "env -C app bash -e prestart.sh", "/srv/app"),
        ("COPY . /app\n", "prestart.sh", "bash -e prestart.sh", "/srv"),
        (f"{PACKAGE}COPY ops/prestart.sh /app/\n", "ops/prestart.sh", "bash -e ops/prestart.sh", "/srv"),
        (
            f"{PLAIN}ENV PRE_START_PATH=/app/ops/before.sh\n",
            "app/ops/before.sh",
            "env -C app bash -e ops/before.sh",
            "/srv/app",
        ),
        (
            f"{PLAIN}COPY ./ops /ops\nENV PRE_START_PATH=/ops/before.sh\n",
            "ops/before.sh",
            "env -C app bash -e ../ops/before.sh",
            "/srv/app",
        ),
        ("COPY ./ops /ops\nENV PRE_START_PATH=/ops/before.sh\n", "ops/before.sh", "bash -e ops/before.sh", "/srv"),
    ],
)
def test_a_script_before_the_start_runs_where_it_ran(text: str, path: str, answer: str, folder: str) -> None:
    found = translated(IMAGE + text, FILES | {path})
    assert found.answers["prestart"] == answer
    assert f": translated to prestart={answer}; it ran in /app, which is {folder} now" in found.said[-1]


def test_a_script_whose_path_is_no_answer_is_named() -> None:
    found = translated(f"{IMAGE}COPY . /app\nENV PRE_START_PATH='/app/my start.sh'\n", FILES | {"my start.sh"})
    assert "prestart" not in found.answers
    assert "not carried over, its path" in found.said[-1]


@pytest.mark.parametrize("command", ['["uvicorn", "main:app"]', "alembic upgrade head && uvicorn main:app"])
def test_a_command_of_its_own_runs_no_script(command: str) -> None:
    found = translated(f"{IMAGE}{PLAIN}CMD {command}\n", FILES | {"app/prestart.sh"})
    assert found.answers["app"] == "main:app"
    assert "prestart" not in found.answers


def test_a_script_that_is_not_copied_is_not_kept() -> None:
    assert not any("prestart" in line for line in translated(IMAGE + PLAIN, FILES | {"prestart.sh"}).said)


@pytest.mark.parametrize(
    ("text", "path"),
    [(PLAIN, "app/gunicorn_conf.py"), (PACKAGE, "app/gunicorn_conf.py"), ("COPY g.py /gunicorn_conf.py\n", "g.py")],
)
def test_a_configuration_of_gunicorn_is_told(text: str, path: str) -> None:
    said = translated(IMAGE + text, FILES | {path}).said
    assert said[-1] == f"{path}: not carried over, Gunicorn is gone; move what it sets to the app's command"
