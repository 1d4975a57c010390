"""Workbooks of the older kind (.xls): looked through before they are opened, so that none can swamp the reader."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from struct import Struct, unpack_from
from struct import error as TooShort  # noqa: N812 - says what it means here

from shared.papers.compound import CompoundFile
from shared.papers.faults import PaperRefused
from shared.papers.limits import CELL_TEXT_BYTES_MAX, COLUMNS_MAX, MIB
from shared.papers.table import Position

Record = tuple[int, int, bytes]
"""Where the record begins, its type, its body."""

FORMULA, LABEL_SST, BOUND_SHEET, SST, CONTINUE, FILE_PASS = 0x06, 0xFD, 0x85, 0xFC, 0x3C, 0x2F
BEGIN, END, DIMENSIONS = 0x809, 0x0A, 0x200
FORMAT_ROWS_MAX, FORMAT_COLUMNS_MAX = 65_536, 256
SHORT_DIMENSIONS = 10
"""The length of the record before Excel 97, with rows of two bytes."""
CELLS = frozenset({FORMULA, LABEL_SST, 0x203, 0x204, 0x205, 0x27E, 0xBD})
"""Cells with a content: FORMULA, LABELSST, NUMBER, LABEL, BOOLERR, RK, MULRK."""
RECORD = Struct("<HH")
PLACE = Struct("<HH")
WIDE, EXTENDED, RICH = 0x01, 0x04, 0x08
OTHER_KINDS = {
    "EncryptedPackage": "paper_has_password",
    "WordDocument": "paper_is_word",
    "PowerPoint Document": "paper_is_slides",
}


def check_xls(content: bytes) -> Mapping[str, Collection[Position]]:
    """Return the formulas of an old workbook by sheet.

    Raises PaperRefused for what is no workbook, is damaged or encrypted, or would swamp the reader.
    """
    box = CompoundFile(content)
    for name, code in OTHER_KINDS.items():
        if name in box:
            raise PaperRefused(code)
    stream = next((name for name in ("Workbook", "Book") if name in box), None)
    if stream is None:
        raise PaperRefused("paper_not_a_table")
    try:
        return look_through(box.stream(stream))
    except (TooShort, IndexError) as error:
        raise PaperRefused("paper_damaged") from error


def look_through(workbook: bytes) -> Mapping[str, Collection[Position]]:
    names: dict[int, str] = {}
    formulas: dict[str, set[Position]] = defaultdict(set)
    shared: list[bytes] = []
    shown: list[int] = []
    sheet = last = 0
    for offset, kind, body in records(workbook):
        if kind in CELLS:
            note_cell(kind, body, formulas[names.get(sheet, "")], shown)
        elif kind == DIMENSIONS:
            refuse_beyond_the_format(body)
        elif kind == BEGIN:
            sheet = offset
        elif kind == BOUND_SHEET:
            names[unpack_from("<I", body)[0]] = sheet_name(body)
        elif kind == FILE_PASS:
            raise PaperRefused("paper_has_password")
        elif kind == SST or (kind == CONTINUE and last == SST):
            shared.append(body)
        last = SST if kind == CONTINUE and last == SST else kind
    refuse_long_texts(shared, shown)
    return formulas


def records(workbook: bytes) -> Iterator[Record]:
    offset = 0
    while offset + RECORD.size <= len(workbook):
        kind, size = RECORD.unpack_from(workbook, offset)
        yield offset, kind, workbook[offset + RECORD.size : offset + RECORD.size + size]
        offset += RECORD.size + size


def refuse_beyond_the_format(dimensions: bytes) -> None:
    """Raise PaperRefused where a sheet promises more than the format holds: the reader makes room for all of it."""
    _, rows, _, columns = unpack_from("<HHHH" if len(dimensions) == SHORT_DIMENSIONS else "<IIHH", dimensions)
    if rows > FORMAT_ROWS_MAX or columns > FORMAT_COLUMNS_MAX:
        raise PaperRefused("paper_damaged")


def note_cell(kind: int, body: bytes, formulas: set[Position], shown: list[int]) -> None:
    row, column = PLACE.unpack_from(body)
    if column >= COLUMNS_MAX:
        raise PaperRefused("paper_cell_far_out", cell=f"R{row + 1}C{column + 1}")
    if kind == FORMULA:
        formulas.add((row, column))
    elif kind == LABEL_SST:
        shown.append(unpack_from("<I", body, 6)[0])


def sheet_name(body: bytes) -> str:
    count, wide = body[6], body[7] & WIDE
    return body[8 : 8 + count * 2].decode("utf-16-le") if wide else body[8 : 8 + count].decode("latin-1")


def refuse_long_texts(shared: list[bytes], shown: list[int]) -> None:
    """Raise PaperRefused where few shared texts, shown by many cells, would come to more than memory should hold."""
    if not shown or len(shown) * sum(map(len, shared)) <= CELL_TEXT_BYTES_MAX:
        return
    lengths = list(text_lengths(shared))
    if sum(lengths[index] for index in shown if index < len(lengths)) * 2 > CELL_TEXT_BYTES_MAX:
        raise PaperRefused("paper_unpacks_too_large", mib_max=CELL_TEXT_BYTES_MAX // MIB)


def text_lengths(shared: list[bytes]) -> Iterator[int]:
    """Yield the length of each shared text; a text may go on in the next record, there with its own width."""
    piece, offset = 0, 8
    for _ in range(unpack_from("<I", shared[0], 4)[0]):
        if offset >= len(shared[piece]):
            piece, offset = piece + 1, 0
        count, flags = unpack_from("<HB", shared[piece], offset)
        offset += 3
        extra = 0
        if flags & RICH:
            extra += 4 * unpack_from("<H", shared[piece], offset)[0]
            offset += 2
        if flags & EXTENDED:
            extra += unpack_from("<I", shared[piece], offset)[0]
            offset += 4
        piece, offset = skip_text(shared, piece, offset, count, flags & WIDE)
        piece, offset = skip_bytes(shared, piece, offset, extra)
        yield count


def skip_text(shared: list[bytes], piece: int, offset: int, count: int, wide: int) -> tuple[int, int]:
    while count:
        fits = min(count, (len(shared[piece]) - offset) >> wide)
        count -= fits
        offset += fits << wide
        if count:
            piece, offset = piece + 1, 1
            wide = shared[piece][0] & WIDE
    return piece, offset


def skip_bytes(shared: list[bytes], piece: int, offset: int, count: int) -> tuple[int, int]:
    while count > len(shared[piece]) - offset:
        count -= len(shared[piece]) - offset
        piece, offset = piece + 1, 0
    return piece, offset + count
