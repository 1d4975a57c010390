"""From bytes to sheets: what is read, and what is refused before it can do harm."""

import re
import zlib
from collections.abc import Callable
from datetime import date
from io import BytesIO
from struct import pack
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from shared.papers.faults import PaperRefused
from shared.papers.limits import FILE_BYTES_MAX, ROWS_MAX, UNPACKED_BYTES_MAX
from shared.papers.sheet import read_sheets
from shared.papers.xls import look_through
from tests.paper_files import compound, delimited, old_book, old_workbook, record, workbook

ROWS = [["姓名", "村"], ["廖雨馨", "柳桥村"]]


def refusal(content: bytes) -> str:
    with pytest.raises(PaperRefused) as refused:
        read_sheets(content)
    return refused.value.code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_delimited_text_is_read_in_any_of_its_encodings_and_separators(encoding: str, separator: str) -> None:
    assert read_sheets(delimited(*ROWS, encoding=encoding, separator=separator))[0].rows == ROWS


def test_one_line_full_of_another_separator_does_not_decide() -> None:
    rows = [["姓名", "村", "备注"], *[["廖雨馨", "柳桥村", ""]] * 5, ["填表人;;;;;;;;;", "", ""]]
    assert read_sheets(delimited(*rows))[0].rows == rows


def test_a_new_workbook_is_read_from_the_first_row_of_the_sheet_on() -> None:
    [sheet] = read_sheets(workbook(None, [], [], ["", "姓名"], ["", date(2015, 8, 19)]))
    assert sheet.rows == [["", ""], ["", ""], ["", "姓名"], ["", date(2015, 8, 19)]]


def test_an_old_workbook_is_read_whatever_its_name() -> None:
    [sheet] = read_sheets(old_workbook(["序号", "姓名"], [1, "廖雨馨"]))
    assert sheet.rows == [["序号", "姓名"], [1.0, "廖雨馨"]]


@pytest.mark.parametrize(
    "content",
    [
        workbook(None, ["姓名", "村\0"], ["廖雨馨\0\0", 1]),
        old_workbook(["姓名", "村\0"], ["廖雨馨\0\0", 1]),
        old_workbook(["姓名", "村\0"], ["廖雨馨\0\0", 1], shared=True),
    ],
)
def test_a_cell_filled_up_with_nul_is_read_as_filled_up_with_spaces(content: bytes) -> None:
    [sheet] = read_sheets(content)
    assert sheet.rows == [["姓名", "村 "], ["廖雨馨  ", 1.0]]


@pytest.mark.parametrize("write", [delimited, old_workbook, lambda *rows: workbook(None, *rows)])
def test_what_many_cells_say_is_held_once(write: Callable[..., bytes]) -> None:
    [sheet] = read_sheets(write(*ROWS, *ROWS))
    assert sheet.rows == [*ROWS, *ROWS]
    assert all(
        one is other
        for rows in zip(sheet.rows[:2], sheet.rows[2:], strict=True)
        for one, other in zip(*rows, strict=True)
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "paper_empty"),
        (b"\xef\xbb\xbf \r\n", "paper_empty"),
        (b"%PDF-1.7 ...", "paper_is_pdf"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "paper_is_picture"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "paper_is_picture"),
        (b"{\\rtf1\\ansi}", "paper_is_word"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "paper_is_web_page"),
        (b"\r\n<!DOCTYPE html>", "paper_is_web_page"),
        (b"Rar!\x1a\x07", "paper_is_archive"),
        (b"PK\x03\x04 and nothing more", "paper_damaged"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(9), "paper_damaged"),
        ("一行没有分列的文字".encode(), "paper_not_a_table"),
        (b"a,b\x00c\n", "paper_not_a_table"),
        (b"\x81,\xff\xfe\xfd", "paper_not_a_table"),
        (b"\xff\xfea", "paper_encoding_unknown"),
        ('姓名,村\n"廖雨馨,柳桥村\n侯帅,东河村\n'.encode(), "paper_quotes_open"),
    ],
)
def test_what_is_no_table_is_refused_by_what_it_is(content: bytes, code: str) -> None:
    assert refusal(content) == code


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        ("WordDocument", "paper_is_word"),
        ("PowerPoint Document", "paper_is_slides"),
        ("EncryptedPackage", "paper_has_password"),
        ("Contents", "paper_not_a_table"),
    ],
)
def test_old_documents_and_locked_workbooks_are_told_apart(stream: str, code: str) -> None:
    assert refusal(compound({stream: b"x"})) == code


def test_an_old_workbook_with_a_password_is_refused() -> None:
    assert refusal(old_workbook(*ROWS, locked=True)) == "paper_has_password"


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("word/document.xml", "paper_is_word"),
        ("xl/workbook.bin", "paper_is_other_workbook"),
        ("content.xml", "paper_is_other_workbook"),
        ("readme.txt", "paper_is_archive"),
    ],
)
def test_other_archives_are_told_apart(part: str, code: str) -> None:
    assert refusal(archive({part: b"x"})) == code


def test_a_file_beyond_the_limit_is_refused_unread() -> None:
    assert refusal(bytes(FILE_BYTES_MAX + 1)) == "paper_too_large"


def test_more_rows_or_columns_than_a_paper_can_have_are_refused() -> None:
    assert refusal(b"a,b\n" * (ROWS_MAX + 1)) == "paper_too_many_rows"
    assert refusal(b"," * 200) == "paper_too_many_columns"
    assert refusal(workbook(None, ["x"] * 200)) == "paper_cell_far_out"


def test_a_cell_far_out_is_refused_before_all_the_cells_up_to_it_are_laid_out() -> None:
    assert refusal(edited(lambda xml: xml.replace(b'r="B2"', b'r="XFD1048576"'))) == "paper_cell_far_out"
    assert refusal(edited(lambda xml: xml.replace(b'r="B2"', b"r='XFD2'"))) == "paper_cell_far_out"
    assert refusal(edited(lambda xml: xml.replace(b'r="B2"', b'r="B1048576"'))) == "paper_cell_far_out"
    without_places = edited(lambda xml: xml.replace(b'r="2"', b'r="1048576"').replace(b' r="B2"', b""))
    assert refusal(without_places) == "paper_cell_far_out"


@pytest.mark.parametrize(
    "cell",
    [
        b'<c\tr="XFD1048576"><v>1</v></c>',
        b'<c r = "XFD1048576"><v>1</v></c>',
        b'<a-b:c xmlns:a-b="x" r="XFD1048576"><v>1</v></a-b:c>',
        b'<c s="0" r="xfd1048576"><v>1</v></c>',
        b"<c " + b" " * 999 + b'r="XFD1048576"><v>1</v></c>',
        b"<c " + b'r="XFD1" ' * 99 + b"<",
        b'<c r="A1048576" t="n"><v>1</v></c>',
    ],
)
def test_a_cell_far_out_is_found_however_it_is_written(cell: bytes) -> None:
    code = refusal(edited(lambda xml: xml.replace(b"</row></sheetData>", cell + b"</row></sheetData>")))
    assert code in {"paper_cell_far_out", "paper_damaged"}


def test_a_sheet_in_utf_16_is_refused_since_it_cannot_be_looked_through() -> None:
    assert (
        refusal(edited(lambda xml: xml.decode().replace("UTF-8", "UTF-16").encode("utf-16")))
        == "paper_damaged"
    )


def test_cells_may_leave_out_their_places() -> None:
    content = edited(lambda xml: re.sub(rb'<c r="[A-Z]+\d+"', b"<c", xml))
    assert read_sheets(content)[0].rows == ROWS


def test_a_workbook_that_packs_far_too_much_is_refused_by_what_it_says() -> None:
    assert refusal(edited(lambda xml: xml + b" " * (UNPACKED_BYTES_MAX // 4))) == "paper_unpacks_too_large"


def test_a_workbook_that_lies_about_what_it_unpacks_to_is_refused() -> None:
    honest = edited(lambda xml: xml + b" " * 50_000_000)
    size, lie = (len(bytes_of_sheet(honest))).to_bytes(4, "little"), (1000).to_bytes(4, "little")
    assert refusal(honest.replace(size, lie)) == "paper_damaged"


def test_a_short_shared_text_shown_too_often_is_refused() -> None:
    long_text = b"<si><t>" + b"x" * 30_000 + b"</t></si>"
    many = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (n, n) for n in range(1, 20_001))
    content = edited(
        lambda xml: xml.replace(b"<sheetData>", b"<sheetData>" + many),
        lambda xml: xml.replace(b"<si>", long_text + b"<si>", 1),
    )
    assert refusal(content) == "paper_unpacks_too_large"


def test_an_old_workbooks_shared_text_shown_too_often_is_refused() -> None:
    long_text = pack("<HB", 30_000, 1) + "长".encode("utf-16-le") * 30_000
    first, second = long_text[:8_003], b"\x01" + long_text[8_003:]
    shared = record(0xFC, pack("<II", 2, 2) + pack("<HB", 1, 0) + b"x" + first) + record(0x3C, second)
    shown = b"".join(record(0xFD, pack("<HHHI", row, 0, 0, 1)) for row in range(9_000))
    with pytest.raises(PaperRefused, match="paper_unpacks_too_large"):
        look_through(old_book(shared, shown))
    workbook, _ = look_through(old_book(shared, shown.replace(pack("<I", 1), pack("<I", 0))))
    assert shared in workbook


def test_a_workbook_with_declarations_of_its_own_is_refused() -> None:
    assert refusal(edited(lambda xml: b'<!DOCTYPE a [<!ENTITY b "c">]>' + xml)) == "paper_damaged"


def test_a_damaged_workbook_is_refused() -> None:
    whole = workbook(None, *ROWS)
    assert refusal(whole[: len(whole) // 2]) == "paper_damaged"
    assert refusal(edited(lambda xml: xml[: len(xml) // 2])) == "paper_damaged"


def test_pictures_and_macros_beside_the_sheets_do_no_harm() -> None:
    content = added(workbook(None, *ROWS), "xl/media/image1.png", b"\x89PNG")
    assert read_sheets(content)[0].rows == ROWS


def archive(parts: dict[str, bytes]) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as packed:
        for name, body in parts.items():
            packed.writestr(name, body)
    return file.getvalue()


def added(content: bytes, name: str, body: bytes) -> bytes:
    with ZipFile(BytesIO(content)) as packed:
        return archive({part: packed.read(part) for part in packed.namelist()} | {name: body})


Edit = Callable[[bytes], bytes]


def edited(edit_sheet: Edit, edit_texts: Edit = lambda xml: xml) -> bytes:
    """Return a small workbook whose first sheet and shared texts were edited by hand."""
    edits = {"xl/worksheets/sheet1.xml": edit_sheet, "xl/sharedStrings.xml": edit_texts}
    with ZipFile(BytesIO(workbook(None, *ROWS))) as packed:
        return archive({part: edits.get(part, bytes)(packed.read(part)) for part in packed.namelist()})


def bytes_of_sheet(content: bytes) -> bytes:
    with ZipFile(BytesIO(content)) as packed:
        body = packed.read("xl/worksheets/sheet1.xml")
    assert zlib.crc32(body)
    return body
