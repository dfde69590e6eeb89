"""PostgreSQL and Redis killed again and again under somebody who writes."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Make
from tests.e2e.stacks import kill
from tests.e2e.writer import Writer

TIMES = 15


@pytest.mark.parametrize("store", ["postgres", "redis"])
def test_no_acknowledged_write_is_lost(make: Make, store: str) -> None:
    stack = make(f"kill-{store}")
    stack.new(postgres="true", redis="true")
    stack.up()
    totals = []
    for number in range(TIMES):
        with Writer.at_work(stack, f"{store} {number}") as writer:
            kill(stack, store)
        totals.append((len(writer.notes), len(writer.visits), writer.failed))
        assert writer.lost() == ([], 0)

    notes, visits, failed = map(sum, zip(*totals, strict=True))
    print(f"{store}: killed {TIMES} times; {notes} notes and {visits} visits acknowledged, none lost; {failed} refused")
