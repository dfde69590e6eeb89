"""Looking side by side: what fails, and what never ends, keeps nobody else from being seen."""

import threading
import time

from scaffold.cli.observe import together


def test_looks_are_taken_side_by_side() -> None:
    both = threading.Barrier(2, timeout=5)

    seen = together.look({("a",): lambda: {"a": both.wait() >= 0}, ("b",): lambda: {"b": both.wait() >= 0}}, 5)

    assert (seen.seen, seen.unseen) == ({"a": True, "b": True}, {})


def test_what_a_look_cannot_see_is_named_with_the_reason() -> None:
    def gone() -> together.Seen:
        raise ConnectionError("the engine went away")

    seen = together.look({("a", "b"): gone, ("c",): lambda: {"c": 1}}, 5)

    assert seen.seen == {"c": 1}
    assert seen.unseen == {"a": "the engine went away", "b": "the engine went away"}


def test_a_look_that_never_ends_is_not_waited_for() -> None:
    never, started = threading.Event(), time.monotonic()

    seen = together.look({("a",): lambda: {"a": never.wait()}, ("b",): lambda: {"b": 2}}, seconds=0.2)

    assert (seen.seen, seen.unseen) == ({"b": 2}, {"a": "no answer within 0 s"})
    assert time.monotonic() - started < 5
    never.set()
