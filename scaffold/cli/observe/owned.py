"""What the project's owner has written down beside the Compose files: .env, secrets/, and whatever is mounted."""

import stat
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ... import dotenv, ownfiles, secretfiles
from ...facts import SecretFile
from ...project import FILES, LEAVES, SECRETS, SETTINGS, Project
from . import seat

ENV_FILES = (secretfiles.APP_ENV, secretfiles.PROXY_ENV)
WRITTEN = ("settings", "doubtful", "secrets", "secrets_mode", "unreadable", "placeholders", "tracked")
"""The fields that `written` tells."""


def written(project: Project) -> Mapping[str, Any]:
    """Return what .env says, and what lies in secrets/ without its values."""
    texts = {file.name: secretfiles.read(project.directory / file) for file in ENV_FILES}
    found = secretfiles.look(project.directory)
    settings = dotenv.settings(secretfiles.read(project.directory / ".env"))
    return {
        "settings": settings,
        "doubtful": tuple(name for name, value in settings.items() if dotenv.may_be_placeholder(value)),
        "secrets": found,
        "secrets_mode": secretfiles.folder_mode(project.directory),
        "unreadable": tuple(
            f"{name}, {problem}"
            for name, text in texts.items()
            for problem in dotenv.problems(text, escapes=name == SETTINGS)
        ),
        "placeholders": _placeholders(texts, found),
        "tracked": seat.tracked(project.directory, SECRETS),
    }


def certificate(project: Project, now: datetime) -> Mapping[str, Any]:
    """Return the certificate of the owner's own, where one is to be served."""
    return {"own": ownfiles.own(project.serving.directory, now) if project.certificates == FILES else None}


def mounted(project: Project) -> Mapping[str, Any]:
    """Return which of the paths that are mounted are missing or closed, and when what is only read changed last."""
    # What `up` makes itself is not missing.
    ours = project.directory / LEAVES
    found = {path for one in project.services for path in one.binds.values() if path != ours}
    modes = {path: _mode(path) for path in found}
    read = {path for one in project.services for path in one.reads}
    return {
        "missing": tuple(sorted(str(path) for path, mode in modes.items() if mode is None)),
        "closed": tuple(sorted(str(path) for path, mode in modes.items() if mode is not None and not _open(mode))),
        "modified": {path: moment for path in read if (moment := secretfiles.modified(path))},
    }


def _placeholders(texts: Mapping[str, str], found: Sequence[SecretFile]) -> tuple[str, ...]:
    """Return the names in secrets/ that wait for a value: settings in these texts, and files of one password."""
    settings = [name for text in texts.values() for name in dotenv.placeholders(text)]
    single = [one.path for one in found if one.path.name not in texts]
    return (*settings, *(path.name for path in single if dotenv.is_placeholder(secretfiles.read(path))))


def _mode(path: Path) -> int | None:
    """Return the type and the permission bits of what is there; None where nothing is."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def _open(mode: int) -> bool:
    """Tell whether every user may read a file or list a folder; sockets and devices have rules of their own."""
    if stat.S_ISDIR(mode):
        return bool(mode & stat.S_IROTH and mode & stat.S_IXOTH)
    return not stat.S_ISREG(mode) or bool(mode & stat.S_IROTH)
