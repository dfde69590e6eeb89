"""An image from one engine to another, without a registry: compressed, and without the layers that are there."""

import gzip
import io
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from tempfile import TemporaryFile
from typing import IO, Any

from docker import DockerClient
from docker.errors import APIError, ImageLoadError, ImageNotFound

from ..errors import StackError

PLATFORMS = {"x86_64": "linux/amd64", "aarch64": "linux/arm64", "armv7l": "linux/arm/v7"}
"""What an engine says of its machine, and what an image for that is called."""
LEVEL = 6
BLOBS = PurePosixPath("blobs/sha256")
"""Where an archive has its layers, each by the digest that the image knows it by: those of Docker 25 and newer."""


def platform(client: DockerClient) -> str:
    """Return what images have to be built for so that they run on an engine's machine."""
    return PLATFORMS.get(str(client.info().get("Architecture")), "")


def carry(here: DockerClient, there: DockerClient, name: str) -> int:
    """Have an image of this engine on another one, by the same name; return how many bytes were sent. StackError.

    Where the other engine does not take it without the layers that it has, it gets all of them.
    """
    own = here.images.get(name).attrs
    if _same(there, name, own):
        return 0
    with TemporaryFile() as file:
        pack(here, name, shared(own["RootFS"].get("Layers") or (), _stacks(there)), file)
        sent = file.tell()
        if _taken(there, file, name, own):
            return sent
        file.seek(0)
        file.truncate()
        pack(here, name, frozenset(), file)
        if not _taken(there, file, name, own):
            raise StackError(f"the image {name} did not get to the server as it is here", hint="--build there")
        return sent + file.tell()


def shared(layers: Sequence[str], others: Sequence[Sequence[str]]) -> frozenset[str]:
    """Return the layers of an image that another engine has: those that some image there begins with, too."""
    most = 0
    for other in others:
        same = 0
        for own, its in zip(layers, other, strict=False):
            if own != its:
                break
            same += 1
        most = max(most, same)
    return frozenset(layers[:most])


def pack(client: DockerClient, name: str, without: frozenset[str], file: IO[bytes]) -> None:
    """Write an image to a file as `docker load` takes it, compressed, without some of its layers."""
    left_out = {digest.removeprefix("sha256:") for digest in without}
    saved = client.api.get_image(name)
    # Streams: an image may be larger than memory.
    with (
        gzip.GzipFile(fileobj=file, mode="wb", compresslevel=LEVEL, mtime=0) as packed,
        tarfile.open(fileobj=_Stream(iter(saved)), mode="r|") as whole,
        tarfile.open(fileobj=packed, mode="w|") as rest,
    ):
        for entry in whole:
            path = PurePosixPath(entry.name)
            if path.parent != BLOBS or path.name not in left_out:
                rest.addfile(entry, whole.extractfile(entry) if entry.isfile() else None)


def _taken(client: DockerClient, file: IO[bytes], name: str, wanted: Mapping[str, Any]) -> bool:
    """Give a file to an engine, and tell whether the image is there then."""
    file.seek(0)
    try:
        client.images.load(file)
    except (APIError, ImageLoadError, ImageNotFound):
        return False
    return _same(client, name, wanted)


def _same(client: DockerClient, name: str, wanted: Mapping[str, Any]) -> bool:
    """Tell whether an engine has this image: each kind of store has an id of its own for it (moby issue 48401)."""
    try:
        found = client.images.get(name).attrs
    except ImageNotFound:
        return False
    return all(found.get(key) == wanted.get(key) for key in ("RootFS", "Architecture", "Os", "Created"))


def _stacks(client: DockerClient) -> list[Sequence[str]]:
    return [one.attrs["RootFS"].get("Layers") or () for one in client.images.list()]


class _Stream(io.RawIOBase):
    """Chunks as something that can be read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - as io has it
        while not self._rest:
            try:
                self._rest = next(self._chunks)
            except StopIteration:
                return 0
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size
