"""Workbooks of the newer kind (.xlsx): looked through before they are opened, so that none can swamp the reader."""

import re
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from io import BytesIO
from posixpath import join, normpath
from xml.etree import ElementTree as ET
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from shared.papers.faults import PaperRefused
from shared.papers.limits import CELL_TEXT_BYTES_MAX, MIB, PARTS_MAX, UNPACKED_BYTES_MAX, UNPACKED_RATIO_MAX
from shared.papers.table import Position
from shared.papers.xlsx_sheet import SheetWalk, lengths_of_texts

WORKBOOK = "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
SHARED_TEXTS = "xl/sharedStrings.xml"
SMALL_PART = MIB
"""A part below this size may be packed as tightly as it likes."""
ENCRYPTED = 0x1

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


def check_xlsx(content: bytes) -> tuple[BytesIO, Mapping[str, Collection[Position]]]:
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
    by_name = {name.lower(): body for name, body in parts.items()}
    if len(by_name) != len(parts):  # the reader looks for a part whatever its case, and would find another
        raise PaperRefused("paper_damaged")
    shared = by_name.get(SHARED_TEXTS.lower())
    texts = [] if shared is None else lengths_of_texts(shared)
    # A sheet without a part is empty, as for the reader.
    sheets = [(name, by_name[path.lower()]) for name, path in sheet_parts(parts) if path.lower() in by_name]
    return repacked(parts), formulas_of(sheets, texts)


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


def repacked(parts: Mapping[str, bytes]) -> BytesIO:
    """Return a workbook of *parts*, unpacked, so that the reader sees the very bytes that were looked through."""
    whole = BytesIO()
    with ZipFile(whole, "w", ZIP_STORED) as archive:
        for name, body in parts.items():
            archive.writestr(ZipInfo(name), body)
    whole.seek(0)
    return whole


def sheet_parts(parts: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Return the name of each sheet, and of its part; two may have one name."""
    try:
        relations = ET.fromstring(parts[RELATIONS])  # noqa: S314 - a part with a DOCTYPE was refused before
        workbook = ET.fromstring(parts[WORKBOOK])  # noqa: S314 - the same
    except (KeyError, ET.ParseError) as error:
        raise PaperRefused("paper_damaged") from error
    targets = {relation.get("Id", ""): part_of(relation.get("Target", "")) for relation in relations}
    return [
        (sheet.get("name", ""), targets.get(relation_of(sheet), ""))
        for sheet in workbook.iter()
        if sheet.tag.rpartition("}")[2] == "sheet"
    ]


def part_of(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))


def relation_of(sheet: ET.Element) -> str:
    return next((value for key, value in sheet.attrib.items() if key.rpartition("}")[2] == "id"), "")


def formulas_of(
    sheets: Sequence[tuple[str, bytes]], texts: Sequence[int]
) -> Mapping[str, Collection[Position]]:
    """Return the places of the formulas of each sheet; raise PaperRefused where all together would swamp the reader.

    *texts* are the lengths of the workbook's shared texts.
    """
    cells_at_most = sum(part.count(b"<c") + part.count(b":c") for _, part in sheets)
    hear_texts = cells_at_most * max(texts, default=0) > CELL_TEXT_BYTES_MAX
    formulas: dict[str, Collection[Position]] = {}
    shown: Counter[str] = Counter()
    for name, part in sheets:
        walk = SheetWalk(part, hear_texts=hear_texts)
        formulas[name] = walk.formulas
        shown += walk.shown
    refuse_long_texts(shown, texts)
    return formulas


def refuse_long_texts(shown: Mapping[str, int], texts: Sequence[int]) -> None:
    """Raise PaperRefused where few shared texts, shown by many cells, would come to more than memory should hold."""
    known = (
        times * texts[int(number)]
        for number, times in shown.items()
        if number.isdecimal() and int(number) < len(texts)
    )
    if sum(known) > CELL_TEXT_BYTES_MAX:
        raise PaperRefused("paper_unpacks_too_large", mib_max=CELL_TEXT_BYTES_MAX // MIB)
