"""Whether two containers of the app may serve side by side for a while, which is what a rolling start needs."""

from collections.abc import Iterable, Sequence

from . import routing
from .facts import Container, Facts
from .project import APP, Project, Service

STRATEGY = "stack.strategy"
"""The label that says how the app's containers make room for others: ROLLING or RECREATE."""
ROLLING, RECREATE = "rolling", "recreate"
DRAIN = "/tmp/drain"  # noqa: S108 - a file system of the container's own
"""While this file is in a container of the app, its healthcheck says no: container/healthcheck.py."""
PROGRAM = "healthcheck.py"
"""The template's own healthcheck, which knows of DRAIN."""
ASKED, PLACE = "TRAEFIK_API", "TRAEFIK_ENTRYPOINTS_PING_ADDRESS"
"""Traefik's settings that let it tell what it knows, and where only who is inside its container can ask."""
TRUE = {"1", "t", "true"}
"""What Go takes for yes, in small letters: strconv.ParseBool."""


def wanted_image(project: Project, facts: Facts, service: Service) -> str:
    """Return the id of the image that a service is to run; empty while that is not there.

    Of what is built here, the one built from the files as they are, whatever `current` names meanwhile.
    """
    app = project.find(APP)
    built = facts.build_image and app is not None and service.image == app.image
    return facts.images.get(facts.build_image if built else service.image, "")


def fresh(project: Project, facts: Facts) -> tuple[Container, ...]:
    """Return the app's containers that run and are what is wanted."""
    wanted = wanted_image(project, facts, project.app)
    return tuple(one for one in facts.of(project.app.name) if one.matches(project.app, wanted))


def others(project: Project, facts: Facts) -> tuple[Container, ...]:
    """Return the app's containers that are not what is wanted, or do not run."""
    right = fresh(project, facts)
    return tuple(one for one in facts.of(project.app.name) if one not in right)


def rolls(project: Project, facts: Facts) -> bool:
    """Tell whether the app's containers are replaced one by one while others serve: where some do, and may."""
    if project.is_proxy or not any(one.state == "running" for one in facts.of(project.app.name)):
        return False
    # Without Traefik nobody is served whom a gap could hurt, and nobody tells whom it serves.
    return any(one.serving for one in facts.of(project.proxy.name)) and not obstacle(project, facts)


def obstacle(project: Project, facts: Facts) -> str:
    """Return why the app's containers have to end before others begin; empty when they need not."""
    app, chosen = project.app, project.app.labels.get(STRATEGY, "")
    if chosen == RECREATE:
        return f"its label {STRATEGY} says so"
    if app.ports or app.container_name:
        return "only one container at a time can have its published port, or its fixed name"
    if app.volumes and chosen != ROLLING:
        places = ", ".join(app.volumes)
        return f"two at once would write to {places}; where that does no harm, the label {STRATEGY}={ROLLING} says so"
    if not _drains(app.healthcheck):
        return f"its healthcheck does not look for {DRAIN}"
    if not _tells(project.proxy):
        return f"its Traefik does not tell whom it sends requests to; `stack update` brings {ASKED}, by which it does"
    return _unlike(project, [one for one in others(project, facts) if one.state == "running"])


def _unlike(project: Project, running: Sequence[Container]) -> str:
    """Return why containers that run cannot make room one by one, as they were made."""
    if any(not _drains(one.made.healthcheck) for one in running):
        return f"the healthcheck of what runs does not look for {DRAIN}"
    if any(_told(one) != routing.told(project.app.labels) for one in running):
        return "Traefik takes no two answers to where it is served, and its labels have changed"
    return ""


def _tells(proxy: Service) -> bool:
    """Tell whether a Traefik answers on the entry point where only we can ask it: traefik/dynamic/api.yaml."""
    return bool(proxy.environment.get(PLACE)) and proxy.environment.get(ASKED, "").lower() in TRUE


def _told(container: Container) -> dict[str, str]:
    own = container.made.labels.items()
    return routing.told({key: value for key, value in own if key not in container.made.inherited})


def _drains(healthcheck: Iterable[str]) -> bool:
    return any(DRAIN in word or word.endswith(PROGRAM) for word in healthcheck)
