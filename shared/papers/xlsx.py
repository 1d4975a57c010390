"""Workbooks of the newer kind (.xlsx): looked through before they are opened, so that none can swamp the reader."""

import re
import zlib
from collections.abc import Collection, Iterator, Mapping
from io import BytesIO
from itertools import islice
from posixpath import join, normpath
from xml.etree import ElementTree as ET
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from shared.papers.faults import PaperRefused
from shared.papers.limits import (
    CELL_TEXT_BYTES_MAX,
    CELLS_MAX,
    COLUMNS_MAX,
    MIB,
    PARTS_MAX,
    ROWS_MAX,
    UNPACKED_BYTES_MAX,
    UNPACKED_RATIO_MAX,
)
from shared.papers.table import Position

WORKBOOK = "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
SHARED_TEXTS = "xl/sharedStrings.xml"
SMALL_PART = MIB
"""A part below this size may be packed as tightly as it likes."""
ENCRYPTED = 0x1
FORMULAS_MAX = 100_000

READ_PARTS = re.compile(r"\[Content_Types\]\.xml|_rels/\.rels|xl/.*\.(?:xml|rels)", re.IGNORECASE)
ENCODING = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[^>]{0,100}?\bencoding\s*=\s*[\"']([^\"']*)")
PROMISED_TEXTS = re.compile(rb"(<(?:[^\s<>/:]++:)?sst\b[^<>]*?)\buniqueCount\s*=\s*(?:\"[^\"<]*\"|'[^'<]*')")
"""How many shared texts there are to be: the reader makes room for so many at once, were it four billion."""
OTHER_KINDS: Mapping[str, str] = {
    "word/document.xml": "paper_is_word",
    "ppt/presentation.xml": "paper_is_slides",
    "xl/workbook.bin": "paper_is_other_workbook",
    "content.xml": "paper_is_other_workbook",
}
PREFIX = rb"<(?:[^\s<>/:]++:)?"
"""How an element begins, with or without the prefix of its namespace."""
ATTRIBUTES_MAX = rb"{0,200}"
"""A cell has a handful of short attributes; the bound keeps a search from running over the sheet again and again."""
FAR_OUT = re.compile(
    PREFIX + rb"c\s[^<>]" + ATTRIBUTES_MAX + rb"?\br\s*=\s*[\"']"
    rb"(?:[A-Z]{3,}\d+|[E-Z][A-Z]\d+|D[YZ]\d+|[A-Z]+\d{6,})[\"'][^<>]" + ATTRIBUTES_MAX + rb"(?<!/)>",
    re.IGNORECASE,
)
"""A cell with content beyond column DX (128) or row 99,999: the reader would lay out all the cells up to it."""
PERHAPS_FAR_OUT = re.compile(rb'<c r="(?:[A-Z]{3}|[E-Z][A-Z]|D[YZ]|[A-Z]{1,2}\d{6}|[^A-Z])')
"""The same for the usual way of writing cells, found several times faster; also finds cells without content."""
FAR_ROW = re.compile(PREFIX + rb"row\s[^<>]*?\br\s*=\s*[\"']\d{6,}[\"']")
CELL = re.compile(PREFIX + rb"c[\s/>]")
SHORT_CELL = re.compile(PREFIX + rb"c(?:\s[^<>]" + ATTRIBUTES_MAX + rb")?/?>")
CELL_PLACE = re.compile(
    PREFIX + rb"c\s[^<>]" + ATTRIBUTES_MAX + rb"?\br\s*=\s*[\"']([A-Za-z]{1,3})(\d{1,7})[\"']"
)
FILLED_PLACE = re.compile(CELL_PLACE.pattern + rb"[^<>]" + ATTRIBUTES_MAX + rb"(?<!/)>")
ROW_NUMBER = re.compile(PREFIX + rb"row\s[^<>]*?\br\s*=\s*[\"'](\d{1,7})[\"']")
FAR_DOWN = re.compile(rb"\br\s*=\s*[\"'][A-Za-z]{0,3}\d{5,}[\"']")
"""A row from 10,000 on: above it even the widest sheet has less than CELLS_MAX cells."""
FILLED_CELL = re.compile(rb'<c r="([A-Za-z]{1,3})(\d{1,7})"[^<>]*(?<!/)>')
"""A cell with content in the usual way of writing; one that is only formatted is not laid out."""
ROW = re.compile(PREFIX + rb"row[\s/>]")
ROW_NUMBER = re.compile(PREFIX + rb"row\s[^<>]*?\br\s*=\s*[\"'](\d{1,7})[\"']")
LONG_ROWS = 10_000
FAR_DOWN = re.compile(rb"\br\s*=\s*[\"'][A-Za-z]{0,3}\d{5,}[\"']")
"""A row from LONG_ROWS on: above it the widest sheet has less than half of CELLS_MAX."""
CELLS_BEGIN = (b"<c ", b"<c>", b"<c/", b"<c\t", b"<c\n", b"<c\r", b":c")
FORMULA = re.compile(PREFIX + rb"f[\s/>]")
SHARED_CELL = re.compile(
    rb"\bt=[\"']s[\"'][^<>]" + ATTRIBUTES_MAX + rb">\s*" + PREFIX + rb"v>\s*(\d{1,8})\s*<"
)
SPACED_TYPE = re.compile(rb"\bt(?:\s+=|=\s)")
SHARED_TEXT_ENDS = re.compile(rb"</(?:[^\s<>/:]++:)?si\s*>")


def check_xlsx(content: bytes) -> tuple[bytes, Mapping[str, Collection[Position]]]:
    """Return the workbook again, with nothing in it but what was looked through, and its formulas by sheet.

    Raises PaperRefused for what is no workbook, is damaged or encrypted, or would unpack beyond the limits.
    """
    try:
        with ZipFile(BytesIO(content)) as archive:
            refuse_other_archives(archive.infolist())
            parts = dict(unpacked(archive))
    except (
        BadZipFile,
        zlib.error,
        ValueError,
        NotImplementedError,  # of zipfile, for an archive of a version it does not know
        RuntimeError,
        OSError,
        EOFError,
    ) as error:
        raise PaperRefused("paper_damaged") from error
    formulas = {name: check_sheet(parts, path) for name, path in sheet_parts(parts).items()}
    return repacked(parts), formulas


def refuse_other_archives(entries: list[ZipInfo]) -> None:
    """Raise PaperRefused unless the archive is a workbook and says that it stays within the limits."""
    names = {entry.filename for entry in entries}
    if WORKBOOK not in names:
        raise PaperRefused(
            next((code for part, code in OTHER_KINDS.items() if part in names), "paper_is_archive")
        )
    if len(entries) > PARTS_MAX or sum(entry.file_size for entry in entries) > UNPACKED_BYTES_MAX:
        raise PaperRefused("paper_unpacks_too_large", mib_max=UNPACKED_BYTES_MAX // MIB)
    if any(entry.file_size > SMALL_PART + UNPACKED_RATIO_MAX * entry.compress_size for entry in entries):
        raise PaperRefused("paper_unpacks_too_large", mib_max=UNPACKED_BYTES_MAX // MIB)
    if any(entry.flag_bits & ENCRYPTED for entry in entries):
        raise PaperRefused("paper_has_password")
    if any(entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED} for entry in entries):
        raise PaperRefused("paper_damaged")


def unpacked(archive: ZipFile) -> Iterator[tuple[str, bytes]]:
    """Yield the parts that a reader of tables needs, unpacked for real: what the directory says is not trusted."""
    left = UNPACKED_BYTES_MAX
    for entry in archive.infolist():
        if not READ_PARTS.fullmatch(entry.filename):
            continue
        with archive.open(entry) as part:
            # zipfile stops at the size that the directory says and then compares the checksum.
            body = part.read(left + 1)
        left -= len(body)
        if left < 0:
            raise PaperRefused("paper_unpacks_too_large", mib_max=UNPACKED_BYTES_MAX // MIB)
        if b"<!DOCTYPE" in body or b"<!ENTITY" in body or b"\0" in body:
            # Nothing may be declared, and UTF-16, in which all this would look otherwise, is not written by anybody.
            raise PaperRefused("paper_damaged")
        if (declared := ENCODING.match(body)) and declared[1].lower() != b"utf-8":
            # Who reads by it and who does not would see two different sheets.
            raise PaperRefused("paper_damaged")
        yield entry.filename, PROMISED_TEXTS.sub(rb"\1", body) if b"uniqueCount" in body else body


def repacked(parts: Mapping[str, bytes]) -> bytes:
    """Return a workbook of *parts*, unpacked, so that the reader sees the very bytes that were looked through."""
    whole = BytesIO()
    with ZipFile(whole, "w", ZIP_STORED) as archive:
        for name, body in parts.items():
            archive.writestr(ZipInfo(name), body)
    return whole.getvalue()


def sheet_parts(parts: Mapping[str, bytes]) -> dict[str, str]:
    """Return the part of each sheet by the sheet's name."""
    try:
        relations = ET.fromstring(parts[RELATIONS])  # noqa: S314 - a part with a DOCTYPE was refused before
        workbook = ET.fromstring(parts[WORKBOOK])  # noqa: S314 - the same
    except (KeyError, ET.ParseError) as error:
        raise PaperRefused("paper_damaged") from error
    targets = {relation.get("Id", ""): part_of(relation.get("Target", "")) for relation in relations}
    return {
        sheet.get("name", ""): targets.get(relation_of(sheet), "")
        for sheet in workbook.iter()
        if sheet.tag.rpartition("}")[2] == "sheet"
    }


def part_of(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))


def relation_of(sheet: ET.Element) -> str:
    return next((value for key, value in sheet.attrib.items() if key.rpartition("}")[2] == "id"), "")


def check_sheet(parts: Mapping[str, bytes], path: str) -> Collection[Position]:
    """Return the places of a sheet's formulas; raise PaperRefused where the sheet would swamp the reader."""
    body = parts.get(path, b"").partition(b"</sheetData>")[0]
    usual = body.count(b'<c r="') == count_cells(body)
    refuse_far_cells(body, usual=usual)
    refuse_wide_expanses(body, usual=usual)
    refuse_long_texts(body, parts.get(SHARED_TEXTS, b""))
    if b"<f" not in body and b":f" not in body:
        return frozenset()
    return frozenset(formula_places(body))


def refuse_far_cells(body: bytes, *, usual: bool) -> None:
    if usual and not PERHAPS_FAR_OUT.search(body):
        return
    if found := FAR_OUT.search(body):
        if place := CELL_PLACE.search(found[0]):
            raise PaperRefused("paper_cell_far_out", cell=(place[1] + place[2]).decode())
        raise PaperRefused("paper_damaged")
    if not usual:
        refuse_unplaced_cells(body)


def count_cells(body: bytes) -> int:
    return sum(body.count(beginning) for beginning in CELLS_BEGIN)


def refuse_unplaced_cells(body: bytes) -> None:
    """Raise PaperRefused where cells leave out their places, or hide them, and could stand anywhere."""
    rows = body.split(b"<row")
    too_wide = max(len(CELL.findall(row)) for row in rows) > COLUMNS_MAX
    hidden = len(CELL.findall(body)) != len(SHORT_CELL.findall(body))
    if hidden or too_wide or len(rows) > ROWS_MAX or FAR_ROW.search(body):
        raise PaperRefused("paper_damaged")


def refuse_wide_expanses(body: bytes, *, usual: bool) -> None:
    """Raise PaperRefused where cells stand so far apart that the reader would lay out too many between them.

    Where some leave out their places, rows and columns are reckoned as many as there can be.
    """
    if not FAR_DOWN.search(body) and (usual or len(ROW.findall(body)) < LONG_ROWS):
        return
    letters, numbers = set[bytes](), set[bytes]()
    for place in (FILLED_CELL if usual else CELL_PLACE).finditer(body):
        letters.add(place[1])
        numbers.add(place[2])
    columns = max((column_index(each.decode()) + 1 for each in letters), default=0)
    if not usual:
        numbers.update(ROW_NUMBER.findall(body))
        columns += max(len(CELL.findall(row)) for row in ROW.split(body))
    rows = max(map(int, numbers), default=0) + (0 if usual else len(ROW.findall(body)))
    if rows * columns > CELLS_MAX:
        raise PaperRefused("paper_too_many_cells", cells_max=CELLS_MAX)


def refuse_long_texts(body: bytes, shared: bytes) -> None:
    """Raise PaperRefused where few shared texts, shown by many cells, would come to more than memory should hold."""
    cells = count_cells(body)
    if cells * len(shared) <= CELL_TEXT_BYTES_MAX:
        return
    lengths = [len(text) for text in SHARED_TEXT_ENDS.split(shared)]
    if cells * max(lengths) <= CELL_TEXT_BYTES_MAX:
        return
    shown = [int(found[1]) for found in SHARED_CELL.finditer(body)]
    if len(shown) != body.count(b't="s"') + body.count(b"t='s'") or SPACED_TYPE.search(body):
        raise PaperRefused("paper_damaged")
    if sum(lengths[index] if index < len(lengths) else len(shared) for index in shown) > CELL_TEXT_BYTES_MAX:
        raise PaperRefused("paper_unpacks_too_large", mib_max=CELL_TEXT_BYTES_MAX // MIB)


def formula_places(body: bytes) -> Iterator[Position]:
    for found in islice(FORMULA.finditer(body), FORMULAS_MAX):
        beginning = max(body.rfind(b"<c ", 0, found.start()), body.rfind(b":c ", 0, found.start()))
        if place := CELL_PLACE.match(body, body.rfind(b"<", 0, beginning + 1)):
            yield int(place[2]) - 1, column_index(place[1].decode())
        else:
            raise PaperRefused("paper_damaged")


def column_index(letters: str) -> int:
    """Return the column of A, B, …, AA, … from 0."""
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def column_letters(index: int) -> str:
    """Return the letters of a column that is counted from 0."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
