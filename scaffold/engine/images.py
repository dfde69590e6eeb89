"""The app's images that were built here and can be gone back to."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime

from docker import DockerClient
from docker.errors import APIError, ImageNotFound

from ..errors import StackError
from ..facts import EPOCH, Edition
from ..project import Build, Service
from . import content

OURS = re.compile(r"(?:[0-9a-f]{7,40}-(?:dirty-)?)?[0-9a-f]{12}")
"""A tag that `up` has given: commit and content, or the content alone."""


def editions(client: DockerClient, app: Service) -> tuple[Edition, ...]:
    """Return the images that `up` has built of the app, by name."""
    repository = content.repository(app)
    found = (
        Edition(name, str(image.id), _tagged(image.attrs))
        for image in client.images.list(name=repository)
        for name in image.tags
        if name.rpartition(":")[0] == repository and OURS.fullmatch(name.rpartition(":")[2])
    )
    return tuple(sorted(found, key=lambda one: one.name))


@contextmanager
def unmixed(client: DockerClient, build: Build, name: str) -> Iterator[None]:
    """Let an image be built from files that stay as they are; when some change, it loses its name: StackError."""
    before = content.content_hash(build)
    yield
    if content.content_hash(build) != before:
        forget(client, [name])
        raise StackError(
            "files changed while the image was built from them; nothing that runs was touched",
            hint="save them all, then `stack up` again",
        )


def _tagged(attrs: dict[str, dict[str, str]]) -> datetime:
    said = (attrs.get("Metadata") or {}).get("LastTagTime", "")
    try:
        return datetime.fromisoformat(said)
    except ValueError:
        return EPOCH


def forget(client: DockerClient, names: Sequence[str]) -> None:
    """Take names off images, and with its last name an image; one that something needs after all stays."""
    for name in names:
        with suppress(ImageNotFound, APIError):
            client.images.remove(name)
