"""What the benchmark makes of its figures."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests.bench.chart import chart
from tests.bench.costs import Cost, ticks
from tests.bench.figures import Spread, Table, interleaved
from tests.bench.pressure import Flood, LoadFailed, flooded, streamed

HEAD = "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n"


def table() -> Table:
    made = Table()
    made.take(1, "plain, requests/s", {"recipe": [100, 50, 80], "template": [150, 100, 140]}, "recipe")
    made.take(6, "app, MiB", {"app <&>": [12.345]}, "")
    return made


def test_a_ratio_is_taken_round_by_round() -> None:
    """The recipe's slowest round is not compared with the template's fastest."""
    recipe, template, app = table().lines
    assert template.ratio == Spread(1.75, 1.5, 2.0)
    assert recipe.ratio is None
    assert app.ratio is None


def test_every_second_round_goes_the_other_way_around() -> None:
    seen: list[str] = []

    def noted(name: str) -> float:
        seen.append(name)
        return float(len(seen))

    found = interleaved({name: lambda name=name: noted(name) for name in "abc"}, 3)  # type: ignore[misc]

    assert "".join(seen) == "abccbaabc"
    assert found == {"a": [1, 6, 7], "b": [2, 5, 8], "c": [3, 4, 9]}


def test_the_table_names_the_yardstick_and_every_ratio() -> None:
    assert list(table().rows()) == [
        ("1 plain, requests/s", "recipe", "80.00 (50.00 to 100)", "1"),
        ("1 plain, requests/s", "template", "140 (100 to 150)", "1.75 (1.50 to 2.00) of recipe"),
        ("6 app, MiB", "app <&>", "12.35 (12.35 to 12.35)", ""),
    ]
    assert len(table().markdown().splitlines()) == 5


def test_a_yardstick_of_nothing_makes_no_ratio() -> None:
    made = Table()
    made.take(2, "failed", {"compose": [0, 3], "stack": [0, 0]}, "compose")
    assert [line.ratio for line in made.lines] == [None, None]


def test_the_chart_is_a_picture_with_a_bar_for_each_ratio() -> None:
    drawn = ET.fromstring(chart(table()))
    assert len([one for one in drawn.iter() if one.get("fill") == "#5b8def"]) == 1
    assert ET.fromstring(chart(Table())) is not None


def test_what_is_not_right_is_noted() -> None:
    made = Table()
    made.require(1, "never")
    made.require(0, "3 of 8 requests failed")
    assert made.wrong == ["3 of 8 requests failed"]


def test_what_wrk_says_is_understood() -> None:
    assert flooded('Running 5s\n{"requests": 300, "microseconds": 2000000, "bad": 1}\n') == Flood(150, 300, 1)
    for words in ("", "unable to connect", '{"requests": 0, "microseconds": 0, "bad": 0}'):
        with pytest.raises(LoadFailed):
            flooded(words)


def test_what_hey_says_is_understood() -> None:
    rows = "".join(f"{number / 1000},0,0,0,0,0,{200 if number else 502},0\n" for number in range(100))
    seen = streamed(HEAD + rows)
    assert (seen.median, seen.slowest_percent, seen.requests, seen.bad) == (0.05, 0.099, 100, 1)
    with pytest.raises(LoadFailed):
        streamed(HEAD)


def test_only_the_engine_s_own_time_is_the_engine_s() -> None:
    rest = ") S 1 2 3 4 5 6 7 8 9 10 70 30 0 0"
    assert ticks(f"7 (dockerd{rest}") == ticks(f"7 (containerd-shim{rest}") == 100
    assert ticks(f"7 (python (dockerd{rest}") == 0


def test_what_a_request_costs_is_the_sum_of_who_works_for_it() -> None:
    assert Cost(proxy=400, app=300, engine=200).whole == 900
