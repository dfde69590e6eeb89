"""Every check is seen to fail on a real stack, and the count of them is of tests that passed."""

from pathlib import Path

import pytest

from scaffold.checks import CHECKS

from .. import sabotaged

TESTS = """
import pytest
from pytest import mark

sabotages = mark.sabotages

@sabotages("host.ports", "app.died")
def test_one(): ...

@pytest.mark.parametrize("how", [pytest.param(1, marks=pytest.mark.sabotages("tls.days"))])
def test_two(how): ...
"""


def test_every_check_is_sabotaged_on_a_real_stack() -> None:
    known = {check.id for check in CHECKS}
    found = sabotaged.marked(sabotaged.E2E) | sabotaged.marked(sabotaged.SOAK)

    assert found == known


def test_marks_are_found_in_the_text_of_tests(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)

    assert sabotaged.marked(tmp_path) == {"host.ports", "app.died", "tls.days"}


def test_a_test_takes_its_marks_along_in_its_report(request: pytest.FixtureRequest) -> None:
    item = request.node
    item.add_marker(pytest.mark.sabotages("host.ports"))
    before = list(item.user_properties)
    try:
        sabotaged.note([item])
        assert sabotaged.seen([item]) == {"host.ports"}
    finally:
        item.user_properties[:] = before


def test_the_summary_counts_what_passed_and_names_what_is_left_to_the_soak() -> None:
    first, second = CHECKS[0].id, CHECKS[1].id

    assert list(sabotaged.summary({first}, {first, second})) == [
        f"sabotaged: 1 of {len(CHECKS)} checks here, 1 in make soak ({second})"
    ]
    assert list(sabotaged.summary({first}, set())) == [f"sabotaged: 1 of {len(CHECKS)} checks here, 0 in make soak"]
    assert list(sabotaged.summary(set(), {second})) == []
