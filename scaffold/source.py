"""What a folder with an existing app holds, as far as its text tells. Nothing of it was imported or run."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BROUGHT: Mapping[str, frozenset[str]] = {
    "fastapi[all]": frozenset({"fastapi-cli", "uvicorn"}),
    "fastapi[standard]": frozenset({"fastapi-cli", "uvicorn"}),
    "fastapi[standard-no-fastapi-cloud-cli]": frozenset({"fastapi-cli", "uvicorn"}),
    "fastapi-cli": frozenset({"uvicorn"}),
}
"""What comes along with a requirement and decides which server can run: fastapi 0.165 and fastapi-cli 0.0.34."""


def shell_words(line: str) -> tuple[str, ...]:
    """Return words and operators, such as `&&`, as a shell would split a line; all of it when a quote is left open."""
    words = shlex.shlex(line, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    words.commenters = ""
    try:
        return tuple(words)
    except ValueError:
        return (line,)


@dataclass(frozen=True)
class Candidate:
    """A FastAPI app that was found."""

    app: str
    """The import string: `app.main:app`."""
    folder: str
    """The import root, relative to the project: `.`, `src`, `app`."""
    where: str
    """For people: `app/main.py, line 7`."""
    factory: bool = False
    """Whether it is a function that returns the app (`uvicorn --factory`)."""


@dataclass(frozen=True)
class Dependencies:
    """What the app needs installed, and the tool that knows."""

    tool: str
    """`pip`, `uv` or `poetry`."""
    where: str
    """The files: `pyproject.toml and uv.lock`."""
    names: frozenset[str] = frozenset()
    """Canonical names (PEP 503) of what gets installed: all of it with a lock file, else what is asked for by name."""
    extras: frozenset[str] = frozenset()
    """What is asked for with extras: `fastapi[standard]`."""
    problems: tuple[str, ...] = ()
    """Sentences, one for each reason why an installation fails or is not the one that was asked for."""
    python: str = ""
    """The Python versions it is for, as a PEP 440 specifier; empty when nothing says so."""
    pin: str = ""
    """The version in .python-version, such as `3.13`; empty without one."""

    def brings(self, name: str) -> bool:
        """Tell whether a package gets installed, by its canonical name."""
        return name in self.names or any(name in BROUGHT.get(one, ()) for one in self.names | self.extras)


@dataclass(frozen=True)
class Writing:
    """A path that the code writes."""

    path: str
    """As the code names it: `./data/app.db`, `uploads`, `/data/x.db`."""
    where: str
    """`app/db.py, line 3`."""
    kind: str
    """`sqlite`, `file` or `folder`."""


@dataclass(frozen=True)
class Recipe:
    """What the last stage of a Dockerfile makes. A variable that only the build knows stays as it is written."""

    base: str = ""
    """The image that the last stage comes from, through stages of the same file."""
    user: str = ""
    workdir: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    entrypoint_in_shell: bool = False
    """Whether Docker puts `/bin/sh -c` before it; the words are then those of `shell_words`."""
    command_in_shell: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    copies: tuple[tuple[str, str], ...] = ()
    """(source, absolute destination) of each COPY and ADD that takes files of the project."""
    problem: str = ""
    """Why it cannot be read; else empty."""


@dataclass(frozen=True)
class Source:
    """An existing folder."""

    files: frozenset[str] = frozenset()
    """The names at its top level."""
    paths: frozenset[str] = frozenset()
    """Every file that was seen, relative to the folder, with slashes."""
    python: bool = False
    """Whether there is any Python code or list of dependencies."""
    candidates: tuple[Candidate, ...] = ()
    """The best first; more than one when only the person can tell."""
    looked: tuple[str, ...] = ()
    """Where an app was looked for, for people."""
    dependencies: Dependencies | None = None
    writings: tuple[Writing, ...] = ()
    health_path: str = "/"
    """A route that says whether the app is well; `/` when there is none."""
    health_where: str = ""
    health_hidden: str = ""
    """Where a health route stands of which only running tells the whole path, and what it ends in; else empty."""
    recipe: Recipe | None = None
    note: Mapping[str, Any] | None = None
    """What .copier-answers.yml says, of this template or of another; None without one."""
    notes: tuple[str, ...] = ()
    """Sentences about what could not be read."""
