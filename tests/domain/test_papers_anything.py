"""Whatever comes in, a paper is read or refused, and nothing else happens."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl  # type: ignore[import-untyped]  # it comes without types
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.contact.visit_log import VISITS, read_visits, split_by_entry_day
from services.pairing.carer_list import CARERS, read_carers
from services.registry.area_list import AREAS as AREA_LAYOUT
from services.registry.area_list import read_areas
from services.registry.roster import judge_rows, read_roster
from services.registry.roster_layout import ROSTER
from shared.messages import Language
from shared.papers.citizen_id import read_citizen_id
from shared.papers.dates import read_date
from shared.papers.faults import PaperRefused
from shared.papers.headings import Layout
from shared.papers.refusals import refused_workbook
from shared.papers.sheet import read_sheets
from shared.papers.table import Cell
from tests.paper_files import (
    AREAS,
    FILED_ON,
    ROSTER_FILE,
    delimited,
    old_workbook,
    roster,
    row_with,
    workbook,
)

CASES = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
EXAMPLE = Path(__file__).parents[2] / "examples" / "qingxi"
BYTES_MAX = 60_000
"""Of a seed: damage is as good in a short file."""

BEGINNINGS = (
    b"",
    b"PK\x03\x04",
    bytes.fromhex("d0cf11e0a1b11ae1"),
    b"\xff\xfe",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"a,b\n",
)
SEEDS = (
    roster(row_with()),
    old_workbook(["姓名", "村"], ["廖雨馨", 1]),
    delimited(["姓名", "村"], ["廖雨馨", "柳桥村"]),
    *(
        (EXAMPLE / name).read_bytes()[:BYTES_MAX]
        for name in ("行政区划.xlsx", "结对帮扶人员.xlsx", "走访记录.csv")
    ),
)
READERS: tuple[Callable[[bytes], object], ...] = (
    read_sheets,
    partial(read_roster, ROSTER_FILE),
    partial(read_areas, ""),
    partial(read_carers, ""),
    partial(read_visits, ""),
    lambda content: list(split_by_entry_day("", content)),
)
LAYOUTS = {"roster": ROSTER, "areas": AREA_LAYOUT, "carers": CARERS, "visits": VISITS}

words = st.sampled_from(
    ["", " ", "=1", "合计", "无", "是", "2016-07-12", "431299200201", "431299201607123723", "柳桥村", "\x01"]
)
numbers = st.floats() | st.integers(-(10**20), 10**20)
cells = (
    words
    | st.text(max_size=12)
    | numbers
    | st.booleans()
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.timedeltas()
)


def refused_or_read(content: bytes) -> None:
    """Read *content* as every kind of paper; a refusal must have its text in both languages."""
    for read in READERS:
        refused = refusal(read, content)
        for language in Language if refused else ():
            assert refused is not None
            assert refused.told(language) != refused.code
            assert "?" not in refused.told(language)


def refusal(read: Callable[[bytes], object], content: bytes) -> PaperRefused | None:
    try:
        read(content)
    except PaperRefused as refused:
        return refused
    return None


@CASES
@given(st.sampled_from(BEGINNINGS), st.binary(max_size=3000))
def test_any_bytes_are_read_or_refused(beginning: bytes, rest: bytes) -> None:
    refused_or_read(beginning + rest)


@CASES
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12),
)
def test_any_damage_to_a_file_is_read_or_refused(content: bytes, damage: list[tuple[float, int]]) -> None:
    damaged = bytearray(content)
    for place, value in damage:
        damaged[int(place * len(damaged))] = value
    refused_or_read(bytes(damaged))


@CASES
@given(st.floats(0, 1, exclude_max=True), st.text("<>/=\"' crvst019AZ", max_size=12))
def test_any_damage_inside_a_sheet_is_read_or_refused(place: float, scrap: str) -> None:
    with ZipFile(BytesIO(SEEDS[0])) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    name = "xl/worksheets/sheet1.xml"
    cut = int(place * len(parts[name]))
    parts[name] = parts[name][:cut] + scrap.encode() + parts[name][cut:]
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as packed:
        for part, body in parts.items():
            packed.writestr(part, body)
    refused_or_read(file.getvalue())


def headed(layout: Layout) -> list[str]:
    return [layout.label(column) for column in layout.columns]


rows = st.lists(st.lists(cells, max_size=24), min_size=1, max_size=5)


@CASES
@given(
    st.sampled_from(sorted(LAYOUTS)),
    st.lists(st.lists(words | st.text(max_size=9), max_size=24), min_size=1, max_size=5),
)
def test_any_cells_under_right_headings_are_judged_or_refused(
    kind: str, lines: Sequence[Sequence[str]]
) -> None:
    judge(kind, delimited(headed(LAYOUTS[kind]), *lines))


def judge(kind: str, content: bytes) -> None:
    """Read *content* as a paper of its kind and judge its rows."""
    with suppress(PaperRefused):
        match kind:
            case "roster":
                paper = read_roster(ROSTER_FILE, content)
                judged = judge_rows(paper, AREAS, FILED_ON)
                for language in Language:
                    back = refused_workbook(
                        paper.table, [(row.number, row.faults) for row in judged], language
                    )
                    assert openpyxl.load_workbook(BytesIO(back))
            case "areas":
                read_areas("", content)
            case "carers":
                read_carers("", content)
            case _:
                read_visits("", content)
                list(split_by_entry_day("", content))


written_cells = (
    words
    | st.text(max_size=12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(10**15), 10**15)
    | st.booleans()
    | st.dates(min_value=date(1900, 1, 1))
)


@CASES
@given(
    st.sampled_from(sorted(LAYOUTS)), st.lists(st.lists(written_cells, max_size=24), min_size=1, max_size=5)
)
def test_any_cells_of_a_workbook_are_judged_or_refused(kind: str, lines: Sequence[Sequence[object]]) -> None:
    judge(kind, workbook(None, headed(LAYOUTS[kind]), *lines))


@CASES
@given(cells)
def test_any_cell_is_a_day_or_a_fault_and_a_number_or_a_fault(cell: Cell) -> None:
    day, number = read_date(cell), read_citizen_id(cell)
    assert isinstance(day, date) or day.startswith("row_date_")
    assert not isinstance(day, datetime)
    assert number.number is None or number.fault is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_code_that_papers_are_refused_with_has_its_text(language: str) -> None:
    root = Path(__file__).parents[2]
    readers = (
        "registry/area_list",
        "registry/roster",
        "registry/roster_row",
        "pairing/carer_list",
        "contact/visit_log",
    )
    files = [
        *(root / "shared/papers").glob("*.py"),
        *(root / "services" / f"{reader}.py" for reader in readers),
    ]
    catalogue = (root / f"shared/messages/{language}/papers.toml").read_text(encoding="utf-8")
    known = {line.split(" = ")[0] for line in catalogue.splitlines()}
    used = {word for file in files for word in file.read_text(encoding="utf-8").split('"')[1::2]}
    spoken = {
        word
        for word in used
        if word.isidentifier() and word.startswith(("paper_", "row_", "areas_", "note_", "mended_"))
    }
    assert spoken
    assert spoken - known == set()


def test_workbooks_of_every_kind_of_cell_are_read() -> None:
    content = workbook(None, ["a", 1, 1.5, True, date(2015, 8, 19), datetime(2015, 8, 19, 1, 2)])  # noqa: DTZ001
    [[text, one, half, yes, day, moment]] = read_sheets(content)[0].rows
    assert (text, one, half, yes) == ("a", 1.0, 1.5, True)
    assert (read_date(day), read_date(moment)) == (date(2015, 8, 19), date(2015, 8, 19))
