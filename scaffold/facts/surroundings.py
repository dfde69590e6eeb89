"""What is around somebody who makes a project: this machine, and who they are to git."""

from dataclasses import dataclass

from .machine import Holder, Room, Versions


@dataclass(frozen=True)
class Surroundings:
    """What was looked at before anything is asked. This machine need not be the server."""

    cores: int
    room: Room
    holders: tuple[Holder, ...] = ()
    """Processes that listen on ports 80 and 443."""
    interfaces: tuple[str, ...] = ()
    versions: Versions | None = None
    engine_problem: str = ""
    """Why there is no engine; empty with one."""
    name: str = ""
    """Who commits here, as git's settings say; empty where they do not."""
    email: str = ""
