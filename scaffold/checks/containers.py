"""What runs, and what of it can be reached."""

from .. import server
from ..facts import Facts, Server
from ..project import Project, Service
from .verdict import Outcome, Status, judged, skipped, warned

LOOPBACK = {"127.0.0.1", "::1"}


def app_healthy(project: Project, facts: Facts) -> Outcome:
    """The app's containers run and are healthy.

    An unhealthy container gets no requests: people see 404. `stack up` starts what does not run; `docker compose logs
    app` shows the app's own words.
    """
    return _healthy(project.app, facts)


def proxy_healthy(project: Project, facts: Facts) -> Outcome:
    """Traefik and every other service run and are healthy.

    Without Traefik nothing answers at all. `stack up` starts what does not run; `docker compose logs` with the
    service's name shows why it does not.
    """
    outcomes = [_healthy(service, facts) for service in project.services if service.name != project.app.name]
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
    # A command that the files leave to the image, or hide in a shell's line, is read off the process itself.
    command = project.app.command if server.name(project.app.command) else None
    counts = [(one, server.workers(command or one.argv, one.environment)) for one in servers]
    wrong = [
        f"{one.container}: {_alive(one, wanted)} of {wanted}" for one, wanted in counts if _alive(one, wanted) != wanted
    ]
    return judged(wrong, (f"{one.container}: {wanted} of {wanted}" for one, wanted in counts))


def proxy_ports(project: Project, facts: Facts) -> Outcome:
    """Only Traefik's two ports are published.

    Docker publishes past the server's firewall: a database on a published port is on the internet. Remove `ports:`
    from every service but traefik.
    """
    allowed = {project.http_port, project.https_port}
    published = [(one, port) for one in facts.containers for port in one.ports]
    more = [
        (one, port) for one, port in published if port.published not in allowed or one.service != project.proxy.name
    ]
    wide = {f"{one.name} publishes {port.published}" for one, port in more if port.host_ip not in LOOPBACK}
    if more and not wide:
        return warned(
            *(f"{one.name} publishes {port.published} on {port.host_ip}, for this server only" for one, port in more)
        )
    return judged(sorted(wide), map(str, sorted({port.published for _, port in published})))


def _healthy(service: Service, facts: Facts) -> Outcome:
    found = facts.of(service.name)
    wrong = [f"{one.name} is {one.health or one.state}" for one in found if not one.serving]
    if len(found) != service.replicas:
        wrong.append(f"{service.name} has {len(found)} of {service.replicas} containers")
    return judged(wrong, (f"{one.name} {one.health or one.state}" for one in found))


def _alive(one: Server, wanted: int) -> int:
    """Return how many workers live; a single one is the server itself, and what it spawned is the app's."""
    return 1 if wanted == 1 else one.workers
