"""What must be right before anything is started."""

from ..facts import Facts, release
from ..project import Project
from .verdict import Outcome, failed, judged, passed

OLDEST_ENGINE = (25, 0)  # `start_interval` of healthchecks (FACTS C17)
OLDEST_COMPOSE = (2, 26)  # what the template was measured with


def seen(_project: Project, facts: Facts) -> Outcome:
    """Everything that is to be judged could be looked at.

    What nobody saw may be broken. When Docker does not answer: `systemctl status docker`, `journalctl -u docker`; what
    took too long may have had a busy server for its reason, so look once more.
    """
    whys = dict.fromkeys(facts.unseen.values())
    return judged([f"{', '.join(_unseen(facts, why))}: {why}" for why in whys], ())


def engine(_project: Project, facts: Facts) -> Outcome:
    """Docker Engine and Compose are new enough.

    Older ones lack what the Compose files use. https://docs.docker.com/engine/install/ has current packages.
    """
    if facts.versions is None:
        return failed("the Docker Engine did not tell its version")
    seen = (f"Docker Engine {facts.versions.engine}", f"Compose {facts.versions.compose}")
    old = release(facts.versions.engine) < OLDEST_ENGINE or release(facts.versions.compose) < OLDEST_COMPOSE
    return failed(*seen, "needed: Engine 25, Compose 2.26") if old else passed(*seen)


def project(project: Project, facts: Facts) -> Outcome:
    """No other folder on this server uses the project's name.

    Compose tells projects apart by name alone: this folder would replace the other one's containers. Change `name:`
    in compose.yaml, here or there.
    """
    return judged((f"{project.name} also runs from {folder}" for folder in facts.namesakes), (project.name,))


def ports(project: Project, facts: Facts) -> Outcome:
    """The published ports are free, or already ours.

    Nothing can be started on a taken port. Stop what holds it, or choose other ports in .env (STACK_HTTP_PORT,
    STACK_HTTPS_PORT). Where it is another stack's Traefik, the two can share one: the manual has the commands. A shared
    proxy gives them up to `stack down` in its folder.
    """
    wanted = {port.published for service in project.services for port in service.ports}
    ours = {project.name, *(one.project for one in facts.leavers)}
    taken = [holder for holder in facts.holders if holder.port in wanted and holder.project not in ours]
    held = dict.fromkeys(f"port {holder.port} is held by {holder.who}" for holder in taken)  # over IPv4 and IPv6
    return judged(held, map(str, sorted(wanted)))


def files(project: Project, facts: Facts) -> Outcome:
    """Every file that a container mounts exists, and its user may read it.

    Docker makes an empty folder in the place of a missing file, and the container fails in its own words. Put the file
    there, or correct its path in .env or in the Compose file; `chmod -R go+rX` opens what only its owner may read.
    """
    closed = [f"{path} may be read by its owner only" for path in facts.closed]
    made = set(map(str, project.secrets))  # by `up`
    return judged([*(f"{path} does not exist" for path in facts.missing if path not in made), *closed], ())


def _unseen(facts: Facts, why: str) -> list[str]:
    return [name for name, reason in facts.unseen.items() if reason == why]
