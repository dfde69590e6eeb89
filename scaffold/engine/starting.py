"""Starting containers, waiting for what becomes of them, and telling why nothing did."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime

from docker import DockerClient

from .. import places, plan, symptoms
from ..errors import StackError
from ..facts import Container
from ..project import PROXY, Project
from . import compose, handover, inspection, present, throwaway
from .compose import Say

HEALTH_SECONDS = 120
"""How long containers may take to become healthy: twice the app's start period."""
JOINED_SECONDS = 30
POLL_SECONDS = 0.1
"""Each look takes some 20 ms of the engine's time."""
ENDINGS: Mapping[int, str] = {
    124: " (it took longer than STACK_PRESTART_SECONDS in .env allows)",
    137: " (killed: for lack of memory, or ten seconds after STACK_PRESTART_SECONDS in .env)",
}
"""What it means when `timeout`, or the kernel, had to end a command."""
RESTARTS = 3
"""After so many, a container is not going to make it by itself."""


def start(client: DockerClient, project: Project, step: plan.Start, say: Say) -> None:
    """Start services; what they need and what is as the files say is left alone.

    With --no-deps Compose forgets `depends_on`, and the container's hash is another one for ever; without it `up`
    runs again what is to run once. So what waits for such a service is created by Compose and started here.
    What is built elsewhere is built when its image is missing; the app's never is, at this point.
    """
    services, ending = step.services, {one.name for one in project.services if one.one_shot}
    apart = [name for name in services if ending & set(project.service(name).needs)]
    if PROXY in services:
        throwaway.clear_away(client, project)
        # Docker does not start one again that was in a network that is gone by now.
        handover.release(client, project.name, [PROXY], idle=True)
    made: tuple[Container, ...] = ()
    with _meaning(client, project, step.image):
        if plain := [name for name in services if name not in apart]:
            compose.act(project.directory, say, "up", "--detach", *plain)
        if apart:
            made = created(client, project, say, *apart)
    for one in made:
        if one.service in apart and one.state != "running":
            client.containers.get(one.id).start()


def created(client: DockerClient, project: Project, say: Say, *words: str) -> tuple[Container, ...]:
    """Have Compose make containers that it does not start, and return all of the project that there are then.

    It makes what they need along with them. Of that, what runs once is removed again: nobody has asked for a run.
    """
    before = {one.id for one in present.containers(client, project.name)}
    compose.act(project.directory, say, "create", *words)
    found = present.containers(client, project.name)
    ending = {one.name for one in project.services if one.one_shot}
    along = {one.id for one in found if one.id not in before and one.state == "created" and one.service in ending}
    for one in along:
        client.containers.get(one).remove(v=True)
    return tuple(one for one in found if one.id not in along)


def _meaning(client: DockerClient, project: Project, image: str) -> AbstractContextManager[None]:
    return present.meaning(client, project.app.image, image) if image else nullcontext()


def run_once(client: DockerClient, project: Project, step: plan.RunOnce, say: Say) -> None:
    """Run a one-shot service and wait for its end; StackError with its last words when it ends badly."""
    since = datetime.now(UTC)
    with _meaning(client, project, step.image):
        compose.act(project.directory, say, "up", "--detach", step.service)
    found = next(one for one in present.containers(client, project.name) if one.service == step.service)
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
    await_these(client, project, lambda one: one.service in services, say)
    if project.joins and project.app.name in services:
        _await_joined(client, project, say)


def _await_joined(client: DockerClient, project: Project, say: Say) -> None:
    """Wait until a shared Traefik is in the stack's network, for as long as its joiner may take; a check tells if not.

    It looks every 15 s, and is told before as a rule.
    """
    deadline = time.monotonic() + JOINED_SECONDS
    while not _joined(client, project) and time.monotonic() < deadline:
        say(f"{project.joins} is not in {project.edge} yet")
        time.sleep(POLL_SECONDS)


def _joined(client: DockerClient, project: Project) -> bool:
    proxies = [one for one in present.containers(client, project.joins) if one.service == PROXY]
    return any(project.edge in one.addresses for one in proxies)


def await_these(
    client: DockerClient, project: Project, which: Callable[[Container], bool], say: Say, hint: str = ""
) -> None:
    """Wait until some containers serve; StackError with the last words of one that will not.

    With a hint, they are on trial: one restart is enough, and that is what to do where nothing else explains it.
    """
    restarts = 1 if hint else RESTARTS
    deadline = time.monotonic() + HEALTH_SECONDS
    while waiting := [one for one in present.containers(client, project.name) if which(one) and not one.serving]:
        say(", ".join(f"{one.name} {one.health or one.state}" for one in waiting))
        broken = next((one for one in waiting if _hopeless(one, restarts)), None)
        if broken or time.monotonic() > deadline:
            raise _not_healthy(client, broken or waiting[0], hint or _logs(project, waiting[0]))
        time.sleep(POLL_SECONDS)


def _logs(project: Project, container: Container) -> str:
    return places.shell(project.directory, f"docker compose logs {container.service}")


def _not_healthy(client: DockerClient, container: Container, hint: str) -> StackError:
    said = present.last_words(client, container)
    count = "once" if container.restarts == 1 else f"{container.restarts} times"
    times = f", restarted {count}" if container.restarts else ""
    if container.starved or container.exit_code == inspection.SIGKILLED:
        times += ", killed for lack of memory: fewer STACK_WORKERS, or more STACK_APP_MEMORY, in .env"
    return StackError(
        f"{container.name} is {container.health or container.state}{times}",
        evidence=said,
        hint=symptoms.advice(said) or hint,
    )


def _hopeless(container: Container, restarts: int) -> bool:
    """Tell whether waiting longer is of no use: it says no, it has ended, or it keeps ending."""
    ended = container.state in {"exited", "dead"}
    return container.health == "unhealthy" or ended or container.restarts >= restarts
