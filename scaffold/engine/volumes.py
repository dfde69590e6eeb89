"""What lies in volumes. Nothing is started for it, but only a container has a volume's files."""

import io
import tarfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath
from typing import Any

from docker import DockerClient
from docker.errors import APIError, NotFound
from docker.models.containers import Container

from .. import storage
from ..errors import StackError
from ..facts import Kept
from ..project import DNS, Project, Service
from . import inspection
from .labels import PROJECT, VOLUME

ACME = "acme"
"""The volume of Traefik's storage, by its name in the Compose files."""
LOOK = "stack.look"
"""The label of containers that are made to look into a volume."""
LOOK_SECONDS = 60
"""How old one may become before it counts as left behind; a look takes less than half of that."""
OWNER = 65532
"""User and group of Traefik in compose.proxy.yaml."""


def names(client: DockerClient, project: Project) -> tuple[str, ...]:
    """Return the names of the project's volumes that exist."""
    found = client.volumes.list(filters={"label": f"{PROJECT}={project.name}"})
    return tuple(sorted(volume.name for volume in found))


def data_version(client: DockerClient, project: Project, images: Collection[str]) -> str | None:
    """Return the major version of the PostgreSQL that made the data; empty without any, None without an image."""
    database = project.database
    mounts = _filled(client, project, database) if database else {}
    if database is None or not mounts:
        return ""
    if (image := _any(images, database.image)) is None:
        return None
    with _never_started(client, image, mounts) as container:
        paths = inspection.version_files(database.environment.get("PGDATA", ""), mounts.values())
        return next(filter(None, (_read(container, path) for path in paths)), "")


def certified(client: DockerClient, project: Project, images: Collection[str]) -> frozenset[str] | None:
    """Return the names in Traefik's storage, which holds keys, too; None when it cannot be read."""
    mounts = _filled(client, project.serving, project.proxy) if project.ordered else {}
    if not mounts:
        return frozenset()
    if (image := _any(images, project.proxy.image)) is None:
        return None
    with _never_started(client, image, mounts) as container:
        return storage.names(_read(container, project.acme_storage))


def kept(client: DockerClient, project: Project, images: Collection[str]) -> tuple[Kept, ...]:
    """Return what other projects' volumes have of the wanted authority's certificates, as far as it can be read.

    Not of those that Traefik could not renew here.
    """
    image = _any(images, project.proxy.image)
    if image is None or not project.ordered or not _storage_volume(project):
        return ()
    found = client.volumes.list(filters={"label": f"{VOLUME}={ACME}"})
    texts = {one.name: _stored(client, project, image, one.name) for one in found if not _ours(one.attrs, project)}
    known = {name: storage.names(text, wildcards=project.challenge == DNS) for name, text in sorted(texts.items())}
    return tuple(Kept(name, found) for name, found in known.items() if found)


def take(client: DockerClient, project: Project, volume: str, hosts: Collection[str]) -> None:
    """Put the certificates for some hosts from another volume into the storage of a Traefik that does not run.

    StackError when a storage cannot be read: nothing was written then.
    """
    mine, image = _storage_volume(project), project.proxy.image
    own, other = (_stored(client, project, image, name) for name in (mine, volume))
    try:
        text = storage.merged(own, other, hosts, wildcards=project.challenge == DNS)
    except ValueError as error:
        broken = mine if storage.names(own) is None else volume
        raise StackError(
            f"the certificates in the volume {volume} cannot be taken over: {error}, in the volume {broken}",
            hint=f"nothing can be read there any more: stack down; docker volume rm {broken}; stack up",
        ) from error
    place = PurePosixPath(project.acme_storage)
    with _never_started(client, image, {mine: str(place.parent)}, mode="rw") as container:
        container.put_archive(str(place.parent), _packed(place.name, text))


def _packed(name: str, text: str) -> bytes:
    """Return an archive with one file that its owner alone may read; Traefik refuses any other."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.uid, entry.gid = len(text.encode()), 0o600, OWNER, OWNER
        archive.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def _stored(client: DockerClient, project: Project, image: str, volume: str) -> str:
    """Return the text of the wanted authority's storage in a volume; empty without one."""
    place = PurePosixPath(project.acme_storage)
    with _never_started(client, image, {volume: str(place.parent)}) as container:
        return _read(container, str(place))


def _storage_volume(project: Project) -> str:
    """Return the name of the volume that the project's Traefik keeps certificates in; empty where it is none."""
    return project.proxy.volumes.get(str(PurePosixPath(project.acme_storage).parent), "")


def _ours(attrs: Mapping[str, Any], project: Project) -> bool:
    return bool((attrs.get("Labels") or {}).get(PROJECT) == project.serving.name)


def _any(images: Collection[str], best: str) -> str | None:
    """Return the name of an image that is here: the one that the volume is for, if it is."""
    return next((one for one in (best, *sorted(images)) if one in images), None)


def _filled(client: DockerClient, project: Project, service: Service) -> dict[str, str]:
    """Return the places of a service's volumes that exist, by name."""
    known = names(client, project)
    return {name: place for place, name in service.volumes.items() if name in known}


def clear_away(client: DockerClient) -> None:
    """Remove what a look that was cut off has left: it would hold its volumes for ever."""
    left = client.api.containers(all=True, filters={"label": LOOK, "status": "created"})
    for one in left:
        if time.time() - one["Created"] > LOOK_SECONDS:
            with suppress(APIError):  # somebody else was faster
                client.api.remove_container(one["Id"], v=True)


@contextmanager
def _never_started(
    client: DockerClient, image: str, mounts: Mapping[str, str], mode: str = "ro"
) -> Iterator[Container]:
    clear_away(client)
    binds = {name: {"bind": place, "mode": mode} for name, place in mounts.items()}
    container = client.containers.create(image, volumes=binds, network_disabled=True, labels=[LOOK])
    try:
        yield container
    finally:
        container.remove(v=True)  # what the image itself calls a volume, too


def _read(container: Container, path: str) -> str:
    """Return the text of a small file in a container, which need not run; empty when it is not there."""
    try:
        stream, _ = container.get_archive(path)
    except NotFound:
        return ""
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
        file = next((archive.extractfile(one) for one in archive if one.isfile()), None)
        return file.read().decode(errors="replace").strip() if file else ""
