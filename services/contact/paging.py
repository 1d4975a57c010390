"""The keys that lists go on after: a few typed values in one text."""

import re
from collections.abc import Callable
from typing import Any

from shared.problems import Refused

SEPARATOR = "~"


def whole_number(digits: int) -> Callable[[str], int]:
    """Return what reads a number of at most *digits* digits, as the column it is compared with holds."""
    pattern = re.compile(rf"[0-9]{{1,{digits}}}")

    def read(written: str) -> int:
        if pattern.fullmatch(written) is None:
            raise ValueError(written)
        return int(written)

    return read


class Keyset:
    """A key of a list, by how each of its values is read from text."""

    def __init__(self, *readers: Callable[[str], Any]) -> None:
        self._readers = readers

    def read(self, key: str | None) -> tuple[Any, ...] | None:
        """Return the values of *key*, None for none; raises Refused(bad_page_key) where it is no such key."""
        if key is None:
            return None
        parts = key.split(SEPARATOR)
        if len(parts) != len(self._readers):
            raise Refused("bad_page_key")
        try:
            return tuple(read(part) for read, part in zip(self._readers, parts, strict=True))
        except ValueError:
            raise Refused("bad_page_key") from None

    def write(self, *values: object) -> str:
        """Return the key of an item with these values."""
        return SEPARATOR.join(map(str, values))
