"""The only package that talks to Docker: the SDK to read, `docker compose` to act.

Both obey DOCKER_HOST, else the current context; the SDK by itself would not (FACTS C18).
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from .. import loglines, plan, premises
from ..errors import StackError, WrongInput
from ..facts import Container, Deaths, Edition, Facts, Holder, Kept, Leaver, Server, Versions
from ..loglines import Traffic
from ..model import parse
from ..project import APP, PROXY, Project
from ..record import Stopped
from ..routing import Claim
from . import (
    compose,
    connection,
    content,
    endings,
    handover,
    images,
    inspection,
    labels,
    listening,
    neighbours,
    present,
    rolling,
    smoke,
    starting,
    throwaway,
    usage,
    volumes,
)
from .compose import DEVELOPMENT, ComposeFailed, Ended, Say
from .content import wanted
from .insight import Insight
from .usage import Meter
from .volumes import clear_away
from .workshop import Workshop

__all__ = ["DEVELOPMENT", "ComposeFailed", "Ended", "Engine", "Meter", "Say", "Workshop", "wanted"]


class Engine:
    """One Docker Engine."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client
        self._models: dict[Path, str] = {}
        self._workshop: Workshop | None = None

    @classmethod
    def connect(cls, directory: Path) -> "Engine":
        """Return the engine that `docker` uses on the machine of a folder; NotReady when it does not answer."""
        return cls(connection.client(directory))

    def build_at(self, workshop: Workshop) -> None:
        """Have images built by another engine from now on, and carried to this one."""
        self._workshop = workshop

    def close(self) -> None:
        """Let go of the connections: whoever looks again and again would run out of them."""
        self._client.close()

    # ------------------------------------------------------------------ reading

    def load(self, directory: Path, files: Sequence[str] = (), *, joined: bool = True, hashed: bool = True) -> Project:
        """Return the project in a folder, as Compose understands its files; WrongInput when it does not.

        With the shared proxy that it joins, if that is there; NotReady when that one's files cannot be read. What has
        nothing to do with how the project is served goes without; what compares no definitions, without their hashes.
        """
        place = premises.folder(directory)
        model = self._models[place] = compose.model(place, files)
        project = parse(json.loads(model), compose.hashes(place, model) if hashed else {}, place)
        if not (joined and project.joins):
            return project
        return replace(project, front=neighbours.front(self._client, project.joins, place))

    def versions(self, directory: Path) -> Versions:
        """Return the versions of engine and Compose, of which a folder's machine has one."""
        said = self._client.version()
        return Versions(said["Version"], compose.version(directory), said.get("MinAPIVersion", ""))

    def host(self, project: Project) -> tuple[Path, bool]:
        """Return the folder where the engine keeps everything, and whether it can limit memory."""
        said = self._client.info()
        return project.directory / said["DockerRootDir"], bool(said.get("MemoryLimit", True))

    def containers(self, project: Project) -> tuple[Container, ...]:
        """Return the project's containers, running or not, without one-off ones."""
        return present.containers(self._client, project.name)

    def services(self, project: Project) -> frozenset[str]:
        """Return the names of all services in a project's files, those of profiles that nobody asked for, too."""
        return compose.services(project.directory)

    def started_from(self, directory: Path) -> tuple[str, ...]:
        """Return the ids of the containers that run and that Compose made in a folder, whatever the project."""
        found = self._client.api.containers(filters={"label": f"{labels.FOLDER}={directory}"})
        return tuple(str(one["Id"]) for one in found)

    def meter(self) -> Meter:
        """Return what tells what containers take."""
        return Meter(self._client)

    def images(self, names: Iterable[str]) -> dict[str, str]:
        """Return the id of each image that is there."""
        return present.images(self._client, names)

    def image_id(self, project: Project, name: str = "") -> str:
        """Return the id of the app's image, or of another one; empty where there is none, and where nobody tells."""
        with suppress(DockerException, OSError, WrongInput):  # a shared proxy has no app
            wanted = name or project.app.image
            return self.images([wanted]).get(wanted, "")
        return ""

    def build_image(self, project: Project, editions: Iterable[Edition], version: Callable[[], str]) -> str:
        """Return the name that the app's image has when built from the files as they are; empty without a build.

        `version` tells what to call what has not been built yet, beside its content.
        """
        app = project.find(APP)
        return content.image_name(app, editions, version) if app else ""

    def editions(self, project: Project) -> tuple[Edition, ...]:
        """Return the app's images that were built here and are still there."""
        app = project.find(APP)
        return images.editions(self._client, app) if app and app.build else ()

    def migrations(self, project: Project) -> tuple[str, ...]:
        """Return the names of the migrations among what the app's image is built from."""
        app = project.find(APP)
        return content.migrations(app.build) if app and app.build else ()

    def tidy(self, project: Project) -> None:
        """Remove what an `up` that was killed may have left beside the stack."""
        smoke.clear_away(self._client, project)

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

    def server(self, container: Container, project: Project) -> Server:
        """Return what goes on in a container of the app, by its own /proc; nothing where it cannot be read."""
        words = ["python", "-I", "-S", "-c", inspection.READ_PROC, inspection.question(project)]
        try:
            result = self._client.containers.get(container.id).exec_run(words, stderr=False)
        except (APIError, NotFound):
            return Server(container.name, ())
        if result.exit_code or not isinstance(result.output, bytes):  # no Python in it
            return Server(container.name, (), confinement=listening.confinement(self._client, container))
        try:
            return inspection.server(container.name, json.loads(result.output))
        except ValueError:  # it ended before it had said all
            return Server(container.name, ())

    def insides(self, containers: Iterable[Container], project: Project) -> tuple[Server, ...]:
        """Return what goes on in containers of the app, as far as each says it in time."""
        known = {one.id: one for one in containers}
        found = usage.side_by_side(lambda one: self.server(known[one], project), known, usage.INSIDE_SECONDS)
        return tuple(found.get(one) or Server(known[one].name, ()) for one in known)

    def servers(self, containers: Iterable[Container]) -> tuple[Server, ...]:
        """Return the processes of the app's containers that run, without anything run inside."""
        app = {one.id: one.name for one in containers if one.service == APP and one.state == "running"}
        found = usage.side_by_side(partial(usage.processes, self._client), app)
        return tuple(Server(app[one], processes) for one, processes in found.items())

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

    def traffic(self, project: Project, since: datetime) -> Traffic:
        """Return how many requests for the app came to Traefik since a moment, and how many were lost."""
        proxies = [one for one in present.containers(self._client, project.serving.name) if one.service == PROXY]
        return loglines.traffic(self.log(proxies, since), project)

    def last_words(self, project: Project, but: Collection[str]) -> tuple[str, ...]:
        """Return the end of what the app's containers wrote that run, but for some."""
        own = self.containers(project)
        found = [one for one in own if one.service == APP and one.name not in but and one.state == "running"]
        return tuple(line for one in found for line in present.last_words(self._client, one))

    def deaths(self, containers: Iterable[Container], since: datetime) -> tuple[Deaths, ...]:
        """Return what containers of the app wrote since a moment about workers that died."""
        return listening.deaths(self._client, containers, since)

    def endings(self, project: Project) -> AbstractContextManager[Callable[[], tuple[Stopped, ...]]]:
        """Watch how containers of the app end; what it gives returns those that were told to."""
        return endings.watched(self._client, project.name)

    def insight(self, project: Project, facts: Facts) -> Insight:
        """Return looks into what nobody outside should reach."""
        return Insight(self._client, project, facts)

    # ------------------------------------------------------------------ acting

    def apply(self, project: Project, step: plan.Step, say: Say) -> None:
        """Carry out one step that Docker has a part in; StackError with the evidence when it fails."""
        self._client.api.timeout = connection.ACT_SECONDS
        try:
            self._apply(project, step, say)
        except (DockerException, OSError) as error:  # the second when the engine goes away in between
            raise StackError(
                f"Docker could not {step}", evidence=(str(error),), hint="mend what it names; then: stack up"
            ) from error

    def _apply(  # noqa: C901, PLR0912 - a line for each kind of step
        self, project: Project, step: plan.Step, say: Say
    ) -> None:
        match step:
            case plan.BuildImage():
                self._build(project, step, say)
            case plan.Smoke():
                smoke.run(self._client, project, self._model(project), step, say)
            case plan.Promote(image, to):
                self._client.images.get(image).tag(to)
            case plan.RunOnce():
                starting.run_once(self._client, project, step, say)
            case plan.Start():
                starting.start(self._client, project, step, say)
            case plan.Join() | plan.AwaitListed() | plan.Retire() | plan.Rejoin() | plan.Remove() | plan.Forget():
                self._roll(project, step, say)
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
                starting.await_healthy(self._client, project, services, say)
            case _:
                raise TypeError(f"not a step for Docker: {step!r}")

    def _build(self, project: Project, step: plan.BuildImage, say: Say) -> None:
        build = project.service(step.service).build
        if self._workshop:
            self._workshop.build(self._client, project, self._model(project), step, say)
            return
        patch = {step.service: {"image": step.image}}
        with images.unmixed(self._client, build, step.image) if build else nullcontext():
            compose.act_on(self._model(project), project.directory, say, "build", step.service, patch=patch)

    def _model(self, project: Project) -> str:
        """Return the model that a project was loaded from: what the plan was made of, whatever is edited meanwhile."""
        return self._models.get(project.directory) or compose.model(project.directory)

    def _roll(self, project: Project, step: plan.Step, say: Say) -> None:
        match step:
            case plan.Join():
                rolling.join(self._client, project, step, say)
            case plan.AwaitListed(containers):
                rolling.await_listed(self._client, project, containers, say)
            case plan.Retire():
                rolling.retire(self._client, project, step, say)
            case plan.Rejoin():
                rolling.rejoin(self._client, project, step, say)
            case plan.Remove(containers):
                rolling.remove(self._client, containers)
            case plan.Forget(names):
                images.forget(self._client, names)

    def rehearsal(self, project: Project, hosts: Sequence[str], say: Say) -> AbstractContextManager[Container]:
        """Run a throw-away Traefik that orders certificates for these hosts from the authority for trials."""
        return throwaway.rehearsal(self._client, project, hosts, say)

    def refuse_ended(self, container: Container) -> None:
        """Raise StackError with its last words when a container of a rehearsal has ended."""
        throwaway.refuse_ended(self._client, container)

    def down(self, project: Project, say: Say, *, volumes: bool, files: Sequence[str] = ()) -> None:
        """Stop and remove the project's containers and networks; its volumes only when asked."""
        if volumes:
            clear_away(self._client)
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
        return compose.attached(project.directory, "exec", *options, service, *words, terminal=terminal).status

    def feed(self, project: Project, service: str, words: Sequence[str], text: str) -> None:
        """Run a command in a service's container that takes a text; StackError with what it said when it fails."""
        compose.feed(project.directory, text, "exec", "--no-TTY", service, *words)

    def said(self, project: Project, services: Sequence[str], *options: str) -> AbstractContextManager[Iterator[bytes]]:
        """Return the lines of containers' logs as Compose tells them, with the time of each: by `with`."""
        return compose.lines(project.directory, "logs", "--timestamps", "--no-color", *options, "--", *services)

    def develop(self, project: Project) -> Ended:
        """Build and start the project for development, with our terminal for its own, until it ends."""
        return compose.attached(project.directory, "up", "--build", files=DEVELOPMENT)
