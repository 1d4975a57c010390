"""Admission: so many requests at once, and what comes beyond is told at once to come again."""

import pytest

from shared.admission import Admission
from shared.problems import Away


def test_a_request_beyond_the_places_is_told_to_come_again() -> None:
    admission = Admission(1)
    with admission.place("/figures"), pytest.raises(Away) as told, admission.place("/figures"):
        pass
    assert told.value.code == "too_many_at_once"
    assert told.value.headers == {"Retry-After": "1"}


def test_a_place_is_free_again_after_a_failure() -> None:
    admission = Admission(1)
    with pytest.raises(LookupError), admission.place("/figures"):
        raise LookupError
    with admission.place("/figures"):
        pass


def test_a_place_is_given_back_once_when_the_answer_begins() -> None:
    admission = Admission(1)
    with admission.place("/changes") as leave:
        leave()
        leave()
        with admission.place("/figures"), pytest.raises(Away), admission.place("/figures"):
            pass


def test_an_operator_sees_how_a_service_is_doing_however_much_it_has_to_do() -> None:
    with Admission(0).place("/status"):
        pass
