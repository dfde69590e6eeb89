"""What a Dockerfile on a deprecated base image of tiangolo's means for a stack.

The images are `tiangolo/uvicorn-gunicorn` and the two that only add a package to it, `-fastapi` and `-starlette`.
Their rules: tiangolo/uvicorn-gunicorn-docker at cb5abd5f, in `docker-images`: `start.sh` (module, pre-start script,
Gunicorn's configuration), `gunicorn_conf.py` (workers, address, logs, times) and `python3.11.dockerfile` (WORKDIR and
PYTHONPATH are /app); tiangolo/uvicorn-gunicorn-fastapi-docker at 072ed47b, `README.md` (tags and defaults).
"""

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from .. import server
from ..source import Recipe
from . import commands, image

IMAGE = re.compile(
    r"(?:(?:docker\.io|index\.docker\.io)/)?tiangolo/uvicorn-gunicorn(?:-fastapi|-starlette)?(?::(?P<tag>[^@]*))?(?:@.*)?"
)
HOME = "/app"
"""Where the image looks for the app: its working directory, and on its import path."""
CODE = "/srv"
"""Where the stack's own Dockerfile puts the project, and starts the app."""
LATEST = "3.11"
"""The Python of the tag `latest`, and of none."""
OLDEST = 10
"""The minor version of the oldest Python 3 that a stack takes."""
STARTERS = frozenset({"/start.sh", "/start-reload.sh", "start.sh", "start-reload.sh"})


@dataclass(frozen=True)
class Translation:
    """What becomes of the image's settings."""

    answers: Mapping[str, Any]
    """By the names of the questions; only what the Dockerfile settles."""
    said: tuple[str, ...]
    """A sentence for each setting that was found: translated, not needed any more, or not carried over."""


def translate(recipe: Recipe, files: AbstractSet[str]) -> Translation | None:
    """Return what a Dockerfile on such an image asks for; None when it comes from another image.

    `files` are the project's, relative to it: which of them are copied to /app decides what the defaults are.
    """
    base = IMAGE.fullmatch(recipe.base)
    if not base:
        return None
    inside = image.inside(recipe, files, HOME)
    found = (
        *_python(base["tag"] or ""),
        *_app(recipe, inside),
        *_workers(recipe.environment),
        *_rest(recipe.environment, inside),
        *(_prestart(recipe, files) if _starts(recipe) else ()),
    )
    answers = {name: value for given, _ in found for name, value in given.items()}
    return Translation(answers, tuple(sentence for _, sentence in found))


def brings(recipe: Recipe | None) -> bool:
    """Tell whether a Dockerfile comes from such an image, which has FastAPI and a server without being told."""
    return recipe is not None and bool(IMAGE.fullmatch(recipe.base))


Finding = tuple[Mapping[str, Any], str]
"""The answers that a setting gives, if any, and what is said of it."""


def _python(tag: str) -> Iterator[Finding]:
    version = LATEST if tag in {"", "latest"} else tag.removeprefix("python")
    found = re.match(r"3\.(\d+)", version)
    shown = f"the image's tag {tag or 'latest'}"
    if not found:
        yield {}, f"{shown}: not carried over, it names no Python version; choose one with --data python_version=3.X"
    elif int(found[1]) < OLDEST:
        yield {}, f"{shown}: not carried over, Python {found[0]} is too old; the app gets the default python_version"
    else:
        yield {"python_version": found[0]}, f"{shown}: translated to python_version={found[0]}"


# ------------------------------------------------------------------ the app


def _starts(recipe: Recipe) -> bool:
    """Tell whether the image's own script starts the app."""
    return not recipe.command or bool(STARTERS & set(recipe.command))


def _app(recipe: Recipe, inside: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the app as the image's script finds it or, when the Dockerfile has another command, as that names it."""
    if not _starts(recipe):
        command = commands.serving(recipe.command)
        app = server.app(command) or server.gunicorn_app(command)
        yield from _placed(app, f"CMD {' '.join(recipe.command)}", inside)
        return
    usual = {f"{HOME}/app/main.py": "app.main", f"{HOME}/main.py": "main"}
    where, module = next(((path, name) for path, name in usual.items() if path in inside), ("", ""))
    said = {name: recipe.environment.get(name, "") for name in ("APP_MODULE", "MODULE_NAME", "VARIABLE_NAME")}
    shown = " and ".join(f"{name}={value}" for name, value in said.items() if value) or where
    module = said["MODULE_NAME"] or module
    yield from _placed(said["APP_MODULE"] or f"{module}:{said['VARIABLE_NAME'] or 'app'}", shown, inside)


def _placed(app: str, shown: str, inside: Mapping[str, str]) -> Iterator[Finding]:
    """Yield an app and its import root in the project, as far as the files tell."""
    start = app.partition(":")[0].replace(".", "/")
    files = [(file, inside.get(f"{HOME}/{file}", "")) for file in (f"{start}.py", f"{start}/__init__.py")]
    file, path = next(((file, path) for file, path in files if path), ("", ""))
    if not server.IMPORT.fullmatch(app):
        if shown:
            yield {}, f"{shown}: not carried over, it names no app; choose it with --data app=MODULE:NAME"
    elif f"/{path}".endswith(f"/{file}"):
        folder = path.removesuffix(file).rstrip("/") or "."
        answers = {"app": app, "app_dir": folder} if path else {"app": app}
        yield answers, f"{shown}: translated to {' and '.join(f'{name}={value}' for name, value in answers.items())}"
    else:
        yield {}, f"{shown}: not carried over, {app} is {path} in the project; choose a name for it with --data app="


# ------------------------------------------------------------------ the server


def _workers(environment: Mapping[str, str]) -> Iterator[Finding]:
    fixed = environment.get("WEB_CONCURRENCY", "")
    if fixed.isdigit() and int(fixed):
        yield {"workers": int(fixed)}, f"WEB_CONCURRENCY={fixed}: translated to workers={int(fixed)}"
    elif fixed:
        yield {}, f"WEB_CONCURRENCY={fixed}: not carried over, it is no number; choose one with --data workers=N"
    for name in ("MAX_WORKERS", "WORKERS_PER_CORE"):
        value = environment.get(name, "")
        if value and fixed:
            yield {}, f"{name}={value}: not needed any more, WEB_CONCURRENCY decides"
        elif (name, value) == ("MAX_WORKERS", "1"):
            yield {"workers": 1}, "MAX_WORKERS=1: translated to workers=1"
        elif value:
            yield {}, f"{name}={value}: not carried over, a stack has a fixed number; choose one with --data workers=N"


def _rest(environment: Mapping[str, str], inside: Mapping[str, str]) -> Iterator[Finding]:
    for name, told in SETTINGS.items():
        value = environment.get(name)
        if value is not None:
            yield {}, f"{name}={value}: {told(value) if callable(told) else told}"
    yield from _configured(environment.get("GUNICORN_CONF", ""), inside)


def _configured(named: str, inside: Mapping[str, str]) -> Iterator[Finding]:
    usual = (f"{HOME}/gunicorn_conf.py", f"{HOME}/app/gunicorn_conf.py", "/gunicorn_conf.py")
    path = named or next((one for one in usual if one in inside), "")
    if path:
        shown = f"GUNICORN_CONF={named}" if named else inside[path]
        yield {}, f"{shown}: not carried over, Gunicorn is gone; move what it sets to the app's command"


def _prestart(recipe: Recipe, files: AbstractSet[str]) -> Iterator[Finding]:
    """Yield the script that runs before the server, in the folder that /app is now."""
    named = recipe.environment.get("PRE_START_PATH", "")
    path = image.inside(recipe, files, HOME).get(posixpath.join(HOME, named or "prestart.sh"), "")
    shown = f"PRE_START_PATH={named}" if named else path
    folder = image.counterpart(recipe, files, HOME)
    # The image's own script has it read by a shell that stops at the first command that fails.
    answer = commands.prestart(("bash", "-e", posixpath.relpath(path or ".", folder)), folder, HOME)
    if path and answer:
        place = posixpath.normpath(posixpath.join(CODE, folder))
        look = f"it ran in {HOME}, which is {place} now: mend paths in it that begin with {HOME}"
        yield {"prestart": answer}, f"{shown}: translated to prestart={answer}; {look}; what it exports ends with it"
    elif path:
        yield {}, f"{shown}: not carried over, its path has other than letters, digits and _./=@+-: rename it"
    elif named:
        yield {}, f"{shown}: not carried over, no file of the project is copied there"


ADDRESS = "not needed any more, only the proxy reaches the app, and the stack chooses where it listens"


def _level(value: str) -> str:
    return f"not carried over; --data server_options=--log-level={value} does the same"


def _access_log(value: str) -> str:
    if value in {"", "-"}:
        return "not needed any more, the proxy keeps the access log"
    return "not carried over, the proxy keeps the access log: `docker compose logs traefik`"


def _error_log(value: str) -> str:
    if value == "-":
        return "not needed any more, Uvicorn writes its log there by itself"
    return "not carried over, Uvicorn writes its log to `docker compose logs app`"


def _class(value: str) -> str:
    if value == "uvicorn.workers.UvicornWorker":
        return "not needed any more, Uvicorn runs its workers without Gunicorn"
    if value == "uvicorn.workers.UvicornH11Worker":
        return "not carried over, add --http=h11 to the app's command"
    return "not carried over, a stack runs Uvicorn's own workers; options for them belong to the app's command"


SETTINGS: Mapping[str, str | Callable[[str], str]] = {
    "HOST": ADDRESS,
    "PORT": ADDRESS,
    "BIND": ADDRESS,
    "LOG_LEVEL": _level,
    "ACCESS_LOG": _access_log,
    "ERROR_LOG": _error_log,
    "TIMEOUT": "not needed any more, Uvicorn watches its workers itself (--timeout-worker-healthcheck)",
    "GRACEFUL_TIMEOUT": "not carried over, --timeout-graceful-shutdown and stop_grace_period say how long a stop takes",
    "KEEP_ALIVE": "not needed any more, the stack keeps connections open for longer than the proxy does",
    "WORKER_CLASS": _class,
    "GUNICORN_CMD_ARGS": "not carried over, Gunicorn is gone; look for the same options of Uvicorn",
}
"""What is said of a setting: a sentence, or how one follows from its value."""
