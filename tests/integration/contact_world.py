"""A county as contact knows it: what registry and pairing said, what was told, and the day advanced."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID, uuid5

import orjson
import pytest

from services.contact.advancing import advance
from services.contact.following import follow_pairing, follow_registry
from services.contact.policy_file import load_policy
from services.contact.visiting import Logging, identified, log_visits
from shared.contracts.contact import ContactMissed, WindowJudged
from shared.contracts.event import (
    CarerKind,
    ContactKind,
    Event,
    LeavingReason,
    Level,
    PairEndReason,
    Sex,
)
from shared.contracts.pairing import PairAssigned, PairEnded
from shared.contracts.registry import (
    AreaDefined,
    ChildFile,
    ChildFileRevised,
    ChildForgotten,
    ChildLeft,
    ChildRegistered,
    ChildrenMerged,
    ChildrenUnmerged,
    ChildReturned,
    ChildTransferred,
)
from shared.envelope import CORRELATION, Received
from shared.event_store import Pool, Position
from shared.handling import Cause, fingerprint, once
from shared.vault import Vault
from tests.conftest import ServicePools

FEB_3, FEB_4, MAR_4, APR_4 = date(2026, 2, 3), date(2026, 2, 4), date(2026, 3, 4), date(2026, 4, 4)
JAN_10 = date(2026, 1, 10)
NAMES = UUID("11111111-2222-5333-8444-555555555555")
COUNTY = "431299"
EAST, WEST = "431299200241", "431299101205"
TALK, CALL = ContactKind.GUARDIAN_TALK, ContactKind.PARENT_CALL
VISIT, CONDOLENCE = ContactKind.HOME_VISIT, ContactKind.CONDOLENCE
VAULT = Vault(b"a secret that only these tests have", "contact")
POLICY = load_policy(None)


def named(name: str) -> UUID:
    return uuid5(NAMES, name)


def cause(*parts: object) -> Cause:
    command_id = uuid5(NAMES, "/".join(map(str, parts)))
    return Cause(command_id, fingerprint(*parts), "tester", command_id)


def child_file(*, poor: bool = False) -> ChildFile:
    return ChildFile(birth_date=date(2015, 5, 5), sex=Sex.FEMALE, poor=poor)


@dataclass
class World:
    """One contact database; events of the other services are handed to its readers directly."""

    pool: Pool
    numbers: Any = field(default_factory=itertools.count)

    async def hear(self, *events: Event) -> None:
        """Take these events as the readers do, in order."""
        for source, group in itertools.groupby(events, key=_source):
            project = follow_pairing if source == "pairing" else partial(follow_registry, VAULT)
            async with self.pool.acquire() as connection, connection.transaction():
                await project(connection, [self._received(source, event) for event in group])

    def _received(self, source: str, event: Event) -> Received:
        n = next(self.numbers)
        body = event.model_dump_json().encode()
        event_id = uuid5(NAMES, f"{type(event).__name__}{body.decode()}")
        return Received(
            event_id=event_id,
            event=event,
            event_type=type(event).__name__,
            schema_version=1,
            stream_id=f"stream-{n}",
            version=1,
            position=Position(1, n),
            store_id=NAMES,
            data=body,
            meta={CORRELATION: str(event_id)},
            source=source,
        )

    async def tell(
        self, name: str, kind: ContactKind, on: date, entered_on: date, *, reached: bool = True
    ) -> Logging:
        """Log a visit as a paper's row does."""
        visit = identified(VAULT, named(name), kind, on, entered_on, reached=reached)
        outcomes: list[Logging] = []

        async def work(connection: Any) -> dict[str, Any]:
            outcomes[:] = await log_visits(connection, [visit], cause("tell", visit.visit_id).meta)
            return {}

        await once(self.pool, cause("tell", next(self.numbers), name, on), work)
        return outcomes[0]

    async def advance(self, to: date) -> dict[str, Any]:
        return (await advance(self.pool, VAULT, POLICY, to, cause("advance", to, next(self.numbers)))).body

    async def events(self, *types: type[Event]) -> list[tuple[UUID, str, dict[str, Any]]]:
        """Return the log's events of these types, in the order of the log."""
        rows = await self.pool.fetch(
            "SELECT event_id, event_type, data::text FROM kernel.events"
            " WHERE event_type = ANY ($1::text[]) ORDER BY tx, position",
            [spoken.__name__ for spoken in types],
        )
        return [(row["event_id"], row["event_type"], orjson.loads(row["data"])) for row in rows]

    async def said(self, spoken: type[Event], *fields: str) -> list[tuple[Any, ...]]:
        """Return some fields of the events of one type, sorted."""
        return sorted(tuple(data[name] for name in fields) for _, _, data in await self.events(spoken))


def _source(event: Event) -> str:
    return "pairing" if isinstance(event, PairAssigned | PairEnded) else "registry"


def areas() -> Sequence[Event]:
    day = date(2025, 12, 1)
    told = ((COUNTY, Level.COUNTY), (EAST, Level.VILLAGE), (WEST, Level.VILLAGE))
    return [
        AreaDefined(area=code, on=day, recorded_on=day, name=code, level=level, parent=None)
        for code, level in told
    ]


def registered(
    name: str,
    on: date = date(2026, 1, 1),
    *,
    area: str = EAST,
    poor: bool = False,
    known_on: date | None = None,
) -> Event:
    return ChildRegistered(
        area=area, on=on, recorded_on=known_on or on, child_id=named(name), file=child_file(poor=poor)
    )


def left(
    name: str, reason: LeavingReason, on: date, known_on: date | None = None, *, area: str = EAST
) -> Event:
    return ChildLeft(
        area=area, on=on, recorded_on=known_on or on, child_id=named(name), reason=reason, file=child_file()
    )


def returned(name: str, on: date, *, area: str = EAST) -> Event:
    return ChildReturned(area=area, on=on, recorded_on=on, child_id=named(name), file=child_file())


def transferred(name: str, on: date, *, to: str = WEST, known_on: date | None = None) -> Event:
    return ChildTransferred(
        area=to, on=on, recorded_on=known_on or on, child_id=named(name), from_area=EAST, file=child_file()
    )


def revised(name: str, on: date, *, poor: bool, known_on: date | None = None, area: str = EAST) -> Event:
    return ChildFileRevised(
        area=area,
        on=on,
        recorded_on=known_on or on,
        child_id=named(name),
        file=child_file(poor=poor),
        former=child_file(poor=not poor),
    )


def merged(name: str, survivor: str, on: date, *, area: str = EAST) -> Event:
    return ChildrenMerged(
        area=area, on=on, recorded_on=on, child_id=named(name), survivor_id=named(survivor), file=child_file()
    )


def unmerged(name: str, survivor: str, on: date, *, area: str = EAST) -> Event:
    return ChildrenUnmerged(
        area=area, on=on, recorded_on=on, child_id=named(name), survivor_id=named(survivor), file=child_file()
    )


def forgotten(name: str, on: date, *, area: str = EAST) -> Event:
    return ChildForgotten(area=area, on=on, recorded_on=on, child_id=named(name))


def paired(pair: str, name: str, carer: str, on: date, known_on: date | None = None) -> Event:
    return PairAssigned(
        area=EAST,
        on=on,
        recorded_on=known_on or on,
        pair_id=named(pair),
        child_id=named(name),
        carer_id=named(carer),
        kind=CarerKind.TEACHER,
    )


def parted(pair: str, name: str, carer: str, on: date, known_on: date | None = None) -> Event:
    return PairEnded(
        area=EAST,
        on=on,
        recorded_on=known_on or on,
        pair_id=named(pair),
        child_id=named(name),
        carer_id=named(carer),
        kind=CarerKind.TEACHER,
        reason=PairEndReason.REQUESTED,
    )


async def missed_talks(world: World) -> list[tuple[str, str]]:
    said = await world.said(ContactMissed, "child_id", "opens", "kind")
    return [(child_id, opens) for child_id, opens, kind in said if kind == TALK]


async def counted_talks(world: World) -> dict[str, list[str]]:
    said = await world.said(WindowJudged, "opens", "area", "kind", "counted")
    return {f"{opens} {area}": counted for opens, area, kind, counted in said if kind == TALK}


@pytest.fixture
async def world(service_pool: ServicePools) -> World:
    world = World(await service_pool("contact"))
    await world.hear(*areas())
    return world
