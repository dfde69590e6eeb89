"""What installs the app's dependencies, and what can serve it."""

import re
import shlex
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ..errors import WrongInput
from ..source import Candidate, Dependencies, Recipe, Source
from . import legacy
from .proposal import Proposal

LISTS = ("requirements.txt", "pyproject.toml")
"""What names dependencies in a folder, whichever tool installs them."""
COPIED = re.compile(r"(requirements[^/]*|requirements/[A-Za-z0-9_.-]+)\.txt")
"""Lists of requirements that the image's dependency step has, and that requirements.txt can include."""
USUAL = 2
USES = {"prod": 0, "deploy": 1, "dev": 4, "test": 4, "lint": 4, "doc": 4, "local": 4, "base": 3, "common": 3}
"""What is in the names of such lists, and how late they are proposed."""
PYTHONS = ("3.14", "3.13", "3.12", "3.11", "3.10")
NEEDS = {"pip": ("requirements.txt",), "uv": ("pyproject.toml", "uv.lock"), "poetry": ("pyproject.toml", "poetry.lock")}
"""The files that each dependency tool installs from."""


def installation(source: Source, app: Candidate, answers: Mapping[str, Any], folder: str) -> Proposal:
    """Return what installs and serves the app; WrongInput when nothing can.

    `folder` is the project's, as the person named it.
    """
    found, own = source.dependencies, _own(source, app)
    if own and not (found and found.brings("fastapi")):
        raise _further_in(own, folder)
    if found is None:
        raise _unnamed(source, app, folder)
    wanted = str(answers.get("dependencies", found.tool))
    missing = [name for name in NEEDS.get(wanted, ()) if name not in source.files]
    if missing and wanted != found.tool:
        raise WrongInput(
            f"dependencies={wanted} takes {' and '.join(missing)}, which is not there",
            hint=f"what is there: {found.where}, for dependencies={found.tool}",
        )
    if found.problems:
        raise WrongInput(
            f"the dependencies in {found.where} cannot be installed as they are",
            evidence=found.problems,
            hint="mend what is named above, then try again",
        )
    chosen = served_by(found, answers, source.recipe if legacy.brings(source.recipe) else None)
    python = _python(found, answers)
    said = [f"dependencies: {found.where}, installed by {found.tool} with Python {python}"]
    said += [f"not installed: what {own} asks for, which the app's folder has, too"] if own else []
    return Proposal({"dependencies": found.tool, "server": chosen, "python_version": python}, tuple(said))


def _own(source: Source, app: Candidate) -> str:
    """Return the list of dependencies in the folder that the app is imported from, or above; empty at the top."""
    place = PurePosixPath(app.folder)
    folders = [place, *place.parents][:-1]
    return next((f"{one}/{name}" for one in folders for name in LISTS if f"{one}/{name}" in source.paths), "")


def _further_in(own: str, folder: str) -> WrongInput:
    place, name = PurePosixPath(own).parent, PurePosixPath(own).name
    there = shlex.quote(str(PurePosixPath(folder) / place))
    return WrongInput(
        f"the app belongs to {place}, which has a {name} of its own",
        hint=f"stack new {there} makes the project there; it has nothing that lies outside of that folder",
    )


def _unnamed(source: Source, app: Candidate, folder: str) -> WrongInput:
    """Return what to say when no list is where it is looked for, but perhaps under another name."""
    beside = PurePosixPath(app.folder, app.app.partition(":")[0].partition(".")[0], LISTS[0])
    wanted = (path for path in source.paths if COPIED.fullmatch(path) or path == str(beside))
    others = sorted(wanted, key=_likely)
    return WrongInput(
        "nothing names the app's dependencies: there is neither requirements.txt nor pyproject.toml",
        evidence=(f"other lists are {', '.join(others)}",) if others else (),
        hint=_taken(others[0], PurePosixPath(folder))
        if others
        else "pip freeze > requirements.txt, in the environment in which the app runs",
    )


def _taken(path: str, folder: PurePosixPath) -> str:
    """Return a command that makes a list of another name the project's."""
    target = shlex.quote(str(folder / LISTS[0]))
    if COPIED.fullmatch(path):
        return f"echo '-r {path}' > {target}, if that is what the server needs, or another of these"
    return f"cp {shlex.quote(str(folder / path))} {target}, beside the package that it belongs to"


def _likely(path: str) -> tuple[int, str]:
    """Order lists of requirements: what a server needs first, what developers do last."""
    word = next((word for word in USES if word in path), "")
    return USES.get(word, USUAL), path


def served_by(found: Dependencies, answers: Mapping[str, Any], recipe: Recipe | None = None) -> str:
    """Return the server that the dependencies bring; WrongInput without FastAPI or without any.

    The recipe is one that is replaced, and whose base image brought both.
    """
    along = f": {recipe.base} brought it along, and the stack's image does not" if recipe else ""
    if not found.brings("fastapi"):
        raise WrongInput(f"{found.where} does not name fastapi", hint=f'add "fastapi[standard]" to it{along}')
    wanted = str(answers.get("server", "uvicorn"))
    package = "fastapi-cli" if wanted == "fastapi" else "uvicorn"
    if not found.brings(package):
        raise WrongInput(
            f"{found.where} names no {package}, so nothing can serve the app",
            hint=f'add "{wanted}[standard]" to it{along}',
        )
    return wanted


def _python(found: Dependencies, answers: Mapping[str, Any]) -> str:
    """Return the version of Python that was given, is pinned, or is the newest that fits; WrongInput when none does."""
    try:
        allowed = SpecifierSet(found.python)
    except InvalidSpecifier:
        allowed = SpecifierSet()
    pinned = found.pin if re.fullmatch(r"3[.]1\d([.]\d{1,2})?", found.pin) else ""
    exact = re.fullmatch(r"={2,3}(3[.]1\d[.]\d{1,2})", found.python)
    wanted = str(answers.get("python_version", "")) or pinned or (exact[1] if exact else "")
    fitting = [one for one in ((wanted,) if wanted else PYTHONS) if _allows(allowed, one)]
    if not fitting:
        raise WrongInput(
            f"{found.where} takes Python {found.python}, and {wanted or 'no version from 3.10 to 3.14'} is not in that",
            hint="--data python_version=…, or another requires-python",
        )
    return fitting[0]


def _allows(allowed: SpecifierSet, version: str) -> bool:
    # Of a minor version the image has the newest patch: `<3.13` excludes 3.13.0, `>=3.11.4` takes 3.11.
    return allowed.contains(version if version.count(".") > 1 else f"{version}.99") or not re.match(r"\d", version)
