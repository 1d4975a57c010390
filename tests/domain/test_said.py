"""A request's days, yes or no, and counts are what the document promises, and nothing near it."""

from datetime import date
from typing import Annotated

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from shared.contracts.event import AreaCode
from shared.said import A_NUMBER, Day, YesOrNo

Count = Annotated[int, Field(le=100), A_NUMBER]


class Told(BaseModel):
    day: Day
    sure: YesOrNo
    many: Count


@pytest.mark.parametrize(
    ("day", "fault"),
    [
        ("2026-02-28", None),
        (date(2026, 2, 28), None),
        ("2026-02-30", "date_from_datetime_parsing"),
        (0, "date_parsing"),
        ("0", "date_parsing"),
        ("20260228", "date_parsing"),
        ("2026-02-28T00:00:00", "date_parsing"),
        ("٢٠٢٦-02-28", "date_parsing"),
        ("0206-02-28", "day_out_of_range"),
        ("9999-12-31", "day_out_of_range"),
    ],
)
def test_a_day_is_written_as_a_day_of_these_centuries(day: object, fault: str | None) -> None:
    try:
        assert TypeAdapter(Day).validate_python(day) == date(2026, 2, 28)
        found = None
    except ValidationError as wrong:
        found = wrong.errors()[0]["type"]
    assert found == fault


@pytest.mark.parametrize(("sure", "many"), [(1, 1), ("true", 1), (True, "1"), (True, 1.5), (True, True)])
def test_nothing_stands_for_a_yes_or_for_a_number(sure: object, many: object) -> None:
    with pytest.raises(ValidationError):
        Told.model_validate({"day": "2026-02-28", "sure": sure, "many": many})


def test_a_whole_number_may_be_written_with_a_point() -> None:
    assert TypeAdapter(Count).validate_python(43.0) == 43
    assert TypeAdapter(Count).json_schema() == {"type": "integer", "maximum": 100}


def test_an_area_is_written_in_the_digits_of_its_code() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(AreaCode).validate_python("431299\uff11\uff10\uff12")
