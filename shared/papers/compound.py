"""Compound files, the boxes that old workbooks, old documents and encrypted workbooks come in."""

from collections.abc import Iterator
from itertools import islice
from struct import Struct, unpack_from
from struct import error as TooShort  # noqa: N812 - says what it means here

from shared.papers.faults import PaperRefused

END_OF_CHAIN = 0xFFFF_FFFC
"""Sector numbers from here on are signs, not sectors."""
HEADER_BYTES = 512
ENTRY_BYTES = 128
FAT_SECTORS_IN_HEADER = 109
SMALL_STREAM = 4096
SMALL_SECTOR = 64
ENTRY = Struct("<64sHBB12s36xII")
ROOT = 5


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
            self.table = self._table()
            self.small_table = self._numbers(self._chained(first_small_fat))
            self.entries = dict(self._entries(self._chained(first_directory)))
        except TooShort as error:
            raise PaperRefused("paper_damaged") from error

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def stream(self, name: str) -> bytes:
        """Return the bytes of the stream *name*."""
        start, size = self.entries[name]
        if size >= SMALL_STREAM:
            return self._chained(start)[:size]
        box = self._chained(self.entries[""][0])
        chain = follow(self.small_table, start)
        return b"".join(box[n * SMALL_SECTOR : (n + 1) * SMALL_SECTOR] for n in chain)[:size]

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
            raw, name_bytes, kind, _, _, start, size = ENTRY.unpack_from(directory, offset)
            name = raw[: max(name_bytes - 2, 0)].decode("utf-16-le", "replace")
            yield ("" if kind == ROOT else name), (start, size)


def follow(table: list[int], start: int) -> Iterator[int]:
    """Yield the sectors of a chain; a chain that bites its own tail ends with the table."""

    def links() -> Iterator[int]:
        sector = start
        while sector < len(table):
            yield sector
            sector = table[sector]

    return islice(links(), len(table))
