"""What has to be done: wanted and observed in, steps out. Nothing here touches the world."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from .. import overlap, server
from ..facts import LAST_WEEK, Container, Facts, covered
from ..project import APP, DNS, FILES, LEAVES, LOCAL, PROXY, RELOAD, SOCKET_PROXY, Project, Service
from . import keeping, rolling
from .outages import Outage, outages
from .rolling import settled
from .steps import (
    AwaitCertificate,
    AwaitHealthy,
    AwaitListed,
    BuildImage,
    DropLeaf,
    Forget,
    Join,
    MakeSecret,
    Promote,
    Prove,
    Rehearse,
    Rejoin,
    Release,
    Remove,
    Restart,
    Retire,
    RunOnce,
    SignLeaf,
    Smoke,
    Start,
    Step,
    Stop,
    TakeCertificates,
)

__all__ = [
    "AwaitCertificate",
    "AwaitHealthy",
    "AwaitListed",
    "BuildImage",
    "DropLeaf",
    "Forget",
    "Join",
    "MakeSecret",
    "Outage",
    "Promote",
    "Prove",
    "Rehearse",
    "Rejoin",
    "Release",
    "Remove",
    "Restart",
    "Retire",
    "RunOnce",
    "SignLeaf",
    "Smoke",
    "Start",
    "Step",
    "Stop",
    "TakeCertificates",
    "back",
    "orders",
    "outages",
    "reread",
    "rollback",
    "settled",
    "unrehearsed",
    "up",
]

FRONT = (SOCKET_PROXY, PROXY)
"""The services that a project has for a Traefik of its own."""
RENEW_BEFORE = timedelta(days=30)
"""A local certificate is signed anew when less than this is left, as ACME clients do."""


def up(project: Project, facts: Facts, *, rehearse: bool = True, prestart: bool = True) -> tuple[Step, ...]:
    """Return the steps that make the stack what the files say; none when it is.

    First what needs nothing, then what keeps data, then what runs once, then what needs any of these.
    """
    leaf = _leaf(project, facts)
    rehearsal = _rehearsal(project, facts) if rehearse else ()
    image, promote = _image(project, facts)
    # First what can fail while the others still serve: images are fetched then, and storages read.
    handed = (*_taken(project, facts), *_released(project, facts))
    stale = _stale(project, facts, prestart=prestart)
    restarts = _restarts(project, facts, signed=bool(leaf), started=[one.name for one in stale])
    before = (*_secrets(project, facts), *rehearsal, *leaf, *image, *handed)
    worn = next((one.reason for one in restarts if one.service == APP), "")
    rolled = _rolled(project, facts, stale, worn, unproven=bool(promote))
    # What the app's name means for whoever has to start anew, it means for plain Compose only when that is proven.
    meant = facts.build_image if promote else ""
    if rolled:
        work = (*before, *_around(project, stale, restarts, meant, rolled))
    elif any(one.one_shot for one in stale):
        work = (*before, *_in_order(project, stale, restarts, meant, promote))
    else:
        work = (*before, *promote, *_in_order(project, stale, restarts))
    left = _left(project, facts)
    if not work and not left and _all_well(project, facts):
        return ()
    # Whoever joined has been waited for, and whoever retired is not to be.
    names = tuple(one.name for one in project.services if not one.one_shot and not (rolled and one.name == APP))
    signed = () if project.external or project.is_proxy else (AwaitCertificate(project.hosts),)
    past = () if prestart else _past(project, facts)
    renewed = APP in {one.name for one in stale} and _renewed(project, facts)
    proven = _proven(project, facts, rolled, promote, past) if rolled or promote or renewed else ()
    return (*work, AwaitHealthy(names), *signed, *left, *proven)


def rollback(project: Project, facts: Facts, image: str, *, prestart: bool = False) -> tuple[Step, ...]:
    """Return the steps after which the app runs another image that is there; none when it does.

    What runs before the app does not: of an older version it would not know what a newer one has done.
    """
    return up(project, replace(facts, build_image=image), rehearse=False, prestart=prestart)


def _renewed(project: Project, facts: Facts) -> bool:
    """Tell whether there are containers of the app from another image than it is to run."""
    wanted = overlap.wanted_image(project, facts, project.app)
    return any(one.image_id != wanted for one in facts.of(APP))


def _past(project: Project, facts: Facts) -> tuple[str, ...]:
    """Return the containers of what ran before the app on another image than it is to run."""
    image = facts.images.get(facts.build_image)
    return tuple(one.name for one in facts.containers if _belongs(project, one) and one.image_id != image)


def _waited(project: Project, service: Service) -> set[str]:
    """Return what a service needs, and what these need."""
    found, queue = set[str](), list(service.needs)
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            needed = project.find(name)
            queue += needed.needs if needed else ()
    return found


def _belongs(project: Project, container: Container) -> bool:
    """Tell whether a container is of what runs before the app, on the app's image."""
    service = project.find(container.service)
    return service is not None and service.one_shot and service.image == project.app.image


def _all_well(project: Project, facts: Facts) -> bool:
    return all(one.well(service) for service in project.services for one in facts.of(service.name))


def _stale(project: Project, facts: Facts, *, prestart: bool) -> list[Service]:
    """Return the services that have to start anew.

    What runs once has nothing to do for an app that came back, and stays: it was removed with the other version.
    """
    stale = [one for one in project.services if _is_stale(project, facts, one)]
    lasting = {one.name for one in stale if not one.one_shot}
    waited = {need for one in project.services if one.name in lasting for need in one.needs}
    return [one for one in stale if not one.one_shot or (prestart and _is_due(one, facts, waited))]


def _is_due(service: Service, facts: Facts, waited: Collection[str]) -> bool:
    # What was made and never begun is what Compose makes along with the app.
    there = any(one.state != "created" for one in facts.of(service.name))
    return service.name in waited or there or not facts.undone


def _rolled(project: Project, facts: Facts, stale: Sequence[Service], worn: str, *, unproven: bool) -> tuple[Step, ...]:
    """Return the steps that replace the app's containers one by one, where that can be and has to be."""
    if not (project.find(APP) and overlap.rolls(project, facts)):
        return ()
    if worn or APP in {one.name for one in stale}:
        return rolling.steps(project, facts, worn)
    # All of them run the new image: an `up` was cut off before it had proven it.
    return (AwaitListed(tuple(one.name for one in facts.of(APP))),) if unproven else ()


def _proven(
    project: Project, facts: Facts, rolled: Sequence[Step], promote: tuple[Step, ...], past: tuple[str, ...]
) -> tuple[Step, ...]:
    """Return what comes when everything runs: the proof, where there is something to go back to, and what it allows."""
    gone = (*(rolling.gone(project, facts, rolled) if rolled else ()), *past)
    used = {*(one.image_id for one in facts.containers), facts.images.get(project.app.image, "")}
    doomed = keeping.doomed(facts.editions, facts.build_image, used)
    return (
        *((Prove(facts.build_image or project.app.image, gone),) if rolled or facts.of(APP) else ()),
        *(promote if rolled else ()),
        *((Remove(gone),) if gone else ()),
        *((Forget(doomed),) if doomed else ()),
    )


def orders(project: Project, facts: Facts) -> tuple[str, ...]:
    """Return the hosts that an ACME authority has yet to sign a certificate for."""
    taken = {host for step in _taken(project, facts) for host in step.hosts}
    return tuple(host for host in _uncertified(project, facts, project.hosts) if host not in taken)


def back(project: Project, facts: Facts, found: Sequence[Container], done: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps to what ran before, when the last of these that were done fails; none where none ran.

    `facts` are those before the first of them, `found` is what is there now.
    """
    if project.is_proxy:
        return ()
    if any(isinstance(step, Join | AwaitListed | Retire) for step in done):
        return (*rolling.back(project, facts, found, done), *_users(project, facts, done))
    before = next((one.image_id for one in facts.of(project.app.name) if one.state == "running"), "")
    name = rolling.renamed(project, facts, before, done)
    # Where nothing was started from the new image yet, only the name goes back.
    return (*name, *(_users(project, facts, done) if name else ()), *rolling.unproven(facts, found, done))


def _users(project: Project, facts: Facts, done: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps after which services run the app's image as it was, where they were started on the new one."""
    started = {name for step in done if isinstance(step, Start) for name in step.services}
    every = [one.name for one in project.services if one.image == project.app.image and not one.one_shot]
    rolled = any(isinstance(step, Join | Retire) for step in done)
    users = tuple(name for name in every if name != APP or not rolled)
    return (Start(users), AwaitHealthy(users)) if started & set(users) else ()


def reread(project: Project, running: Collection[str], path: Path) -> tuple[Step, ...]:
    """Return the steps after which every container that reads a file, and runs, has read it as it is now."""
    readers = [one.name for one in _stores_first(project) if path in one.reads and one.name in running]
    restarts = (Restart(name, f"{path.name} is another one") for name in readers)
    return (*restarts, AwaitHealthy(tuple(readers))) if readers else ()


def _stores_first(project: Project) -> list[Service]:
    return sorted(project.services, key=lambda one: one not in project.stores)


def _around(
    project: Project, stale: Sequence[Service], restarts: Sequence[Restart], image: str, rolled: tuple[Step, ...]
) -> tuple[Step, ...]:
    """Return the steps of a roll, with those before it of what it needs, and those after it of what needs the app.

    Compose makes anew what a service needs, if that is not as it should be: after the roll the app is.
    """
    behind = [one for one in stale if APP in _waited(project, one)]
    rest = [one for one in stale if one.name != APP and one not in behind]
    first = _in_order(project, rest, [one for one in restarts if one.service != APP], image)
    ready = AwaitHealthy(tuple(one.name for one in project.stores))
    waited = () if ready in first or not project.stores else (ready,)
    return (*first, *waited, *rolled, *_started(behind, image))


def _in_order(
    project: Project,
    stale: Sequence[Service],
    restarts: Sequence[Restart],
    image: str = "",
    promote: tuple[Step, ...] = (),
) -> tuple[Step, ...]:
    """Return the steps that start services and restart others; the name moves when what runs before the app has."""
    stores = {one.name for one in project.stores}
    ending = {one.name for one in project.services if one.one_shot}
    behind = {one.name for one in project.services if not one.one_shot and set(one.needs) & (stores | ending)}
    first = [one for one in stale if one.name not in ending | behind]
    last = [one for one in stale if one.name in behind]
    once = tuple(RunOnce(one.name, _meant(project, [one], image)) for one in stale if one.one_shot)
    ready = tuple(one.name for one in project.stores) if once or last else ()
    return (
        *_started(first, _meant(project, first, image)),
        *(step for step in restarts if step.service not in behind),
        *((AwaitHealthy(ready),) if ready else ()),
        *once,
        *promote,
        *_started(last, "" if promote else _meant(project, last, image)),
        *(step for step in restarts if step.service in behind),
    )


def _started(services: Sequence[Service], image: str) -> tuple[Start, ...]:
    return (Start(tuple(one.name for one in services), image),) if services else ()


def _meant(project: Project, services: Iterable[Service], image: str) -> str:
    """Return what the app's name has to mean while these are made: the new image, for those that run it."""
    return image if image and any(one.image == project.app.image for one in services) else ""


def _uncertified(project: Project, facts: Facts, hosts: Iterable[str]) -> tuple[str, ...]:
    wanted = hosts if project.ordered else ()
    return tuple(dict.fromkeys(host for host in wanted if not covered(facts.certified or (), host)))


def _released(project: Project, facts: Facts) -> tuple[Release, ...]:
    """Take the ports from those who will join this shared proxy: they hold them until it starts."""
    why = f"it joins {project.name}; nobody answers for it until `stack up` there"
    return tuple(Release(one.project, FRONT, why) for one in facts.leavers)


def _taken(project: Project, facts: Facts) -> tuple[TakeCertificates, ...]:
    """Take certificates over before Traefik starts: it reads its storage only then."""
    if project.joins or any(one.state == "running" for one in facts.of(project.proxy.name)):
        return ()
    behind = (*(host for one in facts.leavers for host in one.hosts), *(one.route.host for one in facts.claims))
    wanted = _uncertified(project, facts, behind if project.is_proxy else project.hosts)
    sources = {host: one.volume for one in reversed(facts.kept) for host in wanted if covered(one.names, host)}
    volumes = dict.fromkeys(one.volume for one in facts.kept if one.volume in sources.values())
    return tuple(
        TakeCertificates(tuple(host for host in wanted if sources.get(host) == volume), volume) for volume in volumes
    )


def _left(project: Project, facts: Facts) -> tuple[Release, ...]:
    """Take away the Traefik of its own that a project had before it joined a shared one; that one serves by now."""
    names = tuple(sorted({one.service for one in facts.orphans if one.service in FRONT}))
    return (Release(project.name, names, f"{project.joins} serves it now"),) if project.joins and names else ()


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
    if project.challenge == DNS or not (running or project.joins):
        return (order,)
    if project.joins:
        return ()
    return (Stop(project.proxy.name), order) if _serves_nobody(project, facts) else ()


def _serves_nobody(project: Project, facts: Facts) -> bool:
    """Tell whether a Traefik that runs has nothing to serve: no certificate at all, and no other names from before."""
    before = any(_is_stale(project, facts, one) for one in (project.proxy, project.app))
    served = any(_served(facts, host, facts.now) for host in project.hosts)
    return facts.certified == frozenset() and not before and not served


def _leaf(project: Project, facts: Facts) -> tuple[Step, ...]:
    if project.is_proxy:
        return ()
    if project.certificates != LOCAL:
        return () if facts.leaf is None else (DropLeaf(facts.leaf.names),)
    good = facts.leaf is not None and facts.leaf.good_for(project.hosts, facts.now + RENEW_BEFORE)
    # A shared Traefik reads it when it is signed, and is not restarted.
    read = not project.joins or all(_served(facts, host, facts.now) for host in project.hosts)
    return () if good and read else (SignLeaf(project.hosts),)


def _image(project: Project, facts: Facts) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Return the steps to a new image that can be imported, and the one that gives it the name; none without one."""
    app = project.find(APP)
    if app is None or app.build is None:
        return (), ()
    built = facts.images.get(facts.build_image)
    if built is not None and built == facts.images.get(app.image):
        return (), ()
    build = () if built else (BuildImage(app.name, facts.build_image),)
    return (*build, *_smoke(project, facts)), (Promote(facts.build_image, app.image),)


def _smoke(project: Project, facts: Facts) -> tuple[Step, ...]:
    target = server.app(project.app.command)
    folder = server.option(project.app.command, "app-dir") or "."
    return (Smoke(project.app.name, facts.build_image, target, folder),) if target else ()


def _is_stale(project: Project, facts: Facts, service: Service) -> bool:
    found, image = facts.of(service.name), overlap.wanted_image(project, facts, service)
    return len(found) != service.replicas or not all(one.matches(service, image) for one in found)


def _restarts(project: Project, facts: Facts, *, signed: bool, started: Collection[str]) -> tuple[Restart, ...]:
    """Return a restart for every service that needs one and is not started anew, with its first reason."""
    certificate = _certificate(project, facts, signed=signed)
    # A shared Traefik is not restarted for one of its stacks: it orders again when it sees the app's container anew.
    orders = project.app.name if project.joins else project.proxy.name
    reasons: dict[str, str] = {orders: certificate} if certificate else {}
    for service in _stores_first(project):
        if not service.one_shot and (why := _changed(service, project, facts) or _sick(service, facts)):
            reasons.setdefault(service.name, why)
    return tuple(Restart(name, why) for name, why in reasons.items() if name not in started)


def _certificate(project: Project, facts: Facts, *, signed: bool) -> str:
    """A served certificate that is not the wanted one: Traefik tries an order once, at its start (FACTS T12)."""
    if project.joins and not project.ordered:
        return ""
    # What lies in files gets no longer life from a restart, and what is served no other from one of the app.
    until = facts.now + (timedelta() if project.certificates == FILES or project.joins else LAST_WEEK)
    # An app is not taken out of service for a name that only redirects to it.
    hosts = project.canonical if project.joins else project.hosts
    wrong = [host for host in hosts if not project.external and not _served(facts, host, until)]
    if signed and not project.joins:
        return "it reads certificates when it starts"
    return f"the certificate of {', '.join(wrong)} is not the one it should be" if wrong else ""


def _changed(service: Service, project: Project, facts: Facts) -> str:
    """What it read when it started and has changed since: Compose sees paths, not contents (FACTS C19)."""
    started = [one.started for one in facts.of(service.name)]
    made = {path for path in project.secrets if str(path) in facts.missing}
    reread = _reread(project)
    newer = [path for path in service.reads if path in made or (path not in reread and _newer(facts, path, started))]
    inside = (path.relative_to(project.directory) if path.is_relative_to(project.directory) else path for path in newer)
    names = dict.fromkeys(map(str, inside))
    return f"{', '.join(names)} changed after it had started" if names else ""


def _reread(project: Project) -> set[Path]:
    """Return what Traefik reads again by itself: the certificates of a shared one's stacks, and what tells it of them.

    A stack takes its own away when the proxy begins to order them, too.
    """
    signed = project.is_proxy and project.certificates != FILES
    return {project.directory / RELOAD, *((project.directory / LEAVES,) if signed else ())}


def _newer(facts: Facts, path: Path, started: Iterable[datetime]) -> bool:
    return path in facts.modified and any(facts.modified[path] > moment for moment in started)


def _sick(service: Service, facts: Facts) -> str:
    """A container as the files want it that says it is not well gets one fresh start."""
    return "it is unhealthy" if any(one.health == "unhealthy" for one in facts.of(service.name)) else ""


def _served(facts: Facts, host: str, until: datetime) -> bool:
    handshake = facts.handshakes.get(host)
    return handshake is not None and handshake.good_for(host, until)
