"""Where a project is: on this machine, or on a server; and what the machine there looks like, apart from Docker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import detect, repository, shipping, wholefile
from ...errors import WrongInput
from ...facts import Holder, Room
from ...project import EVERYWHERE
from ...remote.there import There

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ...project import Port, Project


def address(project: Project) -> str:
    """Return where the site is looked at from here: of a project on a server, the server's own address."""
    folder = project.serving.directory
    return folder.line.server.host if isinstance(folder, There) else project.address


def ways(project: Project, ports: Iterable[int]) -> dict[int, tuple[str, int]]:
    """Return how ports are reached that the server does not show to us: through the connection to it; StackError.

    What is published for the server alone, and everything where the way there leads through others.
    """
    folder = project.serving.directory
    if not isinstance(folder, There) or (project.everywhere and folder.line.server.direct):
        return {}
    return {port: folder.line.port(project.address, port) for port in dict.fromkeys(ports) if port}


def entry(project: Project, port: Port) -> tuple[str, int, int]:
    """Return address and ports, of HTTP and HTTPS, of what a container publishes; StackError."""
    folder = project.serving.directory
    alone = port.host_ip not in EVERYWHERE
    here = port.host_ip if alone else "127.0.0.1"
    if not isinstance(folder, There):
        return here, 0, port.published
    if folder.line.server.direct and not alone:
        return folder.line.server.host, 0, port.published
    address, way = folder.line.port(here, port.published)
    return address, 0, way


def roots(project: Project) -> Path | None:
    """Return the PEM file here with the roots of a private authority; for a project on a server, a copy of its own.

    WrongInput when that cannot be read.
    """
    found = project.roots
    if not isinstance(found, There):
        return found
    copy = found.line.folder / "roots.pem"
    try:
        wholefile.write(copy, found.read_bytes(), 0o600)
    except OSError as error:
        raise WrongInput(
            f"the roots in {found} on {found.address} cannot be read: {error.strerror}", hint="STACK_ACME_ROOT in .env"
        ) from error
    return copy


def room(folder: Path) -> Room:
    """Return the memory and the disk that are left on the machine of a folder, the one where Docker keeps its data."""
    if not isinstance(folder, There):
        return detect.room(folder)
    seen = folder.line.survey()
    return Room(seen.available or 0, seen.memory or 0, seen.swap_free or 0, seen.free)


def boots(folder: Path) -> bool | None:
    """Tell whether the engine is started when the machine of a folder is; None when that cannot be told."""
    return folder.line.survey().boots if isinstance(folder, There) else detect.boots()


def interfaces(folder: Path) -> tuple[str, ...]:
    """Return the IP addresses of the interfaces of the machine of a folder."""
    return folder.line.survey().interfaces if isinstance(folder, There) else detect.interfaces()


def holders(folder: Path, ports: Iterable[int]) -> tuple[Holder, ...]:
    """Return the processes on the machine of a folder that listen on one of some TCP ports."""
    if not isinstance(folder, There):
        return detect.holders(ports)
    seen = folder.line.survey()
    owners = seen.owners or {}
    return tuple(
        Holder(port, owners.get(port, "a process of another user")) for port in sorted(set(ports) & seen.listening)
    )


def version(directory: Path, of: Path) -> str:
    """Return the commit that a folder of a project is at; on a server, the one that was sent there."""
    if isinstance(directory, There):
        sent = shipping.read(directory)
        return sent.cargo.version if sent else ""
    return repository.version(directory, of)


def tracked(directory: Path, folder: Path) -> tuple[str, ...] | None:
    """Return the files below a folder of a project that git has; what is sent to a server has none of these."""
    return () if isinstance(directory, There) else repository.tracked(directory, folder)


def way(project: Project, address: str, port: int) -> Path | None:
    """Return the socket that leads to a container's port on a server; None where the address itself leads there."""
    folder = project.directory
    if not isinstance(folder, There):
        return None
    return folder.line.forward(f"[{address}]:{port}" if ":" in address else f"{address}:{port}")
