"""Whatever comes in, a paper is read or refused, and nothing else happens."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
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
    GIRL,
    ROSTER_FILE,
    ROW,
    compound,
    delimited,
    old_stream,
    old_workbook,
    roster,
    row_with,
    small_compound,
    workbook,
)

CASES = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
EXAMPLE = Path(__file__).parents[2] / "examples" / "qingxi"
BYTES_MAX = 60_000
"""Of a seed: damage is as good in a short file."""

BOX_BYTES = 4 * 512
"""Of an old workbook, before its records: a header, chains, names, and of a small one chains of its own."""

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
    lambda content: read_visits("", content).judged(),
    lambda content: list(split_by_entry_day("", content)),
)
OF_THE_TREE = {
    *("areas_code_malformed", "areas_code_twice", "areas_level_contradicts", "areas_level_unknown"),
    *("areas_name_missing", "areas_name_too_long", "areas_parent_contradicts", "areas_parent_missing"),
}
"""What is wrong with one area is wrong with the list: it is taken whole or not at all."""
LAYOUTS = {"roster": ROSTER, "areas": AREA_LAYOUT, "carers": CARERS, "visits": VISITS}

texts = st.sampled_from(
    ["", " ", "=1", "合计", "无", "是", "2016-07-12", "431299200201", "431299201607123723", "柳桥村"]
)
words = texts | st.sampled_from(["\x00", "\x01"])
printed = st.characters(codec="utf-8", exclude_categories=["Cc"])
"""Text with a control sign in it is no table at all; a workbook's cell may hold one."""
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


OLD_STREAMS = [old_stream(list(ROW), row_with(序号=True), shared=shared) for shared in (True, False)]


@CASES
@given(
    st.sampled_from(OLD_STREAMS),
    st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4), st.booleans()),
        min_size=1,
        max_size=6,
    ),
)
def test_any_damage_inside_an_old_workbook_is_read_or_refused(
    stream: bytes, damage: list[tuple[float, bytes, bool]]
) -> None:
    for place, scrap, put_in in damage:
        at = int(place * len(stream))
        stream = stream[:at] + scrap + stream[at if put_in else at + len(scrap) :]
    refused_or_read(compound({"Workbook": stream}))


@CASES
@given(
    st.sampled_from([compound({"Workbook": OLD_STREAMS[0]}), small_compound("Workbook", OLD_STREAMS[0])]),
    st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4)),
        min_size=1,
        max_size=6,
    ),
    st.floats(0.5, 1),
)
def test_any_damage_to_the_box_of_an_old_workbook_is_read_or_refused(
    content: bytes, damage: list[tuple[float, bytes]], left: float
) -> None:
    for place, scrap in damage:
        at = int(place * BOX_BYTES)
        content = content[:at] + scrap + content[at + len(scrap) :]
    refused_or_read(content[: int(left * len(content))])


def headed(layout: Layout) -> list[str]:
    return [layout.label(column) for column in layout.columns]


GOOD: dict[str, Sequence[object]] = {
    "roster": [ROW.get(heading, "") for heading in headed(ROSTER)],
    "areas": ["431299", "青溪县", "", "county"],
    "carers": ["章红", "女", "爱心妈妈", "431299200201", "13811110001", 2, "是", "", ""],
    "visits": ["2026-01-05", "2026-01-06", "廖雨馨", GIRL, "431299200201", "亲子通话", "成功"],
}
"""A row of each kind that nothing is wrong with."""

lines_of_words = st.lists(
    st.lists(texts | st.text(printed, max_size=9), max_size=24),
    min_size=1,
    max_size=5,
)
written_cells = (
    words
    | st.sampled_from(["长" * length for length in (51, 101, 300)])
    | st.text(max_size=12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(10**15), 10**15)
    | st.booleans()
    | st.dates(min_value=date(1900, 1, 1))
)


@CASES
@given(st.sampled_from(sorted(LAYOUTS)), lines_of_words, st.integers(0, 5))
def test_a_good_row_is_judged_good_among_any_cells(
    kind: str, lines: list[Sequence[object]], place: int
) -> None:
    lines.insert(place, GOOD[kind])
    judge(kind, delimited(headed(LAYOUTS[kind]), *lines), 2 + lines.index(GOOD[kind]))


@CASES
@given(
    st.sampled_from(sorted(LAYOUTS)),
    st.lists(st.lists(written_cells, max_size=24), min_size=1, max_size=5),
    st.integers(0, 5),
)
def test_a_good_row_is_judged_good_among_any_cells_of_a_workbook(
    kind: str, lines: list[Sequence[object]], place: int
) -> None:
    lines.insert(place, GOOD[kind])
    judge(kind, workbook(None, headed(LAYOUTS[kind]), *lines), 2 + lines.index(GOOD[kind]))


@CASES
@given(
    st.sampled_from(sorted(LAYOUTS)),
    st.lists(st.lists(written_cells, max_size=24), min_size=1, max_size=5),
    st.integers(0, 5),
    st.booleans(),
)
def test_a_good_row_is_judged_good_among_any_cells_of_an_old_workbook(
    kind: str, lines: list[Sequence[object]], place: int, shared: bool
) -> None:
    lines.insert(place, GOOD[kind])
    content = old_workbook(headed(LAYOUTS[kind]), *lines, shared=shared)
    judge(kind, content, 2 + lines.index(GOOD[kind]))


def judge(kind: str, content: bytes, good: int) -> None:
    """Read *content* as a paper of its kind: row *good* is judged good, or what is wrong with the whole is told."""
    rows: list[Any] = []
    refused = refusal(lambda content: rows.extend(JUDGED[kind](content)), content)
    if refused:
        assert refused.code == "paper_formulas" or (kind == "areas" and refused.code in OF_THE_TREE)
        assert refused.params.get("row") != good
    else:
        assert [row.number for row in rows if row.number == good] == [good]
        assert not any(getattr(row, "faults", ()) for row in rows if row.number == good)


def judge_roster(content: bytes) -> Sequence[Any]:
    paper = read_roster(ROSTER_FILE, content)
    judged = judge_rows(paper, AREAS, FILED_ON)
    for language in Language:
        back = refused_workbook(paper.table, [(row.number, row.faults) for row in judged], language)
        assert openpyxl.load_workbook(BytesIO(back))
    return judged


def judge_visits(content: bytes) -> Sequence[Any]:
    """Return the rows judged, which are as many when the log is cut by day of entry."""
    rows = read_visits("", content).judged()
    days = list(split_by_entry_day("", content))
    assert sum(len(read_visits("", of_day).judged()) for _, of_day in days) == len(rows)
    return rows


JUDGED: dict[str, Callable[[bytes], Sequence[Any]]] = {
    "roster": judge_roster,
    "areas": lambda content: read_areas("", content).areas,
    "carers": lambda content: read_carers("", content).rows,
    "visits": judge_visits,
}


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
