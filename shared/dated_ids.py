"""Ids that begin with a day, so that what came on one day lies side by side in every index, however much came before.

Written into any place of an index larger than memory, each id would cost a page read from the disk and written to the
log whole; what a new one costs would grow with all that is there (docs/decisions/0017 and 0019).
"""

from datetime import date
from uuid import UUID

_DAY_SHIFT = 104
_DRAWN = (1 << _DAY_SHIFT) - 1 & ~(0xF << 76 | 0x3 << 62)
_VERSION_8 = 0x8 << 76 | 0x2 << 62
"""Of one's own making, in the variant of RFC 9562, 4.1 and 5.8."""


def dated(drawn: int, day: date) -> int:
    """Return the 128 bits of an id: *day*, counted from 1 January of year 1, in the first 24, the rest as *drawn*."""
    return day.toordinal() << _DAY_SHIFT | drawn & _DRAWN | _VERSION_8


def dated_id(named: UUID, day: date) -> UUID:
    """Return the id of what is *named*, known on *day*: the same whenever both come again."""
    return UUID(int=dated(named.int, day))
