"""The files in secrets/: the folder is its owner's alone, and in it containers' users may read (FACTS C8, C12)."""

import re
import secrets
import stat
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from . import dotenv, wholefile
from .errors import NotReady, StackError, WrongInput
from .facts import SecretFile
from .project import PROXY_SETTINGS, SECRETS, SETTINGS
from .remote.there import There

APP_ENV = SECRETS / SETTINGS
PROXY_ENV = SECRETS / PROXY_SETTINGS
PRIVATE = 0o700
READABLE = 0o444
EDITABLE = 0o644
EMPTY: Mapping[str, str] = {
    SETTINGS: "# Settings of the app that are secret: NAME=VALUE lines. `stack secret set NAME` writes one.\n",
    PROXY_SETTINGS: "# What Traefik alone may know: NAME=VALUE lines. `stack secret set --proxy NAME` writes one.\n",
}
"""The files of settings, as they are without any."""


def new_password() -> str:
    """Return 160 bits that nobody can guess, as text that needs no quoting anywhere."""
    return secrets.token_hex(20)


def make(path: Path) -> None:
    """Make a secret file that is missing: a password, or a file of settings without any."""
    if path.name in EMPTY:
        write(path, EMPTY[path.name], EDITABLE)
    else:
        write(path, f"{new_password()}\n")


def look(directory: Path) -> tuple[SecretFile, ...]:
    """Return the files in a project's secrets, in order; without those that begin with a dot, and none in folders."""
    folder = directory / SECRETS
    try:
        found = sorted(folder.iterdir()) if folder.is_dir() else []
        files = [(path, path.stat()) for path in found if path.is_file() and not path.name.startswith(".")]
    except OSError as error:
        raise _refused(folder, "read", error) from error
    return tuple(SecretFile(path, known.st_size, stat.S_IMODE(known.st_mode)) for path, known in files)


def blanked(directory: Path, lines: Iterable[str]) -> tuple[str, ...]:
    """Return lines with three stars for whatever is secret in a project: an app's last words may quote it."""
    found = sorted(values(directory), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, found)) or r"(?!)")
    return tuple(pattern.sub("***", line) for line in lines)


def values(directory: Path) -> frozenset[str]:
    """Return whatever is secret in a project, as it stands and as an address would quote it; of no binary file."""
    try:
        texts = [one.path.read_bytes().decode(errors="ignore") for one in look(directory)]
    except OSError as error:
        raise _refused(directory / SECRETS, "read", error) from error
    plain = {value for text in texts for value in (text.strip(), *dotenv.values(text)) if len(value) >= dotenv.SHORTEST}
    return frozenset(plain | {quote(value, safe="") for value in plain})


def telling(directory: Path) -> dict[str, frozenset[str]]:
    """Return what is secret in a project, by its name, in every form that it may be written in: to look for it only."""
    found: dict[str, frozenset[str]] = {}
    for path in (one.path for one in look(directory)):
        text = read(path)
        if path.name in EMPTY:
            found |= {f"{name} of {SECRETS}/{path.name}": forms for name, forms in dotenv.telling(text).items()}
        elif len(text.strip()) >= dotenv.SHORTEST:
            found[f"{SECRETS}/{path.name}"] = frozenset({text.strip()})
    return {name: forms | {quote(one, safe="") for one in forms} for name, forms in found.items()}


def blank(directory: Path, error: StackError) -> None:
    """Take out of an error what is secret in a project: any part of it may quote what somebody else wrote."""
    error.message, error.hint, *evidence = blanked(directory, (error.message, error.hint, *error.evidence))
    error.evidence = tuple(evidence)


def folder_mode(directory: Path) -> int | None:
    """Return the permission bits of a project's secrets as a folder; None without it."""
    folder = directory / SECRETS
    return stat.S_IMODE(folder.stat().st_mode) if folder.is_dir() else None


def modified(path: Path) -> datetime | None:
    """Return when a file was changed last, or the newest file in a folder; None without any, or where one may not look.

    By the change of the inode: a copy that keeps the old time of the content is news, too.
    """
    try:
        if isinstance(path, There):
            return path.changed()
        files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
        newest = max((one.stat().st_ctime for one in files), default=None)
    except OSError:
        return None
    return None if newest is None else datetime.fromtimestamp(newest, UTC)


def read(path: Path) -> str:
    """Return the text of a file, line ends and all; nothing when there is no file."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise _refused(path, "read", error) from error
    except UnicodeDecodeError as error:
        raise WrongInput(f"{path} is no text in UTF-8, from byte {error.start} on", hint="mend it there") from None


def write(path: Path, text: str, mode: int = READABLE) -> None:
    """Write a file in one move: whatever happens, it is the old one or the new one. Its folder is closed to others."""
    try:
        path.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        _set(path.parent, PRIVATE)
        wholefile.write(path, text.encode(), mode)
    except OSError as error:
        raise _refused(path, "written", error) from error


def rename(path: Path, to: Path) -> None:
    """Put a file in the place of another one, also on the disk."""
    try:
        wholefile.rename(path, to)
    except OSError as error:
        raise _refused(to, "written", error) from error


def remove(path: Path) -> None:
    """Remove a file, if there is one."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _refused(path, "removed", error) from error


def guard(directory: Path) -> None:
    """Close a project's secrets to other users of the host, and open each file to those of containers.

    Git and Copier carry no such modes (FACTS C12). What everybody may write is left alone, for a check to refuse.
    """
    folder = directory / SECRETS
    try:
        if folder.is_dir():
            _set(folder, PRIVATE)
            for path in folder.iterdir():
                _open(path)
    except OSError as error:
        raise NotReady(
            f"the modes in {folder} cannot be set: {error}", hint=f"sudo chown -R $(id -u) {folder}, then try again"
        ) from error


def _open(path: Path) -> None:
    mode = path.lstat().st_mode
    if stat.S_ISREG(mode) and not mode & stat.S_IWOTH:
        _set(path, (stat.S_IMODE(mode) | READABLE) & ~stat.S_IWGRP)


def _set(path: Path, mode: int) -> None:
    if stat.S_IMODE(path.stat().st_mode) != mode:
        path.chmod(mode)


def _refused(path: Path, done: str, error: OSError) -> NotReady:
    return NotReady(f"{path} cannot be {done}: {error.strerror or error}", hint="you should own it and its folder")
