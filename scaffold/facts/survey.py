"""A server as a look over SSH has seen it, before there is any project on it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

KB = 1024
USERS = re.compile(r'\(\("([^"]+)",pid=(\d+)')
"""Who listens, as `ss -p` tells it."""
PUBLISHED = re.compile(r"(?P<address>[0-9.]+|\[[0-9a-fA-F:]+\]|::):(?P<port>[0-9-]+)->")
"""A published port in the words of `docker ps`."""
OPEN = ("0.0.0.0", "[::]", "::")  # noqa: S104 - recognised, not bound
HEX_LOOPBACK = re.compile(r"[0-9A-F]{6}7F|0{24}01000000|0000000000000000FFFF0000[0-9A-F]{6}7F")
"""127.0.0.0/8, ::1, and the first as an IPv6 address, as /proc/net/tcp and tcp6 write them: proc_net_tcp.txt."""
PASSWORDS = ("password", "keyboard-interactive")
"""The ways to log in for which something has to be typed: RFC 4252, section 8, and RFC 4256."""


@dataclass(frozen=True)
class Published:
    """A container that takes connections on this server's addresses."""

    container: str
    project: str
    ports: tuple[str, ...]
    """Single ones and ranges, those that others than the server itself reach."""


@dataclass(frozen=True)
class Survey:
    """What a server is like. Empty or None is what it did not tell."""

    user: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    arch: str = ""
    system: str = ""
    """As os-release(5) has it: ID."""
    like: tuple[str, ...] = ()
    title: str = ""
    docker: str = ""
    """Where its command is."""
    engine: str = ""
    refused: str = ""
    """Why the engine did not answer, in Docker's words."""
    compose: str = ""
    containers: tuple[Published, ...] = ()
    init: str = ""
    boot: tuple[str, ...] = ()
    listening: frozenset[int] = frozenset()
    """TCP ports on which somebody listens whom others reach."""
    owners: Mapping[int, str] | None = None
    """Who does, as far as this user may know."""
    memory: int | None = None
    available: int | None = None
    swap: int | None = None
    """All of it, in bytes, like the other two."""
    swap_free: int | None = None
    free: int | None = None
    """Bytes on the disk where Docker keeps its data."""
    disk: int | None = None
    place: str = ""
    ahead: float | None = None
    """Seconds that its clock is ahead of ours, as far as the way there lets one tell."""
    synchronized: bool | None = None
    packages: str = ""
    upgraders: tuple[str, ...] = ()
    unattended: bool | None = None
    firewalls: Mapping[str, bool] | None = None
    interfaces: tuple[str, ...] = ()
    """Its IP addresses."""
    logins: tuple[str, ...] = ()
    """The ways to log in that its SSH server offers."""

    @property
    def root(self) -> bool:
        """Whether who looked may do everything."""
        return self.uid == "0"

    @property
    def boots(self) -> bool | None:
        """Whether Docker is started when the server is; None when nobody can tell."""
        return "enabled" in self.boot if any(self.boot) else None

    @property
    def debian(self) -> bool:
        """Whether it is Debian, or made of it."""
        return "debian" in {self.system, *self.like}


def survey(text: str, *, asked: float, answered: float, logins: Sequence[str] = ()) -> Survey:
    """Return what remote/look.sh printed; its clock is compared with the middle of two moments of ours.

    ValueError when it has not come to its end.
    """
    said = _said(text)

    def one(name: str) -> str:
        return next(iter(said.get(name, ())), "")

    memory = {name.rstrip(":"): int(size) * KB for name, size in map(str.split, said.get("memory", ()))}
    free, disk, place = _disk(one("disk"))
    return Survey(
        user=one("user"),
        uid=one("uid"),
        groups=tuple(one("groups").split()),
        arch=one("arch"),
        system=one("system"),
        like=tuple(one("like").split()),
        title=one("title"),
        docker=one("docker"),
        engine=one("engine"),
        refused=one("refused"),
        compose=one("compose"),
        containers=tuple(map(_published, said.get("container", ()))),
        init=one("init"),
        boot=tuple(filter(None, said.get("boot", ()))),
        listening=frozenset(_listening(said.get("listen", ()))),
        owners=dict(_owners(said.get("socket", ()))),
        memory=memory.get("MemTotal"),
        available=memory.get("MemAvailable"),
        swap=memory.get("SwapTotal"),
        swap_free=memory.get("SwapFree"),
        free=free,
        disk=disk,
        place=place,
        ahead=_ahead(one("time"), asked, answered),
        synchronized={"yes": True, "no": False}.get(one("synchronized")),
        packages=one("packages"),
        upgraders=tuple(said.get("upgrader", ())),
        unattended=one("unattended") not in {"", "0"} if "unattended" in said else None,
        firewalls={name: state in {"yes", "active"} for name, _, state in _split(said.get("firewall", ()))},
        interfaces=tuple(dict.fromkeys(said.get("interface", ()))),
        logins=tuple(logins),
    )


def logins(said: str) -> tuple[str, ...]:
    """Return the ways to log in that an SSH server names when it refuses a client that offers none."""
    found = re.search(r"Permission denied \(([a-z0-9,@.-]+)\)", said)
    return tuple(found[1].split(",")) if found else ()


def _said(text: str) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, tab, value = line.partition("\t")
        if tab:
            said.setdefault(name, []).append(value)
    if "end" not in said:
        raise ValueError("the look at the server was cut short")
    return said


def _split(lines: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    return (line.partition(" ") for line in lines)


def _published(line: str) -> Published:
    name, project, ports = (*line.split(" ", 2), "", "")[:3]
    found = (one["port"] for one in PUBLISHED.finditer(ports) if one["address"] in OPEN)
    return Published(name, project, tuple(dict.fromkeys(found)))


def _listening(lines: Sequence[str]) -> Iterator[int]:
    for line in lines:
        address, _, port = line.strip().rpartition(":")
        if not HEX_LOOPBACK.fullmatch(address):
            yield int(port, 16)


def _owners(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    for line in lines:
        fields = line.split()
        if len(fields) > 4 and (who := USERS.search(line)):  # noqa: PLR2004 - State Recv-Q Send-Q Local Peer
            yield int(fields[3].rpartition(":")[2]), f"{who[1]} (process {who[2]})"


def _disk(line: str) -> tuple[int | None, int | None, str]:
    free, total, place = (*line.split(" ", 2), "", "", "")[:3]
    if not free.isdigit() or not total.isdigit():
        return None, None, place
    return int(free) * KB, int(total) * KB, place


def _ahead(told: str, asked: float, answered: float) -> float | None:
    """Return how far another clock is ahead; 0 where the time that asking took, and whole seconds, can explain it."""
    if not told.isdigit():
        return None
    earliest, latest = asked - 1, answered
    if earliest <= int(told) <= latest:
        return 0.0
    return int(told) - (latest if int(told) > latest else earliest)
