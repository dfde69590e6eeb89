"""What the labels of a container say of where it is served: read alike from the files and from what runs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

PROXY = "stack.proxy"
"""The label with the name of the project whose Traefik serves a container."""
SERVES = "stack.serves"
"""The label of a Traefik that others may join, with the name of its project."""
OTHERS = "stack.hosts"
"""The label with the names that redirect to the canonical one, commas between."""
PREFIX = "stack.prefix"
"""The label with the path below which an app is served."""
HOST = re.compile(r"(?<![!\w])Host\(\s*[`\"]([^`\"]+)[`\"]\s*\)", re.IGNORECASE)
"""The part of a Traefik rule that names a host; not one that excludes it."""
SERVICE = re.compile(r"traefik\.http\.services\.([^.]+)\..+")
"""A label about the service that Traefik makes of containers."""
RULE = re.compile(r"traefik\.http\.routers\..+\.rule")

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Route:
    """A host, or what is below a path of it: what one project alone may be served at."""

    host: str
    prefix: str = ""

    def __str__(self) -> str:
        return f"{self.host}{self.prefix}"


@dataclass(frozen=True)
class Claim:
    """What a project claims on a proxy."""

    project: str
    folder: str
    route: Route


def canonical(labels: Labels) -> tuple[str, ...]:
    """Return the hosts that the rules of its routers name, each once, in order."""
    rules = (value for key, value in labels.items() if RULE.fullmatch(key))
    return tuple(dict.fromkeys(host.lower() for rule in rules for host in HOST.findall(rule)))


def others(labels: Labels) -> tuple[str, ...]:
    """Return the names that redirect to the canonical one; the label repeats that one where there are none."""
    named = (name.strip().lower() for name in labels.get(OTHERS, "").split(","))
    return tuple(dict.fromkeys(name for name in named if name and name not in canonical(labels)))


def prefix(labels: Labels) -> str:
    """Return the path below which it is served; empty for all of its hosts."""
    return labels.get(PREFIX, "").rstrip("/")


def service(labels: Labels, otherwise: str) -> str:
    """Return what Traefik calls the service that it makes of containers with these labels, its provider included."""
    named = (found[1] for key in labels if (found := SERVICE.fullmatch(key)))
    return f"{next(named, otherwise)}@docker"


def told(labels: Labels) -> dict[str, str]:
    """Return the labels that say where a container is served, and how."""
    return {key: value for key, value in labels.items() if key.startswith(("traefik.", "stack."))}


def routes(labels: Labels) -> tuple[Route, ...]:
    """Return everything that it claims."""
    return tuple(_routes(labels))


def _routes(labels: Labels) -> Iterator[Route]:
    for host in (*canonical(labels), *others(labels)):
        yield Route(host, prefix(labels))
