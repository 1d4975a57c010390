"""Workbooks of the older kind (.xls): looked through before they are opened, so that none can swamp the reader."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from struct import Struct, pack, unpack_from
from struct import error as TooShort  # noqa: N812 - says what it means here

from shared.papers.compound import CompoundFile, boxed
from shared.papers.faults import PaperRefused
from shared.papers.limits import CELL_TEXT_BYTES_MAX, CELLS_MAX, COLUMNS_MAX, MIB, SHEETS_MAX
from shared.papers.table import Position

BEGIN, END, CONTINUE = 0x809, 0x0A, 0x3C
BOUND_SHEET, SST, FILE_PASS = 0x85, 0xFC, 0x2F
FORMULA, FORMULAS_TEXT, LABEL_SST, MUL_RK = 0x06, 0x207, 0xFD, 0xBD
OF_ALL_SHEETS = frozenset({BEGIN, 0x42, 0x22, 0x41E, 0xE0})
"""What cells are read by: BOF, CODEPAGE, DATEMODE, FORMAT, XF."""
CELLS = frozenset({FORMULA, LABEL_SST, MUL_RK, 0x203, 0x204, 0xD6, 0x205, 0x27E})
"""Cells with a content, which beside these are NUMBER, LABEL, RSTRING, BOOLERR, RK."""
OF_A_SHEET = CELLS | {BEGIN, FORMULAS_TEXT}
WORKSHEET = 0
RECORD = Struct("<HH")
PLACE = Struct("<HH")
WIDE, EXTENDED, RICH = 0x01, 0x04, 0x08
FORMULA_BYTES = 20
"""A formula's place, format and value; what it reckons comes behind them."""
RECKONS_NOTHING = pack("<HBH", 3, 0x1E, 0)
OTHER_KINDS = {
    "EncryptedPackage": "paper_has_password",
    "WordDocument": "paper_is_word",
    "PowerPoint Document": "paper_is_slides",
}


@dataclass
class OldSheet:
    """What is read of a sheet: its records, the places of its formulas, the shared texts it shows, its size."""

    bound: bytes
    kept: bytearray = field(default_factory=bytearray)
    formulas: set[Position] = field(default_factory=set)
    shown: list[int] = field(default_factory=list)
    rows: int = 0
    columns: int = 0

    def note_cell(self, kind: int, body: bytes) -> None:
        row, column = PLACE.unpack_from(body)
        last = column + len(body) // 6 - 2 if kind == MUL_RK else column
        if last >= COLUMNS_MAX:
            raise PaperRefused("paper_cell_far_out", cell=f"R{row + 1}C{last + 1}")
        if row >= self.rows:
            self.rows = row + 1
        if last >= self.columns:
            self.columns = last + 1
        if kind == FORMULA:
            self.formulas.add((row, column))
        elif kind == LABEL_SST:
            self.shown.append(unpack_from("<I", body, 6)[0])


def check_xls(content: bytes) -> tuple[bytes, Mapping[str, Collection[Position]]]:
    """Return the workbook again, with nothing in it but what was looked through, and its formulas by sheet.

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
        workbook, formulas = look_through(box.stream(stream))
    except (TooShort, IndexError) as error:
        raise PaperRefused("paper_damaged") from error
    return boxed("Workbook", workbook), formulas


def look_through(workbook: bytes) -> tuple[bytes, Mapping[str, Collection[Position]]]:
    """Return the records that are read, in sheets that follow one another, and the formulas by sheet."""
    of_all: list[bytes] = []
    bound: list[bytes] = []
    shared: list[bytes] = []
    last = 0
    for _, kind, body in records(workbook, 0):
        if kind == FILE_PASS:
            raise PaperRefused("paper_has_password")
        if kind == BOUND_SHEET:
            bound.append(body)
        elif kind == SST:
            shared = [body]
        elif kind == CONTINUE and last == SST:
            shared.append(body)
            continue
        elif kind in OF_ALL_SHEETS:
            of_all.append(record(kind, body))
        last = kind
    sheets = list(sheets_of(workbook, bound))
    refuse_long_texts(shared, [index for sheet in sheets for index in sheet.shown])
    texts = [record(CONTINUE if n else SST, body) for n, body in enumerate(shared)]
    formulas = {sheet_name(sheet.bound): sheet.formulas for sheet in sheets}
    return b"".join(put_together(of_all, sheets, texts)), formulas


def sheets_of(workbook: bytes, bound: list[bytes]) -> Iterator[OldSheet]:
    """Yield what is read of each sheet; raise PaperRefused where all together would swamp the reader."""
    worksheets = sum(body[5] == WORKSHEET for body in bound)
    if worksheets > SHEETS_MAX:
        raise PaperRefused("paper_too_many_sheets", sheets=worksheets, sheets_max=SHEETS_MAX)
    left, cells_left = len(workbook), CELLS_MAX
    for body in bound:
        sheet = OldSheet(body)
        if body[5] == WORKSHEET:
            left -= read_sheet(workbook, unpack_from("<I", body)[0], sheet)
        if left < 0:  # sheets that lie in one another, so that few bytes would be read any number of times
            raise PaperRefused("paper_damaged")
        cells_left -= sheet.rows * sheet.columns
        if cells_left < 0:
            raise PaperRefused("paper_too_many_cells", cells_max=CELLS_MAX)
        yield sheet


def read_sheet(workbook: bytes, start: int, sheet: OldSheet) -> int:
    """Take what is read of the sheet that begins at *start*; return how many bytes it has."""
    end = len(workbook)
    if start > end:
        raise PaperRefused("paper_damaged")
    for offset, kind, body in records(workbook, start):
        if kind in CELLS:
            sheet.note_cell(kind, body)
        if kind == FORMULA:
            if len(body) < FORMULA_BYTES:
                raise PaperRefused("paper_damaged")
            sheet.kept += record(kind, body[:FORMULA_BYTES] + RECKONS_NOTHING)
        elif kind in OF_A_SHEET:
            sheet.kept += record(kind, body)
        elif kind == END:
            end = offset
    return end - start


def records(workbook: bytes, offset: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield where each record of a part begins, its type and its body, to the part's end; not what is in parts of it.

    A chart on a sheet is such a part: its records look like cells.
    """
    depth = 0
    while offset + RECORD.size <= len(workbook):
        kind, size = RECORD.unpack_from(workbook, offset)
        end = offset + RECORD.size + size
        if end > len(workbook):
            raise PaperRefused("paper_damaged")
        depth += (kind == BEGIN) - (kind == END)
        if depth <= 1:
            yield offset, kind, workbook[offset + RECORD.size : end]
        if kind == END and depth <= 0:
            return
        offset = end


def record(kind: int, body: bytes) -> bytes:
    return RECORD.pack(kind, len(body)) + body


def put_together(of_all: list[bytes], sheets: list[OldSheet], texts: list[bytes]) -> Iterator[bytes]:
    """Yield the parts of a workbook whose sheets begin where it says they do."""
    end = record(END, b"")
    bodies = [bytes(sheet.kept) + end for sheet in sheets]
    begins = [*of_all, *(record(BOUND_SHEET, sheet.bound) for sheet in sheets), *texts, end]
    starts = accumulate(map(len, bodies), initial=sum(map(len, begins)))
    yield from of_all
    for sheet, start in zip(sheets, starts, strict=False):
        yield record(BOUND_SHEET, pack("<I", start) + sheet.bound[4:])
    yield from texts
    yield end
    yield from bodies


def sheet_name(body: bytes) -> str:
    count, wide = body[6], body[7] & WIDE
    return (
        body[8 : 8 + count * 2].decode("utf-16-le", "replace")
        if wide
        else body[8 : 8 + count].decode("latin-1")
    )


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
    while piece < len(shared):
        if offset >= len(shared[piece]):
            piece, offset = piece + 1, 0
            continue
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
