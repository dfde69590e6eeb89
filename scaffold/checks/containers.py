"""What runs, and what of it can be reached."""

from .. import server
from ..facts import Container, Facts
from ..project import Project
from .verdict import Outcome, Status, failed, judged, skipped


def app_healthy(project: Project, facts: Facts) -> Outcome:
    """The app's containers run and are healthy.

    An unhealthy container gets no requests: people see 404. `docker compose logs app` shows the app's own words.
    """
    return _healthy(facts.of(project.app.name), project.app.name)


def proxy_healthy(project: Project, facts: Facts) -> Outcome:
    """Traefik and every other service run and are healthy.

    Without Traefik nothing answers at all. `docker compose logs traefik` shows why it does not start.
    """
    others = [service.name for service in project.services if service.name != project.app.name]
    outcomes = [_healthy(facts.of(name), name) for name in others]
    wrong = [line for outcome in outcomes if outcome.status is Status.FAIL for line in outcome.seen]
    return judged(wrong, (line for outcome in outcomes for line in outcome.seen))


def app_workers(project: Project, facts: Facts) -> Outcome:
    """The wanted number of workers is alive in every container of the app.

    A worker that dies at its start is started again for ever while the container counts as running. Look for
    "Child process died" in `docker compose logs app`.
    """
    servers = [one for one in facts.servers if one.argv]
    if not servers:
        return skipped("the processes in the app's container could not be read")
    unknown = [one.container for one in servers if not server.name(one.argv)]
    if unknown:
        return skipped(f"{', '.join(unknown)} runs neither uvicorn nor fastapi")
    counts = [(one, server.workers(project.app.command or one.argv, one.environment)) for one in servers]
    wrong = [f"{one.container}: {one.workers} of {wanted} workers" for one, wanted in counts if one.workers != wanted]
    return judged(wrong, (f"{one.container}: {wanted} of {wanted}" for one, wanted in counts))


def proxy_ports(project: Project, facts: Facts) -> Outcome:
    """Only Traefik's two ports are published.

    Docker publishes past the server's firewall: a database on a published port is on the internet. Remove `ports:`
    from every service but traefik.
    """
    allowed = {project.http_port, project.https_port}
    published = [(one.name, port) for one in facts.containers for port in one.ports]
    wrong = {
        f"{name} publishes {port.published}"
        for name, port in published
        if port.published not in allowed or not name.startswith(f"{project.name}-{project.proxy.name}-")
    }
    return judged(sorted(wrong), map(str, sorted({port.published for _, port in published})))


def _healthy(containers: tuple[Container, ...], service: str) -> Outcome:
    if not containers:
        return failed(f"{service} has no container")
    wrong = [f"{one.name} is {one.health or one.state}" for one in containers if not one.serving]
    return judged(wrong, (f"{one.name} {one.health or one.state}" for one in containers))
