"""Ids that begin with a day, so that what came on one day lies side by side in every index, however much came before.

Written into any place of an index larger than memory, each id would cost a page read from the disk and written to the
log whole; what a new one costs would grow with all that is there (docs/decisions/0017 and 0019).
"""

from datetime import date
from uuid import UUID

from shared.contracts.event import Event

_DAY_SHIFT = 104
_AREA_SHIFT = 80
_MARKS = 0xF << 76 | 0x3 << 62
_MARKED = 0x8 << 76 | 0x2 << 62
"""As version 8, of one's own making, in the variant of RFC 9562, 4.1 and 5.8."""
_BEHIND_DAY = (1 << _DAY_SHIFT) - 1
_BEHIND_AREA = (1 << _AREA_SHIFT) - 1
_TOWNSHIPS_SHIFT = 6
"""A township's nine digits need 30 bits, of which 24 are kept: 64 codes in a row share a place."""


def marked(bits: int) -> int:
    """Return *bits*, 128 of them, with those that say how the id is made and numbered."""
    return bits & ~_MARKS | _MARKED


def dated_bits(drawn: int, day: date) -> int:
    """Return the 128 bits of an id: *day*, counted from 1 January of year 1, in the first 24, the rest as *drawn*."""
    return marked(day.toordinal() << _DAY_SHIFT | drawn & _BEHIND_DAY)


def dated_id(name: UUID, day: date) -> UUID:
    """Return the id of what has this *name* and was recorded on *day*: the same whenever both are."""
    return UUID(int=dated_bits(name.int, day))


def event_bits(drawn: int, day: date, area: str) -> int:
    """Return the 128 bits of an event's id: the *day* it was recorded on, its *area*, the rest as *drawn*.

    A day of judging is millions of events in a nation, said area by area: they are written in the order of their ids.
    """
    township = int(f"{area:0<9.9}") >> _TOWNSHIPS_SHIFT
    return marked(day.toordinal() << _DAY_SHIFT | township << _AREA_SHIFT | drawn & _BEHIND_AREA)


def event_id(name: UUID, event: Event) -> UUID:
    """Return the id of *event*, which its cause gives this *name*: the same whenever it says the same."""
    return UUID(int=event_bits(name.int, event.recorded_on, event.area))
