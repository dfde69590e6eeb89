from __future__ import annotations

import pytest

from . import sabotaged

collect_ignore = ["layouts"]  # folders as people have them, with tests of their own


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    sabotaged.note(items)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how many checks were seen to fail on a real stack."""
    passed = sabotaged.seen(terminalreporter.getreports("passed"))
    for line in sabotaged.summary(passed, sabotaged.marked(sabotaged.SOAK) - sabotaged.marked(sabotaged.E2E)):
        terminalreporter.write_line(line)
