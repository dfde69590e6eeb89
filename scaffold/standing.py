"""How a stack stands: what its files want, beside what runs and what that takes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from . import server
from .facts import Container, Handshake, Record, Server
from .facts.usage import Usage
from .project import APP, Project, Service
from .routing import Claim

LATELY = timedelta(days=1)
"""A container that Docker had to start again counts as a trouble for so long after it did."""
SOON = timedelta(days=14)
"""A certificate with less than this left should have been renewed by now."""
HEALTHS = ("unhealthy", "starting", "healthy")
"""The worst first."""


@dataclass(frozen=True)
class Seen:
    """What was looked at."""

    now: datetime
    containers: tuple[Container, ...] = ()
    """The project's own."""
    usage: Mapping[str, Usage] = field(default_factory=dict)
    """By the id of a container."""
    servers: tuple[Server, ...] = ()
    handshakes: Mapping[str, Handshake] = field(default_factory=dict)
    """By canonical name."""
    record: Record | None = None
    front: tuple[Container, ...] = ()
    """The containers of the shared proxy that it joins."""
    claims: tuple[Claim, ...] = ()
    """What the stacks claim that are behind it, when it is a shared proxy."""
    unseen: Mapping[str, str] = field(default_factory=dict)
    """Why something could not be looked at, by what it is."""
    also: frozenset[str] = frozenset()
    """Services that the files define for a profile that nobody asked for: what runs of them does by somebody's wish."""


@dataclass(frozen=True)
class Workers:
    """How many workers of the app live, and how many should."""

    alive: int
    wanted: int


@dataclass(frozen=True)
class Row:
    """One service."""

    service: str
    wanted: int
    running: int
    one_shot: bool = False
    health: str = ""
    """The worst of its containers; of one that does not run, its state; empty without a healthcheck."""
    workers: Workers | None = None
    cpu: float | None = None
    """In % of one core, of all its containers."""
    memory: int | None = None
    limit: int = 0
    """Bytes of all its containers that run; 0 without a limit."""
    restarts: int = 0
    since: datetime | None = None
    """When the newest of its containers started; of a one-shot service, the last time."""
    missing: bool = False
    """Whether the files define it no more, and it is there all the same."""
    restarted: bool = False
    """Whether Docker has had to start it again lately."""
    ended: int | None = None
    """The status that a one-shot service ended with."""

    @property
    def well(self) -> bool:
        """Whether it runs as it should, or has done what it was for."""
        if self.one_shot:
            return self.ended == 0
        return self.running == self.wanted and self.health in {"healthy", ""} and not self.short and not self.missing

    @property
    def short(self) -> bool:
        """Whether workers are missing."""
        return self.workers is not None and self.workers.alive < self.workers.wanted


@dataclass(frozen=True)
class Served:
    """The certificate of one host."""

    host: str
    issuer: str
    not_after: datetime
    left: timedelta
    problem: str = ""

    @property
    def well(self) -> bool:
        """Whether a client accepts it, and will for a while."""
        return not self.problem and self.left > SOON


@dataclass(frozen=True)
class Standing:
    """All of it."""

    project: Project
    now: datetime
    rows: tuple[Row, ...]
    certificates: tuple[Served, ...]
    record: Record | None
    serves: bool
    """Whether the Traefik runs that serves it: its own, or the shared proxy's."""
    claims: tuple[Claim, ...]
    unseen: Mapping[str, str] = field(default_factory=dict)
    """Why something could not be looked at, by what it is."""

    @property
    def idle(self) -> bool:
        """Whether nothing of it runs."""
        return not any(row.running for row in self.rows)

    @property
    def wrong(self) -> tuple[str, ...]:
        """The services that are not as wanted; a shared proxy by its project's name."""
        own = tuple(row.service for row in self.rows if not row.well)
        return own if self.serves or not self.project.joins else (*own, self.project.joins)

    @property
    def well(self) -> bool:
        """Whether everything runs, as far as it was to be seen."""
        return not self.wrong and not self.unseen


def stand(project: Project, seen: Seen) -> Standing:
    """Return how a stack stands."""
    defined = {one.name for one in project.services}
    gone = dict.fromkeys(one.service for one in seen.containers if one.service not in defined)
    proxies = seen.front if project.joins else seen.containers
    return Standing(
        project,
        seen.now,
        (*(_row(project, one, seen) for one in project.services), *(_orphan(project, name, seen) for name in gone)),
        tuple(_served(host, one, seen.now) for host, one in seen.handshakes.items()),
        seen.record,
        any(one.serving for one in proxies if _is_proxy(project, one)),
        seen.claims,
        seen.unseen,
    )


def _is_proxy(project: Project, container: Container) -> bool:
    """Tell whether a container is the Traefik that serves a project, as far as it is known which that is."""
    known = project.front is not None or not project.joins
    return known and container.service == project.proxy.name


def _row(project: Project, service: Service, seen: Seen) -> Row:
    found = [one for one in seen.containers if one.service == service.name]
    running = [one for one in found if one.state == "running"]
    taken = [seen.usage[one.id] for one in running if one.id in seen.usage]
    shares = [one.cpu for one in taken if one.cpu is not None]
    return Row(
        service.name,
        wanted=1 if service.one_shot else service.replicas,
        running=len(running),
        one_shot=service.one_shot,
        health=_health(running or found),
        workers=_workers(service, seen.servers) if service.name == APP and not project.is_static else None,
        cpu=sum(shares) if shares else None,
        memory=sum(one.memory for one in taken) if taken else None,
        limit=sum(one.made.memory for one in running) if all(one.made.memory for one in running) else 0,
        restarts=sum(one.restarts for one in found),
        since=max((one.started for one in (found if service.one_shot else running)), default=None),
        restarted=any(one.restarts and one.started > seen.now - LATELY for one in found),
        ended=next((one.exit_code for one in found if one.state == "exited"), None) if service.one_shot else None,
    )


def _orphan(project: Project, name: str, seen: Seen) -> Row:
    found = [one for one in seen.containers if one.service == name]
    running = sum(one.state == "running" for one in found)
    if name in seen.also:
        return _row(project, Service(name, "", replicas=running), seen)
    return Row(name, wanted=0, running=running, health=_health(found), missing=True)


def _health(containers: Iterable[Container]) -> str:
    """Return the worst word about some containers; empty where all run, and none has a healthcheck."""
    found = list(containers)
    stopped = [one.state for one in found if one.state != "running"]
    said = {one.health for one in found}
    return next(iter(stopped), "") or next((word for word in HEALTHS if word in said), "")


def _workers(service: Service, servers: Iterable[Server]) -> Workers | None:
    """Return the workers of all containers of the app; None where the server is none that is known, or unseen."""
    known = [one for one in servers if one.argv]
    commands = [server.told(service.command, one.argv) for one in known]
    if not known or not all(map(server.name, commands)):
        return None
    counts = [server.workers(command, service.environment) for command in commands]
    return Workers(sum(one.alive(n) for one, n in zip(known, counts, strict=True)), sum(counts))


def _served(host: str, seen: Handshake, now: datetime) -> Served:
    names = ", ".join(seen.names) or "nobody"
    problem = seen.problem or ("" if seen.names_host(host) else f"the certificate is for {names}")
    return Served(host, seen.issuer, seen.not_after, seen.not_after - now, problem)
