"""Running a command in a container that runs already, when all it does is look."""

from collections.abc import Sequence

from docker import DockerClient
from docker.errors import APIError, NotFound


def run(client: DockerClient, container: str, words: Sequence[str], *, errors: bool = True) -> tuple[int, str]:
    """Return the status of a command and what it said, with its errors or without; status 1 where it cannot run."""
    try:
        status, said = client.containers.get(container).exec_run(list(words), stderr=errors)
    except (APIError, NotFound) as error:
        return 1, str(error)
    text = said.decode(errors="replace") if isinstance(said, bytes) else ""
    return 1 if status is None else int(status), text
