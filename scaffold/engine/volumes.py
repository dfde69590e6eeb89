"""What lies in volumes. Nothing is started for it, but only a container has a volume's files."""

import io
import tarfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from docker import DockerClient
from docker.errors import NotFound
from docker.models.containers import Container

from ..project import Project, Service
from . import inspection


def names(client: DockerClient, project: Project) -> tuple[str, ...]:
    """Return the names of the project's volumes that exist."""
    found = client.volumes.list(filters={"label": f"com.docker.compose.project={project.name}"})
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
    mounts = _filled(client, project, project.proxy) if project.ordered else {}
    if not mounts:
        return frozenset()
    if (image := _any(images, project.proxy.image)) is None:
        return None
    with _never_started(client, image, mounts) as container:
        return inspection.certified(_read(container, project.acme_storage))


def _any(images: Collection[str], best: str) -> str | None:
    """Return the name of an image that is here: the one that the volume is for, if it is."""
    return next((one for one in (best, *sorted(images)) if one in images), None)


def _filled(client: DockerClient, project: Project, service: Service) -> dict[str, str]:
    """Return the places of a service's volumes that exist, by name."""
    known = names(client, project)
    return {name: place for place, name in service.volumes.items() if name in known}


@contextmanager
def _never_started(client: DockerClient, image: str, mounts: Mapping[str, str]) -> Iterator[Container]:
    binds = {name: {"bind": place, "mode": "ro"} for name, place in mounts.items()}
    container = client.containers.create(image, volumes=binds, network_disabled=True)
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
