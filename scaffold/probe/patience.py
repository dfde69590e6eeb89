"""Waiting for something that may never come, and no longer than that is worth."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def until(deadline: float, call: Callable[[], T]) -> T:
    """Return what a call returns; TimeoutError after the deadline, and nobody waits for the call any more."""
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - raised again where the result is awaited
            future.set_exception(error)

    # Not a pool's: the end of the process would wait for those.
    Thread(target=work, daemon=True).start()
    return future.result(timeout=max(deadline - time.monotonic(), 0))
