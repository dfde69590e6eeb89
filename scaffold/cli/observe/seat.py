"""Where a project is: on this machine, or on a server; and what the machine there looks like, apart from Docker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import detect, repository, shipping
from ...facts import Holder, Room
from ...remote.there import There

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ...project import Project


def address(project: Project) -> str:
    """Return where the site is looked at from here: the server's own address, where it is published for everybody."""
    folder = project.serving.directory
    return folder.line.host if isinstance(folder, There) and project.everywhere else project.address


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
