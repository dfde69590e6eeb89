"""An upload that takes longer than the minute that Traefik gives a request by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.e2e.conftest import Make
from tests.e2e.stacks import Stack
from tests.e2e.test_tls import APP, connection

SECONDS = 70
SIZE = 700_000


@pytest.fixture(scope="module")
def stack(make: Make) -> Stack:
    stack = make("uploads")
    stack.new()
    (stack.folder / "app/main.py").write_text(APP)
    return stack


def slowly() -> Iterator[bytes]:
    """Yield a body, a piece a second."""
    for _ in range(SECONDS):
        time.sleep(1)  # the time is what is tried
        yield b"x" * (SIZE // SECONDS)


def upload(stack: Stack) -> tuple[int, str]:
    with closing(connection(stack)) as asked:
        asked.sock.settimeout(SECONDS)
        asked.request("PUT", "/size", slowly(), {"Content-Length": str(SIZE)})
        answer = asked.getresponse()
        return answer.status, answer.read().decode()


def test_a_long_upload_arrives_when_it_is_asked_for(stack: Stack) -> None:
    stack.env |= {"STACK_UPLOAD_MB": "15", "STACK_UPLOAD_SECONDS": "120"}
    stack.up()

    assert upload(stack) == (200, str(SIZE))


def test_a_long_upload_is_cut_off_when_it_is_not(stack: Stack) -> None:
    stack.env |= {"STACK_UPLOAD_MB": "0", "STACK_UPLOAD_SECONDS": "60"}
    stack.up()

    try:
        status, _ = upload(stack)
    except OSError:
        return  # the connection may be gone before there is anything to read
    assert status in {502, 504}
