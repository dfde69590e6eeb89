"""A data service that goes away, and comes back."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Make
from tests.e2e.stacks import docker, eventually


@pytest.mark.parametrize(("store", "path"), [("postgres", "/notes"), ("redis", "/visits")])
def test_a_store_that_is_not_there_is_named_and_up_starts_it(make: Make, store: str, path: str) -> None:
    stack = make(f"gone-{store}")
    stack.new(postgres="true", redis="true")
    stack.up()
    docker("stop", stack.container(store))

    eventually(lambda: "unhealthy" in stack.said("app"), 40)

    assert {"postgres": "notes", "redis": "visits"}[store] in stack.said("app")
    assert stack.stack("check").failed == {"data.healthy"}
    stack.up()
    assert stack.get("localhost", path).status == 200
