"""What has to be done: wanted and observed in, steps out. Nothing here touches the world."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from . import server
from .facts import LAST_WEEK, Facts, covered
from .project import DNS, FILES, LOCAL, Project, Service

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
class MakeSecret:
    """Make a secret file that is missing: a password from the system's generator, or no settings yet."""

    path: Path

    def __str__(self) -> str:
        return f"make {self.path.parent.name}/{self.path.name}, which is missing"


@dataclass(frozen=True)
class Stop:
    """Stop a service whose ports are needed."""

    service: str

    def __str__(self) -> str:
        return f"stop {self.service}, which has no right certificate to serve"


@dataclass(frozen=True)
class Rehearse:
    """Order a certificate from an authority for trials first: what fails there counts against no limit."""

    hosts: tuple[str, ...]
    directory: str

    def __str__(self) -> str:
        return f"rehearse the order for {', '.join(self.hosts)} with {self.directory}"


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
class RunOnce:
    """Run a one-shot service to its end, which has to be a good one."""

    service: str

    def __str__(self) -> str:
        return f"run {self.service}, and go on when it has ended well"


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


Step = (
    SignLeaf
    | DropLeaf
    | MakeSecret
    | Stop
    | Rehearse
    | BuildImage
    | Smoke
    | Promote
    | RunOnce
    | Start
    | Restart
    | AwaitHealthy
    | AwaitCertificate
)


def up(project: Project, facts: Facts, *, rehearse: bool = True) -> tuple[Step, ...]:
    """Return the steps that make the stack what the files say; none when it is.

    First what needs nothing, then what keeps data, then what runs once, then what needs any of these.
    """
    leaf = _leaf(project, facts)
    rehearsal = _rehearsal(project, facts) if rehearse else ()
    image = _image(project, facts)
    stale = [one for one in project.services if _is_stale(project, facts, one, rebuilt=bool(image))]
    restarts = _restarts(project, facts, signed=bool(leaf), started=[one.name for one in stale])
    work = (*_secrets(project, facts), *rehearsal, *leaf, *image, *_in_order(project, stale, restarts))
    if not work and all(one.well(service) for service in project.services for one in facts.of(service.name)):
        return ()
    names = tuple(service.name for service in project.services if not service.one_shot)
    return (*work, AwaitHealthy(names), *(() if project.external else (AwaitCertificate(project.hosts),)))


def orders(project: Project, facts: Facts) -> tuple[str, ...]:
    """Return the hosts that an ACME authority has yet to sign a certificate for."""
    hosts = project.hosts if project.ordered else ()
    return tuple(host for host in hosts if not covered(facts.certified or (), host))


def back(project: Project, facts: Facts, done: Iterable[Step]) -> tuple[Step, ...]:
    """Return the steps to the image that ran before, when one fails after these were done; none where none ran.

    The image of the app's containers, not the one that bears the name: an `up` that was cut off may have moved that.
    Where nothing was started from the new image yet, only the name goes back.
    """
    app, steps = project.app, tuple(done)
    before = next((one.image_id for one in facts.of(app.name) if one.state == "running"), "")
    promoted = any(isinstance(step, Promote) for step in steps)
    if not before or not (promoted or facts.images.get(app.image) != before):
        return ()
    started = {name for step in steps if isinstance(step, Start) for name in step.services}
    users = tuple(one.name for one in project.services if one.image == app.image and not one.one_shot)
    name = Promote(before, app.image)
    return (name, Start(users), AwaitHealthy(users)) if started & set(users) else (name,)


def reread(project: Project, running: Collection[str], path: Path) -> tuple[Step, ...]:
    """Return the steps after which every container that reads a file, and runs, has read it as it is now."""
    readers = [one.name for one in _stores_first(project) if path in one.reads and one.name in running]
    restarts = (Restart(name, f"{path.name} is another one") for name in readers)
    return (*restarts, AwaitHealthy(tuple(readers))) if readers else ()


def _stores_first(project: Project) -> list[Service]:
    return sorted(project.services, key=lambda one: one not in project.stores)


def _in_order(project: Project, stale: Sequence[Service], restarts: Sequence[Restart]) -> tuple[Step, ...]:
    stores = {one.name for one in project.stores}
    ending = {one.name for one in project.services if one.one_shot}
    behind = {one.name for one in project.services if not one.one_shot and set(one.needs) & (stores | ending)}
    first = tuple(one.name for one in stale if one.name not in ending | behind)
    last = tuple(one.name for one in stale if one.name in behind)
    once = tuple(RunOnce(one.name) for one in stale if one.one_shot)
    ready = tuple(one.name for one in project.stores) if once or last else ()
    return (
        *((Start(first),) if first else ()),
        *(step for step in restarts if step.service not in behind),
        *((AwaitHealthy(ready),) if ready else ()),
        *once,
        *((Start(last),) if last else ()),
        *(step for step in restarts if step.service in behind),
    )


def _secrets(project: Project, facts: Facts) -> tuple[Step, ...]:
    return tuple(MakeSecret(path) for path in project.secrets if str(path) in facts.missing)


def unrehearsed(project: Project, facts: Facts) -> bool:
    """Tell whether an order is due that cannot be rehearsed, because a Traefik that serves has the ports."""
    return bool(project.rehearsal_directory and orders(project, facts)) and not _rehearsal(project, facts)


def _rehearsal(project: Project, facts: Facts) -> tuple[Step, ...]:
    """Rehearse for names that never had a certificate, where that cuts nobody off: only one can have the ports."""
    hosts = orders(project, facts)
    if not hosts or not project.rehearsal_directory:
        return ()
    order = Rehearse(hosts, project.rehearsal_directory)
    running = any(one.state == "running" for one in facts.of(project.proxy.name))
    if not running or project.challenge == DNS:
        return (order,)
    return (Stop(project.proxy.name), order) if _serves_nobody(project, facts) else ()


def _serves_nobody(project: Project, facts: Facts) -> bool:
    """Tell whether a Traefik that runs has nothing to serve: no certificate at all, and no other names from before."""
    before = any(_is_stale(project, facts, one, rebuilt=False) for one in (project.proxy, project.app))
    served = any(_served(facts, host, facts.now) for host in project.hosts)
    return facts.certified == frozenset() and not before and not served


def _leaf(project: Project, facts: Facts) -> tuple[Step, ...]:
    if project.certificates != LOCAL:
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


def _is_stale(project: Project, facts: Facts, service: Service, *, rebuilt: bool) -> bool:
    found = facts.of(service.name)
    return (
        (rebuilt and service.image == project.app.image)
        or len(found) != service.replicas
        or not all(one.matches(service, facts.images.get(service.image, "")) for one in found)
    )


def _restarts(project: Project, facts: Facts, *, signed: bool, started: Collection[str]) -> tuple[Restart, ...]:
    """Return a restart for every service that needs one and is not started anew, with its first reason."""
    certificate = _certificate(project, facts, signed=signed)
    reasons: dict[str, str] = {project.proxy.name: certificate} if certificate else {}
    for service in _stores_first(project):
        if not service.one_shot and (why := _changed(service, project, facts) or _sick(service, facts)):
            reasons.setdefault(service.name, why)
    return tuple(Restart(name, why) for name, why in reasons.items() if name not in started)


def _certificate(project: Project, facts: Facts, *, signed: bool) -> str:
    """A served certificate that is not the wanted one: Traefik tries an order once, at its start (FACTS T12)."""
    # What lies in files gets no longer life from a restart.
    until = facts.now + (timedelta() if project.certificates == FILES else LAST_WEEK)
    wrong = [host for host in project.hosts if not project.external and not _served(facts, host, until)]
    if signed:
        return "it reads certificates when it starts"
    return f"the certificate of {', '.join(wrong)} is not the one it should be" if wrong else ""


def _changed(service: Service, project: Project, facts: Facts) -> str:
    """What it read when it started and has changed since: Compose sees paths, not contents (FACTS C19)."""
    started = [one.started for one in facts.of(service.name)]
    made = {path for path in project.secrets if str(path) in facts.missing}
    newer = [path for path in service.reads if path in made or _newer(facts, path, started)]
    inside = (path.relative_to(project.directory) if path.is_relative_to(project.directory) else path for path in newer)
    names = dict.fromkeys(map(str, inside))
    return f"{', '.join(names)} changed after it had started" if names else ""


def _newer(facts: Facts, path: Path, started: Iterable[datetime]) -> bool:
    return path in facts.modified and any(facts.modified[path] > moment for moment in started)


def _sick(service: Service, facts: Facts) -> str:
    """A container as the files want it that says it is not well gets one fresh start."""
    return "it is unhealthy" if any(one.health == "unhealthy" for one in facts.of(service.name)) else ""


def _served(facts: Facts, host: str, until: datetime) -> bool:
    handshake = facts.handshakes.get(host)
    return handshake is not None and handshake.good_for(host, until)
