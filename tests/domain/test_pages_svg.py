"""Charts: what is drawn for what numbers, and that nothing a label says can become markup."""

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.pages import svg
from services.reporting.pages.svg import Series

MONTHS = ["1月", "2月", "3月"]
NAMESPACE = "{http://www.w3.org/2000/svg}"


def parsed(chart: str) -> ET.Element:
    return ET.fromstring(str(chart).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))  # noqa: S314


def titles(chart: str) -> list[str]:
    return [title.text or "" for title in parsed(chart).iter(f"{NAMESPACE}title")]


def test_every_bar_says_its_month_its_label_and_its_value() -> None:
    chart = svg.stacked_bars(
        "窗口", MONTHS, [Series("按期", "kept", [3, 0, None]), Series("仍欠", "missed", [1, 2, 0])]
    )
    assert titles(chart) == ["窗口", "1月 按期 3", "1月 仍欠 1", "2月 仍欠 2"]


def test_a_chart_is_an_image_with_a_name() -> None:
    chart = parsed(svg.lines("未按期", MONTHS, [Series("家访", "s1", [1, 2, 3])]))
    assert chart.get("role") == "img"
    assert chart.get("aria-label") == "未按期"


def test_a_month_without_a_value_has_no_point() -> None:
    chart = svg.lines("未按期", MONTHS, [Series("家访", "s1", [1, None, 3])])
    assert titles(chart) == ["未按期", "1月 家访 1", "3月 家访 3"]


def test_zero_is_a_point_like_any_other() -> None:
    assert "3月 家访 0" in titles(svg.lines("未按期", MONTHS, [Series("家访", "s1", [1, 2, 0])]))


@pytest.mark.parametrize("values", [[None, None, None], []])
def test_nothing_known_draws_nothing(values: list[int | None]) -> None:
    months = MONTHS[: len(values)]
    assert not svg.lines("未按期", months, [Series("家访", "s1", values)])


def test_labels_are_escaped() -> None:
    chart = svg.lines("<b>", MONTHS, [Series('"><script>', "s1", [1, 2, 3])])
    assert "<script>" not in chart
    assert "<b>" not in chart
    assert titles(chart)[0] == "<b>"


def test_direct_labels_never_overprint() -> None:
    chart = svg.lines("未按期", MONTHS, [Series(name, "s1", [5, 5, 5]) for name in "甲乙丙丁"])
    heights = sorted(
        float(text.get("y", "0"))
        for text in parsed(chart).iter(f"{NAMESPACE}text")
        if text.get("class", "").startswith("label")
    )
    assert min(b - a for a, b in pairwise(heights)) >= svg.LABEL_GAP - 0.1


@given(st.integers(min_value=0, max_value=10**9))
def test_the_axis_holds_the_highest_value_in_whole_steps(highest: int) -> None:
    top = svg.ceiling(highest)
    assert top >= highest
    assert top % svg.TICKS == 0
    assert top <= max(svg.TICKS, 4 * highest)


def test_a_bar_in_a_cell_is_never_longer_than_its_rail() -> None:
    assert svg.share(12, 10).count(f'width="{svg.BAR_WIDTH}"') == 3
    assert not svg.share(None, 10)
    assert not svg.share(1, 0)
