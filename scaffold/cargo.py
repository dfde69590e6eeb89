"""What of a project goes to a server: by name, what it holds, and what has to be done there so that it is the same."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

OF_THE_PLACE = (".env", "secrets", ".stack", ".git")
"""What belongs to the server, at the top of a project: it is never sent, and never taken away."""
LINK = 0o120000
"""The mode of a symbolic link, as git has it."""
PLAIN, PROGRAM = 0o644, 0o755


@dataclass(frozen=True)
class Mark:
    """One file: what tells it from every other."""

    mode: int
    """Permission bits, of a link LINK."""
    sha: str
    """SHA-256 of its content in hex, of a link that of where it leads."""


@dataclass(frozen=True)
class Cargo:
    """Files by their path in the project, and the commit that they are of."""

    files: Mapping[str, Mark]
    version: str = ""


@dataclass(frozen=True)
class Shipment:
    """What has to be done on a server."""

    send: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    """Of both, what is not any more as it was sent: somebody has changed it there."""
    foreign: tuple[str, ...] = ()
    """Of what would be sent, what is there and was never sent."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.send and not self.remove


def travels(name: str) -> bool:
    """Tell whether a file goes to the server at all."""
    return PurePosixPath(name).parts[0] not in OF_THE_PLACE


def link(target: str) -> Mark:
    """Return the mark of a link."""
    return Mark(LINK, hashlib.sha256(target.encode(errors="surrogateescape")).hexdigest())


def plain(mode: int, sha: str) -> Mark:
    """Return the mark of a file, of whose permission bits only counts whether it is a program, as with git."""
    return Mark(PROGRAM if mode & 0o100 else PLAIN, sha)


def compare(own: Cargo, sent: "Sent | None", there: Mapping[str, Mark]) -> Shipment:
    """Return what makes a server's files those of here; `there` is what it has of all that either of them names."""
    before, coming = (sent.cargo.files, sent.under_way) if sent else ({}, {})
    known = {**coming, **before}
    send = tuple(name for name, mark in sorted(own.files.items()) if there.get(name) != mark)
    remove = tuple(name for name in sorted(known) if name in there and name not in own.files and travels(name))
    strange = [
        name for name in (*send, *remove) if name in there and there[name] not in {before.get(name), coming.get(name)}
    ]
    return Shipment(
        send,
        remove,
        edited=tuple(name for name in strange if name in known),
        foreign=tuple(name for name in strange if name not in known),
    )


@dataclass(frozen=True)
class Sent:
    """The note on a server about what was sent there."""

    cargo: Cargo
    who: str = ""
    at: str = ""
    under_way: Mapping[str, Mark] = field(default_factory=dict)
    """What is to take the place of these files: until it has, either may be there."""


def text(sent: Sent) -> str:
    """Return the note as JSON."""
    told = {"who": sent.who, "at": sent.at, "version": sent.cargo.version}
    return json.dumps({**told, "files": _listed(sent.cargo.files), "under_way": _listed(sent.under_way)}, indent=1)


def _listed(files: Mapping[str, Mark]) -> dict[str, list[str]]:
    return {name: [f"{mark.mode:o}", mark.sha] for name, mark in sorted(files.items())}


def _marks(said: Mapping[str, Any]) -> dict[str, Mark]:
    return {str(name): Mark(int(mode, 8), str(sha)) for name, (mode, sha) in said.items()}


def parse(written: str) -> Sent:
    """Return what a note says; ValueError when it is none."""
    try:
        said = json.loads(written)
        files, under_way = _marks(said["files"]), _marks(said.get("under_way") or {})
        return Sent(Cargo(files, str(said["version"])), str(said["who"]), str(said["at"]), under_way)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not a note of what was sent: {error}") from error


def between(new: Sent, sent: Sent | None) -> Sent:
    """Return the note for as long as files take each other's places."""
    before = {**sent.under_way, **sent.cargo.files} if sent else {}
    return Sent(Cargo(before, new.cargo.version), new.who, new.at, new.cargo.files)


def unfit(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that cannot be sent: lists of them have one in a line, and every system has to read them."""
    return tuple(name for name in names if "\n" in name or name.endswith("\r"))
