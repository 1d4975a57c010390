"""Compound files, the boxes that old workbooks, old documents and encrypted workbooks come in."""

from collections.abc import Iterator
from struct import Struct, pack, unpack_from
from struct import error as TooShort  # noqa: N812 - says what it means here

from shared.papers.faults import PaperRefused

END_OF_CHAIN = 0xFFFF_FFFC
"""Sector numbers from here on are signs, not sectors."""
ENTRY_BYTES = 128
FAT_SECTORS_IN_HEADER = 109
SMALL_STREAM = 4096
SMALL_SECTOR = 64
ENTRY = Struct("<64sH50xII")
STREAM, ROOT = 2, 5
BEGINNING = bytes.fromhex("d0cf11e0a1b11ae1")
LARGE_SECTOR = 4096
FAT_SECTOR, LAST_SECTOR, NOBODY = 0xFFFF_FFFD, 0xFFFF_FFFE, 0xFFFF_FFFF


class CompoundFile:
    """The streams of a compound file by name. Raises PaperRefused where its chains make no sense."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        try:
            self.sector_bytes = 1 << min(unpack_from("<H", content, 30)[0], 16)
            first_directory, first_small_fat = (
                unpack_from("<I", content, 48)[0],
                unpack_from("<I", content, 60)[0],
            )
            # No chain is longer than the file.
            self.table = self._table()[: len(content) // self.sector_bytes + 1]
            self.small_table = self._numbers(self._chained(first_small_fat))
            entries = list(self._entries(self._chained(first_directory)))
            self.first_small = entries[0][1][0]
            # The first of a name is the workbook itself; one that was put into it comes behind.
            self.entries = dict(reversed(entries))
        except (TooShort, IndexError) as error:
            raise PaperRefused("paper_damaged") from error

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def stream(self, name: str) -> bytes:
        """Return the bytes of the stream *name*, the first of that name; raise PaperRefused where some are missing."""
        start, size = self.entries[name]
        if size >= SMALL_STREAM:
            found = self._chained(start)[:size]
        else:
            box = self._chained(self.first_small)
            chain = follow(self.small_table[: len(box) // SMALL_SECTOR + 1], start)
            found = b"".join(box[n * SMALL_SECTOR : (n + 1) * SMALL_SECTOR] for n in chain)[:size]
        if len(found) < size:
            raise PaperRefused("paper_damaged")
        return found

    def _table(self) -> list[int]:
        in_header = unpack_from(f"<{FAT_SECTORS_IN_HEADER}I", self.content, 76)
        sectors = [sector for sector in in_header if sector < END_OF_CHAIN]
        sectors += self._further_sectors(unpack_from("<I", self.content, 68)[0])
        return self._numbers(b"".join(self._sector(sector) for sector in sectors))

    def _further_sectors(self, sector: int) -> list[int]:
        found: list[int] = []
        for _ in range(len(self.content) // self.sector_bytes):
            if sector >= END_OF_CHAIN:
                break
            *listed, sector = self._numbers(self._sector(sector)) or [END_OF_CHAIN]
            found += [number for number in listed if number < END_OF_CHAIN]
        return found[: len(self.content) // self.sector_bytes]

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self.sector_bytes
        return self.content[start : start + self.sector_bytes]

    def _chained(self, start: int) -> bytes:
        return b"".join(self._sector(sector) for sector in follow(self.table, start))

    @staticmethod
    def _numbers(body: bytes) -> list[int]:
        return list(unpack_from(f"<{len(body) // 4}I", body))

    def _entries(self, directory: bytes) -> Iterator[tuple[str, tuple[int, int]]]:
        for offset in range(0, len(directory) - ENTRY_BYTES + 1, ENTRY_BYTES):
            raw, name_bytes, start, size = ENTRY.unpack_from(directory, offset)
            yield raw[: max(name_bytes - 2, 0)].decode("utf-16-le", "replace"), (start, size)


def follow(table: list[int], start: int) -> Iterator[int]:
    """Yield the sectors of a chain; raise PaperRefused where it bites its own tail."""
    sector = start
    for _ in table:
        if sector >= len(table):
            return
        yield sector
        sector = table[sector]
    if sector < len(table):
        raise PaperRefused("paper_damaged")


def boxed(name: str, stream: bytes) -> bytes:
    """Return a compound file with one stream, in large sectors: chains, then names, then the stream."""
    body = stream.ljust(-(-max(len(stream), 1) // LARGE_SECTOR) * LARGE_SECTOR, b"\0")
    sectors = len(body) // LARGE_SECTOR
    tables = -(-(sectors + 2) // (LARGE_SECTOR // 4 - 1))
    chains = [FAT_SECTOR] * tables + [LAST_SECTOR] + [*range(tables + 2, tables + 1 + sectors), LAST_SECTOR]
    names = entry("Root Entry", ROOT, 0, 0) + entry(name, STREAM, tables + 1, len(body))
    header = BEGINNING + bytes(16) + pack("<5H6x", 0x3E, 4, 0xFFFE, 12, 6)
    header += pack("<9I", 1, tables, tables, 0, SMALL_STREAM, LAST_SECTOR, 0, LAST_SECTOR, 0)
    header += pack(f"<{tables}I", *range(tables)).ljust(4 * FAT_SECTORS_IN_HEADER, b"\xff")
    parts = (
        header.ljust(LARGE_SECTOR, b"\0"),
        pack(f"<{len(chains)}I", *chains).ljust(tables * LARGE_SECTOR, b"\xff"),
        names.ljust(LARGE_SECTOR, b"\0"),
        body,
    )
    return b"".join(parts)


def entry(name: str, kind: int, start: int, size: int) -> bytes:
    raw = name.encode("utf-16-le")
    child = 1 if kind == ROOT else NOBODY
    links = pack("<3I", NOBODY, NOBODY, child)
    return (
        raw.ljust(64, b"\0")
        + pack("<HBB", len(raw) + 2, kind, 1)
        + links
        + bytes(36)
        + pack("<IQ", start, size)
    )
