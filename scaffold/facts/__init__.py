"""What is there: the world as it was seen at one moment, frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ..record import UP, Record
from ..routing import Claim
from .containers import EPOCH, Confinement, Container, Deaths, Dial, Made, Process, Server, Space, Store
from .machine import Edition, Holder, Kept, Leaver, Room, SecretFile, Versions, release
from .names import Directory, Naming, Property
from .site import LAST_WEEK, TRIALS, Awaited, Complaint, Handshake, Leaf, OwnFiles, Reply, Sighting, covered

__all__ = [
    "EPOCH",
    "LAST_WEEK",
    "TRIALS",
    "Awaited",
    "Complaint",
    "Confinement",
    "Container",
    "Deaths",
    "Dial",
    "Directory",
    "Edition",
    "Facts",
    "Handshake",
    "Holder",
    "Kept",
    "Leaf",
    "Leaver",
    "Made",
    "Naming",
    "OwnFiles",
    "Partial",
    "Process",
    "Property",
    "Record",
    "Reply",
    "Room",
    "SecretFile",
    "Server",
    "Sighting",
    "Space",
    "Store",
    "Unseen",
    "Versions",
    "covered",
    "guarded",
    "lately",
    "release",
]


@dataclass(frozen=True)
class Facts:
    """Everything that plans and checks may look at."""

    now: datetime
    versions: Versions | None = None
    containers: tuple[Container, ...] = ()
    images: Mapping[str, str] = field(default_factory=dict)
    """Image id by name, for the names that the project uses."""
    build_image: str = ""
    """The name that the app's image has when it is built from the files as they are."""
    editions: tuple[Edition, ...] = ()
    """The images of the app that were built and are still there, `current` not among them."""
    migrations: tuple[str, ...] = ()
    """The names of the migrations in the app's folder, as Alembic keeps them."""
    namesakes: tuple[str, ...] = ()
    """Other folders that run containers under this project's name."""
    holders: tuple[Holder, ...] = ()
    claims: tuple[Claim, ...] = ()
    """What other projects claim on the Traefik that serves this one, or that this one is."""
    leavers: tuple[Leaver, ...] = ()
    """Who holds the ports of a shared proxy, and will join it."""
    orphans: tuple[Container, ...] = ()
    """Containers of the project's own that its files do not define any more."""
    kept: tuple[Kept, ...] = ()
    """Certificates that lie elsewhere on this server; looked for while no Traefik of this project runs."""
    missing: tuple[str, ...] = ()
    """Paths that would be mounted and do not exist."""
    closed: tuple[str, ...] = ()
    """Paths that would be mounted and that only their owner may read: a container's user is another one."""
    modified: Mapping[Path, datetime] = field(default_factory=dict)
    """When what is mounted and only read was changed last, by path; of a folder, the newest file in it."""
    secrets: tuple[SecretFile, ...] = ()
    """The files in the folder of secrets."""
    secrets_mode: int | None = None
    """Permission bits of the folder itself; None without one."""
    unreadable: tuple[str, ...] = ()
    """What an entry point would stop at in secrets/app.env or traefik.env, by file and line; no value."""
    tracked: tuple[str, ...] | None = ()
    """Files in the folder of secrets that git has; None when git does not say."""
    data_version: str | None = ""
    """Major version of PostgreSQL that made the data in its volume; empty without any, None when it cannot be told."""
    server_version: str = ""
    """Major version of PostgreSQL in the image that is wanted; empty when it cannot be told."""
    certified: frozenset[str] | None = frozenset()
    """Names that the wanted ACME authority has signed a certificate for, in Traefik's storage; None if unreadable."""
    leaf: Leaf | None = None
    room: Room | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    """What .env says, by name."""
    doubtful: tuple[str, ...] = ()
    """The names in .env whose value looks like one that waits for the real one."""
    placeholders: tuple[str, ...] = ()
    """The names in secrets/ that nobody has given a value yet: of a file, or of a setting in one; no value."""
    own: OwnFiles | None = None
    handshakes: Mapping[str, Handshake] = field(default_factory=dict)
    answers: Mapping[str, Reply] = field(default_factory=dict)
    """GET over HTTPS of where the app begins, by canonical name."""
    elsewhere: Mapping[str, Reply] = field(default_factory=dict)
    """GET over HTTPS of some path, by each of the other names."""
    redirects: Mapping[str, Reply] = field(default_factory=dict)
    """GET over plain HTTP, by host."""
    slash: Reply | None = None
    """A route of the app that ends in a slash, asked for without it."""
    servers: tuple[Server, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    names: Mapping[str, Naming] = field(default_factory=dict)
    """What DNS says, by host."""
    authority: Directory | None = None
    """The authority that is wanted; None when it was not asked."""
    interfaces: tuple[str, ...] = ()
    """The addresses of this machine's interfaces, loopback among them."""
    boots: bool | None = None
    """Whether the system starts the engine when it starts itself; None when it does not say."""
    limits: bool = True
    """Whether the engine can hold a container to a limit of memory."""
    record: Record | None = None
    """The last `stack up` that ended well; None where none is written down."""
    tried: Record | None = None
    """The last `stack up` or `rollback`, however it ended; None where none is written down."""
    deaths: tuple[Deaths, ...] = ()
    """What the app's containers wrote in the last hour about workers that died; not of one whose log is closed."""
    stores: tuple[Store, ...] = ()
    dials: tuple[Dial, ...] | None = None
    """Connections to data services from Traefik's container; None when it could not try."""
    complaints: tuple[Complaint, ...] = ()
    """What Traefik has written about orders and routers since it, or the app, was started last."""
    storage: Mapping[str, int] = field(default_factory=dict)
    """Permission bits of the files in which Traefik keeps certificates and their keys, by path."""
    api: tuple[str, ...] | None = None
    """Where Traefik's own API or dashboard answered: addresses; None when nobody could ask."""
    socket_proxy: Mapping[str, int] = field(default_factory=dict)
    """The status of the answers of the proxy in front of Docker's API, by request such as `GET /_ping`."""
    exposed: tuple[str, ...] = ()
    """Secrets that stand in `docker inspect`: the name of each, and where; no value."""
    baked: tuple[str, ...] | None = None
    """Secrets that lie in the app's image: the name of each, and where; no value. None when it could not be read."""
    stranger: Reply | None = None
    """GET over HTTPS for a host that nobody serves here."""
    large: Reply | None = None
    """The answer to the head of a request whose body would be one byte over the limit; None where there is none."""
    parts: tuple[Reply, ...] = ()
    """Answers to requests for the beginning of something, by a client that takes compressed ones."""
    outdated: Mapping[str, bool] | None = None
    """Whether a version of TLS that nobody should speak was accepted, by name; None when we cannot speak it.

    Empty where nobody took the connection.
    """
    unseen: Mapping[str, str] = field(default_factory=dict)
    """Why something could not be looked at, by the name of the fact here that is not to be had for that."""

    @property
    def undone(self) -> bool:
        """Whether the version that serves has come back: what ran before the app was of another one, and is gone."""
        return self.tried is not None and (self.tried.undone or not (self.tried.did == UP and self.tried.good))

    def of(self, service: str) -> tuple[Container, ...]:
        """Return a service's containers."""
        return tuple(container for container in self.containers if container.service == service)


class Unseen(Exception):
    """A fact was asked for that could not be looked at."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Partial(Facts):
    """Facts that raise Unseen when somebody asks for one that could not be looked at."""

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 - of a fact of any kind
        """Return a fact that was seen."""
        unseen: Mapping[str, str] = super().__getattribute__("unseen")
        if name in unseen:
            raise Unseen(unseen[name])
        return super().__getattribute__(name)


def guarded(facts: Facts) -> Facts:
    """Return the same facts; those that could not be looked at raise Unseen."""
    if not facts.unseen:
        return facts
    return Partial(**{one.name: getattr(facts, one.name) for one in fields(facts)})


def lately(facts: Facts, moment: datetime) -> Facts:
    """Return facts without what befell containers that run since before a moment: it is no fault of what came then."""
    old = {one.name for one in facts.containers if one.started < moment}
    record = facts.record if facts.record is None or facts.record.at >= moment else replace(facts.record, stopped=())
    return replace(
        facts,
        containers=tuple(
            replace(one, restarts=0, starved=False) if one.name in old else one for one in facts.containers
        ),
        servers=tuple(replace(one, killed=0) if one.container in old else one for one in facts.servers),
        deaths=tuple(replace(one, words=()) if one.container in old else one for one in facts.deaths),
        record=record,
    )
