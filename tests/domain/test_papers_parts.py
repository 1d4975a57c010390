"""A workbook is many files in one archive: whatever is wrong with any of them, or with the archive, is refused."""

import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from struct import pack_into
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.papers.faults import PaperRefused
from shared.papers.limits import (
    CELLS_MAX,
    COLUMNS_MAX,
    MIB,
    PARTS_MAX,
    ROWS_MAX,
    SHEETS_MAX,
    UNPACKED_RATIO_MAX,
)
from shared.papers.sheet import Sheet, read_sheets
from shared.papers.xlsx import SMALL_PART, check_xlsx
from tests.domain.test_papers_anything import refused_or_read
from tests.paper_files import row_with, workbook

CASES = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
HEAD = list(row_with())
WHOLE = workbook({"花名册": [HEAD, row_with(姓名="廖雨馨")], "说明": [["=1+1", 2, "是"]]})

Parts = Mapping[str, bytes]


def parts_of(content: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(content)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def packed(*parts: tuple[str, bytes], how: int = ZIP_DEFLATED) -> bytes:
    """Return an archive of *parts*, in which one name may stand twice."""
    file = BytesIO()
    with ZipFile(file, "w", how) as archive:
        for name, body in parts:
            archive.writestr(name, body)
    return file.getvalue()


PARTS = parts_of(WHOLE)
NUMBER = re.compile(rb'(?<=")\d+(?=")')

scraps = (
    st.text("<>/=\"' crvst019AZ&;", max_size=12).map(str.encode)
    | st.binary(max_size=6)
    | st.sampled_from(
        [b"\x00", b"\xff\xfe", b"&#0;", b"&lt;", b"<![CDATA[", b"]]>", b"<!--", b"<?x?>", b"xml:space='x'"]
    )
)
numbers = st.sampled_from(
    [b"-1", b"0", b"65536", b"2147483648", b"4294967295", b"99999999999999999999", b"x", b""]
)


@st.composite
def damage(draw: st.DrawFn, body: bytes) -> bytes:
    """Draw a part with something put in, cut out, doubled, of another number, or at its end."""
    at, length = draw(st.integers(0, len(body))), draw(st.integers(0, 40))
    match draw(st.sampled_from(("put in", "cut out", "double", "number", "end", "nothing"))):
        case "put in":
            return body[:at] + draw(scraps) + body[at:]
        case "cut out":
            return body[:at] + body[at + length :]
        case "double":
            return body[:at] + body[at : at + 200] * 2 + body[at + 200 :]
        case "number":
            places = [found.span() for found in NUMBER.finditer(body)] or [(at, at)]
            begins, ends = draw(st.sampled_from(places))
            return body[:begins] + draw(numbers) + body[ends:]
        case "end":
            return body[:at]
        case _:
            return b""


@settings(CASES, max_examples=200)
@given(name=st.sampled_from(sorted(PARTS)), drawn=st.data())
def test_any_damage_to_any_part_is_read_or_refused(name: str, drawn: st.DataObject) -> None:
    body = drawn.draw(damage(PARTS[name]))
    refused_or_read(packed(*{**PARTS, name: body}.items()))


@pytest.mark.parametrize("encoding", [b"U-1TF-8", b"utf-7", b"cp037", b"GBK", b""])
@pytest.mark.parametrize(
    "name", ["xl/_rels/workbook.xml.rels", "xl/workbook.xml", "xl/worksheets/sheet1.xml"]
)
def test_a_part_of_another_encoding_is_refused_since_not_every_reader_minds_it(
    name: str, encoding: bytes
) -> None:
    body = PARTS[name].replace(b'encoding="UTF-8"', b'encoding="' + encoding + b'"', 1)
    assert refusal(with_parts({name: body})) == "paper_damaged"


@CASES
@given(
    st.lists(st.sampled_from(sorted(PARTS)), max_size=3), st.permutations(list(PARTS.items())), st.booleans()
)
def test_parts_that_are_gone_or_in_another_order_are_read_or_refused(
    gone: Sequence[str], order: Sequence[tuple[str, bytes]], stored: bool
) -> None:
    left = [(name, body) for name, body in order if name not in gone]
    refused_or_read(packed(*left, how=ZIP_STORED if stored else ZIP_DEFLATED))


CENTRAL = {"version": (6, 2), "flags": (8, 2), "method": (10, 2), "crc": (16, 4), "packed": (20, 4)} | {
    "unpacked": (24, 4), "name": (28, 2), "extra": (30, 2), "comment": (32, 2), "place": (42, 4)
}  # fmt: skip
LOCAL = {
    "flags": (6, 2),
    "method": (8, 2),
    "packed": (18, 4),
    "unpacked": (22, 4),
    "name": (26, 2),
    "extra": (28, 2),
}
LAST = {
    "disk": (4, 2),
    "here": (8, 2),
    "all": (10, 2),
    "size": (12, 4),
    "begins": (16, 4),
    "comment": (20, 2),
}
RECORDS = {b"PK\x01\x02": CENTRAL, b"PK\x03\x04": LOCAL, b"PK\x05\x06": LAST}
"""The fields of an archive's three kinds of records: where they stand in it, and how many bytes they have."""


@CASES
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(RECORDS)), st.integers(0, 12), st.integers(0, 9), st.integers(0, 2**32 - 1)
        )
        | st.tuples(
            st.sampled_from(sorted(RECORDS)), st.integers(0, 12), st.integers(0, 9), st.integers(0, 99)
        ),
        min_size=1,
        max_size=3,
    )
)
def test_an_archive_that_says_wrong_things_of_itself_is_read_or_refused(
    changes: Sequence[tuple[bytes, int, int, int]],
) -> None:
    content = bytearray(WHOLE)
    for sign, nth, field, value in changes:
        records = [found.start() for found in re.finditer(re.escape(sign), WHOLE)]
        offset, size = list(RECORDS[sign].values())[field % len(RECORDS[sign])]
        place = records[nth % len(records)] + offset
        pack_into("<H" if size == 2 else "<I", content, place, value % 2 ** (8 * size))
    refused_or_read(bytes(content))


@CASES
@given(st.integers(0, len(WHOLE)), st.binary(max_size=40), st.booleans())
def test_an_archive_cut_off_or_with_something_around_it_is_read_or_refused(
    at: int, more: bytes, before: bool
) -> None:
    refused_or_read(WHOLE[:at])
    refused_or_read(more + WHOLE if before else WHOLE + more)


def refusal(content: bytes) -> str:
    with pytest.raises(PaperRefused) as refused:
        read_sheets(content)
    return refused.value.code


def with_parts(more: Parts) -> bytes:
    return packed(*{**PARTS, **more}.items())


@pytest.mark.parametrize("promise", [b'uniqueCount="4294967295"', b"uniqueCount = '4294967295'"])
@pytest.mark.parametrize("prefix", [b"", b"x:"])
def test_no_room_is_made_for_shared_texts_that_are_only_promised(promise: bytes, prefix: bytes) -> None:
    """Room for four billion of them would end the process."""
    name = "xl/sharedStrings.xml"
    texts = re.sub(rb'uniqueCount="\d+"', promise, PARTS[name])
    prefixed = texts.replace(
        b"<sst xmlns=", b"<" + prefix + b"sst xmlns" + prefix.replace(b"x:", b":x") + b"="
    )
    prefixed = prefixed.replace(b"</sst>", b"</" + prefix + b"sst>")
    refused_or_read(with_parts({name: prefixed}))
    assert read_sheets(with_parts({name: texts}))[0].rows == read_sheets(WHOLE)[0].rows


def test_a_workbook_inside_an_archive_is_not_looked_for() -> None:
    assert refusal(packed(("花名册.xlsx", WHOLE))) == "paper_is_archive"


def test_of_two_parts_of_one_name_the_sheet_that_is_read_was_looked_through() -> None:
    far = PARTS["xl/worksheets/sheet1.xml"].replace(b'r="A1"', b'r="XFD1"', 1)
    twice = [
        ("xl/worksheets/sheet1.xml", far),
        ("xl/worksheets/sheet1.xml", PARTS["xl/worksheets/sheet1.xml"]),
    ]
    others = [(name, body) for name, body in PARTS.items() if name != "xl/worksheets/sheet1.xml"]
    with pytest.warns(UserWarning, match="Duplicate name"):
        first, last = packed(*others, *twice), packed(*others, *reversed(twice))
    assert read_sheets(first)[0].rows == read_sheets(WHOLE)[0].rows
    assert refusal(last) == "paper_cell_far_out"


def test_an_archive_may_have_as_many_parts_as_the_limit_says() -> None:
    spare = PARTS_MAX - len(PARTS)
    media = {f"xl/media/image{n}.png": b"x" for n in range(spare + 1)}
    assert refusal(with_parts(media)) == "paper_unpacks_too_large"
    media.popitem()
    assert read_sheets(with_parts(media))[0].rows == read_sheets(WHOLE)[0].rows


def test_only_a_small_part_may_be_packed_beyond_the_ratio() -> None:
    assert read_sheets(with_parts({"xl/media/small.bin": b"x" * SMALL_PART}))[0].name == "花名册"
    large = {"xl/media/large.bin": b"x" * (SMALL_PART + 2 * UNPACKED_RATIO_MAX * MIB // 100)}
    assert refusal(with_parts(large)) == "paper_unpacks_too_large"


def test_a_workbook_may_have_as_many_sheets_as_the_limit_says() -> None:
    sheets = {f"表{n}": [["姓名", n]] for n in range(SHEETS_MAX + 1)}
    assert refusal(workbook(sheets)) == "paper_too_many_sheets"
    sheets.popitem()
    assert len(read_sheets(workbook(sheets))) == SHEETS_MAX


def sheet_with_a_cell_at(row: int, column: str) -> list[Sheet]:
    cell = f'<row r="{row}"><c r="{column}{row}"><v>1</v></c></row>'.encode()
    name = "xl/worksheets/sheet1.xml"
    body = PARTS[name].replace(b"</sheetData>", cell + b"</sheetData>")
    return read_sheets(with_parts({name: re.sub(rb"<dimension[^>]*>", b"", body)}))


def test_a_sheet_may_be_as_long_and_as_wide_as_the_limits_say() -> None:
    longest = CELLS_MAX // len(read_sheets(WHOLE)[0].rows[-1])
    assert len(sheet_with_a_cell_at(longest, "A")[0].rows) == longest
    with pytest.raises(PaperRefused, match="paper_too_many_cells"):
        sheet_with_a_cell_at(longest + 1, "A")
    assert len(sheet_with_a_cell_at(9, "DX")[0].rows[8]) == COLUMNS_MAX
    for row, column in ((ROWS_MAX + 1, "A"), (9, "DY")):
        with pytest.raises(PaperRefused, match="paper_cell_far_out"):
            sheet_with_a_cell_at(row, column)


FAR = b"<v>1</v></c></row>"
WIDE_AND_LONG = {
    "usual": b'<row r="99999"><c r="DX99999">' + FAR,
    "in another order": b'<row r="99999"><c s="1" r="DX99999">' + FAR,
    "beside another's place": b'<row x:r="1" xmlns:x="x" r="99999"><c xmlns:x="x" x:r="A1" r="DX99999">'
    + FAR,
    "behind a greater-than": b'<row><c r="DX99999" s="/>">' + FAR,
    "behind a remark": b'<row><c r="DX99999"><!-- </c></sheetData> -->' + FAR,
    "behind what ends alike": b'<row><c r="A9"><my-sheetData/></c></row><row><c r="DX99999">' + FAR,
    "in another sheet of cells": b'</sheetData><sheetData><row><c r="DX99999">' + FAR,
    "without a place": b'<row r="99999">' + b"<c><v>1</v></c>" * COLUMNS_MAX + b"</row>",
    "without a number": b"<row/>" * 99_000 + b"<row>" + b"<c><v>1</v></c>" * COLUMNS_MAX + b"</row>",
}


@pytest.mark.parametrize("far", WIDE_AND_LONG.values(), ids=[*WIDE_AND_LONG])
def test_cells_so_far_apart_that_too_many_lie_between_are_refused_before_those_are_laid_out(
    far: bytes,
) -> None:
    name = "xl/worksheets/sheet1.xml"
    with pytest.raises(PaperRefused, match="paper_too_many_cells"):
        check_xlsx(with_parts({name: PARTS[name].replace(b"</sheetData>", far + b"</sheetData>")}))


@pytest.mark.parametrize(
    "formatted",
    [b'<row r="99999"/>', b'<row r="99999"><c r="DX99999" s="1"/></row>'],
    ids=["a row", "a cell"],
)
def test_what_is_only_formatted_far_away_is_not_laid_out_and_not_refused(formatted: bytes) -> None:
    name = "xl/worksheets/sheet1.xml"
    sheet = PARTS[name].replace(b"</sheetData>", formatted + b"</sheetData>")
    assert read_sheets(with_parts({name: sheet}))[0].rows == read_sheets(WHOLE)[0].rows


def test_a_wide_and_long_sheet_that_is_written_in_another_way_is_read() -> None:
    """As some programs write: places behind formats, single quotes, none at all."""
    rows = [f'<row r="{n}"><c s="0" r=\'A{n}\'><v>1</v></c></row>'.encode() for n in range(10, 12_000)]
    wide = b'<row r="12000">' + b"<c><v>1</v></c>" * 64 + b"</row>"
    name = "xl/worksheets/sheet1.xml"
    body = PARTS[name].replace(b"</sheetData>", b"".join(rows) + wide + b"</sheetData>")
    [sheet, *_] = read_sheets(with_parts({name: re.sub(rb"<dimension[^>]*>", b"", body)}))
    assert (len(sheet.rows), len(sheet.rows[11_999])) == (12_000, 64)


def test_a_sheet_is_looked_through_whatever_the_case_of_its_part_and_however_often_its_name_stands() -> None:
    name, relations, book = "xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels", "xl/workbook.xml"
    far = PARTS[name].replace(b"</sheetData>", WIDE_AND_LONG["usual"] + b"</sheetData>")
    shouting = PARTS[relations].replace(b"sheet1.xml", b"SHEET1.XML")
    twice = re.sub(rb'(<sheet [^>]*name=")[^"]*', rb"\1same", PARTS[book])
    for changed in ({relations: shouting}, {book: twice}):
        with pytest.raises(PaperRefused, match="paper_too_many_cells"):
            check_xlsx(with_parts({name: far, **changed}))
    with pytest.raises(PaperRefused, match="paper_damaged"):
        check_xlsx(with_parts({"xl/worksheets/Sheet1.xml": far}))


@pytest.mark.parametrize("character", ["\x01", "\x1f", "\ufffe", "\uffff"])
def test_a_formula_with_a_character_that_may_stand_in_no_xml_is_found(character: str) -> None:
    """As programs write it that do not look at a formula."""
    written = read_sheets(workbook(None, ["姓名", "村"], [f"={character}", "x"]))
    assert written[0].formulas == {(1, 0)}
