"""How containers of the app end while others take their place: by Docker's events, which are gone a moment later."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from docker import DockerClient

from ..project import APP
from ..record import Stopped
from .inspection import SIGKILLED
from .labels import ONE_OFF, PROJECT, SERVICE

Event = Mapping[str, Any]

READY_SECONDS = 2
"""How long Docker may take to begin with its events; without them, nothing is known about endings, and no more."""
LATE_SECONDS = 1
"""How long the end of a container may take to be told, when all is done."""
NANO = 1e9
FORCE = "9"
"""The number of SIGKILL, as an event has it."""


def stopped(events: Iterable[Event]) -> tuple[Stopped, ...]:
    """Return how containers ended that were told to: from the first signal to the end. A crash is no such end."""
    told: dict[str, list[Event]] = {}
    found = []
    for event in events:
        if _of(event).get(ONE_OFF) == "True":
            continue
        told.setdefault(event["Actor"]["ID"], []).append(event)
        if event["Action"] == "die" and (signals := told.pop(event["Actor"]["ID"])[:-1]):
            found.append(_ended(signals, event))
    return tuple(found)


def _ended(signals: list[Event], end: Event) -> Stopped:
    force = any(_of(one).get("signal") == FORCE for one in signals) or _of(end).get("exitCode") == str(SIGKILLED)
    return Stopped(_of(end)["name"], round((end["timeNano"] - signals[0]["timeNano"]) / NANO, 2), force)


def _of(event: Event) -> Mapping[str, str]:
    """Return the labels of an event's container, with its name and what the event is about."""
    attributes: Mapping[str, str] = event["Actor"]["Attributes"]
    return attributes


@contextmanager
def watched(client: DockerClient, project: str) -> Iterator[Callable[[], tuple[Stopped, ...]]]:
    """Watch the containers of a project's app; what is given returns how those ended that were told to.

    Whatever becomes of the engine meanwhile: what was heard until then is what there is.
    """
    ears = _Ears(client, project)
    try:
        yield ears.stopped
    finally:
        ears.close()


class _Ears:
    """A thread that takes down events until they end, or nobody wants them any more."""

    def __init__(self, client: DockerClient, project: str) -> None:
        self._events: list[Event] = []
        self._stream: Any = None
        self._ready = threading.Event()
        # A daemon: nobody waits for an engine that says nothing.
        threading.Thread(target=self._listen, args=(client, project), daemon=True).start()
        self._ready.wait(READY_SECONDS)

    def _listen(self, client: DockerClient, project: str) -> None:
        wanted = {"event": ["kill", "die"], "label": [f"{PROJECT}={project}", f"{SERVICE}={APP}"]}
        with suppress(Exception):  # it may come from anywhere between here and the engine, and means: no more events
            self._stream = client.events(filters=wanted, decode=True)
            self._ready.set()
            for event in self._stream:
                self._events.append(event)
        self._ready.set()

    def stopped(self) -> tuple[Stopped, ...]:
        """Return what was heard; a container that was told to end a moment ago gets time to do so."""
        deadline = time.monotonic() + LATE_SECONDS
        while self._pending() and time.monotonic() < deadline:
            time.sleep(0.05)
        return stopped(tuple(self._events))

    def _pending(self) -> bool:
        last = {event["Actor"]["ID"]: event["Action"] for event in tuple(self._events)}
        return "kill" in last.values()

    def close(self) -> None:
        """Listen no more."""
        with suppress(Exception):  # as above
            if self._stream is not None:
                self._stream.close()
