"""What Compose writes on what it makes, and finding containers by it."""

from docker import DockerClient
from docker.models.containers import Container

COMPOSE = "com.docker.compose."
PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
FOLDER = "com.docker.compose.project.working_dir"
HASH = "com.docker.compose.config-hash"
ONE_OFF = "com.docker.compose.oneoff"
VOLUME = "com.docker.compose.volume"


def bearing(client: DockerClient, label: str, value: str) -> list[Container]:
    """Return the containers with a label of this value, running or not; no one-off ones, which have it, too."""
    found = client.containers.list(all=True, filters={"label": f"{label}={value}"}, ignore_removed=True)
    return [one for one in found if one.labels.get(ONE_OFF) != "True"]
