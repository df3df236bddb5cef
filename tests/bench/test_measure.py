"""What the benchmarks count, on records made by hand."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.bench.measure import Run, Waits, percentile, timeline, waits
from tests.bench.plot import svg
from tests.bench.report import short_wait, table
from tests.simulators import Record

BEGAN, ENDED = 100.0, 110.0


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile(range(1, 101), 99) == 99
    assert percentile([5.0], 99) == 5.0
    assert percentile([1.0, 2.0], 50) == 1.0


def test_waits_are_those_of_statements_under_way_during_the_work() -> None:
    records = [
        Record("update", 98.0, 1000.0, None),  # over before it began
        Record("update", 99.0, 2000.0, None),  # began before, waited into it
        Record("update", 109.0, 3000.0, None),  # began in it, waited beyond
        Record("update", 110.5, 9000.0, None),  # after it
        Record("read", 105.0, 1.0, "DivisionByZero"),
    ]
    assert waits(records, BEGAN, ENDED) == {
        "update": Waits(2, 3000.0, 3000.0),
        "read": Waits(1, 1.0, 1.0),
    }


def test_the_timeline_shows_a_wait_for_as_long_as_it_lasts_and_no_reader() -> None:
    records = [Record("update", 102.0, 4000.0, None), Record("read", 100.0, 9000.0, None)]
    points = timeline(records, BEGAN, ENDED)
    assert {ms for _, ms in points} == {4000.0}
    assert points[0][0] == pytest.approx(2, abs=0.1)
    assert points[-1][0] == pytest.approx(6, abs=0.1)


def test_the_bound_of_a_wait_follows_the_load_on_a_slow_machine() -> None:
    quiet, slow = _run(10.0), _run(400.0)
    assert short_wait(_run(299.0), quiet).met
    assert not short_wait(_run(301.0), quiet).met
    assert short_wait(_run(799.0), slow).met
    assert not short_wait(Run("b", "b", error="stopped"), slow).met


def test_a_run_that_never_came_about_has_its_column() -> None:
    lines = table([_run(10.0), Run("down", "(c) down", error="the upgrade had failed")]).splitlines()
    assert {line.count("|") for line in lines} == {4}
    assert "failed: the upgrade had failed" in lines[2]


def test_the_picture_is_xml_and_leaves_out_what_has_no_logarithm() -> None:
    text = svg("<title>", "x & y", "ms", {"a": [(0.0, 1.0), (1.0, 0.0), (2.0, 100.0)], "b": []})
    lines = ElementTree.fromstring(text).findall("{http://www.w3.org/2000/svg}polyline")
    assert [len((line.get("points") or "").split()) for line in lines] == [2, 0]


def _run(longest: float) -> Run:
    return Run("b", "b", waits={"update": Waits(1, longest, longest), "read": Waits(1, 9e9, 9e9)})
