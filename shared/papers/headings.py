"""Where the headings of a sheet stand, and which column each of them means."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import zip_longest

from shared.papers.limits import HEADING_WITHIN_ROWS
from shared.papers.table import Cells
from shared.papers.text import as_text, compact

HINT = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|[*＊#※:：。]")
NUMBERING = re.compile(r"^\d{1,2}[.、]")
SERIAL = frozenset({"序号", "编号", "序", "序列", "No", "NO", "No.", "NO.", "no", "行号"})
"""A column that only counts the rows."""
TO_BE_MENDED = frozenset({"需修改之处", "Tobemended"})
"""The column that the refused rows came back with, without spaces; it is not read."""
CHILD_GROUP = re.compile(r"儿童|基本|本人|个人|学生|孩子|就学|学习|教育|居住|住址")
OTHER_PERSON = re.compile(r"父|母|监护|家长|亲属|爷|奶|祖|联系人|填表|帮扶|结对|爱心")
WORDS = re.compile(r"[^\d:：]{2,12}")
GROUP = re.compile(r"[^:：]{1,8}")
"""The heading of a group is a few signs; a line for signatures has a colon."""


@dataclass(frozen=True)
class Layout:
    """The columns that a kind of paper may have, by all the names they go by."""

    columns: Mapping[str, Sequence[str]]
    """From the column to its headings, the usual one first; a heading means one column only."""
    needed: Sequence[Sequence[str]]
    """Of each group one column must be there; the group's first is the one that is missed."""

    @cached_property
    def meanings(self) -> Mapping[str, str]:
        return {plain(heading): column for column, headings in self.columns.items() for heading in headings}

    def absent(self, known: Collection[str]) -> Sequence[str]:
        """Return the columns that are not *known*, but for those that another one stands in for."""
        instead = {column for group in self.needed if set(group) & set(known) for column in group}
        return [column for column in self.columns if column not in known and column not in instead]

    def label(self, column: str) -> str:
        """Return the usual heading of *column*."""
        return self.columns[column][0]

    def meaning(self, heading: str) -> str | None:
        """Return the column that *heading* means, exactly or without its hints, or None."""
        return self.meanings.get(plain(heading)) or self.meanings.get(bare(heading))

    def meaning_below(self, group: str, heading: str) -> str | None:
        """Return the column that *heading* means below a group's heading.

        Below the parents or the guardian a heading never means the child.
        """
        if found := self.meaning(group + bare(heading)) or self.meaning(bare(group) + bare(heading)):
            return found
        return self.meaning(heading) if CHILD_GROUP.search(group) and not OTHER_PERSON.search(group) else None


@dataclass(frozen=True)
class Headings:
    """The headings of a sheet and what they mean."""

    first: int
    """The row of the headings, from 0."""
    height: int
    """1, or 2 where groups stand over their columns."""
    labels: Sequence[str]
    """Each column's heading as the paper writes it; groups and columns joined by a slash."""
    meanings: Sequence[str | None]

    @property
    def recognised(self) -> int:
        return len({meaning for meaning in self.meanings if meaning})

    @property
    def twice(self) -> Sequence[str]:
        """The labels of two columns that mean the same, or nothing."""
        seen: dict[str, str] = {}
        for meaning, label in zip(self.meanings, self.labels, strict=True):
            if meaning in seen:
                return (seen[meaning], label)
            if meaning:
                seen[meaning] = label
        return ()

    def missing(self, layout: Layout) -> Sequence[str]:
        """Return the columns that are needed and not there."""
        return [group[0] for group in layout.needed if not set(group) & set(self.meanings)]


def find_headings(rows: Sequence[Cells], layout: Layout) -> Headings | None:
    """Return the headings among the first rows that mean the most columns, or None where none means two.

    Of equals the one in which no two mean the same, then that of a single row, then the upper one.
    """
    candidates = list(candidates_of(rows[: HEADING_WITHIN_ROWS + 1], layout))
    best = max(candidates, key=rank, default=None)
    if best is None or best.recognised <= 1:
        return None
    return replace(best, height=2) if best.height == 1 and goes_on_below(best, rows) else best


def goes_on_below(found: Headings, rows: Sequence[Cells]) -> bool:
    """Return whether the row below is a second line of headings, of columns that mean nothing here.

    It fills no cell of a column that does, and has words only.
    """
    below = [compact(as_text(cell)) for cell in next(iter(rows[found.first + 1 :]), [])]
    filled = [text for text, meaning in zip_longest(below, found.meanings) if text and meaning is None]
    known = any(text and meaning for text, meaning in zip(below, found.meanings, strict=False))
    return bool(filled) and not known and all(WORDS.fullmatch(text) for text in filled)


def rank(found: Headings) -> tuple[int, bool, int, int]:
    return found.recognised, not found.twice, -found.height, -found.first


def candidates_of(rows: Sequence[Cells], layout: Layout) -> Iterator[Headings]:
    above: list[str] = []
    for first, row in enumerate(rows[:HEADING_WITHIN_ROWS]):
        labels = [shown(as_text(cell)) for cell in row]
        if not names_other_persons(above):
            yield Headings(first, 1, labels, [layout.meaning(label) for label in labels])
        if first + 1 < len(rows):
            yield grouped(first, labels, [shown(as_text(cell)) for cell in rows[first + 1]], layout)
        above = labels


def names_other_persons(labels: Sequence[str]) -> bool:
    """Return whether a row groups columns by person, so that the row below cannot be read without it."""
    groups = {label for label in labels if label}
    return len(groups) > 1 and any(OTHER_PERSON.search(group) and GROUP.fullmatch(group) for group in groups)


def grouped(first: int, above: Sequence[str], below: Sequence[str], layout: Layout) -> Headings:
    """Return two heading rows as one: a group's heading goes for the empty cells to its right as well."""
    labels: list[str] = []
    meanings: list[str | None] = []
    group = ""
    for upper, lower in zip_longest(above, below, fillvalue=""):
        group = upper or group
        if not lower:
            labels.append(upper)
            meanings.append(layout.meaning(upper))
        else:
            labels.append(f"{group}/{lower}" if group else lower)
            meanings.append(layout.meaning_below(group, lower) if group else layout.meaning(lower))
    return Headings(first, 2, labels, meanings)


def shown(heading: str) -> str:
    """Return a heading on one line, without spaces, otherwise as the paper writes it."""
    return "".join(heading.split())


@lru_cache(maxsize=2_000)
def plain(heading: str) -> str:
    return compact(heading).rstrip(":*")


@lru_cache(maxsize=2_000)
def bare(heading: str) -> str:
    """Return *heading* without numbering, asterisks and whatever stands in brackets."""
    return NUMBERING.sub("", HINT.sub("", compact(heading)))


def listed(headings: str) -> tuple[str, ...]:
    """Return headings that stand separated by spaces, which no heading has."""
    return tuple(headings.split())


def with_prefixes(prefixes: Iterable[str], endings: Iterable[str], *also: str) -> tuple[str, ...]:
    """Return every prefix with every ending, and some more."""
    endings = tuple(endings)
    return (*(prefix + ending for prefix in prefixes for ending in endings), *also)
