"""What `up` and `rollback` leave written down in a project: who did what, and what became of it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Stopped:
    """How one container of the app ended when it was told to."""

    container: str
    seconds: float
    """From the signal to the end."""
    killed: bool
    """Whether Docker had to end it by force, because its grace was over."""


GOOD, TAKEN_BACK, FAILED, INTERRUPTED, KILLED = "good", "taken back", "failed", "interrupted", "killed"
"""How it ended: as it was meant to, with what ran before serving again, with neither, by somebody's hand, half way."""
UP, ROLLBACK = "up", "rollback"


@dataclass(frozen=True)
class Record:
    """One `up` or `rollback`."""

    at: datetime
    seconds: float
    """From its beginning until everything was as it should be, or was taken back."""
    image: str
    """The id of the app's image that serves since."""
    name: str
    """The name that it has when it is built from the files as they were; empty where nothing is built."""
    stopped: tuple[Stopped, ...] = ()
    """The app's containers that made room for this one."""
    did: str = UP
    result: str = GOOD
    who: str = ""
    """The user and the machine that it was called on."""
    before: str = ""
    """The name of the image that served before; empty where none did, or it had none."""
    failing: tuple[str, ...] = ()
    """The checks that failed afterwards."""
    why: str = ""
    """What went wrong; empty when it ended well."""
    requests: int | None = None
    """How many requests for the app came to Traefik meanwhile; None where that cannot be told."""
    lost: int | None = None
    """How many of these got no answer of the app's."""
    migrations: tuple[str, ...] = ()
    """The migrations that were there."""
    undone: bool = False
    """Whether what runs before the app was gone before this, and did not run again."""

    @property
    def good(self) -> bool:
        """Whether it ended as it was meant to."""
        return self.result == GOOD
