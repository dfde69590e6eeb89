"""What a stack has to do with the others on its server: a proxy that they share, and names that each has alone."""

from ..facts import Container, Facts
from ..project import Project
from ..routing import Claim
from .verdict import Outcome, failed, judged, passed


def claims(project: Project, facts: Facts) -> Outcome:
    """No other project claims the names of this one.

    Traefik would send a request to the one or to the other. Choose another STACK_DOMAIN, STACK_HOSTS or
    STACK_PATH_PREFIX in .env, or take the other project down: `stack down` with its folder gives its names up.
    """
    taken = [_held(claim) for route in project.routes for claim in facts.claims if claim.route == route]
    return judged(taken, map(str, project.routes))


def runs(project: Project, facts: Facts) -> Outcome:
    """The shared proxy that the stack joins runs.

    Nobody is served without it, and no certificate comes. `stack up` in its folder starts it.
    """
    if not project.joins:
        return passed("Traefik is the stack's own")
    found = facts.of(project.proxy.name)
    if any(one.state == "running" for one in found):
        return passed(*(one.name for one in found))
    return failed(*(f"{one.name} is {one.state}, in {project.serving.directory}" for one in found))


def joined(project: Project, facts: Facts) -> Outcome:
    """The shared proxy is in the stack's network.

    Traefik knows the app, and does not reach it: people see 502 or wait for 504. The proxy's service `joiner` sees to
    it, a moment after a container has started; `docker compose logs joiner` in the proxy's folder tells why it did not.
    """
    if project.is_proxy:
        return passed("each stack behind it looks for it in its own network")
    if not project.joins:
        return passed("Traefik is the stack's own")
    running = [one for one in facts.of(project.proxy.name) if one.state == "running"]
    if inside := [one for one in running if project.edge in one.addresses]:
        return passed(*(f"{one.name} is {one.addresses[project.edge]} on {project.edge}" for one in inside))
    outside = [f"{one.name} has no address on {project.edge}{_only(one)}" for one in running]
    return failed(*(outside or [f"no Traefik of {project.serving.name} runs"]))


def _held(claim: Claim) -> str:
    where = f" in {claim.folder}" if claim.folder else ""
    return f"{claim.route} is served from the project {claim.project}{where}"


def _only(one: Container) -> str:
    return f", only on {', '.join(sorted(one.addresses))}" if one.addresses else ""
