"""What is there: containers, images, and the last words of one."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from docker import DockerClient
from docker.errors import APIError, ImageNotFound, NotFound

from ..facts import Container
from . import inherited, inspection, labels

LAST_WORDS = 12
"""Lines of a log that are evidence."""


def containers(client: DockerClient, project: str) -> tuple[Container, ...]:
    """Return the containers of the project of this name, running or not, without one-off ones."""
    every = [one.attrs for one in labels.bearing(client, labels.PROJECT, project)]
    own = {image: inherited.names(client, image) for image in {one["Image"] for one in every}}
    made = (inspection.container(one, own[one["Image"]]) for one in every)
    return tuple(sorted(made, key=lambda one: one.name))


def images(client: DockerClient, names: Iterable[str]) -> dict[str, str]:
    """Return the id of each image that is there."""
    found = {}
    for name in {name for name in names if name}:
        try:
            found[name] = str(client.images.get(name).id)
        except ImageNotFound:
            continue
    return found


@contextmanager
def meaning(client: DockerClient, name: str, image: str) -> Iterator[None]:
    """Let a name mean another image for a while: Compose makes containers from what a name means at that moment.

    Plain Compose, called by somebody else, goes by what has been proven.
    """
    if not image or image == name:
        yield
        return
    before = images(client, [name]).get(name)
    client.images.get(image).tag(name)
    try:
        yield
    finally:
        if before:
            client.images.get(before).tag(name)
        else:
            client.images.remove(name, noprune=True)


def last_words(client: DockerClient, container: Container) -> tuple[str, ...]:
    """Return the end of a container's log, and what its healthcheck says."""
    try:
        log = client.containers.get(container.id).logs(tail=LAST_WORDS).decode(errors="replace")
    except (APIError, NotFound) as error:
        log = f"its log cannot be read: {error}"
    return (*log.splitlines(), *(f"healthcheck: {line}" for line in container.words.splitlines()))
