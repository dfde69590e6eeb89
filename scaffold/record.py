"""What `up` leaves written down in a project: when it was, what it started, and how what ran before went."""

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


@dataclass(frozen=True)
class Record:
    """One `up` that ended well."""

    at: datetime
    seconds: float
    """From its beginning until everything was as it should be; the check afterwards not counted."""
    image: str
    """The id of the app's image."""
    name: str
    """The name that it has when it is built from the files as they were; empty where nothing is built."""
    stopped: tuple[Stopped, ...] = ()
    """The app's containers that made room for this one."""
