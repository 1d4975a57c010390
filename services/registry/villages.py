"""Which village of its township a roster's cell means; never a village of another township."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from shared.papers.text import compact

VILLAGE_DIGITS = 12
TOWNSHIP_DIGITS = 9
ENDINGS = tuple(
    "社区居民委员会 社区居委会 村村民委员会 村民委员会 居民委员会 村村委会 村委会 居委会 社区 村委 村 居".split()  # noqa: SIM905
)
GROUP = re.compile(r"(?:第?[一二三四五六七八九十百\d]{1,3}(?:村民小组|小组|组|队|社|屯))$")
SUGGESTIONS_MAX = 100
"""For so many unknown names of a paper a similar one is looked for; the search is slow."""


class Villages:
    """The villages of a township by name, by the name without its ending, and by code."""

    def __init__(self, township: str, areas: Mapping[str, str]) -> None:
        self.names = {
            code: compact(name)
            for code, name in areas.items()
            if is_village(code) and code.startswith(township)
        }
        self.township_name = compact(areas.get(township, ""))
        self.exact = by_text(self.names.items())
        self.stems = by_text((code, stem(name)) for code, name in self.names.items())
        self.suggested = 0

    def find(self, text: str) -> str | None:
        """Return the code of the village that *text* (compact) means, or None where it means none or several.

        A place below the village (柳桥村三组) and the township's own name before it are passed by.
        """
        if text in self.names:
            return text
        place = text.partition(self.township_name)[2] if self.township_name else ""
        for written in (text, GROUP.sub("", place or text)):
            for known, key in ((self.exact, written), (self.stems, stem(written))):
                if len(codes := known.get(key, [])) == 1:
                    return codes[0]
        return None

    def similar(self, text: str) -> str | None:
        """Return the name of the township's village that is written most like *text*, if any is."""
        self.suggested += 1
        if self.suggested > SUGGESTIONS_MAX:
            return None
        return next(iter(get_close_matches(text, self.exact, n=1)), None)


def by_text(named: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for code, text in named:
        found[text].append(code)
    return found


def stem(name: str) -> str:
    """Return *name* without 村, 社区, 村委会 and the like; a name of one sign keeps it."""
    for ending in ENDINGS:
        if name.endswith(ending) and len(name) > len(ending):
            return name.removesuffix(ending)
    return name


def is_village(code: str) -> bool:
    return len(code) == VILLAGE_DIGITS


def townships_by_village(areas: Mapping[str, str]) -> Mapping[str, set[str]]:
    """Return for each name and code of a village the townships that have it."""
    found: dict[str, set[str]] = defaultdict(set)
    for code, name in areas.items():
        if is_village(code):
            found[compact(name)].add(code[:TOWNSHIP_DIGITS])
            found[code].add(code[:TOWNSHIP_DIGITS])
    return found
