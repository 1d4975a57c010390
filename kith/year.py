"""A county's whole year from its papers: the main job, phase by phase, each of which goes on where it stopped."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

from kith.advancing import advance
from kith.client import Client, Json
from kith.console import Console
from kith.importing import import_areas, import_carers, import_rosters
from kith.papers import Papers, township_of
from kith.replaying import Replayed, replay
from kith.states import day_of_contact, wait_until_all_taken
from shared.contracts.event import ContactKind

WINDOW_COUNTS = {"windows": "counted", "kept": "kept", "missed": "missed", "made_good": "made_good"}


@dataclass
class Year:
    """One county's year on running services; *seconds* are wall seconds of each phase."""

    client: Client
    console: Console
    papers: Papers
    filed_on: date
    until: date
    seconds: dict[str, float] = field(default_factory=dict)
    papers_refused: list[str] = field(default_factory=list)
    """Rosters that could not be taken at all."""

    def run(self) -> Json:
        """Take the papers, pair the children, replay the log, and return the county's figures."""
        import_areas(self.client, self.console, self.papers.areas, self.filed_on)
        if (day_of_contact(self.client) or date.min) < self.filed_on:
            advance(self.client, self.filed_on)
        with self._timed("rosters"):
            reports = import_rosters(self.client, self.console, self.papers.rosters, self.filed_on)
        self.papers_refused = [report["file"] for report in reports if "code" in report]
        with self._timed("carers"):
            import_carers(self.client, self.papers.carers, self.filed_on)
        with self._timed("pairing"):
            self._pair()
        with self._timed("replay"):
            self._replay()
        return self.figures()

    def _pair(self) -> None:
        """Pair the county's children once, on the day of filing; a year that goes on has that behind it."""
        wait_until_all_taken(self.client)
        reached = day_of_contact(self.client)
        if reached is None or reached <= self.filed_on:
            body = {"area": self.county, "on": self.filed_on.isoformat()}
            self.client.post("pairing", "/suggestions/assign", body)

    def _replay(self) -> Replayed:
        done = replay(self.client, self.console, self.papers.visits, self.filed_on, self.until)
        wait_until_all_taken(self.client)
        return done

    @property
    def county(self) -> str:
        county = self.client.deployment.county
        assert county is not None  # noqa: S101 - importing the areas has set it
        return county

    def figures(self) -> Json:
        """Return the year's figures as reporting tells them, as of and as known on the last day."""
        day, wanted = self.until, self.county
        answer = self.client.get(
            "reporting", "/figures", area=wanted, as_of=day, known_on=day, breakdown=True
        )
        county = answer["figures"]
        taken = {part["code"]: part["figures"]["rosters.taken"] for part in answer["breakdown"]}
        townships = sorted({township_of(paper) for paper in self.papers.rosters})
        return {
            "rosters": {
                "accepted": county["rosters.taken"],
                "refused": county["rosters.refused"],
                "duplicates": county["rosters.duplicates"],
                "by_township": {code: taken.get(code, 0) for code in townships},
            },
            "log": {count: county[f"log.{count}"] for count in ("rows", "unknown_child", "ambiguous")},
            "contacts": {
                kind.value: {
                    name: county[f"windows.{count}.{kind.value}"] for name, count in WINDOW_COUNTS.items()
                }
                for kind in ContactKind
            },
            "pairs": {"open": county["pairs.open"], "children_unpaired": county["children.unpaired"]},
            "seconds": self.seconds,
        }

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        self.console.say(f"phase_{phase}")
        began = time.monotonic()
        yield
        self.seconds[phase] = round(time.monotonic() - began, 2)
