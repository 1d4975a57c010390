"""The streams of every service, folded from their events alone: what each may hold, and what contact's come to."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any
from uuid import UUID

from services.pairing.domain.carer import CARER
from services.pairing.domain.pair import PAIR
from services.registry.domain.area import area
from services.registry.domain.child import child
from shared.contracts.catalogue import decode
from shared.contracts.contact import (
    ContactEscalated,
    ContactMadeGood,
    ContactMissed,
    DayAdvanced,
    MissWithdrawn,
    VisitLogged,
    VisitLogImported,
    WindowJudged,
)
from shared.contracts.event import Event
from shared.contracts.pairing import CarersImported
from shared.contracts.registry import RosterImported
from shared.contracts.reporting import SummaryIssued
from shared.event_store import Connection

LOG = """
SELECT stream_id, version, event_type, schema_version, data::text FROM kernel.events ORDER BY tx, position
"""
Mend = ContactMadeGood | MissWithdrawn
Row = tuple[Any, ...]


class DoesNotFold(Exception):
    """A stream holds what no history leads to; the message says which and where."""


def must(holds: object, what: str) -> None:
    if not holds:
        raise DoesNotFold(what)


def once(kind: type[Event]) -> Callable[[Sequence[Event]], object]:
    """Return what folds a stream that says one thing, once."""

    def fold(events: Sequence[Event]) -> Event:
        must([type(event) for event in events] == [kind], f"{[type(event).__name__ for event in events]}")
        return events[0]

    return fold


def only(kind: type[Event]) -> Callable[[Sequence[Event]], object]:
    """Return what folds a stream that says one kind of thing, of any days: a log taken in again says a day again."""

    def fold(events: Sequence[Event]) -> Event:
        must({type(event) for event in events} == {kind}, f"{[type(event).__name__ for event in events]}")
        return events[-1]

    return fold


def rising(kind: type[Event]) -> Callable[[Sequence[Event]], object]:
    """Return what folds a stream that says the same of one day after the other."""

    def fold(events: Sequence[Event]) -> date:
        must({type(event) for event in events} == {kind}, "something else than of a day")
        must(all(former.on < later.on for former, later in pairwise(events)), "a day after a later one")
        return events[-1].on

    return fold


def judged_window(events: Sequence[Event]) -> None:
    """Fold the stream of one village's window: who was counted, then each that was missed with what follows."""
    told = [event for event in events if isinstance(event, WindowJudged)]
    must(list(events[: len(told)]) == told, "a judgement after what follows from it")
    must([one.part for one in told] == [*range(1, len(told) + 1)], "a part is missing or stands twice")
    counted = [child_id for one in told for child_id in one.counted]
    kept = {child_id for one in told for child_id in one.kept}
    must(len({*counted}) == len(counted), "a child was counted twice")
    must(kept <= {*counted}, "a child was kept and not counted")
    missed = [event.child_id for event in events if isinstance(event, ContactMissed)]
    must(missed == sorted({*counted} - kept), "the missed are not who was counted and not kept")
    latest: UUID | None = None
    mended = False
    for event in events[len(told) :]:
        match event:
            case ContactMissed():
                latest, mended = event.child_id, False
            case ContactEscalated():
                must((event.child_id, mended) == (latest, False), "raised without a miss")
            case ContactMadeGood() | MissWithdrawn():
                must((event.child_id, mended) == (latest, False), "mended without a miss")
                mended = True
            case _:
                raise DoesNotFold(type(event).__name__)


def contacts_of_a_child(events: Sequence[Event]) -> None:
    """Fold the stream of a child's contacts: each visit once, each miss mended once."""
    visits = [event.visit_id for event in events if isinstance(event, VisitLogged)]
    mends = [(event.kind, event.opens) for event in events if isinstance(event, Mend)]
    must(len(visits) + len(mends) == len(events), "something else than visits and mends")
    must(len({*visits}) == len(visits), "a visit was logged twice")
    must(len({*mends}) == len(mends), "a miss was mended twice")
    must(len({getattr(event, "child_id") for event in events}) == 1, "another child's contact")  # noqa: B009


FOLDS: Mapping[str, Mapping[str, Callable[[Sequence[Event]], object]]] = {
    "registry": {"area": area.fold, "child": child.fold, "import": once(RosterImported)},
    "pairing": {"carer": CARER.fold, "pair": PAIR.fold, "import": once(CarersImported)},
    "contact": {
        "contact": contacts_of_a_child,
        "window": judged_window,
        "day": rising(DayAdvanced),
        "log": only(VisitLogImported),
    },
    "reporting": {"summary": once(SummaryIssued)},
}
"""Every kind of stream of every service, by the beginning of its id."""


@dataclass
class Log:
    """All that a service has said, in the order of its log, and by stream."""

    events: list[Event] = field(default_factory=list)
    streams: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))


async def read_log(connection: Connection, service: str) -> Log:
    """Return the whole log of *service*; raises DoesNotFold where a stream has a gap or is of no known kind."""
    log = Log()
    for row in await connection.fetch(LOG):
        stream = log.streams[row["stream_id"]]
        must(row["version"] == len(stream) + 1, f"a gap in {row['stream_id']} before {row['version']}")
        must(
            row["stream_id"].partition("-")[0] in FOLDS[service], f"a new kind of stream: {row['stream_id']}"
        )
        event = decode(row["event_type"], row["schema_version"], row["data"])
        stream.append(event)
        log.events.append(event)
    return log


def fold_every_stream(service: str, log: Log) -> None:
    """Fold each stream by what its kind may hold; raises DoesNotFold with its id."""
    for stream_id, events in log.streams.items():
        try:
            FOLDS[service][stream_id.partition("-")[0]](events)
        except Exception as why:
            raise DoesNotFold(f"{stream_id}: {why!r}") from why


@dataclass
class Contacts:
    """What contact's log comes to: its tables, as rows."""

    visits: set[Row] = field(default_factory=set)
    misses: dict[Row, Row] = field(default_factory=dict)
    escalations: dict[Row, Row] = field(default_factory=dict)
    judged_windows: set[Row] = field(default_factory=set)
    keeping: set[Row] = field(default_factory=set)
    """What a visit keeps of itself; what a merge adds for the survivor follows from the registry's log."""
    runs: dict[Row, date] = field(default_factory=dict)

    def tables(self) -> dict[str, set[Row]]:
        return {
            "visits": self.visits,
            "misses": {(*key, *row) for key, row in self.misses.items()},
            "escalations": {(*key, *row) for key, row in self.escalations.items()},
            "judged_windows": self.judged_windows,
            "keeping": self.keeping,
            "runs": {(*key, since) for key, since in self.runs.items()},
        }


OUTSTANDING: Row = ("outstanding", None, None, None)


def contacts_folded(events: Iterable[Event]) -> Contacts:
    """Return what contact's log comes to, in its order over all streams; raises DoesNotFold."""
    made = Contacts()
    for event in events:
        match event:
            case VisitLogged():
                facts = (event.entered_on, event.recorded_on, event.reached, event.in_file, event.area)
                made.visits.add((event.visit_id, event.kind, event.on, *facts, event.carer_id))
                if event.reached and event.in_file:
                    made.keeping.add((event.visit_id, event.kind, event.on, event.recorded_on))
            case WindowJudged():
                made.judged_windows.add((event.kind, event.opens, event.area))
                for child_id in event.kept:
                    made.runs.pop((child_id, event.kind), None)
            case ContactMissed():
                key = (event.child_id, event.kind, event.opens)
                must(key not in made.misses, f"missed twice: {key}")
                made.misses[key] = (event.on, event.due, event.area, *OUTSTANDING)
                made.runs.setdefault((event.child_id, event.kind), event.opens)
            case ContactEscalated():
                run = (event.child_id, event.kind, event.first_opens, event.level)
                must(run not in made.escalations, f"raised twice: {run}")
                made.escalations[run] = (event.on, event.windows, event.area, event.recorded_on)
            case ContactMadeGood() | MissWithdrawn():
                _mend(made, event)
            case _:
                pass  # that a day was advanced or a log imported is in tables of its own
    return made


def _mend(made: Contacts, event: Mend) -> None:
    key = (event.child_id, event.kind, event.opens)
    missed = made.misses.get(key)
    must(missed is not None and missed[-4:] == OUTSTANDING, f"mended what is not outstanding: {key}")
    assert missed is not None
    if isinstance(event, ContactMadeGood):
        how: Row = ("made_good", event.recorded_on, event.visit_id, None)
    else:
        how = ("withdrawn", event.recorded_on, None, event.reason)
    made.misses[key] = (*missed[:-4], *how)


KEPT = {
    "visits": """
        SELECT visit_id, kind, on_day, entered_on, recorded_on, reached, in_file, area, carer_id FROM app.visits
    """,
    "misses": """
        SELECT child_id, kind, opens, closes, due, area, state, mended_on, visit_id, reason FROM app.misses
    """,
    "escalations": """
        SELECT child_id, kind, first_opens, level, closes, windows, area, recorded_on FROM app.escalations
    """,
    "judged_windows": "SELECT kind, opens, area FROM app.judged_windows",
    "keeping": """
        SELECT DISTINCT k.visit_id, k.kind, k.on_day, k.known_on
          FROM app.keeping k JOIN app.visits v USING (visit_id) WHERE v.in_file AND k.known_on = v.recorded_on
    """,
    "runs": "SELECT child_id, kind, since FROM app.runs",
}


async def contacts_kept(connection: Connection) -> dict[str, set[Row]]:
    """Return the same from contact's tables."""
    rows = {table: await connection.fetch(query) for table, query in KEPT.items()}
    return {table: {tuple(row.values()) for row in some} for table, some in rows.items()}
