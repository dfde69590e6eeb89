"""What installs the app's dependencies, and what can serve it."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ..errors import WrongInput
from ..source import Dependencies, Source
from .proposal import Proposal

PYTHONS = ("3.14", "3.13", "3.12", "3.11", "3.10")
NEEDS = {"pip": ("requirements.txt",), "uv": ("pyproject.toml", "uv.lock"), "poetry": ("pyproject.toml", "poetry.lock")}
"""The files that each dependency tool installs from."""


def installation(source: Source, answers: Mapping[str, Any]) -> Proposal:
    """Return what installs and serves the app; WrongInput when nothing can."""
    found = source.dependencies
    if found is None:
        inner = sorted(path for path in source.paths if path.endswith(("/requirements.txt", "/pyproject.toml")))
        raise WrongInput(
            "nothing names the app's dependencies: there is neither requirements.txt nor pyproject.toml",
            hint=f"{inner[0]} is further in: stack new {PurePosixPath(inner[0]).parent}"
            if inner
            else "pip freeze > requirements.txt, in the environment in which the app runs",
        )
    wanted = str(answers.get("dependencies", found.tool))
    if missing := [name for name in NEEDS.get(wanted, ()) if name not in source.files]:
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
    chosen = served_by(found, answers)
    python = _python(found, answers)
    return Proposal(
        {"dependencies": found.tool, "server": chosen, "python_version": python},
        (f"dependencies: {found.where}, installed by {found.tool} with Python {python}",),
    )


def served_by(found: Dependencies, answers: Mapping[str, Any]) -> str:
    """Return the server that the dependencies bring; WrongInput without FastAPI or without any."""
    if not found.brings("fastapi"):
        raise WrongInput(f"{found.where} does not name fastapi", hint='add "fastapi[standard]" to it')
    wanted = str(answers.get("server", "uvicorn"))
    package = "fastapi-cli" if wanted == "fastapi" else "uvicorn"
    if not found.brings(package):
        raise WrongInput(
            f"{found.where} names no {package}, so nothing can serve the app",
            hint='add "fastapi[standard]" to it' if wanted == "fastapi" else 'add "uvicorn[standard]" to it',
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
