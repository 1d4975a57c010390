"""The counties whose year is run through the crashes, each with the figures that must come out."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from kith.demo import EXAMPLE
from kith.papers import Papers, papers_in
from tests.papers_of_a_county.county import invented, write
from tests.papers_of_a_county.reckoning import reckon

PARTS = ("rosters", "log", "contacts")
"""The figures of a year that do not hang on the order in which carers were chosen."""


@dataclass(frozen=True)
class CountyYear:
    """A county's papers, the days to replay, and the only right figures."""

    papers: Papers
    filed_on: date
    until: date
    expected: dict[str, Any]

    @property
    def commands(self) -> int:
        """About how many commands the whole year takes."""
        return len(self.papers.rosters) + 4 * (self.until - self.filed_on).days


def example() -> CountyYear:
    """Return the example county, whose truth stands beside its papers."""
    truth = json.loads((EXAMPLE / "truth.json").read_text(encoding="utf-8"))
    expected = json.loads((EXAMPLE / "expected-contacts.json").read_text(encoding="utf-8"))
    figures = {
        "rosters": {
            "accepted": truth["accepted"],
            "refused": truth["rejected"],
            "duplicates": truth["duplicates"],
            "by_township": truth["by_township"],
        },
        "log": {
            "rows": expected["log_rows"],
            "unknown_child": expected["unknown_child"],
            "ambiguous": expected["ambiguous"],
        },
        "contacts": expected["contacts"],
    }
    return CountyYear(papers_in(EXAMPLE), date(2026, 1, 1), date(2026, 11, 23), figures)


def small(folder: Path, seed: int, until: date = date(2026, 4, 25)) -> CountyYear:
    """Return an invented county of a few dozen children, its papers written into *folder*."""
    filed_on = date(2026, 2, 1)
    county = invented(seed, filed_on, until, size=2)
    folder.mkdir(parents=True)
    write(county, folder)
    reckoned = reckon(county, filed_on, until)
    return CountyYear(papers_in(folder), filed_on, until, {part: reckoned[part] for part in PARTS})
