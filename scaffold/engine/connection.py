"""Finding the engine: DOCKER_HOST, else the current context, for the SDK as for `docker compose` (FACTS C18)."""

import os
import shutil
from pathlib import Path

import docker
from docker.context import ContextAPI
from docker.errors import DockerException

from ..errors import NotReady
from ..remote.line import Line
from ..remote.there import There
from .compose import INSTALL

READ_SECONDS, ACT_SECONDS = 10, 90
"""How long the engine may be silent when it is asked something, and when it is told to do something.

The second is longer than the longest grace that a container of ours has.
"""


MISSING, SILENT = 10, 11
WHERE = f"""\
command -v docker >/dev/null 2>&1 || exit {MISSING}
docker version --format '{{{{.Server.Version}}}}' || exit {SILENT}
docker context inspect --format '{{{{.Endpoints.docker.Host}}}}'
"""


def client(directory: Path) -> docker.DockerClient:
    """Return the engine that `docker` uses on the machine of a folder; NotReady when it does not answer."""
    return _afar(directory.line) if isinstance(directory, There) else _here()


def _afar(line: Line) -> docker.DockerClient:
    """Return a server's engine, through the connection to it: whoever may use Docker there may do so from here."""
    answer = line.run(WHERE)
    said = tuple(answer.said.decode(errors="replace").strip().splitlines())
    if answer.status:
        why = {MISSING: "has no `docker` command", SILENT: "has Docker, which does not answer this user"}
        raise NotReady(
            f"{line.address} {why.get(answer.status, 'does not tell where Docker is')}",
            evidence=said[-3:],
            hint=f"stack host {line.address}   (says what it lacks, and what mends it)",
        )
    socket = said[-1].removeprefix("unix://")
    if not socket.startswith("/"):
        raise NotReady(f"the Docker Engine that {line.address} uses is on yet another machine: {socket}")
    try:
        found = docker.DockerClient(base_url=f"unix://{line.forward(socket)}", timeout=READ_SECONDS)
        found.ping()
    except (DockerException, OSError) as error:
        raise _unreachable(error) from error
    return found


def _here() -> docker.DockerClient:
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
            hint="stack … --on USER@HOST acts on a server; or: docker context use default",
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
