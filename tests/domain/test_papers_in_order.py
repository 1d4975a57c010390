"""One import of many papers takes rosters by township code, logs by name, then row (policy.md, The papers)."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kith.papers import in_order

ROSTERS = (
    Path("b/431299101_双江镇.xlsx"),
    Path("a/431299102_清水镇.csv"),
    Path("a/431299102_清水镇.xlsx"),
    Path("b/431299102_清水镇.xlsx"),
    Path("a/431299200_西外乡.xlsx"),
)
LOGS = (
    Path("b/走访记录_1月.csv"),
    Path("a/走访记录_2月.csv"),
    Path("a/走访记录_2月.xlsx"),
    Path("b/走访记录_2月.xlsx"),
)


@given(st.permutations(ROSTERS))
def test_rosters_are_taken_by_township_code_in_whatever_order_they_are_named(named: list[Path]) -> None:
    assert in_order(named) == ROSTERS


@given(st.permutations(LOGS))
def test_visit_logs_are_taken_by_name_in_whatever_order_they_are_named(named: list[Path]) -> None:
    assert in_order(named) == LOGS
