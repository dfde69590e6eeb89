"""What is around somebody who makes a project: this machine, and who they are to git."""

from dataclasses import dataclass
from ipaddress import ip_address

from .machine import Holder, Room, Versions


@dataclass(frozen=True)
class Surroundings:
    """What was looked at before anything is asked. This machine need not be the server."""

    cores: int
    room: Room
    holders: tuple[Holder, ...] = ()
    """Processes that listen on ports 80 and 443."""
    interfaces: tuple[str, ...] = ()
    """The addresses of its interfaces, loopback among them."""
    versions: Versions | None = None
    engine_problem: str = ""
    """Why there is no engine; empty with one."""
    name: str = ""
    """Who commits here, as git's settings say; empty where they do not."""
    email: str = ""

    @property
    def public(self) -> tuple[str, ...]:
        """The addresses that are unique in the internet, as IANA's registries of special addresses tell."""
        return tuple(one for one in self.interfaces if ip_address(one.partition("%")[0]).is_global)
