"""Containers, and what goes on inside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ..project import Port, Service

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Made:
    """How a container was made, as `docker inspect` has it."""

    image: str = ""
    """The name, not the id."""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    variables: frozenset[str] = frozenset()
    """The names in its environment, the image's among them; values may be secret."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Without Compose's own."""
    inherited: frozenset[str] = frozenset()
    """Names of variables and labels that its image has by itself."""
    memory: int = 0
    """Most bytes that it may take; 0 without a limit."""
    pids: int = 0
    """Most processes and threads; 0 without a limit."""
    mounts: Mapping[str, str] = field(default_factory=dict)
    """Volumes by name, and files and folders of the host by path, by their place in the container."""
    healthcheck: tuple[str, ...] = ()
    """The words of its healthcheck, its image's where it has none of its own; none where nobody asks how it is."""
    restart: str = ""
    """When Docker starts it again: no, always, unless-stopped, on-failure."""
    log_driver: str = ""
    log_size: str = ""
    """How large a file of its log may become, in Docker's words; empty without a limit."""
    user: str = ""
    read_only: bool = False
    network: str = ""
    """Docker's word for the network it was made in; `host` for none of its own."""


@dataclass(frozen=True)
class Space:
    """The room of one file system, in bytes."""

    free: int
    """For users other than root."""
    total: int


@dataclass(frozen=True)
class Confinement:
    """What a process may do, by its own /proc/self/status."""

    uid: int
    capabilities: int
    """The set of those in effect, a bit each; 0 for none."""
    locked: bool
    """Whether it can get no new privileges."""


@dataclass(frozen=True)
class Store:
    """What a data service says of itself."""

    service: str
    settings: Mapping[str, str] = field(default_factory=dict)
    """Those that decide whether what is written lasts, in the service's own words."""
    room: Space | None = None
    """Where it keeps its data; None where it cannot be told."""
    problem: str = ""
    """Why it could not be asked; else empty."""


@dataclass(frozen=True)
class Dial:
    """A connection to a data service, tried from a container that has no business there."""

    service: str
    address: str
    open: bool


@dataclass(frozen=True)
class Deaths:
    """What a container of the app wrote of late about workers that died."""

    container: str
    words: tuple[str, ...] = ()
    """The server's, each with its moment; nothing else of the log."""
    since: datetime = EPOCH
    """From when on the log was read: later than it was meant to be, where the container writes much."""


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
    """Whether the kernel has ended one of its processes for lack of memory since it was started last."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """IPv4 address by network name."""
    ports: tuple[Port, ...] = ()
    made: Made = field(default_factory=Made)

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
    confinement: Confinement | None = None
    """Of process 1; None where it cannot be read."""
    killed: int | None = None
    """How many of its processes the kernel has ended for lack of memory since it started; None where nobody counts."""
    room: Mapping[str, Space] = field(default_factory=dict)
    """What is left where its volumes are mounted, by place."""
    reached: Mapping[str, str] = field(default_factory=dict)
    """What came of asking the data services from inside, by name: empty when they answered, else why not."""

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

    def alive(self, wanted: int) -> int:
        """Return how many workers live; a single one is the server itself, and what it spawned is the app's."""
        return 1 if wanted == 1 else self.workers
