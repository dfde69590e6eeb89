"""Answers to files, by Copier. The only module that imports it."""

import filecmp
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import copier
from copier.errors import CopierAnswersInterrupt, DirtyLocalWarning, InteractiveSessionError, UserMessageError

from .errors import Interrupted, NotReady, WrongInput

PACKAGE = Path(__file__).parent


def template() -> Path:
    """Return the folder that holds copier.yml: inside the package when it was built, else the checkout's own."""
    bundle = PACKAGE / "bundle"
    return bundle if bundle.is_dir() else PACKAGE.parent


@contextmanager
def rendered(destination: Path, data: Mapping[str, Any], *, ask: bool) -> Iterator[Path]:
    """Render the project into a temporary folder beside its place, and take that folder away afterwards.

    Nothing is written to the destination. WrongInput when an answer is refused, Interrupted at Ctrl-C.
    """
    home = destination if destination.is_dir() else _nearest(destination.parent)
    try:
        workshop = Path(tempfile.mkdtemp(prefix=".stack-new-", dir=home))
    except OSError as error:
        raise NotReady(f"nothing can be written in {home}: {error.strerror}", hint="choose another folder") from error
    try:
        # The folder's name is the default of project_name, so it has to be the real one.
        yield _render(workshop / destination.resolve().name, data, ask=ask)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def files(folder: Path) -> tuple[Path, ...]:
    """Return the files in a folder, relative to it, in order."""
    return tuple(sorted(path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir()))


def conflicts(folder: Path, destination: Path) -> tuple[Path, ...]:
    """Return the files that the destination already has with another content."""
    return tuple(
        path
        for path in files(folder)
        if (destination / path).exists()
        # Copier's note differs by the template's commit; who made it by hand?
        and path.name != ".copier-answers.yml"
        and not filecmp.cmp(folder / path, destination / path, shallow=False)
    )


def belongs_to_the_place(path: Path) -> bool:
    """Tell whether a file is born with the project or on the server, and is never overwritten afterwards."""
    return path.parts[0] in {".env", "secrets"}


def place(folder: Path, destination: Path) -> None:
    """Move the rendered files to their place: all of them or, when that fails, everything is as it was before.

    Files are readable by every user, whatever the umask: in containers they are read by others than their owner.
    """
    created: list[Path] = []
    replaced: dict[Path, Path] = {}
    try:
        for path in files(folder):
            target = destination / path
            if target.exists() and belongs_to_the_place(path):
                continue
            created += _make_room(target)
            if target.exists():
                replaced[target] = folder / f"{path}.before"
                target.replace(replaced[target])
            else:
                created.append(target)
            (folder / path).chmod(0o755 if os.access(folder / path, os.X_OK) else 0o644)
            (folder / path).replace(target)
    except BaseException:
        _take_back(created, replaced)
        raise
    # Git carries no such mode and Copier asks for none (FACTS C12).
    (destination / "secrets").chmod(0o700)


def _make_room(target: Path) -> list[Path]:
    """Make the folders for a file, open to every user, and return those that were not there."""
    made = [one for one in target.parents if not one.exists()][::-1]
    for one in made:
        one.mkdir()
        one.chmod(0o755)
    return made


def _render(destination: Path, data: Mapping[str, Any], *, ask: bool) -> Path:
    try:
        # HEAD, and what is not committed yet, in a checkout: Copier's own choice there is the newest tag.
        with warnings.catch_warnings(category=DirtyLocalWarning, action="ignore"):
            copier.run_copy(str(template()), destination, data=dict(data), defaults=not ask, quiet=True, vcs_ref="HEAD")
    except CopierAnswersInterrupt as error:
        raise Interrupted("interrupted: nothing was written") from error
    except InteractiveSessionError as error:
        raise WrongInput(
            "there is no terminal to ask questions at", hint="--defaults, with --data NAME=VALUE"
        ) from error
    except (ValueError, TypeError, UserMessageError) as error:
        raise WrongInput(_sentence(error), hint="nothing was written; --help shows how answers are given") from error
    return destination


def _sentence(error: Exception) -> str:
    """Return Copier's complaint without its own prefix: validators here name the question themselves."""
    text = " ".join(str(error).split())
    prefix, _, rest = text.partition("': ")
    return rest if prefix.startswith("Validation error for question '") else text


def _nearest(folder: Path) -> Path:
    """Return the closest folder that exists, which is on the file system where the new ones will be."""
    return next(candidate for candidate in (folder, *folder.absolute().parents) if candidate.is_dir())


def _take_back(created: list[Path], replaced: Mapping[Path, Path]) -> None:
    for target, before in replaced.items():
        if before.exists():
            before.replace(target)
    for path in reversed(created):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
