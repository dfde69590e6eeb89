"""A rehearsal that is cut off."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.acme import Authority
from tests.e2e.conftest import Make
from tests.e2e.stacks import BIN, eventually, run
from tests.e2e.test_certificates import rehearsing


@pytest.mark.parametrize(("number", "left"), [(signal.SIGINT, False), (signal.SIGKILL, True)])
def test_a_rehearsal_that_is_cut_off_leaves_the_next_up_room(
    make: Make, authority: Callable[..., Authority], tmp_path: Path, number: signal.Signals, left: bool
) -> None:
    stack, _, real = rehearsing(make, authority, tmp_path, label=f"cut-{number.name.lower()}")
    container = f"{stack.name}-rehearsal"
    process = subprocess.Popen(
        [BIN / "stack", "up", stack.folder],
        env={**os.environ, **stack.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    eventually(lambda: run("docker", "inspect", container).status == 0)
    os.killpg(process.pid, number)
    status = process.wait(timeout=60)

    assert status == (130 if number == signal.SIGINT else -number)
    assert (run("docker", "inspect", container).status == 0) is left
    assert "order-plz" not in real.log()
    assert stack.stack("up").status == 0
    assert run("docker", "inspect", container).status != 0
