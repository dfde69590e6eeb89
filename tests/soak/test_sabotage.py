"""The real stack, broken in ways that take their time: exactly that check fails."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Make
from tests.e2e.stacks import Stack

STUBBORN = """
import time
from contextlib import asynccontextmanager


@asynccontextmanager
async def stubborn(_app):
    yield
    time.sleep(60)


app ="""


def change(stack: Stack, name: str, old: str, new: str) -> None:
    path = stack.folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.sabotages("app.stops")
def test_an_app_that_does_not_stop_in_time_is_noticed(make: Make) -> None:
    stack = make("stubborn")
    stack.new()
    change(stack, "app/main.py", 'FastAPI(title="Example")', "FastAPI(lifespan=stubborn)")
    change(stack, "app/main.py", "app =", STUBBORN)
    stack.override("services: {app: {stop_grace_period: 1s}}")
    stack.up()
    stack.env["STACK_WORKERS"] = "1"

    up = stack.stack("up")

    assert (up.status, up.failed) == (1, {"app.stops"}), up.everything


@pytest.mark.sabotages("secrets.image")
def test_a_secret_in_the_image_is_noticed(make: Make) -> None:
    stack = make("baked")
    stack.new(redis="true")
    change(stack, ".dockerignore", "secrets", "# secrets")

    up = stack.stack("up")

    assert (up.status, up.failed) == (1, {"secrets.image"}), up.everything
