"""What a container has from its image, and not from whoever made it."""

from docker import DockerClient
from docker.errors import ImageNotFound


def names(client: DockerClient, image: str) -> frozenset[str]:
    """Return the names of an image's own variables and labels; none of an image that is gone."""
    try:
        config = client.images.get(image).attrs.get("Config") or {}
    except ImageNotFound:
        return frozenset()
    variables = (one.partition("=")[0] for one in config.get("Env") or ())
    return frozenset((*variables, *(config.get("Labels") or ())))
