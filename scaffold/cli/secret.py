"""`stack secret`: settings of the app or of Traefik that nobody else may see, and passwords of the data services."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import dotenv, places, premises, secretfiles
from ..errors import ExitCode, WrongInput
from ..project import JOINS, NO_APP, SECRETS
from . import terminal
from .alone import alone


def put(directory: Path, words: Sequence[str], *, proxy: bool, as_json: bool) -> int:
    """Take a value in without showing it, and write it down."""
    name = _only_a_name(words)
    folder = premises.folder(directory)
    _refuse_unread(folder, proxy=proxy)
    dotenv.refuse_unfit(name, "", escapes=not proxy)
    value = terminal.secret(f"Value of {name}:", as_json=as_json)
    dotenv.refuse_unfit(name, value, escapes=not proxy)
    if not value:
        raise WrongInput(f"the value is empty; {name} is as it was", hint=f"stack secret remove {name} takes it away")
    file = _file(proxy=proxy)
    path = folder / file
    with alone(folder, "secret set"):
        mode = path.stat().st_mode & 0o777 if path.exists() else secretfiles.EDITABLE
        text = dotenv.with_value(secretfiles.read(path), name, value, escapes=not proxy)
        secretfiles.write(path, text, mode)
    return _told(directory, name, "is set in", file, as_json=as_json)


def _refuse_unread(folder: Path, *, proxy: bool) -> None:
    """Raise WrongInput for a file that no container of the project reads."""
    if proxy and (folder / JOINS).is_file():
        raise WrongInput(
            f"Traefik is not part of {folder}: it joins a shared proxy", hint="the same command in the proxy's folder"
        )
    if not proxy and any((folder / name).is_file() for name in NO_APP):
        raise WrongInput(f"there is no app in {folder} that would read it", hint="--proxy sets what Traefik reads")


def names(directory: Path, *, as_json: bool) -> int:
    """Name what is secret, and show no value. Needs no Docker."""
    folder = premises.folder(directory)
    settings, proxy = (
        dotenv.names(secretfiles.read(folder / file)) for file in (secretfiles.APP_ENV, secretfiles.PROXY_ENV)
    )
    found = (one.path.name for one in secretfiles.look(folder))
    files = [name for name in found if name not in secretfiles.EMPTY]
    if as_json:
        terminal.document({"ok": True, "settings": list(settings), "proxy": list(proxy), "files": files})
    else:
        terminal.result(listed(settings, files, proxy))
    return ExitCode.GOOD


def listed(settings: Sequence[str], files: Sequence[str], proxy: Sequence[str] = ()) -> str:
    """Return the names for a person."""
    if not settings and not files and not proxy:
        return "Nothing is secret here yet: stack secret set NAME"
    rows = [(name, f"a setting of the app, in {secretfiles.APP_ENV}") for name in settings]
    rows += [(name, f"for Traefik alone, in {secretfiles.PROXY_ENV}") for name in proxy]
    rows += [(name, f"the file {SECRETS / name}") for name in files]
    wide = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:{wide}}  {what}" for name, what in rows)


def remove(directory: Path, name: str, *, proxy: bool, as_json: bool) -> int:
    """Take a setting out of its file."""
    folder = premises.folder(directory)
    file = _file(proxy=proxy)
    path = folder / file
    with alone(folder, "secret remove"):
        text = secretfiles.read(path)
        if name not in (known := dotenv.names(text)):
            raise WrongInput(
                f"{file} has no {name!r}",
                hint=f"it has {', '.join(known)}" if known else "it has no setting at all",
            )
        secretfiles.write(path, dotenv.without(text, name), path.stat().st_mode & 0o777)
    return _told(directory, name, "is gone from", file, as_json=as_json)


def _only_a_name(words: Sequence[str]) -> str:
    """Return the one word there should be; WrongInput, which shows none of them, for a value on the command line."""
    if len(words) > 1 or "=" in words[0]:
        raise WrongInput(
            "a value on the command line stands in the shell's history and in the list of processes; nothing was set",
            hint="stack secret set NAME asks for it, or reads standard input: stack secret set NAME < FILE",
        )
    return words[0]


def _file(*, proxy: bool) -> Path:
    return secretfiles.PROXY_ENV if proxy else secretfiles.APP_ENV


def _told(directory: Path, name: str, what: str, file: Path, *, as_json: bool) -> int:
    following = "stack up" if directory == Path() else places.command("up", directory)
    if as_json:
        body: dict[str, Any] = {"ok": True, "name": name, "file": str(file), "next": following}
        terminal.document(body)
    else:
        terminal.result(f"{name} {what} {file}. Next: {following}")
    return ExitCode.GOOD
