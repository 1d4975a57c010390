"""What becomes of a visit that somebody tells: one test for each rule of policy.md."""

from datetime import date
from uuid import UUID

from services.contact.domain.visits import AFTER_RECORDED, Spell, Visit, logged, recorded_on, refusal
from shared.contracts.event import ContactKind

VILLAGE = "431299200241"
MARCH_2 = date(2026, 3, 2)
OPEN = Spell(date(2026, 1, 1))


def visit(on: date = MARCH_2, entered_on: date = MARCH_2) -> Visit:
    return Visit(UUID(int=1), UUID(int=2), ContactKind.HOME_VISIT, on, entered_on, reached=True)


def in_file(on: date, *spells: Spell) -> bool:
    return logged(visit(on), MARCH_2, VILLAGE, spells, None).in_file


def test_a_visit_is_recorded_on_the_later_of_the_day_entered_and_the_day_advanced_to() -> None:
    assert recorded_on(MARCH_2, None) == MARCH_2
    assert recorded_on(MARCH_2, date(2026, 3, 1)) == MARCH_2
    assert recorded_on(MARCH_2, date(2026, 4, 1)) == date(2026, 4, 1)


def test_a_visit_dated_after_the_day_it_was_recorded_is_refused() -> None:
    assert refusal(visit(on=date(2026, 3, 3)), MARCH_2) == AFTER_RECORDED
    assert refusal(visit(on=MARCH_2), MARCH_2) is None


def test_the_day_entered_is_kept_beside_the_day_recorded() -> None:
    event = logged(visit(entered_on=date(2026, 3, 1)), MARCH_2, VILLAGE, [OPEN], None)
    assert (date(2026, 3, 1), MARCH_2) == (event.entered_on, event.recorded_on)


def test_a_visit_dated_before_the_file_opened_or_after_it_was_left_is_logged_outside_the_file() -> None:
    spell = Spell(date(2026, 2, 1), left_on=date(2026, 3, 1))
    assert not in_file(date(2026, 1, 31), spell)
    assert in_file(date(2026, 2, 1), spell)
    assert in_file(date(2026, 2, 28), spell)
    assert not in_file(date(2026, 3, 1), spell)


def test_a_returned_child_is_in_its_file_from_the_day_of_its_return() -> None:
    spells = (Spell(date(2026, 1, 1), left_on=date(2026, 2, 1)), Spell(date(2026, 3, 1)))
    assert not in_file(date(2026, 2, 15), *spells)
    assert in_file(date(2026, 3, 1), *spells)
