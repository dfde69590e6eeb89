"""What has to be done: wanted and observed in, steps out. Nothing here touches the world."""

from dataclasses import dataclass
from datetime import timedelta

from . import server
from .facts import LAST_WEEK, Facts
from .project import Project

RENEW_BEFORE = timedelta(days=30)
"""A local certificate is signed anew when less than this is left, as ACME clients do."""


@dataclass(frozen=True)
class SignLeaf:
    """Sign a certificate with the local authority."""

    hosts: tuple[str, ...]

    def __str__(self) -> str:
        return f"sign a certificate for {', '.join(self.hosts)} with your local authority"


@dataclass(frozen=True)
class DropLeaf:
    """Take the local authority's certificate away: Traefik orders none for a name that it has one for."""

    hosts: tuple[str, ...]

    def __str__(self) -> str:
        return f"take away the local certificate for {', '.join(self.hosts)}"


@dataclass(frozen=True)
class BuildImage:
    """Build a service's image under a name that tells its content."""

    service: str
    image: str

    def __str__(self) -> str:
        return f"build {self.image}"


@dataclass(frozen=True)
class Smoke:
    """Import the app in the new image, before anything that runs is touched."""

    service: str
    image: str
    app: str
    folder: str = "."
    """Where the server imports from, inside the image."""

    def __str__(self) -> str:
        return f"import {self.app} in {self.image}, out of reach of any request"


@dataclass(frozen=True)
class Promote:
    """Give the name that the Compose file uses to the new image."""

    image: str
    to: str

    def __str__(self) -> str:
        return f"make it {self.to}"


@dataclass(frozen=True)
class Start:
    """Start or replace containers so that they are what the files say."""

    services: tuple[str, ...]

    def __str__(self) -> str:
        return f"start {', '.join(self.services)}"


@dataclass(frozen=True)
class Restart:
    """Restart containers whose definition is right and whose state is not."""

    service: str
    reason: str

    def __str__(self) -> str:
        return f"restart {self.service}: {self.reason}"


@dataclass(frozen=True)
class AwaitHealthy:
    """Wait until containers are healthy."""

    services: tuple[str, ...]

    def __str__(self) -> str:
        return f"wait until {', '.join(self.services)} are healthy"


@dataclass(frozen=True)
class AwaitCertificate:
    """Wait until the certificate that is served is the one it should be."""

    hosts: tuple[str, ...]

    def __str__(self) -> str:
        return f"wait until the certificate of {', '.join(self.hosts)} is the one it should be"


Step = SignLeaf | DropLeaf | BuildImage | Smoke | Promote | Start | Restart | AwaitHealthy | AwaitCertificate


def up(project: Project, facts: Facts) -> tuple[Step, ...]:
    """Return the steps that make the stack what the files say; none when it is."""
    leaf = _leaf(project, facts)
    image = _image(project, facts)
    start = _start(project, facts, rebuilt=bool(image))
    certificate = _restart(project, facts, signed=bool(leaf), started=start)
    work = (*leaf, *image, *start, *certificate, *_revive(facts, (*start, *certificate)))
    if not work and all(container.serving for container in facts.containers):
        return ()
    names = tuple(service.name for service in project.services)
    return (*work, AwaitHealthy(names), AwaitCertificate(project.hosts))


def _leaf(project: Project, facts: Facts) -> tuple[Step, ...]:
    if project.resolver:
        return () if facts.leaf is None else (DropLeaf(facts.leaf.names),)
    good = facts.leaf is not None and facts.leaf.good_for(project.hosts, facts.now + RENEW_BEFORE)
    return () if good else (SignLeaf(project.hosts),)


def _image(project: Project, facts: Facts) -> tuple[Step, ...]:
    app = project.app
    if app.build is None:
        return ()
    built = facts.images.get(facts.build_image)
    if built is not None and built == facts.images.get(app.image):
        return ()
    build = () if built else (BuildImage(app.name, facts.build_image),)
    return (*build, *_smoke(project, facts), Promote(facts.build_image, app.image))


def _smoke(project: Project, facts: Facts) -> tuple[Step, ...]:
    target = server.app(project.app.command)
    folder = server.option(project.app.command, "app-dir") or "."
    return (Smoke(project.app.name, facts.build_image, target, folder),) if target else ()


def _start(project: Project, facts: Facts, *, rebuilt: bool) -> tuple[Start, ...]:
    stale = tuple(
        service.name
        for service in project.services
        if (rebuilt and service.image == project.app.image)
        or len(facts.of(service.name)) != service.replicas
        or not all(one.matches(service, facts.images.get(service.image, "")) for one in facts.of(service.name))
    )
    return (Start(stale),) if stale else ()


def _restart(project: Project, facts: Facts, *, signed: bool, started: tuple[Start, ...]) -> tuple[Step, ...]:
    """A served certificate that is not the wanted one: Traefik tries an order once, at its start (FACTS T12)."""
    if any(project.proxy.name in step.services for step in started):
        return ()
    wrong = [host for host in project.hosts if not _served(facts, host)]
    if signed:
        return (Restart(project.proxy.name, "it reads certificates when it starts"),)
    if wrong:
        return (Restart(project.proxy.name, f"the certificate of {', '.join(wrong)} is not the one it should be"),)
    return ()


def _revive(facts: Facts, touched: tuple[Step, ...]) -> tuple[Step, ...]:
    """A container as the files want it that says it is not well gets one fresh start."""
    done = {name for step in touched for name in (step.services if isinstance(step, Start) else ())}
    done |= {step.service for step in touched if isinstance(step, Restart)}
    sick = dict.fromkeys(one.service for one in facts.containers if one.health == "unhealthy")
    return tuple(Restart(service, "it is unhealthy") for service in sick if service not in done)


def _served(facts: Facts, host: str) -> bool:
    handshake = facts.handshakes.get(host)
    return handshake is not None and handshake.good_for(host, facts.now + LAST_WEEK)
