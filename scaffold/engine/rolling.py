"""One container of the app in, one out: what a rolling start does with Docker, and asks of Traefik."""

import json
import time
from collections.abc import Collection, Sequence

from docker import DockerClient
from docker.errors import NotFound

from .. import plan, routing
from ..errors import StackError
from ..facts import Container
from ..overlap import DRAIN, PLACE
from ..project import Project
from . import present, starting, within
from .compose import Say

LISTED_SECONDS = 30
"""How long Traefik may take to send requests to a container that is healthy, and to end that with one that drains.

The healthcheck looks every 2 s, and Traefik waits 0.2 s for more news.
"""
DOWN = "DOWN"
MEND = "mend what its last words say, then `stack up` again"
"""Its log goes with it."""


def addresses(client: DockerClient, project: Project) -> frozenset[str] | None:
    """Return where Traefik sends the app's requests, each as host:port; None when it does not tell.

    From inside its container, because nobody else may ask.
    """
    name = routing.service(project.app.labels, f"{project.app.name}-{project.name}")
    place = project.proxy.environment.get(PLACE, "")
    url = f"http://{place}/api/http/services/{name}"
    running = present.containers(client, project.serving.name)
    traefik = next((one for one in running if one.service == project.proxy.name and one.state == "running"), None)
    if traefik is None or not place:
        return None
    status, said = within.run(client, traefik.id, ["wget", "-q", "-O", "-", url])
    return listed(said) if status == 0 else frozenset() if "404" in said else None


def listed(said: str) -> frozenset[str] | None:
    """Return the addresses in Traefik's answer about a service, without those it does not use; None of no answer."""
    try:
        service = json.loads(said)
        servers = [str(one["url"]) for one in (service.get("loadBalancer") or {}).get("servers") or ()]
        health = service.get("serverStatus") or {}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return frozenset(one.partition("://")[2].rstrip("/") for one in servers if health.get(one) != DOWN)


def join(client: DockerClient, project: Project, step: plan.Join, say: Say) -> None:
    """Start one more container, and wait until it gets requests; StackError with its last words when it does not."""
    known = {one.id for one in _own(client, project)}
    words = ("--no-recreate", "--no-build", "--scale", f"{step.service}={len(known) + 1}", step.service)
    with present.meaning(client, project.app.image, step.image):
        made = starting.created(client, project, say, *words)
    for one in made:
        if one.service == step.service and one.id not in known:
            client.containers.get(one.id).start()
            await_listed(client, project, [one.name], say)


def await_listed(client: DockerClient, project: Project, names: Collection[str], say: Say) -> None:
    """Wait until containers are healthy and Traefik sends them requests; StackError when that does not come."""
    starting.await_these(client, project, lambda one: one.name in names, say, MEND)
    deadline = time.monotonic() + LISTED_SECONDS
    while waiting := _unlisted(client, project, names):
        say(f"Traefik does not know {', '.join(waiting)} yet")
        if time.monotonic() > deadline:
            raise _unheard(project, f"Traefik sends no requests to {', '.join(waiting)}")
        time.sleep(starting.POLL_SECONDS)


def _unlisted(client: DockerClient, project: Project, names: Collection[str]) -> list[str]:
    there = addresses(client, project)
    if there is None:
        return sorted(names)
    return [one.name for one in _own(client, project) if one.name in names and not _at(one, project, there)]


def retire(client: DockerClient, project: Project, step: plan.Retire, say: Say) -> None:
    """Take a container out of service, and stop it when nothing can come to it any more; it stays."""
    found = next((one for one in _own(client, project) if one.name == step.container), None)
    if found is None or found.state != "running":
        return
    running = client.containers.get(found.id)
    _inside(client, found.id, ["touch", DRAIN])
    say("it says that it is draining")
    _await_unlisted(client, project, found)
    say(f"Traefik sends it nothing any more; {project.drain_seconds:g} s for what is under way")
    time.sleep(project.drain_seconds)
    say(f"told to end, within {project.app.grace:g} s")
    running.stop(timeout=int(project.app.grace))


def _await_unlisted(client: DockerClient, project: Project, container: Container) -> None:
    deadline = time.monotonic() + LISTED_SECONDS
    while (there := addresses(client, project)) is None or _at(container, project, there):
        if time.monotonic() > deadline:
            raise _unheard(project, f"Traefik goes on to send requests to {container.name}, which is draining")
        time.sleep(starting.POLL_SECONDS)


def rejoin(client: DockerClient, project: Project, step: plan.Rejoin, say: Say) -> None:
    """Bring a container back into service that was retired, or was about to be."""
    running = client.containers.get(step.container)
    if running.status == "running":
        _inside(client, step.container, ["rm", "-f", DRAIN])
        _await_recovered(client, project, step.container, say)
        running.reload()
    if running.status != "running":  # or has ended meanwhile, because it had been told to
        running.start()  # its file systems in memory are new then, and say nothing of draining
    await_listed(client, project, [step.container], say)


def _await_recovered(client: DockerClient, project: Project, name: str, say: Say) -> None:
    """Wait until a container has ended, or its healthcheck has looked again since it was told to say no."""
    deadline = time.monotonic() + LISTED_SECONDS
    while any(one.name == name and one.health == "unhealthy" for one in _running(client, project)):
        say(f"{name} was draining, and is looked at again")
        if time.monotonic() > deadline:
            return
        time.sleep(starting.POLL_SECONDS)


def _running(client: DockerClient, project: Project) -> list[Container]:
    return [one for one in _own(client, project) if one.state == "running"]


def remove(client: DockerClient, names: Sequence[str]) -> None:
    """Remove containers, whatever they do."""
    for name in names:
        try:
            client.containers.get(name).remove(force=True, v=True)
        except NotFound:
            continue


def _own(client: DockerClient, project: Project) -> list[Container]:
    return [one for one in present.containers(client, project.name) if one.service == project.app.name]


def _at(container: Container, project: Project, there: Collection[str]) -> bool:
    """Tell whether one of these is a container's address, which it has in one network or another."""
    return any(place.rpartition(":")[0] in container.addresses.values() for place in there)


def _inside(client: DockerClient, container: str, words: Sequence[str]) -> None:
    status, said = within.run(client, container, words)
    if status:
        raise StackError(
            f"`{' '.join(words)}` failed in the app's container, which has to say whether it drains",
            evidence=tuple(said.splitlines()),
            hint="the label stack.strategy=recreate on the app replaces it without, for a few seconds' outage",
        )


def _unheard(project: Project, what: str) -> StackError:
    return StackError(
        f"{what}, {LISTED_SECONDS} s after it should",
        hint=f"cd {project.serving.directory} && docker compose logs {project.proxy.name}",
    )
