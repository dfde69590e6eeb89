"""How containers of the app end, by the events of an engine that may go away meanwhile."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from scaffold.engine import endings
from scaffold.record import Stopped

SECOND = 1_000_000_000
ONE_OFF = {"com.docker.compose.oneoff": "True"}


def event(action: str, at: float, name: str = "demo-app-1", **attributes: str) -> dict[str, Any]:
    actor = {"ID": f"id-of-{name}", "Attributes": {"name": name, **attributes}}
    return {"Action": action, "timeNano": int(at * SECOND), "Actor": actor}


def term(at: float, name: str = "demo-app-1") -> dict[str, Any]:
    return event("kill", at, name, signal="15")


def die(at: float, name: str = "demo-app-1", code: str = "0") -> dict[str, Any]:
    return event("die", at, name, exitCode=code)


KILL = event("kill", 13, signal="9")


@pytest.mark.parametrize(
    ("events", "ended"),
    [
        ([], ()),
        ([term(10), die(11.25)], (Stopped("demo-app-1", 1.25, killed=False),)),
        ([term(10), die(11.25, code="143")], (Stopped("demo-app-1", 1.25, killed=False),)),
        ([event("kill", 10, signal="3"), die(10.5)], (Stopped("demo-app-1", 0.5, killed=False),)),
        ([term(10), KILL, die(13.1, code="137")], (Stopped("demo-app-1", 3.1, killed=True),)),
        ([term(10), KILL, die(13.1)], (Stopped("demo-app-1", 3.1, killed=True),)),
        ([term(10), die(13.1, code="137")], (Stopped("demo-app-1", 3.1, killed=True),)),
        ([die(10, code="1")], ()),
        ([term(10)], ()),
        ([event("kill", 10, signal="15", **ONE_OFF), event("die", 11, exitCode="0", **ONE_OFF)], ()),
        (
            [term(10), term(10.5, "demo-app-2"), die(11, "demo-app-2"), die(12)],
            (Stopped("demo-app-2", 0.5, killed=False), Stopped("demo-app-1", 2.0, killed=False)),
        ),
        (
            [term(10), die(11), die(20, code="1"), term(30), die(31.5)],
            (Stopped("demo-app-1", 1.0, killed=False), Stopped("demo-app-1", 1.5, killed=False)),
        ),
    ],
    ids=[
        "nothing",
        "in time",
        "by the signal",
        "by a signal of the image's own",
        "by force",
        "by force, and well at the last moment",
        "by force, and nobody heard the signal",
        "a crash",
        "not yet",
        "one-off",
        "two at a time",
        "twice, and a crash between",
    ],
)
def test_who_was_told_to_end_is_known_with_the_seconds_it_took(
    events: list[dict[str, Any]], ended: tuple[Stopped, ...]
) -> None:
    assert endings.stopped(events) == ended


class Stream:
    """Events of an engine, which breaks off or ends; it is closed when nobody listens any more."""

    def __init__(self, events: list[dict[str, Any]], error: Exception | None = None) -> None:
        self.events, self.error, self.closed = events, error, False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        yield from self.events
        if self.error:
            raise self.error

    def close(self) -> None:
        self.closed = True
        raise OSError("the engine went away")


def client(stream: Stream) -> Any:
    return SimpleNamespace(events=lambda **_options: stream)


@pytest.mark.parametrize("error", [None, OSError("the engine went away"), ValueError("half a line")])
def test_what_was_heard_until_the_engine_went_away_is_what_there_is(error: Exception | None) -> None:
    stream = Stream([term(10), die(11)], error)
    with endings.watched(client(stream), "demo") as ended:
        assert ended() == (Stopped("demo-app-1", 1.0, killed=False),)
    assert stream.closed


def test_an_engine_that_has_no_events_for_us_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**_options: object) -> None:
        raise OSError("connection refused")

    with endings.watched(SimpleNamespace(events=refused), "demo") as ended:  # type: ignore[arg-type]
        assert ended() == ()


def test_an_end_that_is_not_told_is_not_waited_for_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings, "LATE_SECONDS", 0.01)
    with endings.watched(client(Stream([term(10)])), "demo") as ended:
        assert ended() == ()


def test_what_goes_wrong_meanwhile_is_told_as_it_is() -> None:
    def broken() -> None:
        raise ValueError("in between")

    with pytest.raises(ValueError, match="in between"), endings.watched(client(Stream([])), "demo"):
        broken()
