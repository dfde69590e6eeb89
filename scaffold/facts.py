"""What is there: the world as it was seen at one moment, frozen."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .project import Port, Service
from .routing import Claim

LAST_WEEK = timedelta(days=7)
"""A certificate with less than this left should long have been renewed."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Container:
    """One container of the project, or of the shared proxy that it joins; running or not."""

    id: str
    name: str
    service: str
    state: str
    """Docker's word: created, running, restarting, exited, dead, paused."""
    health: str = ""
    """healthy, unhealthy, starting; empty without a healthcheck."""
    exit_code: int = 0
    """Of the last time it ended."""
    started: datetime = EPOCH
    """The last time."""
    words: str = ""
    """What its healthcheck said last."""
    image_id: str = ""
    config_hash: str = ""
    folder: str = ""
    restarts: int = 0
    starved: bool = False
    """Killed, most likely for lack of memory, in this life or at the end of the last."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """IPv4 address by network name."""
    ports: tuple[Port, ...] = ()

    @property
    def serving(self) -> bool:
        """Running, and healthy if it says anything about that."""
        return self.state == "running" and self.health in {"healthy", ""}

    @property
    def done(self) -> bool:
        """Ran to its end, and well."""
        return self.state == "exited" and self.exit_code == 0

    def well(self, service: Service) -> bool:
        """Tell whether it is as it should be: it serves, or has done what it was for."""
        return self.done if service.one_shot else self.serving

    def matches(self, service: Service, image_id: str) -> bool:
        """Tell whether it was made from this definition and this image, and runs or has done what it was for."""
        lives = self.done if service.one_shot else self.state == "running"
        return lives and self.config_hash == service.hash and self.image_id == image_id


def release(version: str) -> tuple[int, int]:
    """Return major and minor number of a version such as `v2.26.1-4`; (0, 0) of anything else."""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)


@dataclass(frozen=True)
class Versions:
    """Of what does the work."""

    engine: str
    compose: str
    oldest_api: str = ""
    """The oldest version of its API that the engine still answers to; empty when it did not say."""


@dataclass(frozen=True)
class Holder:
    """Who listens on a port of this machine."""

    port: int
    who: str
    project: str = ""
    """The Compose project, if it is a container of one."""


@dataclass(frozen=True)
class Reply:
    """The answer to one request; without a status, why there was none."""

    url: str
    status: int = 0
    location: str = ""
    problem: str = ""
    by_proxy: bool = False
    """Whether it is Traefik's own "not found": it knows no container for that host."""


def covered(names: Collection[str], host: str) -> bool:
    """Tell whether a certificate with these names is for a host."""
    return host in names or f"*.{host.partition('.')[2]}" in names


@dataclass(frozen=True)
class Handshake:
    """A TLS handshake for one name."""

    names: tuple[str, ...] = ()
    issuer: str = ""
    not_after: datetime = EPOCH
    problem: str = ""
    """Why there was no handshake, or why a client that trusts the wanted authority refuses the chain; else empty."""

    def names_host(self, host: str) -> bool:
        """Tell whether the certificate is for this host; `*` stands for one label (RFC 9525, section 6.3)."""
        return covered(self.names, host)

    def accepted_for(self, host: str) -> bool:
        """Tell whether a client accepts it for this host, now."""
        return not self.problem and self.names_host(host)

    def good_for(self, host: str, at: datetime) -> bool:
        """Tell whether a client accepts it for this host, now and at a moment."""
        return self.accepted_for(host) and self.not_after > at


@dataclass(frozen=True)
class Awaited:
    """What came of waiting for a certificate."""

    host: str
    seen: Handshake
    """What was served last."""
    complaints: tuple[str, ...] = ()
    """What Traefik wrote meanwhile about certificates that did not come."""

    @property
    def came(self) -> bool:
        """Whether it is there, and good."""
        return self.seen.accepted_for(self.host)


@dataclass(frozen=True)
class Leaf:
    """The certificate of the local authority that lies in the project."""

    names: tuple[str, ...]
    not_after: datetime
    signed_by_us: bool

    def good_for(self, hosts: tuple[str, ...], at: datetime) -> bool:
        """Tell whether it names these hosts, is ours, and lasts beyond a moment."""
        return self.signed_by_us and set(hosts) <= set(self.names) and self.not_after > at


@dataclass(frozen=True)
class OwnFiles:
    """The user's own certificate and key, as they lie in the project."""

    names: tuple[str, ...] = ()
    issuer: str = ""
    not_before: datetime = EPOCH
    not_after: datetime = EPOCH
    """The server's certificate's."""
    alone: bool = False
    """Whether its authority's certificates do not follow it: whole, in order, not ended."""
    problem: str = ""
    """Why Traefik could not serve it; else empty."""

    def names_host(self, host: str) -> bool:
        """Tell whether the certificate is for this host, by the rule of a handshake."""
        return covered(self.names, host)


@dataclass(frozen=True)
class Room:
    """What this machine has left, in bytes; None where it cannot be told."""

    memory: int | None = None
    """What can be taken without swapping."""
    memory_total: int | None = None
    swap: int | None = None
    disk: int | None = None
    """On the disk where Docker keeps its data."""


@dataclass(frozen=True)
class Kept:
    """What another project's volume has of certificates."""

    volume: str
    names: frozenset[str]


@dataclass(frozen=True)
class Leaver:
    """A project that has had a Traefik of its own, and by its files joins this one now."""

    project: str
    folder: str
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class SecretFile:
    """One file in the project's folder of secrets."""

    path: Path
    size: int
    mode: int
    """Permission bits."""


@dataclass(frozen=True)
class Process:
    """One process inside the app's container, by the container's own numbers."""

    pid: int
    parent: int
    argv: tuple[str, ...]


@dataclass(frozen=True)
class Server:
    """The running server of one app container."""

    container: str
    processes: tuple[Process, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """The variables of `server.VARIABLES` as the process has them; no other."""

    @property
    def argv(self) -> tuple[str, ...]:
        """The command line of process 1."""
        return next((process.argv for process in self.processes if process.pid == 1), ())

    @property
    def workers(self) -> int:
        """How many processes can answer: Uvicorn spawns them; a single worker is the server itself."""
        spawned = {one.pid: one.parent for one in self.processes if "spawn_main" in " ".join(one.argv)}
        # What a worker spawned in its turn is the app's own business.
        return len([pid for pid, parent in spawned.items() if parent not in spawned]) or (1 if self.argv else 0)


@dataclass(frozen=True)
class Sighting:
    """One marked request of ours, as Traefik wrote it down."""

    sent: str
    """The X-Forwarded-For that we forged; empty when we sent none."""
    client: str
    """Whom Traefik took for the client: what it tells the app in X-Forwarded-For."""
    peer: str
    """The address that the connection came from."""
    host: str = ""
    served: bool = True
    """Whether a container was asked, and not Traefik alone that answered."""
    at: str = ""
    """The public IPv6 address of this machine that it was sent to; empty where it went the usual way."""


@dataclass(frozen=True)
class Property:
    """One property of a CAA record set (RFC 8659, section 4)."""

    tag: str
    value: str
    critical: bool = False
    """Whether an authority that does not know the tag must not sign."""


@dataclass(frozen=True)
class Naming:
    """One name of the project, as DNS has it."""

    host: str
    zone: str = ""
    own: tuple[str, ...] | None = None
    """The addresses that the zone's own servers give, IPv4 first; None when they could not be asked."""
    public: tuple[str, ...] = ()
    """The addresses that the public resolver gives, IPv4 first."""
    exists: bool = True
    """Whether the name is known at all; one that is may still have no address."""
    caa: tuple[Property, ...] = ()
    caa_at: str = ""
    """The name that these properties were found at: the host, one above it, or one it is an alias of."""
    caa_problem: str = ""
    """Why nobody said whether there is a CAA record; an authority that gets no answer does not sign either."""
    problem: str = ""
    """Why nobody could be asked at all; else empty."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that hold: the zone's own servers know them first."""
        return self.public if self.own is None else self.own


@dataclass(frozen=True)
class Directory:
    """The directory of an ACME authority, as it was fetched."""

    url: str
    problem: str = ""
    identities: tuple[str, ...] = ()
    """The names by which CAA records allow this authority (RFC 8555, section 9.7.6)."""
    ahead: timedelta | None = None
    """Our clock minus the authority's; None when it told no time."""


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

    def of(self, service: str) -> tuple[Container, ...]:
        """Return a service's containers."""
        return tuple(container for container in self.containers if container.service == service)
