"""A change of PostgreSQL's password, killed at any moment: one more of it, and role, file and app agree again."""

from __future__ import annotations

import os
import subprocess
import time

from tests.e2e.conftest import Make
from tests.e2e.stacks import BIN, eventually

MOMENTS = (0.6, 0.9, 1.1, 1.2, 1.3, 1.4, 1.5, 1.7, 2.0, 3.0)
"""Seconds after its start; the change itself comes after about one."""


def test_one_more_change_mends_a_change_that_was_killed(make: Make) -> None:
    stack = make("rotate")
    stack.new(postgres="true")
    stack.up()
    note = stack.post("/notes", text="kept").json
    left = 0
    for moment in MOMENTS:
        words = ("secret", "rotate", "postgres", "-C", stack.folder)
        with subprocess.Popen(
            [BIN / "stack", *words], env={**os.environ, **stack.env}, stderr=subprocess.DEVNULL
        ) as process:
            time.sleep(moment)  # the moment is what is tried
            process.kill()
        left += (stack.folder / "secrets/postgres_password.new").exists()

        mended = stack.inside("secret", "rotate", "postgres")

        assert mended.status == 0, mended.everything
        eventually(lambda: stack.get("localhost", "/notes").status == 200)
        assert note in stack.get("localhost", "/notes").json
        assert stack.stack("check").failed == set()
        assert stack.stack("up").json["plan"] == []
    print(f"killed {len(MOMENTS)} times, {left} of them with a password half way; mended each time")
