"""A log beside a copy of it, walked side by side: event for event, in order."""

from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Compared:
    """A log beside a copy of it: how many events each has, and the first that is not the same, if any.

    Where the copy ends before the log and is the same up to there, it is behind, which mends itself.
    """

    log: int
    copy: int
    first_difference: int | None

    @property
    def same(self) -> bool:
        return self.first_difference is None and self.log == self.copy

    @property
    def behind(self) -> bool:
        return self.first_difference is None and self.copy < self.log


async def compare(log: AsyncIterator[str], copy: AsyncIterator[str]) -> Compared:
    """Walk both to their ends, holding one event of each."""
    in_log = in_copy = 0
    difference = None
    ended = object()
    while True:
        left, right = await anext(log, ended), await anext(copy, ended)
        if left is ended and right is ended:
            return Compared(in_log, in_copy, difference)
        in_log += left is not ended
        in_copy += right is not ended
        if difference is None and right is not ended and left != right:
            difference = in_copy
