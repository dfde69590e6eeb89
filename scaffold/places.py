"""Where a project is brought up: a server by its address over SSH."""

import hashlib
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .answers import YAML_ERRORS
from .errors import WrongInput

FILE = "places.yaml"
"""The file in a project that names the places where it is brought up."""
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
FOLDER = re.compile(r"(?:/|~/|~$)[^\n]*")
KEYS = {"server", "folder", "settings"}
SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

ADDRESS = re.compile(
    r"(?P<ssh>ssh://)?(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9_.+-]*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9_][A-Za-z0-9_.-]*|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+)(?::(?P<port>\d{1,5}))?"
)
"""What `ssh` takes for a destination, of it what no program can take for an option: ssh(1)."""
EXAMPLES = "for example: deploy@203.0.113.7, or deploy@server.example.com, or ssh://deploy@203.0.113.7:2222"
HIGHEST_PORT = 65535
FORM = "production: deploy@203.0.113.7:/srv/shop   (a line for each place, or server, folder and settings below it)"


@dataclass(frozen=True)
class Place:
    """Where a project is brought up."""

    address: str
    """The server, as `ssh` takes it."""
    folder: str = ""
    """The project's folder there, in full or from the user's home with ~/; empty for the project's name in that."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What the .env that is made there says, other than the one here."""


def find(directory: Path, on: str) -> Place:
    """Return the place that is meant: one that the project's file names, else a server; WrongInput."""
    known = _named(directory)
    if on in known:
        return known[on]
    if known and NAME.fullmatch(on):
        raise WrongInput(
            f"{directory / FILE} names no place {on!r}; it names {', '.join(known)}", hint=f"--on USER@HOST; {EXAMPLES}"
        )
    return parse(on)


def parse(text: str) -> Place:
    """Return a server with the folder that follows it, as in USER@HOST:/srv/shop or ssh://USER@HOST:PORT/srv/shop."""
    text = text.strip()
    if found := re.fullmatch(r"(ssh://[^/]+)/(?:~?/)?(.*)", text):
        path = f"~/{found[2]}" if text[len(found[1]) :].startswith("/~/") else f"/{found[2]}"
        return Place(address(found[1]), "" if path == "/" else _folder(path))
    if found := re.fullmatch(r"(?!ssh://)([^/]*?):([/~].*)", text):
        return Place(address(found[1]), _folder(found[2]))
    return Place(address(text))


def names(directory: Path) -> tuple[str, ...]:
    """Return the names of places in a project's file, in its order; WrongInput when that cannot be read."""
    return tuple(_said(directory / FILE))


def subnet(project: str) -> str:
    """Return the IPv6 subnet that a project of this name gets, as in copier.yml: unique local addresses (RFC 4193)."""
    digest = hashlib.sha256(project.encode()).hexdigest()
    return f"fd{digest[:2]}:{digest[2:6]}:{digest[6:10]}::/64"


def words(directory: Path) -> list[str]:
    """Return the arguments that name a project's folder on the command line; where we are, there need be none."""
    typed = getattr(directory, "typed", None)  # a path on a server tells how it was named
    return list(typed) if typed else [] if directory == Path.cwd() else [str(directory)]


def command(name: str, directory: Path) -> str:
    """Return a command of `stack` about a project, as one types it."""
    return shlex.join(["stack", *name.split(), *words(directory)])


def within(name: str, directory: Path) -> str:
    """Return a command of `stack` that takes a project's folder as an option."""
    given = words(directory)
    option = ["-C"] if given and given[0] != "--on" else []
    return shlex.join(["stack", *name.split(), *option, *given])


def shell(directory: Path, words: str) -> str:
    """Return a command line for a project's folder, with the way to the server where that is on one."""
    inside = f"cd {shlex.quote(str(directory))} && {words}"
    server = getattr(directory, "address", "")
    return shlex.join(["ssh", server, inside]) if server else inside


def settings(pairs: Mapping[str, Any] | tuple[str, ...]) -> dict[str, str]:
    """Return settings of .env by name, of NAME=VALUE texts or of a mapping; WrongInput for what is none."""
    given = pairs.items() if isinstance(pairs, Mapping) else [_pair(one) for one in pairs]
    found = {str(name): "" if value is None else str(value) for name, value in given}
    for name, value in found.items():
        if not SETTING.fullmatch(name) or "\n" in value:
            raise WrongInput(f"{name!r} is no setting of .env", hint="--set STACK_DOMAIN=shop.example.com")
    return found


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise WrongInput(f"--set {text} has no value", hint="--set STACK_DOMAIN=shop.example.com")
    return name, value


def _folder(text: str) -> str:
    if not FOLDER.fullmatch(text) or text.rstrip("/") in {"", "~"} or ".." in text.split("/"):
        raise WrongInput(f"{text!r} is no folder for a project", hint="a folder of its own: /srv/shop or ~/shop")
    return text.rstrip("/")


def _named(directory: Path) -> dict[str, Place]:
    """Return the places that a project's file names; none without the file."""
    path = directory / FILE
    return {name: _place(path, name, body) for name, body in _said(path).items()}


def _said(path: Path) -> Mapping[str, object]:
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, *YAML_ERRORS) as error:
        raise WrongInput(f"{path} cannot be read: {error}", hint=FORM) from error
    if not isinstance(said, Mapping) or not all(isinstance(name, str) for name in said):
        raise WrongInput(f"{path} names no places", hint=FORM)
    return said


def _place(path: Path, name: str, body: object) -> Place:
    if isinstance(body, str):
        return parse(body)
    if not isinstance(body, Mapping) or not body.get("server") or set(body) - KEYS:
        strange = sorted(set(map(str, body)) - KEYS) if isinstance(body, Mapping) else []
        raise WrongInput(f"{path} says of {name!r} no server, or {shlex.join(strange) or 'no more'}", hint=FORM)
    place, own = parse(str(body["server"])), body.get("settings") or {}
    folder = _folder(str(body["folder"])) if body.get("folder") else place.folder
    return Place(place.address, folder, settings(own if isinstance(own, Mapping) else {}))


def address(text: str) -> str:
    """Return the address of a server as `ssh` takes it, USER@HOST or ssh://USER@HOST:PORT; WrongInput for another.

    The host may be a name of the user's own SSH configuration.
    """
    found = ADDRESS.fullmatch(text.strip())
    if not found:
        raise WrongInput(f"{text!r} is no address of a server", hint=EXAMPLES)
    port = found["port"]
    if port is None and (found["ssh"] or not found["host"].startswith("[")):
        return found[0]
    port = port or "22"
    if not 0 < int(port) <= HIGHEST_PORT:
        raise WrongInput(f"there is no port {port}", hint=EXAMPLES)
    user = f"{found['user']}@" if found["user"] else ""
    return f"ssh://{user}{found['host']}:{int(port)}"
