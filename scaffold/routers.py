"""What Traefik writes about labels and files that it cannot serve, and whom it is about."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

ROUTER = re.compile(r"traefik\.(?:http|tcp|udp)\.(?:routers|middlewares|services)\.([^.]+)\.", re.IGNORECASE)
NAMED = ("routerName", "middlewareName", "serviceName")
"""What an entry names that is about one thing of a configuration."""
ODD = re.compile(r"[^a-z0-9]+")
ID = re.compile(r"[0-9a-f]{64}$")
HALF = re.compile(r"Could not find network|already configured, skipping")
"""Warnings that are as bad as an error: the one leads to another address, of the other only one definition counts."""
SKIP = "Skip container "
WHOLE = re.compile(rf"{SKIP}|Error while adding route")
"""The beginning of errors that name nothing in a field of its own."""


@dataclass(frozen=True)
class Author:
    """A container whose labels Traefik reads."""

    id: str
    name: str
    labels: Mapping[str, str]
    made: datetime
    """Its labels are as old as it is."""

    @property
    def names(self) -> frozenset[str]:
        """What its labels name, and what Traefik calls a router or a service of its that has no name."""
        said = {found[1].lower() for label in self.labels if (found := ROUTER.match(label))}
        compose = "com.docker.compose."
        service, project = (self.labels.get(f"{compose}{one}", "") for one in ("service", "project"))
        return frozenset({*said, _plain(self.name), _plain(f"{service}-{project}")}) - {""}


def tells(entry: Mapping[str, Any]) -> bool:
    """Tell whether an entry of Traefik's log is about what labels or files say, and cannot be served as it stands."""
    message = str(entry.get("message", ""))
    if entry.get("level") == "warn":
        return HALF.search(message) is not None
    if entry.get("level") != "error" or "certificateResolver" in entry or _is_acme(entry):
        return False
    about = any(name in entry for name in (*NAMED, "container")) or entry.get("providerName") == "file"
    return about or WHOLE.match(message) is not None


def from_file(entry: Mapping[str, Any]) -> bool:
    """Tell whether an entry is about a file, and no label."""
    return entry.get("providerName") == "file" or _named(entry).endswith("@file")


def ids(entry: Mapping[str, Any]) -> frozenset[str]:
    """Return the ids of the containers that an entry is about, where it tells."""
    several = entry.get("configuration")
    told = [entry.get("container", ""), *(several if isinstance(several, list) else ())]
    return frozenset(found[0] for one in told if (found := ID.search(str(one))))


def concerns(entry: Mapping[str, Any], author: Author) -> bool:
    """Tell whether an entry is about a container: by its id, or by a name in its labels."""
    if known := ids(entry):
        return author.id in known
    skipped = str(entry.get("message", "")).removeprefix(SKIP)
    return not {_named(entry).partition("@")[0].lower(), skipped}.isdisjoint(author.names)


def is_general(entry: Mapping[str, Any]) -> bool:
    """Tell whether an entry names nobody."""
    skipped = str(entry.get("message", "")).startswith(SKIP)
    return not (_named(entry) or "container" in entry or from_file(entry) or skipped)


def line(entry: Mapping[str, Any]) -> str:
    """Return an entry as a sentence: whom it is about, what it says, and why."""
    parts = (_named(entry), str(entry.get("message", "")), str(entry.get("error", "")))
    return ": ".join(dict.fromkeys(part for part in parts if part))


def _named(entry: Mapping[str, Any]) -> str:
    return next((str(entry[name]) for name in NAMED if name in entry), "")


def _is_acme(entry: Mapping[str, Any]) -> bool:
    return "acme" in str(entry.get("providerName", "")) or "resolver" in entry


def _plain(name: str) -> str:
    """Return a name as Traefik writes it: letters and digits, with dashes between."""
    return ODD.sub("-", name.lower()).strip("-")
