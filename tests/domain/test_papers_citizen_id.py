"""Citizen ids of GB 11643-1999, and how they come out of office programs."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.event import Sex
from shared.papers.citizen_id import birth_date_of, read_citizen_id, sex_of
from shared.papers.table import Cell
from tests.paper_files import with_check_sign

ENDS_IN_X = "11010519491231002X"


def test_the_standards_own_example_is_right() -> None:
    assert read_citizen_id(ENDS_IN_X).number == ENDS_IN_X
    assert birth_date_of(ENDS_IN_X) == date(1949, 12, 31)
    assert sex_of(ENDS_IN_X) is Sex.FEMALE


@pytest.mark.parametrize(
    ("cell", "mended"),
    [
        (ENDS_IN_X.lower(), ("mended_small_x",)),
        ("'" + ENDS_IN_X, ("mended_apostrophe",)),
        ("110105 19491231 002X", ("mended_spaces",)),
        (ENDS_IN_X + "\u200b", ("mended_spaces",)),
        ("１１０１０５１９４９１２３１００２Ｘ", ("mended_full_width",)),
        ("11010519491231002Ｘ", ("mended_full_width",)),
    ],
)
def test_what_is_only_off_in_form_is_put_right_and_told(cell: str, mended: tuple[str, ...]) -> None:
    read = read_citizen_id(cell)
    assert (read.number, read.mended) == (ENDS_IN_X, mended)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (5.11702201508191e17, "row_citizen_id_rounded"),
        (511702201508191000, "row_citizen_id_rounded"),
        ("5.11702E+17", "row_citizen_id_rounded"),
        ("5.11702201508191e+17", "row_citizen_id_rounded"),
        ("511702201508191000", "row_citizen_id_rounded"),
        ("110105491231002", "row_citizen_id_15"),
        (110105491231002.0, "row_citizen_id_15"),
        ("1101051949123100", "row_citizen_id_malformed"),
        ("11010519491231O02X", "row_citizen_id_malformed"),
        ("110105194912310021", "row_citizen_id_checksum"),
        (with_check_sign("11010519491331002"), "row_citizen_id_birth"),
    ],
)
def test_a_wrong_number_is_never_repaired(cell: Cell, code: str) -> None:
    read = read_citizen_id(cell)
    assert (read.number, read.fault) == (None, code)


@pytest.mark.parametrize("cell", ["", " ", "无", "-", "未上户口"])
def test_a_child_may_have_no_number(cell: str) -> None:
    assert read_citizen_id(cell).number is None
    assert read_citizen_id(cell).fault is None


@given(st.dates(min_value=date(1900, 1, 1)), st.integers(100000, 999999), st.integers(0, 999))
def test_a_number_says_its_birth_date_and_sex(born: date, place: int, sequence: int) -> None:
    number = with_check_sign(f"{place}{born:%Y%m%d}".zfill(14) + f"{sequence:03}")
    assert read_citizen_id(number).number == number
    assert birth_date_of(number) == born
    assert sex_of(number) is (Sex.MALE if sequence % 2 else Sex.FEMALE)


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(place: int, shift: int) -> None:
    digits = list(ENDS_IN_X)
    digits[place] = str((int(digits[place]) + shift) % 10)
    assert read_citizen_id("".join(digits)).number is None
