"""Whether containers are what the files say, or what they said once."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from ..facts import Container, Facts
from ..project import Project, Service
from .room import MB
from .verdict import Outcome, judged, skipped

DEFINITION = "its definition (docker compose would make it anew)"
"""What differs when nothing does that is told apart here: the value of a variable, a network, a healthcheck."""
PROXIES = frozenset(
    form(f"{kind}_proxy") for kind in ("http", "https", "ftp", "no", "all") for form in (str.upper, str.lower)
)
"""Variables that Compose takes from the client's own configuration: https://docs.docker.com/engine/cli/proxy/."""
FOREIGN = ("com.docker.", "desktop.docker.io/")
"""How labels begin that Docker itself writes on containers."""
ANONYMOUS = re.compile(r"[0-9a-f]{64}")
"""The name of a volume that nobody has given one: the image asks for it."""


def containers(project: Project, facts: Facts) -> Outcome:
    """Every container is what the files say.

    What was edited since is not in force, and comes with the next start, when nobody expects it. `stack up` makes such
    a container anew. Where that finds nothing to do: `docker compose up --detach --force-recreate` with the service's
    name; where the files have no such service: `docker rm --force` with the container's name.
    """
    pairs = [(one, service) for service in project.services for one in facts.of(service.name)]
    if not pairs and not facts.orphans:
        return skipped("there is no container yet")
    told = ((one, tuple(_differences(one, service, facts))) for one, service in pairs)
    wrong = [f"{one.name}: {'; '.join(differences)}" for one, differences in told if differences]
    wrong += [f"{one.name}: the files have no service {one.service}" for one in facts.orphans]
    return judged(wrong, (one.name for one, _ in pairs))


def _differences(one: Container, service: Service, facts: Facts) -> Iterator[str]:
    """Yield what differs: in words, and without any value that could be secret.

    Of two with one hash, Compose made the one from the other, and only what can change without it has to be looked at.
    """
    apart = tuple(_unhashed(one, service, facts))
    yield from apart
    if one.config_hash != service.hash:
        told = tuple(_hashed(one, service))
        yield from told or (() if apart else (DEFINITION,))


def _unhashed(one: Container, service: Service, facts: Facts) -> Iterator[str]:
    """Yield what differs of that which a hash does not hold: what a name means by now, and what was set later."""
    wanted = facts.images.get(service.image)
    if wanted and one.image_id != wanted and one.made.image in {"", service.image}:
        yield f"image ({service.image} is another one by now)"
    if one.made.memory and one.made.memory != service.memory:
        yield f"memory {_mb(one.made.memory)} (files: {_mb(service.memory)})"
    if one.made.pids and one.made.pids != service.pids:
        yield f"pids {one.made.pids} (files: {service.pids or 'no limit'})"
    there = _at(one.made.mounts)
    for place, source in sorted(_mounted(service).items()):
        if place not in there:
            yield f"mount {place} (not in the container)"
        elif source not in {"", there[place]}:
            yield f"mount {place} is {there[place]} (files: {source})"


def _hashed(one: Container, service: Service) -> Iterator[str]:
    """Yield what differs of that for which Compose would make a container anew, as far as it is told apart."""
    made = one.made
    if made.image != service.image:
        yield f"image {made.image} (files: {service.image})"
    if service.entrypoint and made.entrypoint != service.entrypoint:
        yield "entrypoint"
    if service.command and made.command != service.command:
        yield "command"
    if service.user and made.user != service.user:
        yield f"user {made.user or 'of the image'} (files: {service.user})"
    if service.memory and not made.memory:
        yield f"memory without a limit (files: {_mb(service.memory)})"
    if service.pids and not made.pids:
        yield f"pids without a limit (files: {service.pids})"
    # An image that is gone does not tell which were its own.
    spared = made.inherited | PROXIES if made.inherited else made.variables | {*made.labels}
    yield from _names("variable", made.variables, service.environment, spared)
    yield from _names("label", _own(made.labels), service.labels, spared)
    both = sorted(set(made.labels) & set(service.labels))
    yield from (f"label {name}" for name in both if made.labels[name] != service.labels[name])
    yield from (f"mount {place} (not in the files)" for place in _more(made.mounts, service))


def _names(kind: str, there: Collection[str], wanted: Collection[str], spared: Collection[str]) -> Iterator[str]:
    """Yield the names that only one side has."""
    yield from (f"{kind} {name} (not in the container)" for name in sorted({*wanted} - {*there}))
    yield from (f"{kind} {name} (not in the files)" for name in sorted({*there} - {*wanted} - {*spared}))


def _own(labels: Iterable[str]) -> set[str]:
    return {name for name in labels if not name.startswith(FOREIGN)}


def _mounted(service: Service) -> dict[str, str]:
    """Return what is to be mounted, by place; empty for a volume without a name."""
    return _at({**{place: str(path) for place, path in service.binds.items()}, **service.volumes})


def _more(mounts: Mapping[str, str], service: Service) -> list[str]:
    """Return the places of what only the container has; an image's own volumes and what lies in memory do not count."""
    wanted = _mounted(service)
    named = {place: source for place, source in _at(mounts).items() if source and not ANONYMOUS.fullmatch(source)}
    return sorted(place for place in named if place not in wanted)


def _at(mounts: Mapping[str, str]) -> dict[str, str]:
    """Return mounts by places as Docker writes them, which the files may end in a slash."""
    return {str(PurePosixPath(place)): source for place, source in mounts.items()}


def _mb(size: int) -> str:
    return f"{size / MB:.0f} MB" if size else "no limit"
