"""Papers made for a test: workbooks of both kinds, delimited text, and rows of a roster."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from io import BytesIO, StringIO
from itertools import accumulate
from struct import pack

import xlsxwriter

AREAS = {
    "431299": "青溪县",
    "431299200": "西外乡",
    "431299200201": "柳桥村",
    "431299200202": "东河村",
    "431299200203": "马塘社区",
    "431299101": "双江镇",
    "431299101201": "银口村",
    "431299101202": "虎坝村",
}
FILED_ON = date(2026, 1, 1)
ROSTER_FILE = "431299200_西外乡.xlsx"
GIRL = "431299201607123723"
"""The citizen id, of invented digits, of a girl born on 2016-07-12."""

ROW: Mapping[str, object] = {
    "序号": 1,
    "姓名": "廖雨馨",
    "性别": "女",
    "民族": "苗族",
    "出生日期": "2016-07-12",
    "公民身份证号码": GIRL,
    "所在村": "柳桥村",
    "健康状况": "健康",
    "就学状况": "小学",
    "就读学校": "西外乡中心小学",
    "是否寄宿": "否",
    "低保或困难家庭": "是",
    "监护类型": "外祖父母",
    "监护人姓名": "江帆",
    "监护人电话": "13008322022",
    "监护情况": "较好",
    "父亲姓名": "雷俊波",
    "父亲务工地": "宁波市北仑区码头",
    "父亲电话": "13135188193",
    "母亲姓名": "顾㛃",
    "母亲务工地": "深圳市龙岗区电子厂",
    "母亲电话": "15214396377",
}
HEADINGS = list(ROW)


def row_with(**changes: object) -> list[object]:
    """Return a right row of a roster with some cells changed."""
    return list({**ROW, **changes}.values())


def with_check_sign(digits: str) -> str:
    """Return 17 digits and the sign that belongs to them."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return digits + "10X98765432"[sum(w * int(d) for w, d in zip(weights, digits, strict=True)) % 11]


def workbook(
    sheets: Mapping[str, Iterable[Sequence[object]]] | None = None, *rows: Sequence[object]
) -> bytes:
    """Return an .xlsx of some sheets, or of one with *rows*; a text that begins with = becomes a formula."""
    file = BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for name, content in (sheets or {"花名册": rows}).items():
        sheet = book.add_worksheet(name)
        for line, row in enumerate(content):
            for column, cell in enumerate(row):
                if isinstance(cell, (date, datetime)):
                    sheet.write_datetime(line, column, cell, day)
                elif isinstance(cell, str) and not cell.startswith("="):
                    sheet.write_string(line, column, cell)
                else:
                    sheet.write(line, column, cell)
    book.close()
    return file.getvalue()


def roster(*rows: Sequence[object]) -> bytes:
    return workbook(None, HEADINGS, *rows)


def delimited(*rows: Sequence[object], encoding: str = "utf-8", separator: str = ",") -> bytes:
    text = StringIO()
    csv.writer(text, delimiter=separator).writerows(rows)
    return text.getvalue().encode(encoding)


GENERAL, AS_A_DAY = 0, 1
"""The cell formats of an old workbook, by their places in it."""
OLD_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - a workbook's days have no time zone


def old_workbook(
    *rows: Sequence[object],
    formula_at: tuple[int, int] | None = None,
    locked: bool = False,
    shared: bool = False,
) -> bytes:
    """Return an .xls as Excel 97 and its likes write it, with one sheet; a text that begins with = is a formula.

    Excel's own cells share the texts of the workbook, those of its likes have texts of their own.
    """
    return compound({"Workbook": old_stream(*rows, formula_at=formula_at, locked=locked, shared=shared)})


def old_stream(
    *rows: Sequence[object],
    formula_at: tuple[int, int] | None = None,
    locked: bool = False,
    shared: bool = False,
) -> bytes:
    """Return the records of such a workbook, as they stand in its one stream."""
    texts: dict[str, int] | None = {} if shared else None
    sheet = record(0x200, pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0))
    for line, row in enumerate(rows):
        for column, cell in enumerate(row):
            sheet += old_cell(line, column, cell, (line, column) == formula_at, texts)
    of_all = record(0x2F, bytes(54)) if locked else b""
    of_all += b"".join(record(0xE0, pack("<HH", 0, shown) + bytes(16)) for shown in (0, 14))
    of_all += shared_texts(texts) if texts else b""
    return old_book(of_all, sheet)


def old_book(of_all: bytes, *sheets: bytes) -> bytes:
    """Return the records of an old workbook that has these, and of its sheets, which are named by their numbers."""
    begin = record(0x809, pack("<HHHHII", 0x600, 0x05, 0, 0, 0, 0)) + of_all
    end = record(0x0A, b"")
    parts = [record(0x809, pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0)) + sheet + end for sheet in sheets]
    names = [pack("<BB", 6, 0) + b"Sheet%d" % number for number, _ in enumerate(sheets, 1)]
    starts = accumulate(
        map(len, parts), initial=len(begin) + sum(10 + len(name) for name in names) + len(end)
    )
    bound = [record(0x85, pack("<IH", start, 0) + name) for start, name in zip(starts, names, strict=False)]
    return b"".join([begin, *bound, end, *parts])


def old_cell(line: int, column: int, cell: object, formula: bool, texts: dict[str, int] | None) -> bytes:
    place = pack("<HHH", line, column, AS_A_DAY if isinstance(cell, date) else GENERAL)
    if formula or (isinstance(cell, str) and cell.startswith("=")):
        return record(0x06, place + pack("<d", 1.0) + pack("<HIH", 0, 0, 0))
    if isinstance(cell, bool):
        return record(0x205, place + pack("<BB", cell, 0))
    if isinstance(cell, date):
        moment = cell if isinstance(cell, datetime) else datetime.combine(cell, time())
        return record(0x203, place + pack("<d", (moment - OLD_DAY_ZERO) / timedelta(days=1)))
    if isinstance(cell, (int, float)):
        return record(0x203, place + pack("<d", float(cell)))
    if texts is None:
        return record(0x204, place + old_text(str(cell)))
    return record(0xFD, place + pack("<I", texts.setdefault(str(cell), len(texts))))


def shared_texts(texts: Iterable[str]) -> bytes:
    written = [old_text(text) for text in texts]
    body = pack("<II", len(written), len(written)) + b"".join(written)
    assert len(body) <= 8224, "a longer record would have to go on in others"
    return record(0xFC, body)


def old_text(text: str) -> bytes:
    """Return a text as old workbooks have it: its length, then whether its signs are wide, then they."""
    narrow = text.isascii()
    raw = text.encode("latin-1" if narrow else "utf-16-le")
    return pack("<HB", len(raw) if narrow else len(raw) // 2, not narrow) + raw


def record(kind: int, body: bytes) -> bytes:
    return pack("<HH", kind, len(body)) + body


def compound(streams: Mapping[str, bytes]) -> bytes:
    """Return a compound file: a header, one sector of chains, one of names, then the streams."""
    chains, directory, body = [0xFFFF_FFFD, 0xFFFF_FFFE], entry("Root Entry", 5, 0xFFFF_FFFE, 0), b""
    for name, content in streams.items():
        size = max(len(content), 4096)
        sectors = -(-size // 512)
        start = len(chains)
        chains += [*range(start + 1, start + sectors), 0xFFFF_FFFE]
        directory += entry(name, 2, start, size)
        body += content.ljust(sectors * 512, b"\0")
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFF_FFFE, 0, 0xFFFF_FFFE, 0) + pack("<I", 0)
    header += b"\xff" * (512 - len(header))
    table = b"".join(pack("<I", number) for number in chains).ljust(512, b"\xff")
    assert len(table) == 512, "a test's workbook is to be small"
    return header + table + directory.ljust(512, b"\0") + body


def small_compound(name: str, content: bytes) -> bytes:
    """Return a compound file of one small stream: it lies in the root's, in sectors of 64 bytes."""
    small = -(-len(content) // 64)
    large = -(-small // 8)
    chains = [0xFFFF_FFFD, *[0xFFFF_FFFE] * 2, *range(4, 3 + large), 0xFFFF_FFFE]
    directory = entry("Root Entry", 5, 3, small * 64) + entry(name, 2, 0, len(content))
    small_chains = [*range(1, small), 0xFFFF_FFFE]
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 2, 1, 0xFFFF_FFFE, 0) + pack("<I", 0)
    tables = [pack(f"<{len(some)}I", *some).ljust(512, b"\xff") for some in (chains, small_chains)]
    return b"".join(
        [
            header.ljust(512, b"\xff"),
            tables[0],
            directory.ljust(512, b"\0"),
            tables[1],
            content.ljust(large * 512, b"\0"),
        ]
    )


def entry(name: str, kind: int, start: int, size: int) -> bytes:
    raw = name.encode("utf-16-le")
    links = pack("<III", 0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF if kind != 5 else 1)
    return (
        raw.ljust(64, b"\0")
        + pack("<HBB", len(raw) + 2, kind, 1)
        + links
        + bytes(36)
        + pack("<IQ", start, size)
    )
