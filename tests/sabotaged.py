"""Which checks the real stack has been broken for: the mark `sabotages`, and how many tests that bear it passed."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scaffold.checks import CHECKS

MARK = "sabotages"
HERE = Path(__file__).parent
E2E, SOAK = HERE / "e2e", HERE / "soak"


def marked(folder: Path) -> set[str]:
    """Return the ids that tests in a folder are marked with, by their text: `sabotages("app.died")`."""
    trees = (ast.parse(path.read_text()) for path in folder.glob("test_*.py"))
    calls = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {str(ast.literal_eval(word)) for call in calls if _name(call.func) == MARK for word in call.args}


def note(items: Iterable[pytest.Item]) -> None:
    """Write down in each item what it sabotages: its report takes that along, also from another process."""
    for item in items:
        item.user_properties += [(MARK, check) for mark in item.iter_markers(MARK) for check in mark.args]


def seen(reports: Iterable[Any]) -> set[str]:
    """Return the ids that tests were marked with whose reports these are."""
    return {str(value) for report in reports for name, value in report.user_properties if name == MARK}


def summary(passed: set[str], soak: set[str]) -> Iterator[str]:
    """Yield the line for the end of a run in which these were sabotaged, of others in the soak; nothing for none."""
    if passed:
        later = [check.id for check in CHECKS if check.id in soak - passed]
        names = f" ({', '.join(later)})" if later else ""
        yield f"sabotaged: {len(passed)} of {len(CHECKS)} checks here, {len(later)} in make soak{names}"


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
