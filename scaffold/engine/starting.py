"""Starting containers, waiting for what becomes of them, and telling why nothing did."""

import shlex
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from docker import DockerClient

from .. import symptoms
from ..errors import StackError
from ..facts import Container
from ..project import PROXY, Project
from . import compose, handover, inspection, present, throwaway
from .compose import Say

HEALTH_SECONDS = 120
"""How long containers may take to become healthy: twice the app's start period."""
POLL_SECONDS = 0.3
ENDINGS: Mapping[int, str] = {
    124: " (it took longer than STACK_PRESTART_SECONDS in .env allows)",
    137: " (killed: for lack of memory, or ten seconds after STACK_PRESTART_SECONDS in .env)",
}
"""What it means when `timeout`, or the kernel, had to end a command."""
RESTARTS = 3
"""After so many, a container is not going to make it by itself."""


def start(client: DockerClient, project: Project, services: Sequence[str], say: Say) -> None:
    """Start services; what they need and what is as the files say is left alone.

    With --no-deps Compose forgets `depends_on`, and the container's hash is another one for ever; without it `up`
    runs again what is to run once. So what waits for such a service is created by Compose and started here.
    What is built elsewhere is built when its image is missing; the app's never is, at this point.
    """
    ending = {one.name for one in project.services if one.one_shot}
    apart = [name for name in services if ending & set(project.service(name).needs)]
    if PROXY in services:
        throwaway.clear_away(client, project)
        # Docker does not start one again that was in a network that is gone by now.
        handover.release(client, project.name, [PROXY], idle=True)
    if plain := [name for name in services if name not in apart]:
        compose.act(project.directory, say, "up", "--detach", *plain)
    if apart:
        compose.act(project.directory, say, "create", *apart)
        for one in present.containers(client, project.name):
            if one.service in apart and one.state != "running":
                client.containers.get(one.id).start()


def run_once(client: DockerClient, project: Project, service: str, say: Say) -> None:
    """Run a one-shot service and wait for its end; StackError with its last words when it ends badly."""
    since = datetime.now(UTC)
    compose.act(project.directory, say, "up", "--detach", service)
    found = next(one for one in present.containers(client, project.name) if one.service == service)
    running = client.containers.get(found.id)
    for line in running.logs(stream=True, follow=True, since=since):
        say(line.decode(errors="replace").strip())
    status = running.wait()["StatusCode"]
    if status:
        raise _ended_badly(client, found, status)


def _ended_badly(client: DockerClient, container: Container, status: int) -> StackError:
    said = present.last_words(client, container)
    return StackError(
        f"{container.service} ended with status {status}{ENDINGS.get(status, '')}; the app was not touched",
        evidence=said,
        hint=symptoms.advice(said) or f"mend what `{container.service}` runs, in compose.app.yaml; then: stack up",
    )


def await_healthy(client: DockerClient, project: Project, services: Sequence[str], say: Say) -> None:
    """Wait until all containers of some services serve; StackError with the last words of one that will not."""
    deadline = time.monotonic() + HEALTH_SECONDS
    while waiting := _waiting(client, project, services):
        say(", ".join(f"{one.name} {one.health or one.state}" for one in waiting))
        broken = next((one for one in waiting if _hopeless(one)), None)
        if broken or time.monotonic() > deadline:
            raise _not_healthy(client, project, broken or waiting[0])
        time.sleep(POLL_SECONDS)


def _waiting(client: DockerClient, project: Project, services: Sequence[str]) -> list[Container]:
    found = present.containers(client, project.name)
    return [one for one in found if one.service in services and not one.serving]


def _not_healthy(client: DockerClient, project: Project, container: Container) -> StackError:
    said = present.last_words(client, container)
    times = f", restarted {container.restarts} times" if container.restarts else ""
    if container.starved or container.exit_code == inspection.SIGKILLED:
        times += ", killed for lack of memory: fewer STACK_WORKERS, or more STACK_APP_MEMORY, in .env"
    return StackError(
        f"{container.name} is {container.health or container.state}{times}",
        evidence=said,
        hint=symptoms.advice(said)
        or f"cd {shlex.quote(str(project.directory))} && docker compose logs {container.service}",
    )


def _hopeless(container: Container) -> bool:
    """Tell whether waiting longer is of no use: it says no, it has ended, or it keeps ending."""
    ended = container.state in {"exited", "dead"}
    return container.health == "unhealthy" or ended or container.restarts >= RESTARTS
