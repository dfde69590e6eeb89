"""What one project takes from another: its ports, and the network that the other's Traefik is in."""

from collections.abc import Collection
from contextlib import suppress

from docker import DockerClient
from docker.errors import NotFound

from .labels import PROJECT, SERVICE

STOP_SECONDS = 30


def release(client: DockerClient, project: str, services: Collection[str], *, idle: bool = False) -> None:
    """Stop and remove a project's containers of some services, or only those that do not run; volumes stay."""
    for container in client.containers.list(all=True, filters={"label": f"{PROJECT}={project}"}, ignore_removed=True):
        known = container.labels.get(SERVICE) in services
        if known and not (idle and container.status == "running"):
            container.stop(timeout=STOP_SECONDS)
            container.remove()


def remove_network(client: DockerClient, project: str, name: str) -> None:
    """Remove a network of a project's own that only strangers are in: Compose leaves it behind with them."""
    with suppress(NotFound):
        network = client.networks.get(name)
        if (network.attrs.get("Labels") or {}).get(PROJECT) != project:
            return
        for container in network.attrs.get("Containers") or {}:
            with suppress(NotFound):  # it has gone by itself
                network.disconnect(container, force=True)
        network.remove()
