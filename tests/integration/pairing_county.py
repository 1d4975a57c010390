"""A small county for pairing's tests: its areas, children and carers, told as the registry tells them."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from services.pairing.carers import lock_carers
from services.pairing.domain.carer import ClearCarer, EnlistCarer
from services.pairing.enlisting import Person, change_carer, enlist
from services.pairing.from_registry import project
from shared.applying import ATTEMPTS_MAX, PASSING
from shared.contracts.event import CarerKind, Event, Level, Sex
from shared.contracts.registry import AreaDefined, ChildFile, ChildLeft, ChildRegistered
from shared.envelope import Received
from shared.event_store import Pool, Position
from shared.handling import Cause
from shared.vault import Vault

SECRET = b"a secret that is for tests alone, and long enough"
VAULT = Vault(SECRET, "pairing")
COUNTY, TOWNSHIP, OTHER_TOWNSHIP = "431299", "431299200", "431299201"
WILLOW, ELM, POPLAR = "431299200201", "431299200202", "431299201201"
FIRST, NEXT, LATER = date(2026, 1, 1), date(2026, 1, 2), date(2026, 3, 1)
MOTHER = CarerKind.SURROGATE_MOTHER
IDS = UUID("8b1c0a52-0d5b-5d3a-9a51-5f0f0a1f7a11")
AREAS: dict[str, tuple[Level, str | None]] = {
    COUNTY: (Level.COUNTY, None),
    TOWNSHIP: (Level.TOWNSHIP, COUNTY),
    OTHER_TOWNSHIP: (Level.TOWNSHIP, COUNTY),
    WILLOW: (Level.VILLAGE, TOWNSHIP),
    ELM: (Level.VILLAGE, TOWNSHIP),
    POPLAR: (Level.VILLAGE, OTHER_TOWNSHIP),
}


def child_id(name: str) -> UUID:
    return uuid5(IDS, f"child {name}")


def cause(name: str) -> Cause:
    command_id = uuid5(IDS, f"cause {name}")
    return Cause(command_id, name.encode(), "tester", command_id)


def child_file(**more: Any) -> ChildFile:
    return ChildFile(birth_date=date(2015, 3, 7), sex=Sex.FEMALE, **more)


def areas_defined() -> list[AreaDefined]:
    return [
        AreaDefined(area=code, on=FIRST, recorded_on=FIRST, name=f"area {code}", level=level, parent=parent)
        for code, (level, parent) in AREAS.items()
    ]


def registered(name: str, area: str = WILLOW, on: date = FIRST, **more: Any) -> ChildRegistered:
    return ChildRegistered(area=area, on=on, recorded_on=on, child_id=child_id(name), file=child_file(**more))


def left(name: str, on: date, area: str = WILLOW, **more: Any) -> ChildLeft:
    return ChildLeft(area=area, on=on, recorded_on=on, child_id=child_id(name), file=child_file(), **more)


async def tell(pool: Pool, *events: Event) -> None:
    """Give pairing a batch of the registry's events, as its reader gets it and tries again where others were first."""
    for _ in range(ATTEMPTS_MAX):
        with suppress(*PASSING):
            async with pool.acquire() as connection, connection.transaction():
                await project(connection, received(events))
            return
    raise AssertionError("others were first every time")


def received(events: Sequence[Event]) -> list[Received]:
    return [
        Received(
            event_id=uuid5(IDS, f"{type(event).__name__} {event.model_dump_json()}"),
            event=event,
            event_type=type(event).__name__,
            schema_version=1,
            stream_id="child",
            version=n,
            position=Position(1, n),
            store_id=IDS,
            data=b"",
            meta={},
            source="registry",
        )
        for n, event in enumerate(events, start=1)
    ]


async def enlisted(
    pool: Pool,
    name: str,
    *,
    area: str = WILLOW,
    capacity: int = 1,
    kind: CarerKind = MOTHER,
    cleared: bool = True,
    school: str = "",
) -> UUID:
    """Enlist a carer, cleared unless said otherwise."""
    person = Person.of(name, phone="13800000000", school=school)
    command = EnlistCarer(
        person.carer_id(VAULT, area),
        kind,
        Sex.FEMALE,
        area,
        capacity,
        person.keyed_school(VAULT),
        FIRST,
        FIRST,
    )
    async with pool.acquire() as connection, connection.transaction():
        carer_id = await enlist(connection, VAULT, command, person, cause(f"enlist {name}"))
        if cleared:
            await lock_carers(connection, [carer_id])
            await change_carer(connection, carer_id, ClearCarer(FIRST, FIRST), cause(f"clear {name}"))
    return carer_id
