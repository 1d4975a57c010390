"""Numbers on pages: grouped, honest about what is unknown, and silent about single children."""

from hypothesis import given
from hypothesis import strategies as st

from services.reporting.pages.shown import SMALL, count, percentage, shares


def test_zero_and_nothing_known_look_different() -> None:
    assert count(0) == "0"
    assert count(None) == "—"
    assert count(23229) == "23,229"


def test_a_small_group_has_no_percentage() -> None:
    assert percentage(3, SMALL - 1) is None
    assert percentage(3, SMALL) == "30.0%"
    assert percentage(None, 100) is None
    assert shares([1, 2]) == [None, None]


@given(st.lists(st.integers(min_value=0, max_value=30_000), min_size=1, max_size=12))
def test_printed_shares_add_up_to_a_hundred(parts: list[int]) -> None:
    printed = shares(parts)
    if sum(parts) < SMALL:
        assert printed == [None] * len(parts)
    else:
        tenths = [round(float(share.rstrip("%")) * 10) for share in printed if share is not None]
        assert sum(tenths) == 1000
        assert all(
            abs(tenth - part * 1000 / sum(parts)) < 1 for tenth, part in zip(tenths, parts, strict=True)
        )
