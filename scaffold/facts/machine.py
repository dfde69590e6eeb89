"""The machine, other projects on it, and the files of this one."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


def release(version: str) -> tuple[int, int]:
    """Return major and minor number of a version such as `v2.26.1-4`; (0, 0) of anything else."""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)


@dataclass(frozen=True)
class Versions:
    """Of what does the work."""

    engine: str
    compose: str
    oldest_api: str = ""
    """The oldest version of its API that the engine still answers to; empty when it did not say."""


@dataclass(frozen=True)
class Edition:
    """One image of the app that was built, and can be gone back to."""

    name: str
    """With its tag, which tells the commit and the content that it was built from."""
    image_id: str
    tagged: datetime
    """When it was given a name last: built, or brought up."""
    served: bool = False
    """Whether it is written down that it was brought up, and was found good."""

    @property
    def tag(self) -> str:
        """What stands behind the colon."""
        return self.name.rpartition(":")[2]


@dataclass(frozen=True)
class Holder:
    """Who listens on a port of this machine."""

    port: int
    who: str
    project: str = ""
    """The Compose project, if it is a container of one."""


@dataclass(frozen=True)
class Room:
    """What this machine has left, in bytes; None where it cannot be told."""

    memory: int | None = None
    """What can be taken without swapping."""
    memory_total: int | None = None
    swap: int | None = None
    disk: int | None = None
    """On the disk where Docker keeps its data."""


@dataclass(frozen=True)
class Kept:
    """What another project's volume has of certificates."""

    volume: str
    names: frozenset[str]


@dataclass(frozen=True)
class Leaver:
    """A project that has had a Traefik of its own, and by its files joins this one now."""

    project: str
    folder: str
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class SecretFile:
    """One file in the project's folder of secrets."""

    path: Path
    size: int
    mode: int
    """Permission bits."""
