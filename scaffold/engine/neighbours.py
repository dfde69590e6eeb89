"""Other projects on this server, as far as one has to do with them: the shared proxy that it joins, and its rivals."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from docker import DockerClient
from docker.models.containers import Container

from .. import routing
from ..errors import NotReady, WrongInput
from ..facts import Leaver
from ..model import parse
from ..project import Project
from ..routing import Claim
from . import compose
from .labels import FOLDER, PROJECT, bearing


def front(client: DockerClient, name: str, beside: Path) -> Project | None:
    """Return the project of the shared proxy of this name, running or not; None where it has no container.

    It lies on the machine where another folder is, `beside`. NotReady when it has one, and its files cannot be read.
    """
    found = [one for one in bearing(client, routing.SERVES, name) if FOLDER in one.labels]
    if not found:
        return None
    # Where two folders have one name, what serves counts.
    folder = beside / min(found, key=lambda one: (one.status != "running", one.name)).labels[FOLDER]
    return _read(name, folder)


def claims(client: DockerClient, proxy: str, but: str) -> tuple[Claim, ...]:
    """Return what every project but one claims on a proxy, with its containers running or not: each once, in order."""
    found = {claim for one in bearing(client, routing.PROXY, proxy) for claim in _claims(one)}
    return tuple(sorted((one for one in found if one.project != but), key=str))


def leavers(client: DockerClient, proxy: Project, names: Iterable[str]) -> tuple[Leaver, ...]:
    """Return those of some projects whose files say by now that they join a shared proxy."""
    found = (_leaver(client, proxy, name) for name in sorted(set(names) - {"", proxy.name}))
    return tuple(filter(None, found))


def _leaver(client: DockerClient, proxy: Project, name: str) -> Leaver | None:
    folder = next((one.labels[FOLDER] for one in bearing(client, PROJECT, name) if FOLDER in one.labels), "")
    if not folder:
        return None
    try:
        other = _project(proxy.directory / folder)
        return Leaver(name, folder, other.hosts) if other.joins == proxy.name else None
    except (OSError, WrongInput):  # then it is somebody who holds a port
        return None


def _claims(one: Container) -> Iterator[Claim]:
    """Yield what a container claims; one that Compose did not make stands for itself."""
    for route in routing.routes(one.labels):
        yield Claim(one.labels.get(PROJECT, str(one.name)), one.labels.get(FOLDER, ""), route)


def _project(folder: Path) -> Project:
    """Return the project in a folder, without the hashes of its services, which only its own `up` needs."""
    return parse(json.loads(compose.neighbour(folder)), {}, folder)


def _read(name: str, folder: Path) -> Project:
    """Return the project of a proxy in a folder; NotReady when it cannot be had."""
    try:
        return _project(folder)
    except FileNotFoundError as error:
        raise NotReady(
            f"the shared proxy {name!r} was started from {folder}, and there is no such folder",
            hint="`stack up` in the folder where the proxy's files are now",
        ) from error
    except OSError as error:
        raise _unread(name, folder, (str(error),)) from error
    except WrongInput as error:
        raise _unread(name, folder, error.evidence) from error


def _unread(name: str, folder: Path, evidence: tuple[str, ...]) -> NotReady:
    return NotReady(
        f"the files of the shared proxy {name!r} in {folder} cannot be read",
        evidence=evidence,
        hint=f"`stack check {folder}` tells what is wrong there; who runs a stack behind it has to be able to read it",
    )
