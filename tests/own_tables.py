"""The tables that a service writes with its own events: what its log comes to, and what stands in them."""

from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

import orjson

from services.pairing.domain.carer import CARER, Carer
from services.pairing.domain.pair import PAIR, Pair
from services.registry.domain.age import sixteen_on
from services.registry.domain.area import Area, area
from services.registry.domain.child import child
from services.registry.domain.child_file import Child
from services.registry.projecting import StandingEvent
from shared.contracts.event import Event
from shared.contracts.pairing import CarerEnlisted, CarerRevised, PairAssigned
from shared.event_store import Connection
from tests.folding import KEPT as KEPT_IN_CONTACT
from tests.folding import Log, Row, contacts_folded, must

Tables = Mapping[str, set[Row]]


def tables_of_registry(log: Log) -> Tables:
    """Return every area as it is called now and every child's file as it stands; keyed names are in no event."""
    return {
        "areas": {_area(area.fold(events)) for events in _streams(log, "area")},
        "children": {_child(events) for events in _streams(log, "child")},
    }


def tables_of_pairing(log: Log) -> Tables:
    """Return carers and pairs as they stand."""
    seen_from = _carers_areas(log.events)
    return {
        "carers": {_carer(CARER.fold(events)) for events in _streams(log, "carer")},
        "pairs": {_pair(PAIR.fold(events), seen_from) for events in _streams(log, "pair")},
    }


def tables_of_contact(log: Log) -> Tables:
    """Return visits and what judging made of them."""
    return contacts_folded(log.events).tables()


FOLDED: Mapping[str, Callable[[Log], Tables]] = {
    "registry": tables_of_registry,
    "pairing": tables_of_pairing,
    "contact": tables_of_contact,
}
KEPT: Mapping[str, Mapping[str, str]] = {
    "registry": {
        "areas": """
            SELECT DISTINCT ON (code) code, name, until_on, successor FROM app.areas ORDER BY code, from_on DESC
        """,
        "children": """
            SELECT child_id, area, birth_date, sixteen_on, sex, file, filed_on, opened_on, recorded_on, left_on, reason,
                   merged_into
              FROM app.children
        """,
    },
    "pairing": {
        "carers": "SELECT carer_id, kind, sex, area, capacity, school, standing, since FROM app.carers",
        "pairs": """
            SELECT pair_id, child_id, carer_id, kind, area, carer_area, started_on, ended_on, reason FROM app.pairs
        """,
    },
    "contact": KEPT_IN_CONTACT,
}
"""How the rows that the functions above return are read from the tables."""


async def differing(connection: Connection, service: str, log: Log) -> list[str]:
    """Return, in words, every own table of *service* that is not what its log comes to; raises DoesNotFold."""
    folded = FOLDED[service](log) if service in FOLDED else {}
    found = []
    for table, rows in folded.items():
        kept = await connection.fetch(KEPT[service][table])
        if {_row(one.values()) for one in kept} != rows:
            found.append(f"{service}'s {table} are not what its log comes to")
        elif len(kept) != len(rows):
            found.append(f"{service}'s {table} have a row twice")
    return found


def _row(values: Iterable[object]) -> Row:
    """Return a row in which a file, JSON to the database, is written as _file does."""
    return tuple(
        _file(orjson.loads(one)) if isinstance(one, str) and one.startswith("{") else one for one in values
    )


def _file(file: object) -> str:
    return orjson.dumps(file, option=orjson.OPT_SORT_KEYS).decode()


def _streams(log: Log, kind: str) -> Iterable[list[Event]]:
    return [events for stream, events in log.streams.items() if stream.partition("-")[0] == kind]


def _area(state: Area | None) -> Row:
    assert state is not None
    return (state.code, state.name, state.closed_on, state.successor)


def _child(events: list[Event]) -> Row:
    state = child.fold(events)
    assert isinstance(state, Child)
    file = state.now.file
    opened = [event.on for event in events if type(event).__name__ in OPENING]
    recorded = [event.recorded_on for event in events if isinstance(event, StandingEvent)]
    return (
        *(state.child_id, state.now.area, file.birth_date, sixteen_on(file.birth_date), file.sex),
        *(_file(file.model_dump(mode="json")), opened[0], opened[-1], recorded[-1]),
        *(state.left_on, state.reason, state.survivor_id),
    )


OPENING = frozenset({"ChildRegistered", "ChildReturned", "ChildrenUnmerged"})


def _carer(state: Carer | None) -> Row:
    assert state is not None
    place = (state.area, state.capacity, state.school)
    return (state.carer_id, state.kind, state.sex, *place, state.standing, state.since)


def _pair(state: Pair | None, seen_from: Mapping[UUID, str]) -> Row:
    assert state is not None
    ends = (state.started_on, state.ended_on, state.ended_by)
    return (
        *(state.pair_id, state.child_id, state.carer_id, state.kind),
        *(state.area, seen_from[state.pair_id], *ends),
    )


def _carers_areas(events: Iterable[Event]) -> Mapping[UUID, str]:
    """Return of each pair where its carer works: as the carer was when they were paired, or was revised since."""
    of_carer: dict[UUID, str] = {}
    carers: dict[UUID, UUID] = {}
    seen_from: dict[UUID, str] = {}
    for event in events:
        match event:
            case CarerEnlisted():
                of_carer[event.carer_id] = event.area
            case CarerRevised():
                of_carer[event.carer_id] = event.area
                seen_from |= {pair: event.area for pair, carer in carers.items() if carer == event.carer_id}
            case PairAssigned():
                must(event.carer_id in of_carer, f"a pair with a carer nobody knows: {event.pair_id}")
                carers[event.pair_id], seen_from[event.pair_id] = event.carer_id, of_carer[event.carer_id]
            case _:
                pass
    return seen_from
