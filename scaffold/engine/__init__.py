"""The only package that talks to Docker: the SDK to read, `docker compose` to act.

Both obey DOCKER_HOST, else the current context; the SDK by itself would not (FACTS C18).
"""

import json
import os
import shlex
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import docker
from docker.context import ContextAPI
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from .. import plan, server, symptoms
from ..errors import NotReady, StackError, WrongInput
from ..facts import Container, Holder, Process, Server, Versions
from ..project import Project, parse
from . import compose, content, inspection
from .compose import INSTALL, ComposeFailed, Say

__all__ = ["Engine", "Say"]

HEALTH_SECONDS = 120
"""How long containers may take to become healthy: twice the app's start period."""
POLL_SECONDS = 0.3
RESTARTS = 3
"""After so many, a container is not going to make it by itself."""


class Engine:
    """One Docker Engine."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client

    @classmethod
    def connect(cls) -> "Engine":
        """Return the engine that the `docker` command would use; NotReady when it does not answer."""
        if not shutil.which("docker"):
            raise NotReady("there is no `docker` command on this machine", hint=INSTALL)
        host = os.environ.get("DOCKER_HOST")
        context = {"base_url": host} if host else ContextAPI.kwargs_from_context()
        _refuse_remote(str(context.get("base_url") or ""))
        try:
            client = docker.from_env() if host else docker.DockerClient(**context)
            client.ping()
        except (DockerException, OSError) as error:
            raise _unreachable(error) from error
        return cls(client)

    # ------------------------------------------------------------------ reading

    def load(self, directory: Path) -> Project:
        """Return the project in a folder, as Compose understands its files; WrongInput when it does not."""
        folder = directory.resolve()
        if not folder.is_dir():
            raise WrongInput(f"{directory} is not a folder", hint=f"stack new {directory}")
        if not compose.has_files(folder):
            raise WrongInput(f"there is no compose.yaml in {directory}", hint=f"stack new {directory}")
        model = compose.model(folder)
        return parse(json.loads(model), compose.hashes(folder, model), folder)

    def versions(self) -> Versions:
        """Return the versions of engine and Compose."""
        return Versions(self._client.version()["Version"], compose.version())

    def containers(self, project: Project) -> tuple[Container, ...]:
        """Return the project's containers, running or not, without one-off ones."""
        label = f"com.docker.compose.project={project.name}"
        found = self._client.containers.list(all=True, filters={"label": label}, ignore_removed=True)
        every = [one.attrs for one in found if one.labels.get("com.docker.compose.oneoff") != "True"]
        return tuple(sorted(map(inspection.container, every), key=lambda one: one.name))

    def images(self, names: Iterable[str]) -> dict[str, str]:
        """Return the id of each image that is there."""
        found = {}
        for name in {name for name in names if name}:
            try:
                found[name] = str(self._client.images.get(name).id)
            except ImageNotFound:
                continue
        return found

    def build_image(self, project: Project) -> str:
        """Return the name that the app's image has when built from the files as they are; empty without a build."""
        return content.image_name(project.app)

    def holders(self, ports: Iterable[int]) -> tuple[Holder, ...]:
        """Return the containers, of any project, that publish one of these ports."""
        wanted = set(ports)
        return tuple(
            Holder(port.published, f"container {one.name}", one.labels.get("com.docker.compose.project", ""))
            for one in self._client.containers.list(ignore_removed=True)
            for port in inspection.ports(one.attrs)
            if port.published in wanted
        )

    def volumes(self, project: Project) -> tuple[str, ...]:
        """Return the names of the project's volumes that exist."""
        found = self._client.volumes.list(filters={"label": f"com.docker.compose.project={project.name}"})
        return tuple(sorted(volume.name for volume in found))

    def server(self, container: Container) -> Server:
        """Return the processes in a container, read from its own /proc; none when it cannot be read."""
        words = ["python", "-I", "-S", "-c", inspection.READ_PROC, *server.VARIABLES]
        try:
            result = self._client.containers.get(container.id).exec_run(words, stderr=False)
        except (APIError, NotFound):
            return Server(container.name, ())
        if result.exit_code or not isinstance(result.output, bytes):
            return Server(container.name, ())
        seen = json.loads(result.output)
        processes = tuple(Process(pid, parent, tuple(argv)) for pid, parent, argv in seen["processes"])
        return Server(container.name, processes, seen["environment"])

    def log(self, containers: Iterable[Container], since: datetime) -> tuple[Mapping[str, Any], ...]:
        """Return the JSON lines that containers wrote since a moment; nothing where a log cannot be read."""
        lines: list[Mapping[str, Any]] = []
        for container in containers:
            try:
                text = self._client.containers.get(container.id).logs(since=since.timestamp()).decode(errors="replace")
            except (APIError, NotFound):
                continue
            lines += (document for document in map(_json_object, text.splitlines()) if document)
        return tuple(lines)

    # ------------------------------------------------------------------ acting

    def apply(self, project: Project, step: plan.Step, say: Say) -> None:
        """Carry out one step that Docker has a part in; StackError with the evidence when it fails."""
        match step:
            case plan.BuildImage(service, image):
                compose.act(project.directory, say, "build", service, patch={service: {"image": image}})
            case plan.Smoke():
                _smoke(project, step, say)
            case plan.Promote(image, to):
                self._client.images.get(image).tag(to)
            case plan.Start(services):
                # With --no-deps Compose forgets `depends_on`, and the container's hash is another one for ever.
                # What is built elsewhere is built when its image is missing; the app's never is, at this point.
                compose.act(project.directory, say, "up", "--detach", *services)
            case plan.Restart(service):
                compose.act(project.directory, say, "restart", service)
            case plan.AwaitHealthy(services):
                self._await_healthy(project, services, say)
            case plan.SignLeaf() | plan.DropLeaf() | plan.AwaitCertificate():
                raise TypeError(f"not a step for Docker: {step!r}")

    def down(self, project: Project, say: Say, *, volumes: bool) -> None:
        """Stop and remove the project's containers and networks; its volumes only when asked."""
        compose.act(project.directory, say, "down", "--remove-orphans", *(["--volumes"] if volumes else []))

    def _await_healthy(self, project: Project, services: Sequence[str], say: Say) -> None:
        deadline = time.monotonic() + HEALTH_SECONDS
        while waiting := [one for one in self.containers(project) if one.service in services and not one.serving]:
            say(", ".join(f"{one.name} {one.health or one.state}" for one in waiting))
            broken = next((one for one in waiting if _hopeless(one)), None)
            if broken or time.monotonic() > deadline:
                raise self._not_healthy(project, broken or waiting[0])
            time.sleep(POLL_SECONDS)

    def _not_healthy(self, project: Project, container: Container) -> StackError:
        try:
            log = self._client.containers.get(container.id).logs(tail=12).decode(errors="replace")
        except (APIError, NotFound) as error:
            log = f"its log cannot be read: {error}"
        times = f", restarted {container.restarts} times" if container.restarts else ""
        if container.starved:
            times += ", killed for lack of memory: fewer STACK_WORKERS, or more STACK_APP_MEMORY, in .env"
        return StackError(
            f"{container.name} is {container.health or container.state}{times}",
            evidence=tuple(log.splitlines()),
            hint=symptoms.advice(log.splitlines())
            or f"cd {shlex.quote(str(project.directory))} && docker compose logs {container.service}",
        )


def _smoke(project: Project, step: plan.Smoke, say: Say) -> None:
    """Import the app in a container that has everything but labels: Traefik lists any that carries them (FACTS T14)."""
    alone = {"image": step.image, "labels": {}, "ports": [], "healthcheck": {"disable": True}}
    words = (
        "run",
        "--rm",
        "--no-deps",
        "--no-TTY",
        step.service,
        "python",
        "-c",
        inspection.IMPORT,
        step.app,
        step.folder,
    )
    try:
        compose.act(project.directory, say, *words, patch={step.service: alone})
    except ComposeFailed as error:
        if error.status != inspection.IMPORT_FAILED:
            raise
        raise StackError(
            f"the new image cannot import {step.app}; nothing that runs was touched",
            evidence=error.evidence,
            hint=symptoms.advice(error.evidence) or "mend the app, then `stack up` again",
        ) from error


def _hopeless(container: Container) -> bool:
    """Tell whether waiting longer is of no use: it says no, it has ended, or it keeps ending."""
    ended = container.state in {"exited", "dead"}
    return container.health == "unhealthy" or ended or container.restarts >= RESTARTS


def _refuse_remote(address: str) -> None:
    """Raise NotReady for an engine elsewhere: ports, files and the site itself are looked at here."""
    if address and not address.startswith(("unix://", "http+unix://", "npipe://")):
        raise NotReady(
            f"the Docker Engine in use is on another machine: {address}",
            hint="log in there and run `stack` there, or: docker context use default",
        )


def _json_object(line: str) -> Mapping[str, Any] | None:
    try:
        document = json.loads(line)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _unreachable(error: Exception) -> NotReady:
    text = str(error)
    if "Permission denied" in text or "PermissionError" in text:
        return NotReady(
            "you may not talk to the Docker Engine", hint="sudo usermod -aG docker $USER, then log in again"
        )
    return NotReady(
        "the Docker Engine does not answer", evidence=(text,), hint=f"sudo systemctl start docker; {INSTALL}"
    )
