"""The Traefik of a rehearsal: it is started for one order, and taken away."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from docker import DockerClient
from docker.errors import APIError

from .. import rehearsal as patches
from ..errors import StackError
from ..facts import Container
from ..project import Project
from . import compose, inspection, present
from .compose import Say

GONE = (404, 409)
"""What Docker answers about a container that is not there, or is being removed."""


@contextmanager
def rehearsal(client: DockerClient, project: Project, hosts: Sequence[str], say: Say) -> Iterator[Container]:
    """Run a throw-away Traefik that orders certificates for these hosts from the authority for trials."""
    clear_away(client, project)
    if not present.images(client, [project.proxy.image]):
        compose.act(project.directory, say, "pull", project.proxy.name)
    name, words = patches.name(project), ("run", "--detach", "--no-deps", "--service-ports", "--name")
    patch = {project.proxy.name: patches.patch(project, hosts)}
    try:
        resolved = compose.model(project.directory)
        compose.act_on(resolved, project.directory, say, *words, name, project.proxy.name, patch=patch, alone=True)
        yield inspection.container(client.containers.get(name).attrs)
    finally:
        clear_away(client, project)


def clear_away(client: DockerClient, project: Project) -> None:
    """Remove the throw-away Traefik, also one that a killed `up` left on the ports."""
    name = patches.name(project)
    try:
        client.containers.get(name).remove(force=True, v=True)
    except APIError as error:
        if error.status_code not in GONE:
            raise StackError(
                f"the throw-away Traefik {name} cannot be removed: {error}", hint=f"docker rm --force {name}"
            ) from error


def refuse_ended(client: DockerClient, container: Container) -> None:
    """Raise StackError with its last words when a container has ended."""
    found = client.containers.get(container.id)
    if found.status in {"exited", "dead"}:
        said = present.last_words(client, container)
        raise StackError(
            f"{container.name}, the throw-away Traefik of the rehearsal, ended",
            evidence=said,
            hint="mend what it says, in .env or secrets/traefik.env, then `stack up`",
        )
