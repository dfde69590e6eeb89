"""Importing the app in its new image, and running its healthcheck there, before anything that runs is touched."""

from docker import DockerClient
from docker.errors import NotFound

from .. import overlap, plan, symptoms
from ..errors import StackError
from ..project import Project, Service
from . import compose, inspection, labels, rolling
from .compose import ComposeFailed, Say


def name(project: Project) -> str:
    """Return what the container is called that the app is tried in."""
    return f"{project.name}-smoke"


def run(client: DockerClient, project: Project, resolved: str, step: plan.Smoke, say: Say) -> None:
    """Try the image in a container of the model that Compose gave, without labels: Traefik lists any that has them.

    See FACTS T14.
    """
    clear_away(client, project)
    alone = {"image": step.image, "labels": {}, "ports": [], "container_name": "", "healthcheck": {"disable": True}}
    words = ("run", "--rm", "--no-deps", "--no-TTY", "--name", name(project), step.service)
    tried = ("python", "-c", inspection.IMPORT, step.app, step.folder, *_healthcheck(project.service(step.service)))
    try:
        compose.act_on(resolved, project.directory, say, *words, *tried, patch={step.service: alone})
    except ComposeFailed as error:
        raise _told(step, error) or error from error


def clear_away(client: DockerClient, project: Project) -> None:
    """Remove what an `up` that was killed has left of a try in this folder, and nobody else's of that name."""
    try:
        found = client.containers.get(name(project))
    except NotFound:
        return
    if found.labels.get(labels.ONE_OFF) == "True" and found.labels.get(labels.FOLDER) == str(project.directory):
        rolling.remove(client, [name(project)])


def _told(step: plan.Smoke, error: ComposeFailed) -> StackError | None:
    if error.status == inspection.IMPORT_FAILED:
        return StackError(
            f"the new image cannot import {step.app}; nothing that runs was touched",
            evidence=error.evidence,
            hint=symptoms.advice(error.evidence) or "mend the app, then `stack up` again",
        )
    if error.status == inspection.UNHEALTHY:
        return StackError(
            "the healthcheck cannot run in the new image, so nobody could tell when it serves; nothing that runs was"
            " touched",
            evidence=error.evidence,
            hint="the Dockerfile has to leave Python where `healthcheck:` in compose.app.yaml looks for it",
        )
    return None


def _healthcheck(app: Service) -> tuple[str, ...]:
    """Return the words of the template's own healthcheck; another one may not know the file that it is tried with."""
    return app.healthcheck if any(word.endswith(overlap.PROGRAM) for word in app.healthcheck) else ()
