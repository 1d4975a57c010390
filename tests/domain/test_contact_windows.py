"""The calendar of promises, computed by hand for 2026, and the laws that every calendar keeps."""

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import services.contact
from services.contact.domain.policy import Policy, PolicyFaulty, read_policy
from services.contact.domain.windows import Window, of_the_same_days, windows_due, windows_running
from shared.contracts.event import ContactKind

POLICY_TEXT = (Path(services.contact.__file__).parent / "policy.toml").read_text(encoding="utf-8")
POLICY = read_policy(POLICY_TEXT)

TALK, CALL = ContactKind.GUARDIAN_TALK, ContactKind.PARENT_CALL
VISIT, CONDOLENCE = ContactKind.HOME_VISIT, ContactKind.CONDOLENCE

JANUARY_2026 = date(2026, 1, 1)
AFTER_WINTER_TERM = date(2027, 2, 1)


def of_2026(kind: ContactKind) -> list[tuple[date, date, date]]:
    due = windows_due(POLICY, JANUARY_2026, AFTER_WINTER_TERM)
    return [(w.opens, w.closes, w.due) for w in due if w.kind is kind and w.opens >= JANUARY_2026]


def test_talks_and_calls_are_owed_each_calendar_month_with_three_days_of_grace() -> None:
    months = of_2026(TALK)
    assert of_2026(CALL) == months
    assert (date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 3)) == months[0]
    assert (date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 3)) == months[1]
    assert (date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 3)) == months[11]
    assert len(months) == 12


def test_windows_of_the_same_days_are_judged_together_the_first_due_first() -> None:
    due = windows_due(POLICY, JANUARY_2026, date(2026, 3, 20))
    together = of_the_same_days(due)
    assert [[w.kind for w in windows] for windows in together] == [
        [TALK, CALL],
        [CONDOLENCE],
        [TALK, CALL],
        [TALK, CALL],
        [VISIT],
    ]
    assert [w for windows in together for w in windows] == due


def test_february_of_a_leap_year_has_29_days() -> None:
    windows = windows_due(POLICY, date(2028, 3, 1), date(2028, 3, 31))
    assert (date(2028, 2, 1), date(2028, 2, 29)) == (windows[0].opens, windows[0].closes)


def test_home_visits_are_owed_three_times_a_term_with_seven_days_of_grace() -> None:
    assert [
        (date(2026, 2, 17), date(2026, 3, 9), date(2026, 3, 16)),
        (date(2026, 4, 17), date(2026, 5, 7), date(2026, 5, 14)),
        (date(2026, 6, 15), date(2026, 7, 5), date(2026, 7, 12)),
        (date(2026, 9, 1), date(2026, 9, 21), date(2026, 9, 28)),
        (date(2026, 10, 30), date(2026, 11, 19), date(2026, 11, 26)),
        (date(2026, 12, 28), date(2027, 1, 17), date(2027, 1, 24)),
    ] == of_2026(VISIT)


def test_condolences_are_owed_each_half_year_with_fifteen_days_of_grace() -> None:
    assert [
        (date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 15)),
        (date(2026, 7, 1), date(2026, 12, 31), date(2027, 1, 15)),
    ] == of_2026(CONDOLENCE)


def test_only_condolences_are_for_the_poor_alone() -> None:
    windows = windows_due(POLICY, JANUARY_2026, AFTER_WINTER_TERM)
    assert {CONDOLENCE} == {window.kind for window in windows if window.poor_only}


def test_a_window_is_judged_on_the_day_after_its_due_day() -> None:
    assert windows_due(POLICY, date(2026, 2, 3), date(2026, 2, 3)) == []
    assert [w.kind for w in windows_due(POLICY, date(2026, 2, 3), date(2026, 2, 4))] == [TALK, CALL]
    assert date(2026, 2, 4) == windows_due(POLICY, date(2026, 2, 3), date(2026, 2, 4))[0].judged_on


def test_a_window_runs_until_its_due_day() -> None:
    running = windows_running(POLICY, date(2026, 3, 3))
    assert [(w.kind, w.opens) for w in running] == [
        (TALK, date(2026, 2, 1)),
        (CALL, date(2026, 2, 1)),
        (VISIT, date(2026, 2, 17)),
        (TALK, date(2026, 3, 1)),
        (CALL, date(2026, 3, 1)),
        (CONDOLENCE, date(2026, 1, 1)),
    ]


def changed_on(day: date) -> Policy:
    """Talks are owed each half year up to *day* and each month from the next."""
    return read_policy(f"""
        version = "changed"
        [[commitments]]
        kind = "guardian_talk"
        applies_to = "all"
        windows = "half_year"
        grace_days = 15
        from = 2020-01-01
        until = {day}
        [[commitments]]
        kind = "guardian_talk"
        applies_to = "all"
        windows = "month"
        grace_days = 5
        from = {day + timedelta(days=1)}
    """)


def test_a_window_that_began_under_the_old_rule_ends_under_it() -> None:
    windows = windows_due(changed_on(date(2026, 4, 9)), date(2026, 1, 1), date(2026, 10, 1))
    assert [
        (date(2025, 7, 1), date(2025, 12, 31), date(2026, 1, 15)),
        (date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 15)),
        (date(2026, 7, 1), date(2026, 7, 31), date(2026, 8, 5)),
        (date(2026, 8, 1), date(2026, 8, 31), date(2026, 9, 5)),
    ] == [(w.opens, w.closes, w.due) for w in windows]


def test_levels_stand_in_the_order_of_their_runs_whatever_the_order_of_the_file() -> None:
    levels = '[[escalations]]\nlevel = "county"\nrun = 5\n[[escalations]]\nlevel = "township"\nrun = 4\n'
    policy = read_policy(POLICY_TEXT[: POLICY_TEXT.index("[[escalations]]")] + levels)
    assert [(rule.level, rule.run) for rule in policy.escalations] == [("township", 4), ("county", 5)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("version = ", "not TOML"),
        ('version = "1"\n[[commitments]]\nkind = "tea"', "commitments[1].kind"),
        (
            POLICY_TEXT + "\n[[terms]]\nfirst_day = 2026-07-01\nlast_day = 2026-09-30\n",
            "terms: 2026-07-01 begins before",
        ),
        (
            POLICY_TEXT + "\n[[terms]]\nfirst_day = 2028-03-01\nlast_day = 2028-04-30\n",
            "too few for three windows",
        ),
        (POLICY_TEXT + '\n[[escalations]]\nlevel = "county"\nrun = 9\n', "a level stands twice"),
        (POLICY_TEXT.replace('windows = "month"\n', 'windows = "month"\ndays = 4\n'), "days belongs to"),
        (POLICY_TEXT.replace("grace_days = 15", "grace_days = -1"), "commitments[4].grace_days"),
        (
            POLICY_TEXT.replace('"parent_call"', '"guardian_talk"'),
            "commitments: guardian_talk from 2016-01-01 begins",
        ),
    ],
)
def test_a_faulty_policy_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(PolicyFaulty, match=told.replace("[", r"\[").replace("]", r"\]")):
        read_policy(text)


days = st.dates(date(2024, 1, 1), date(2030, 12, 31))
policies = st.one_of(st.just(POLICY), days.map(changed_on))


@given(policies, days)
def test_windows_of_a_kind_never_overlap(policy: Policy, first: date) -> None:
    for kind in ContactKind:
        windows = [w for w in windows_due(policy, first, first + timedelta(days=900)) if w.kind is kind]
        in_order = sorted(windows, key=lambda w: w.opens)
        assert all(earlier.closes < later.opens for earlier, later in pairwise(in_order))


@given(policies, days, st.lists(st.integers(1, 120), max_size=8))
def test_advancing_day_by_day_or_in_leaps_finds_the_same_windows_in_the_same_order(
    policy: Policy, first: date, leaps: list[int]
) -> None:
    found: list[Window] = []
    day = first
    for leap in leaps:
        found += windows_due(policy, day, day + timedelta(days=leap))
        day += timedelta(days=leap)
    assert windows_due(policy, first, day) == found


@given(policies, days)
def test_a_running_window_is_the_one_that_will_be_judged(policy: Policy, day: date) -> None:
    later = windows_due(policy, day, day + timedelta(days=400))
    assert set(windows_running(policy, day)) == {window for window in later if window.opens <= day}
