"""Which backups are kept: enough of the last days, weeks and months, and never too few."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kith.backup.retention import KEEP_DAYS, KEEP_LAST, KEEP_MONTHS, KEEP_WEEKS, kept

NIGHT = datetime(2026, 11, 27, 2, tzinfo=UTC)
MOMENTS = st.sets(st.integers(0, 24 * 800).map(lambda hours: NIGHT - timedelta(hours=hours)), max_size=60)


def test_a_backup_every_night_for_a_year_leaves_days_weeks_and_months() -> None:
    nightly = [NIGHT - timedelta(days=days) for days in range(365)]
    keep = sorted(kept(nightly), reverse=True)
    assert keep[:KEEP_DAYS] == nightly[:KEEP_DAYS]
    assert [moment.date().isoformat() for moment in keep[KEEP_DAYS:]] == [
        *("2026-11-15", "2026-11-08"),
        *("2026-10-31", "2026-09-30", "2026-08-31", "2026-07-31", "2026-06-30"),
    ]


def test_of_many_in_a_day_the_last_ones_are_kept() -> None:
    hourly = [NIGHT + timedelta(hours=hours) for hours in range(10)]
    assert kept(hourly) == set(hourly[-KEEP_LAST:])


def test_a_long_pause_lets_nothing_go() -> None:
    old = [NIGHT - timedelta(days=200 + days) for days in range(3)]
    assert kept([*old, NIGHT]) == {*old, NIGHT}


@given(MOMENTS)
def test_the_newest_is_always_kept_and_never_more_than_there_are_places(moments: set[datetime]) -> None:
    keep = kept(moments)
    assert keep <= moments
    assert not moments or max(moments) in keep
    assert len(keep) <= KEEP_LAST + KEEP_DAYS + KEEP_WEEKS + KEEP_MONTHS


@given(MOMENTS, st.integers(1, 400))
def test_a_new_backup_never_brings_back_one_that_was_let_go(moments: set[datetime], hours: int) -> None:
    keep = kept(moments)
    assert kept({*keep, NIGHT + timedelta(hours=hours)}) == kept({*moments, NIGHT + timedelta(hours=hours)})
