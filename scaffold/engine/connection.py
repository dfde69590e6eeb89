"""Finding the engine: DOCKER_HOST, else the current context, for the SDK as for `docker compose` (FACTS C18)."""

import os
import shutil

import docker
from docker.context import ContextAPI
from docker.errors import DockerException

from ..errors import NotReady
from .compose import INSTALL

READ_SECONDS, ACT_SECONDS = 10, 90
"""How long the engine may be silent when it is asked something, and when it is told to do something.

The second is longer than the longest grace that a container of ours has.
"""


def client() -> docker.DockerClient:
    """Return the engine that the `docker` command would use; NotReady when it does not answer."""
    if not shutil.which("docker"):
        raise NotReady("there is no `docker` command on this machine", hint=INSTALL)
    host = os.environ.get("DOCKER_HOST")
    context = {"base_url": host} if host else ContextAPI.kwargs_from_context()
    _refuse_remote(str(context.get("base_url") or ""))
    try:
        # Given here, because it asks for the engine's version at once.
        found = docker.from_env(timeout=READ_SECONDS) if host else docker.DockerClient(timeout=READ_SECONDS, **context)
        found.ping()
    except (DockerException, OSError) as error:
        raise _unreachable(error) from error
    return found


def _refuse_remote(address: str) -> None:
    """Raise NotReady for an engine elsewhere: ports, files and the site itself are looked at here."""
    if address and not address.startswith(("unix://", "http+unix://", "npipe://")):
        raise NotReady(
            f"the Docker Engine in use is on another machine: {address}",
            hint="log in there and run `stack` there, or: docker context use default",
        )


def _unreachable(error: Exception) -> NotReady:
    text = str(error)
    if "Permission denied" in text or "PermissionError" in text:
        return NotReady(
            "you may not talk to the Docker Engine", hint="sudo usermod -aG docker $USER, then log in again"
        )
    return NotReady(
        "the Docker Engine does not answer", evidence=(text,), hint=f"sudo systemctl start docker; {INSTALL}"
    )
