"""The only package that talks to Docker: the SDK to read, `docker compose` to act.

Both obey DOCKER_HOST, else the current context; the SDK by itself would not (FACTS C18).
"""

import json
import os
import shlex
import shutil
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker
from docker.context import ContextAPI
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from .. import plan, rehearsal, server, symptoms
from ..errors import NotReady, StackError, WrongInput
from ..facts import Container, Holder, Kept, Leaver, Process, Server, Versions
from ..model import parse
from ..project import APP, PROXY, Project
from ..routing import Claim
from . import compose, content, handover, inspection, labels, neighbours, smoke, volumes
from .compose import DEVELOPMENT, INSTALL, ComposeFailed, Ended, Say

__all__ = ["DEVELOPMENT", "ComposeFailed", "Ended", "Engine", "Say", "folder"]

HEALTH_SECONDS = 120
"""How long containers may take to become healthy: twice the app's start period."""
POLL_SECONDS = 0.3
LAST_WORDS = 12
"""Lines of a log that are evidence."""
ENDINGS: Mapping[int, str] = {
    124: " (it took longer than STACK_PRESTART_SECONDS in .env allows)",
    137: " (killed: for lack of memory, or ten seconds after STACK_PRESTART_SECONDS in .env)",
}
"""What it means when `timeout`, or the kernel, had to end a command."""
GONE = (404, 409)
"""What Docker answers about a container that is not there, or is being removed."""
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

    def load(self, directory: Path, files: Sequence[str] = (), *, joined: bool = True) -> Project:
        """Return the project in a folder, as Compose understands its files; WrongInput when it does not.

        With the shared proxy that it joins, if that is there; NotReady when that one's files cannot be read. What has
        nothing to do with how the project is served goes without.
        """
        place = folder(directory)
        model = compose.model(place, files)
        project = parse(json.loads(model), compose.hashes(place, model), place)
        if not (joined and project.joins):
            return project
        return replace(project, front=neighbours.front(self._client, project.joins))

    def versions(self) -> Versions:
        """Return the versions of engine and Compose."""
        said = self._client.version()
        return Versions(said["Version"], compose.version(), said.get("MinAPIVersion", ""))

    def data_folder(self) -> Path:
        """Return the folder where the engine keeps images, containers and volumes."""
        return Path(self._client.info()["DockerRootDir"])

    def containers(self, project: Project) -> tuple[Container, ...]:
        """Return the project's containers, running or not, without one-off ones."""
        every = [one.attrs for one in labels.bearing(self._client, labels.PROJECT, project.name)]
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
        app = project.find(APP)
        return content.image_name(app) if app else ""

    def claims(self, project: Project) -> tuple[Claim, ...]:
        """Return what other projects claim on the shared proxy that a project joins, or is; else nothing."""
        proxy = project.joins or (project.name if project.is_proxy else "")
        return neighbours.claims(self._client, proxy, project.name) if proxy else ()

    def holders(self, ports: Iterable[int]) -> tuple[Holder, ...]:
        """Return the containers, of any project, that publish one of these ports."""
        wanted = set(ports)
        return tuple(
            Holder(port.published, f"container {one.name}", one.labels.get(labels.PROJECT, ""))
            for one in self._client.containers.list(ignore_removed=True)
            for port in inspection.ports(one.attrs)
            if port.published in wanted
        )

    def volumes(self, project: Project) -> tuple[str, ...]:
        """Return the names of the project's volumes that exist."""
        return volumes.names(self._client, project)

    def data_version(self, project: Project, images: Collection[str]) -> str | None:
        """Return the major version of the PostgreSQL that made the data in its volume; empty where there is none.

        None when it cannot be told, because there is no image to look with.
        """
        return volumes.data_version(self._client, project, images)

    def certified(self, project: Project, images: Collection[str]) -> frozenset[str] | None:
        """Return the names that Traefik has a certificate of the wanted authority for; None when it cannot be told."""
        return volumes.certified(self._client, project, images)

    def kept(self, project: Project, images: Collection[str]) -> tuple[Kept, ...]:
        """Return what other projects' volumes have of the wanted authority's certificates."""
        return volumes.kept(self._client, project, images)

    def leavers(self, project: Project, names: Iterable[str]) -> tuple[Leaver, ...]:
        """Return those of some projects whose files say by now that they join this shared proxy."""
        return neighbours.leavers(self._client, project, names)

    def server_version(self, image: str) -> str:
        """Return the major version of PostgreSQL in an image: its own word, else its tag's; empty without either."""
        try:
            variables = self._client.images.get(image).attrs["Config"].get("Env") or []
        except ImageNotFound:
            variables = []
        return inspection.major(image, variables)

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
            lines += inspection.documents(text)
        return tuple(lines)

    # ------------------------------------------------------------------ acting

    def apply(self, project: Project, step: plan.Step, say: Say) -> None:
        """Carry out one step that Docker has a part in; StackError with the evidence when it fails."""
        try:
            self._apply(project, step, say)
        except DockerException as error:
            raise StackError(
                f"Docker could not {step}", evidence=(str(error),), hint="mend what it names; then: stack up"
            ) from error

    def _apply(self, project: Project, step: plan.Step, say: Say) -> None:  # noqa: C901 - a line for each kind of step
        match step:
            case plan.BuildImage(service, image):
                compose.act(project.directory, say, "build", service, patch={service: {"image": image}})
            case plan.Smoke():
                smoke.run(project, step, say)
            case plan.Promote(image, to):
                self._client.images.get(image).tag(to)
            case plan.RunOnce(service):
                self._run_once(project, service, say)
            case plan.Start(services):
                self._start(project, services, say)
            case plan.Restart(service):
                compose.act(project.directory, say, "restart", service)
            case plan.Stop(service):
                compose.act(project.directory, say, "stop", service)
            case plan.Release(name, services):
                if name != project.name:  # images first, and everything else that may fail
                    compose.act(project.directory, say, "create")
                handover.release(self._client, name, services)
            case plan.TakeCertificates(hosts, volume):
                compose.act(project.directory, say, "create", project.proxy.name)
                volumes.take(self._client, project, volume, hosts)
            case plan.AwaitHealthy(services):
                self._await_healthy(project, services, say)
            case plan.SignLeaf() | plan.DropLeaf() | plan.MakeSecret() | plan.Rehearse() | plan.AwaitCertificate():
                raise TypeError(f"not a step for Docker: {step!r}")

    @contextmanager
    def rehearsal(self, project: Project, hosts: Sequence[str], say: Say) -> Iterator[Container]:
        """Run a throw-away Traefik that orders certificates for these hosts from the authority for trials."""
        self._clear_away(project)
        if not self.images([project.proxy.image]):
            compose.act(project.directory, say, "pull", project.proxy.name)
        name, words = rehearsal.name(project), ("run", "--detach", "--no-deps", "--service-ports", "--name")
        patch = {project.proxy.name: rehearsal.patch(project, hosts)}
        try:
            compose.act(project.directory, say, *words, name, project.proxy.name, patch=patch, alone=True)
            yield inspection.container(self._client.containers.get(name).attrs)
        finally:
            self._clear_away(project)

    def _clear_away(self, project: Project) -> None:
        """Remove the throw-away Traefik, also one that a killed `up` left on the ports."""
        name = rehearsal.name(project)
        try:
            self._client.containers.get(name).remove(force=True, v=True)
        except APIError as error:
            if error.status_code not in GONE:
                raise StackError(
                    f"the throw-away Traefik {name} cannot be removed: {error}", hint=f"docker rm --force {name}"
                ) from error

    def refuse_ended(self, container: Container) -> None:
        """Raise StackError with its last words when a container has ended."""
        found = self._client.containers.get(container.id)
        if found.status in {"exited", "dead"}:
            said = self._last_words(container)
            raise StackError(
                f"{container.name}, the throw-away Traefik of the rehearsal, ended",
                evidence=said,
                hint="mend what it says, in .env or secrets/traefik.env, then `stack up`",
            )

    def down(self, project: Project, say: Say, *, volumes: bool, files: Sequence[str] = ()) -> None:
        """Stop and remove the project's containers and networks; its volumes only when asked."""
        words = ["down", "--remove-orphans", *(["--volumes"] if volumes else [])]
        compose.act(project.directory, say, *words, files=files)
        if project.joins and not files:
            self._remove_network(project)

    def _remove_network(self, project: Project) -> None:
        """Remove the network that the shared Traefik is in; StackError with the evidence when it stays."""
        try:
            handover.remove_network(self._client, project.name, project.edge)
        except DockerException as error:
            raise StackError(
                f"the network {project.edge} could not be removed", evidence=(str(error),), hint="stack down once more"
            ) from error

    def enter(
        self, project: Project, service: str, words: Sequence[str], environment: Mapping[str, str], *, terminal: bool
    ) -> int:
        """Run a command in a service's container, with our terminal for its own; return its exit status."""
        options = [f"--env={name}={value}" for name, value in environment.items()]
        options += [] if terminal else ["--no-TTY"]
        return compose.attached(project.directory, "exec", *options, service, *words).status

    def feed(self, project: Project, service: str, words: Sequence[str], text: str) -> None:
        """Run a command in a service's container that takes a text; StackError with what it said when it fails."""
        compose.feed(project.directory, text, "exec", "--no-TTY", service, *words)

    def develop(self, project: Project) -> Ended:
        """Build and start the project for development, with our terminal for its own, until it ends."""
        return compose.attached(project.directory, "up", "--build", files=DEVELOPMENT)

    def _start(self, project: Project, services: Sequence[str], say: Say) -> None:
        """Start services; what they need and what is as the files say is left alone.

        With --no-deps Compose forgets `depends_on`, and the container's hash is another one for ever; without it `up`
        runs again what is to run once. So what waits for such a service is created by Compose and started here.
        What is built elsewhere is built when its image is missing; the app's never is, at this point.
        """
        ending = {one.name for one in project.services if one.one_shot}
        apart = [name for name in services if ending & set(project.service(name).needs)]
        if PROXY in services:
            self._clear_away(project)
            # Docker does not start one again that was in a network that is gone by now.
            handover.release(self._client, project.name, [PROXY], idle=True)
        if plain := [name for name in services if name not in apart]:
            compose.act(project.directory, say, "up", "--detach", *plain)
        if apart:
            compose.act(project.directory, say, "create", *apart)
            for one in self.containers(project):
                if one.service in apart and one.state != "running":
                    self._client.containers.get(one.id).start()

    def _run_once(self, project: Project, service: str, say: Say) -> None:
        """Run a one-shot service and wait for its end; StackError with its last words when it ends badly."""
        since = datetime.now(UTC)
        compose.act(project.directory, say, "up", "--detach", service)
        found = next(one for one in self.containers(project) if one.service == service)
        running = self._client.containers.get(found.id)
        for line in running.logs(stream=True, follow=True, since=since):
            say(line.decode(errors="replace").strip())
        status = running.wait()["StatusCode"]
        if status:
            raise self._ended_badly(found, status)

    def _ended_badly(self, container: Container, status: int) -> StackError:
        said = self._last_words(container)
        return StackError(
            f"{container.service} ended with status {status}{ENDINGS.get(status, '')}; the app was not touched",
            evidence=said,
            hint=symptoms.advice(said) or f"mend what `{container.service}` runs, in compose.app.yaml; then: stack up",
        )

    def _await_healthy(self, project: Project, services: Sequence[str], say: Say) -> None:
        deadline = time.monotonic() + HEALTH_SECONDS
        while waiting := [one for one in self.containers(project) if one.service in services and not one.serving]:
            say(", ".join(f"{one.name} {one.health or one.state}" for one in waiting))
            broken = next((one for one in waiting if _hopeless(one)), None)
            if broken or time.monotonic() > deadline:
                raise self._not_healthy(project, broken or waiting[0])
            time.sleep(POLL_SECONDS)

    def _not_healthy(self, project: Project, container: Container) -> StackError:
        said = self._last_words(container)
        times = f", restarted {container.restarts} times" if container.restarts else ""
        if container.starved:
            times += ", killed for lack of memory: fewer STACK_WORKERS, or more STACK_APP_MEMORY, in .env"
        return StackError(
            f"{container.name} is {container.health or container.state}{times}",
            evidence=said,
            hint=symptoms.advice(said)
            or f"cd {shlex.quote(str(project.directory))} && docker compose logs {container.service}",
        )

    def _last_words(self, container: Container) -> tuple[str, ...]:
        """Return the end of a container's log, and what its healthcheck says."""
        try:
            log = self._client.containers.get(container.id).logs(tail=LAST_WORDS).decode(errors="replace")
        except (APIError, NotFound) as error:
            log = f"its log cannot be read: {error}"
        return (*log.splitlines(), *(f"healthcheck: {line}" for line in container.words.splitlines()))


def folder(directory: Path) -> Path:
    """Return the folder of a project in full; WrongInput when it is none. Needs no engine."""
    place = directory.resolve()
    if not place.is_dir():
        raise WrongInput(f"{directory} is not a folder", hint=f"stack new {directory}")
    if not compose.has_files(place):
        raise WrongInput(f"there is no compose.yaml in {directory}", hint=f"stack new {directory}")
    return place


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


def _unreachable(error: Exception) -> NotReady:
    text = str(error)
    if "Permission denied" in text or "PermissionError" in text:
        return NotReady(
            "you may not talk to the Docker Engine", hint="sudo usermod -aG docker $USER, then log in again"
        )
    return NotReady(
        "the Docker Engine does not answer", evidence=(text,), hint=f"sudo systemctl start docker; {INSTALL}"
    )
