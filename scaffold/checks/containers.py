"""What runs, and what of it can be reached."""

from collections.abc import Iterable, Sequence

from .. import server
from ..facts import Container, Facts
from ..project import APP, STORES, Port, Project, Service
from .verdict import Outcome, failed, judged, passed, skipped, warned

LOOPBACK = {"127.0.0.1", "::1"}


def app_healthy(project: Project, facts: Facts) -> Outcome:
    """The app's containers run and are healthy.

    An unhealthy container gets no requests: people see 404. `stack up` starts what does not run; `docker compose logs
    app` shows the app's own words.
    """
    return healthy([project.app], facts)


def proxy_healthy(project: Project, facts: Facts) -> Outcome:
    """Traefik and every other service run and are healthy.

    Without Traefik nothing answers at all. `stack up` starts what does not run, in the folder of the shared proxy where
    there is one; `docker compose logs` there with the service's name shows why it does not.
    """
    services = (*project.services, *(project.serving.services if project.joins else ()))
    return healthy([one for one in services if one.name not in {APP, *STORES} and not one.one_shot], facts)


def prestart(project: Project, facts: Facts) -> Outcome:
    """What runs before the app has ended well, on the image that runs.

    The app may miss a table or a column otherwise. `docker compose logs` with the service's name shows what went wrong;
    `stack up` runs it again, of the version that the files are. After a rollback plain `docker compose up` runs that of
    the older version, which does not know what a newer one has done to the database.
    """
    steps = [service for service in project.services if service.one_shot]
    if not steps:
        return passed("nothing runs before the app in this stack")
    running = {one.image_id for one in facts.of(project.app.name)}
    others = [one for step in steps for one in facts.of(step.name) if step.image == project.app.image]
    if running and (older := [one.name for one in others if one.image_id not in running]):
        return failed(f"{', '.join(older)} ran on another image than the app")
    if facts.undone and not any(facts.of(step.name) for step in steps):
        return skipped(
            "what ran before the app is gone with its version: a rollback, or a version that was taken back, removes it"
        )
    return healthy(steps, facts)


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
    counts = [(one, server.workers(server.told(project.app.command, one.argv), one.environment)) for one in servers]
    wrong = [
        f"{one.container}: {one.alive(wanted)} of {wanted}" for one, wanted in counts if one.alive(wanted) != wanted
    ]
    return judged(wrong, (f"{one.container}: {wanted} of {wanted}" for one, wanted in counts))


def proxy_ports(project: Project, facts: Facts) -> Outcome:
    """Only Traefik's two ports are published.

    Docker publishes past the server's firewall: what is on a published port is on the internet. Remove `ports:` from
    every service but traefik.
    """
    allowed = {project.http_port, project.https_port}
    found = [(one, port) for one in facts.containers if one.service not in STORES for port in one.ports]
    more = [(one, port) for one, port in found if port.published not in allowed or one.service != project.proxy.name]
    ours = sorted({port.published for one, port in found if (one, port) not in more})
    return unpublished(more, map(str, ours))


def unpublished(ports: Sequence[tuple[Container, Port]], right: Iterable[str] = ()) -> Outcome:
    """Fail with the ports that others than this server reach; those of loopback addresses are to be watched."""
    wide = {f"{one.name} publishes {port.published}" for one, port in ports if port.host_ip not in LOOPBACK}
    if ports and not wide:
        return warned(
            *(f"{one.name} publishes {port.published} on {port.host_ip}, for this server only" for one, port in ports)
        )
    return judged(sorted(wide), right)


def healthy(services: Iterable[Service], facts: Facts) -> Outcome:
    """Tell whether some services have all their containers, and these serve or have done what they were for."""
    wrong: list[str] = []
    right: list[str] = []
    for service in services:
        found = facts.of(service.name)
        wrong += [f"{one.name} is {_state(one)}" for one in found if not one.well(service)]
        right += [f"{one.name} {_state(one)}" for one in found if one.well(service)]
        if len(found) != service.replicas:
            wrong.append(f"{service.name} has {len(found)} of {service.replicas} containers")
    return judged(wrong, right)


def _state(one: Container) -> str:
    if one.state == "exited":
        return f"exited with status {one.exit_code}"
    said = f": {one.words.splitlines()[0]}" if one.words else ""
    return f"{one.health or one.state}{said}"
