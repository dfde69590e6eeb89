"""The only module that talks to Docker: the SDK to read, `docker compose` to act.

Both obey DOCKER_HOST, else the current context; the SDK by itself would not (FACTS C18).
"""

import hashlib
import json
import os
import shutil
import stat
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import docker
from docker.context import ContextAPI
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.utils.build import exclude_paths

from . import plan
from .errors import NotReady, StackError, WrongInput
from .facts import Container, Holder, Process, Server, Versions
from .project import Build, Port, Project, parse
from .server import VARIABLES

INSTALL = "https://docs.docker.com/engine/install/ tells how to get Docker Engine with Compose"
HEALTH_SECONDS = 120
"""How long containers may take to become healthy: twice the app's start period."""
POLL_SECONDS = 0.3
RESTARTS = 3
"""After so many, a container is not going to make it by itself."""

Say = Callable[[str], None]
"""Takes one line of progress."""
Patch = Mapping[str, Mapping[str, Any]]
"""What is to be different, for one command, in services."""


class Engine:
    """One Docker Engine."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client

    @classmethod
    def connect(cls) -> "Engine":
        """Return the engine that the `docker` command would use; NotReady when it does not answer."""
        if not shutil.which("docker"):
            raise NotReady("there is no `docker` command on this machine", hint=INSTALL)
        try:
            client = (
                docker.from_env()
                if os.environ.get("DOCKER_HOST")
                else docker.DockerClient(**ContextAPI.kwargs_from_context())
            )
            client.ping()
        except (DockerException, OSError) as error:
            raise _unreachable(error) from error
        return cls(client)

    # ------------------------------------------------------------------ reading

    def load(self, directory: Path) -> Project:
        """Return the project in a folder, as Compose understands its files; WrongInput when it does not."""
        if not directory.is_dir():
            raise WrongInput(f"{directory} is not a folder", hint=f"stack new {directory}")
        model = json.loads(_compose(directory, "config", "--format", "json"))
        hashes = (line.split(maxsplit=1) for line in _compose(directory, "config", "--hash", "*").splitlines())
        return parse(model, dict(hashes), directory.resolve())

    def versions(self) -> Versions:
        """Return the versions of engine, API and Compose."""
        server = self._client.version()
        return Versions(
            server["Version"], server["ApiVersion"], _output("docker", "compose", "version", "--short").strip()
        )

    def containers(self, project: Project) -> tuple[Container, ...]:
        """Return the project's containers, running or not, without one-off ones."""
        label = f"com.docker.compose.project={project.name}"
        found = self._client.containers.list(all=True, filters={"label": label}, ignore_removed=True)
        every = (_container(one.attrs) for one in found if one.labels.get("com.docker.compose.oneoff") != "True")
        return tuple(sorted(every, key=lambda one: one.name))

    def images(self, names: Iterable[str]) -> dict[str, str]:
        """Return the id of each image that is there."""
        found = {}
        for name in set(names):
            try:
                found[name] = str(self._client.images.get(name).id)
            except ImageNotFound:
                continue
        return found

    def holders(self, ports: Iterable[int]) -> tuple[Holder, ...]:
        """Return the containers, of any project, that publish one of these ports."""
        wanted = set(ports)
        return tuple(
            Holder(port.published, f"container {one.name}", one.labels.get("com.docker.compose.project", ""))
            for one in self._client.containers.list(ignore_removed=True)
            for port in _ports(one.attrs)
            if port.published in wanted
        )

    def volumes(self, project: Project) -> tuple[str, ...]:
        """Return the names of the project's volumes that exist."""
        found = self._client.volumes.list(filters={"label": f"com.docker.compose.project={project.name}"})
        return tuple(sorted(volume.name for volume in found))

    def server(self, container: Container) -> Server:
        """Return the processes in a container, read from its own /proc; none when it cannot be read."""
        try:
            result = self._client.containers.get(container.id).exec_run(
                ["python", "-I", "-S", "-c", _READ_PROC, *VARIABLES]
            )
        except (APIError, NotFound):
            return Server(container.name, ())
        if result.exit_code or not isinstance(result.output, bytes):
            return Server(container.name, ())
        seen = json.loads(result.output)
        processes = tuple(Process(pid, parent, tuple(argv)) for pid, parent, argv in seen["processes"])
        return Server(container.name, processes, seen["environment"])

    def log(self, containers: Iterable[Container], since: datetime) -> tuple[Mapping[str, Any], ...]:
        """Return the JSON lines that containers wrote since a moment; other lines are left out."""
        lines: list[Mapping[str, Any]] = []
        for container in containers:
            text = self._client.containers.get(container.id).logs(since=since.timestamp()).decode(errors="replace")
            lines += (document for document in map(_json_object, text.splitlines()) if document)
        return tuple(lines)

    # ------------------------------------------------------------------ acting

    def apply(self, project: Project, step: plan.Step, say: Say) -> None:
        """Carry out one step that Docker has a part in; StackError with the evidence when it fails."""
        match step:
            case plan.BuildImage(service, image):
                _stream(project, say, "build", service, patch={service: {"image": image}})
            case plan.Smoke(service, image, app):
                self._smoke(project, service, image, app, say)
            case plan.Promote(image, to):
                self._client.images.get(image).tag(to)
            case plan.Start(services):
                # With --no-deps Compose forgets `depends_on`, and the container's hash is another one for ever.
                # What is built elsewhere is built when its image is missing; the app's never is, at this point.
                _stream(project, say, "up", "--detach", *services)
            case plan.Restart(service):
                _stream(project, say, "restart", service)
            case plan.AwaitHealthy(services):
                self._await_healthy(project, services, say)
            case plan.SignLeaf() | plan.AwaitCertificate():
                raise TypeError(f"not a step for Docker: {step!r}")

    def down(self, project: Project, say: Say, *, volumes: bool) -> None:
        """Stop and remove the project's containers and networks; its volumes only when asked."""
        _stream(project, say, "down", "--remove-orphans", *(["--volumes"] if volumes else []))

    def _smoke(self, project: Project, service: str, image: str, app: str, say: Say) -> None:
        # No labels: Traefik lists any container that carries them (FACTS T14).
        alone = {"image": image, "labels": {}, "ports": [], "healthcheck": {"disable": True}}
        words = ("run", "--rm", "--no-deps", "--no-TTY", service, "python", "-c", _IMPORT, app)
        try:
            _stream(project, say, *words, patch={service: alone})
        except StackError as error:
            raise StackError(
                f"the new image cannot import {app}; nothing that runs was touched",
                evidence=error.evidence,
                hint="mend the app, then `stack up` again",
            ) from error

    def _await_healthy(self, project: Project, services: Sequence[str], say: Say) -> None:
        deadline = time.monotonic() + HEALTH_SECONDS
        while waiting := [one for one in self.containers(project) if one.service in services and not one.serving]:
            say(", ".join(f"{one.name} {one.health or one.state}" for one in waiting))
            broken = next((one for one in waiting if _hopeless(one)), None)
            if broken or time.monotonic() > deadline:
                raise self._not_healthy(broken or waiting[0])
            time.sleep(POLL_SECONDS)

    def _not_healthy(self, container: Container) -> StackError:
        log = self._client.containers.get(container.id).logs(tail=12).decode(errors="replace")
        return StackError(
            f"{container.name} is {container.health or container.state} (restarted {container.restarts} times)",
            evidence=tuple(log.splitlines()),
            hint=f"docker compose logs {container.service}",
        )

    # ------------------------------------------------------------------ naming what was built

    def build_image(self, project: Project) -> str:
        """Return the name that the app's image has when built from the files as they are; empty without a build."""
        app = project.app
        if app.build is None:
            return ""
        repository = app.image.rpartition(":")[0] or app.image
        return f"{repository}:{content_hash(app.build)}"


def content_hash(build: Build) -> str:
    """Return 12 hex digits over everything that an image is built from: the same files, the same name."""
    digest = hashlib.sha256(json.dumps(dict(build.args), sort_keys=True).encode())
    dockerfile = build.context / build.dockerfile
    digest.update(dockerfile.read_bytes())
    for path in sorted(exclude_paths(str(build.context), _ignored(build), dockerfile=build.dockerfile)):
        whole = build.context / path
        if whole.is_file():
            digest.update(f"{path}\0{stat.S_IMODE(whole.stat().st_mode)}\0".encode())
            digest.update(hashlib.sha256(whole.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _ignored(build: Build) -> list[str]:
    """Return the patterns of the .dockerignore that BuildKit reads: the Dockerfile's own, else the context's."""
    for name in (f"{build.dockerfile}.dockerignore", ".dockerignore"):
        path = build.context / name
        if path.exists():
            lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
            return [line for line in lines if line and not line.startswith("#")]
    return []


def _container(attrs: Mapping[str, Any]) -> Container:
    labels, state = attrs["Config"]["Labels"], attrs["State"]
    return Container(
        id=attrs["Id"],
        name=attrs["Name"].lstrip("/"),
        service=labels["com.docker.compose.service"],
        state=state["Status"],
        health=(state.get("Health") or {}).get("Status", ""),
        image_id=attrs["Image"],
        config_hash=labels.get("com.docker.compose.config-hash", ""),
        folder=labels.get("com.docker.compose.project.working_dir", ""),
        exit_code=state["ExitCode"],
        restarts=attrs["RestartCount"],
        addresses={
            name: net["IPAddress"] for name, net in attrs["NetworkSettings"]["Networks"].items() if net["IPAddress"]
        },
        ports=_ports(attrs),
    )


def _ports(attrs: Mapping[str, Any]) -> tuple[Port, ...]:
    # HostConfig keeps the ports of a stopped container too; a container that publishes "any port" shows it only here.
    bound = attrs["NetworkSettings"].get("Ports") or attrs["HostConfig"].get("PortBindings") or {}
    pairs = ((target, binding) for target, bindings in bound.items() for binding in bindings or ())
    found = {
        Port(int(one["HostPort"]), int(target.partition("/")[0]), one["HostIp"])
        for target, one in pairs
        if one["HostPort"]
    }
    return tuple(sorted(found, key=lambda port: (port.published, port.host_ip)))


def _hopeless(container: Container) -> bool:
    """Tell whether waiting longer is of no use: it says no, it has ended, or it keeps ending."""
    return container.health == "unhealthy" or container.state in {"exited", "dead"} or container.restarts >= RESTARTS


# ---------------------------------------------------------------------------- docker compose


def _compose(directory: Path, *words: str) -> str:
    """Run one quiet `docker compose` command that reads; WrongInput with its words when the files are wrong."""
    done = subprocess.run(["docker", "compose", *words], cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return done.stdout
    lines = tuple(line for line in done.stderr.strip().splitlines() if "level=warning" not in line)
    if "is not a docker command" in done.stderr or "unknown shorthand flag" in done.stderr:
        raise NotReady("the `docker` command has no Compose plug-in", hint=INSTALL)
    if "no configuration file provided" in done.stderr:
        raise WrongInput(f"there is no compose.yaml in {directory}", hint=f"stack new {directory}")
    raise WrongInput(
        f"Compose does not accept the files in {directory}", evidence=lines[-5:], hint="mend the file it names"
    )


def _output(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotReady(
            f"`{' '.join(words)}` failed", evidence=tuple(done.stderr.strip().splitlines()[-5:]), hint=INSTALL
        )
    return done.stdout


def _stream(project: Project, say: Say, *words: str, patch: Patch | None = None) -> None:
    """Run `docker compose`, a line of progress at a time; StackError with its last lines when it fails."""
    with ExitStack() as stack:
        files = _patched(project, patch, stack) if patch else []
        process = stack.enter_context(
            subprocess.Popen(
                ["docker", "compose", "--progress", "plain", *files, *words],
                cwd=project.directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        )
        tail = deque(_said(process.stdout or (), say), maxlen=15)
    if process.returncode:
        raise StackError(
            f"`docker compose {words[0]}` failed with status {process.returncode}",
            evidence=tuple(tail),
            hint=f"in {project.directory}: docker compose {words[0]}",
        )


def _patched(project: Project, patch: Patch, stack: ExitStack) -> list[str]:
    """Return the words that make Compose read its own model, patched, for as long as the stack is open.

    The model, because whatever files and variables it came from are in it already.
    """
    model = json.loads(_compose(project.directory, "config", "--format", "json"))
    for service, changes in patch.items():
        model["services"][service] |= changes
    file = stack.enter_context(tempfile.NamedTemporaryFile("w", suffix=".json"))  # noqa: SIM115 - the stack closes it
    json.dump(model, file)
    file.flush()
    return ["--project-directory", str(project.directory), "--file", file.name]


def _said(lines: Iterable[str], say: Say) -> Iterator[str]:
    for line in lines:
        if line.strip():
            say(line.strip())
            yield line.rstrip()


def _json_object(line: str) -> Mapping[str, Any] | None:
    try:
        document = json.loads(line)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _unreachable(error: Exception) -> NotReady:
    text = str(error)
    if "Permission denied" in text:
        return NotReady(
            "you may not talk to the Docker Engine", hint="sudo usermod -aG docker $USER, then log in again"
        )
    return NotReady(
        "the Docker Engine does not answer", evidence=(text,), hint=f"sudo systemctl start docker; {INSTALL}"
    )


_IMPORT = """
import importlib, sys
module, _, path = sys.argv[1].partition(":")
found = importlib.import_module(module)
for name in (path or "app").split("."):
    found = getattr(found, name)
"""

_READ_PROC = """
import json, os, sys
def text(path):
    with open(path, "rb") as file:
        return file.read().decode(errors="replace")
processes = []
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        state, parent = text(f"/proc/{pid}/stat").rpartition(") ")[2].split()[:2]
        argv = text(f"/proc/{pid}/cmdline").split(chr(0))[:-1]
    except OSError:
        continue
    if state != "Z" and int(pid) != os.getpid():
        processes.append([int(pid), int(parent), argv])
variables = dict(line.split("=", 1) for line in text("/proc/1/environ").split(chr(0)) if "=" in line)
environment = {name: variables[name] for name in sys.argv[1:] if name in variables}
print(json.dumps({"processes": sorted(processes), "environment": environment}))
"""
