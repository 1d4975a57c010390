"""Who a row of a paper means (policy.md, The papers)."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.registry.domain.recognition import (
    Meaning,
    Person,
    Recognised,
    Recognition,
    Why,
    differ_in_one_part,
)

MEI = UUID("00000000-0000-4000-8000-000000000001")
NEWCOMER = UUID("00000000-0000-4000-8000-000000000009")
KNOWN = Person(MEI, "mei", date(2014, 8, 12), "2", "431299200201", "citizen:1")
UNNUMBERED = replace(KNOWN, citizen=None)


def recognise(known: Person, **differences: Any) -> Recognised:
    recognition = Recognition()
    recognition.remember([known])
    return recognition.recognise(replace(known, child_id=NEWCOMER, **differences))


def test_the_same_id_number_is_the_same_child_whatever_else_differs() -> None:
    assert Recognised(Meaning.SAME, MEI) == recognise(KNOWN, name="other", village="431299101201")


def test_without_a_number_the_same_name_birth_date_sex_and_village_is_the_same_child() -> None:
    assert Recognised(Meaning.SAME, MEI) == recognise(UNNUMBERED)
    assert Recognised(Meaning.SAME, MEI) == recognise(KNOWN, citizen=None)


def test_a_number_given_to_a_child_known_without_one_is_learned() -> None:
    assert Recognised(Meaning.LEARNED, MEI) == recognise(UNNUMBERED, citizen="citizen:1")


def test_two_children_with_numbers_of_their_own_are_two_children() -> None:
    assert Recognised(Meaning.NEW, NEWCOMER) == recognise(KNOWN, citizen="citizen:2")


@pytest.mark.parametrize(
    ("differences", "why"),
    [
        ({"village": "431299101201"}, Why.SAME_NAME_AND_BIRTH_DATE),
        ({"sex": "1"}, Why.SAME_NAME_AND_BIRTH_DATE),
        ({"birth_date": date(2014, 8, 21)}, Why.BIRTH_DATE_DIFFERS_IN_ONE_PART),
        ({"birth_date": date(2013, 8, 12)}, Why.BIRTH_DATE_DIFFERS_IN_ONE_PART),
    ],
)
def test_a_similar_child_without_a_number_is_taken_and_listed(
    differences: dict[str, object], why: Why
) -> None:
    assert Recognised(Meaning.NEW, NEWCOMER, ((MEI, why),)) == recognise(UNNUMBERED, **differences)


@pytest.mark.parametrize(
    "differences",
    [
        {"name": "other"},
        {"birth_date": date(2013, 8, 21)},
        {"birth_date": date(2013, 8, 12), "village": "431299101201"},
    ],
)
def test_another_child_is_taken_and_not_listed(differences: dict[str, Any]) -> None:
    assert Recognised(Meaning.NEW, NEWCOMER) == recognise(UNNUMBERED, **differences)


def test_days_differ_in_one_part() -> None:
    assert differ_in_one_part(date(2014, 8, 12), date(2014, 8, 21))
    assert not differ_in_one_part(date(2014, 8, 12), date(2014, 8, 12))
    assert not differ_in_one_part(date(2014, 8, 12), date(2014, 9, 21))
