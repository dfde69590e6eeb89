"""A project's folder, as it is named on the command line. Needs no engine."""

import os
from pathlib import Path

from .errors import WrongInput
from .project import COMPOSE_FILES
from .remote.there import There


def folder(directory: Path) -> Path:
    """Return the folder of a project in full; WrongInput when it is none."""
    place = directory.resolve()
    if not place.is_dir():
        raise WrongInput(f"{directory} is not a folder", hint=f"stack new {directory}")
    if not _has_files(place):
        raise WrongInput(f"there is no compose.yaml in {directory}", hint=f"stack new {directory}")
    return place


def _has_files(folder: Path) -> bool:
    """Tell whether Compose would find its files in this very folder; by itself it looks in those above, too."""
    named = not isinstance(folder, There) and bool(os.environ.get("COMPOSE_FILE"))
    return named or any((folder / name).exists() for name in COMPOSE_FILES)
