"""What an existing app and this machine look like. The user's code is read, and never imported or run."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..source import Source
from .boot import boots

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..facts import Holder, Room

__all__ = ["boots", "holders", "interfaces", "look", "names", "room", "root_of"]


# Reading takes 0.1 s to import, and looking at the machine half of that; no command needs both.


def room(disk: Path) -> "Room":
    """Return the memory and the disk that are left; `disk` is the folder where Docker keeps its data."""
    from . import machine

    return machine.room(disk)


def holders(ports: "Iterable[int]") -> "tuple[Holder, ...]":
    """Return the processes that listen on one of these TCP ports; without their names where only root may ask."""
    from . import machine

    return machine.holders(ports)


def interfaces() -> tuple[str, ...]:
    """Return the IP addresses of this machine's interfaces, loopback among them, in the order of the system."""
    from . import machine

    return machine.interfaces()


def look(folder: Path) -> Source:
    """Return what a folder holds, as far as its text tells; an empty one when there is no such folder.

    Nothing is raised: what cannot be read is a note, and what cannot be understood is a problem of its part.
    """
    from . import reading

    return reading.look(folder)


def names(folder: Path, app: str, root: str) -> str:
    """Return an empty string when an import string names something under an import root, else a sentence why not.

    A module that imports with a star, that has a `__getattr__`, or that cannot be read here, is believed.
    """
    from . import naming

    return naming.names(folder, app, root)


def root_of(folder: Path, app: str) -> str | None:
    """Return the import root under which the module of an import string exists; None when there is none.

    The project itself comes first, then src, then the nearest folder.
    """
    from . import naming

    return naming.root_of(folder, app)
