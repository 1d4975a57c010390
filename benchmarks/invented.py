"""An invented land: the events of its children's year, in the proportions of the example county."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

SEED = 2016
CHILDREN_A_VILLAGE = 15
VILLAGES_A_TOWNSHIP = 15
TOWNSHIPS_A_COUNTY = 15
FIRST_COUNTY = 430_001
FIRST_DAY = date(2026, 1, 1)
MONTHS = 10
"""Months of visits: the example county has twenty visits a child and seven misses."""
VISITS_A_MONTH = 2
EVENTS_A_CHILD = 29
"""In MONTHS, with its share of pairs and of windows."""
KEPT = 0.66
"""The share of windows that a visit keeps, as in the example county."""


class Told(NamedTuple):
    """An event as its service would write it; the body is the JSON that the contract writes."""

    source: str
    event_type: str
    event_id: UUID
    stream_id: str
    version: int
    area: str
    body: str


class Child(NamedTuple):
    """A child of the invented land."""

    child_id: UUID
    area: str
    born: date
    poor: bool


def village_of(number: int, first_county: int = FIRST_COUNTY) -> str:
    """Return the code of the village in which child *number* lives, where the first county has this code."""
    village = number // CHILDREN_A_VILLAGE
    township, county = village // VILLAGES_A_TOWNSHIP, village // (VILLAGES_A_TOWNSHIP * TOWNSHIPS_A_COUNTY)
    return f"{first_county + county}{100 + township % TOWNSHIPS_A_COUNTY:03d}{village % VILLAGES_A_TOWNSHIP + 1:03d}"


def children(
    count: int, seed: int = SEED, first_county: int = FIRST_COUNTY, filed_on: date = FIRST_DAY
) -> Iterator[Child]:
    """Yield invented children, village by village, with ids of the day *filed_on*; the same seed gives the same."""
    chance = random.Random(seed)  # noqa: S311 - invented people, no secret
    for number in range(count):
        born = date(2011, 1, 1) + timedelta(days=chance.randrange(5_000))
        yield Child(
            _id_of_day(filed_on, chance), village_of(number, first_county), born, chance.random() < 0.03
        )


def new_id(chance: random.Random) -> UUID:
    """Return an invented id."""
    return UUID(int=chance.getrandbits(128), version=4)


def _id_of_day(day: date, chance: random.Random) -> UUID:
    """Return an id that begins with *day*, as the registry's vault gives it to a child."""
    return UUID(f"{day.toordinal():06x}{new_id(chance).hex[6:]}")


def year(
    count: int,
    seed: int = SEED,
    months: int = MONTHS,
    first_county: int = FIRST_COUNTY,
    filed_on: date = FIRST_DAY,
) -> Iterator[Told]:
    """Yield everything that is said of *count* children in a year: files, pairs, then month by month."""
    people = list(children(count, seed, first_county, filed_on))
    chance = random.Random(seed + 1)  # noqa: S311 - invented people, no secret
    yield from _areas(people, chance)
    for child in people:
        yield registered(child, chance)
    for at in range(0, count, 3):
        yield from _paired(people[at], people[at].area, chance)
    for month in range(1, months + 1):
        yield from _month(people, date(2026, month, 1), chance)


def _areas(people: list[Child], chance: random.Random) -> Iterator[Told]:
    codes = sorted({child.area[:digits] for child in people for digits in (6, 9, 12)}, key=len)
    levels = {6: "county", 9: "township", 12: "village"}
    parents = {6: 0, 9: 6, 12: 9}
    for code in codes:
        parent = f'"{code[: parents[len(code)]]}"' if parents[len(code)] else "null"
        body = f'"name":"Area {code}","level":"{levels[len(code)]}","parent":{parent}'
        yield _told("registry", "AreaDefined", chance, f"area-{code}", 1, code, FIRST_DAY, FIRST_DAY, body)


def registered(child: Child, chance: random.Random) -> Told:
    """Return the registration of *child*."""
    filed = FIRST_DAY + timedelta(days=int(child.area[6:9]) % 20)
    file = (
        f'"child_id":"{child.child_id}","file":{{"birth_date":"{child.born}","sex":"{chance.choice("12")}",'
        f'"ethnic_group":"01","health":"healthy","schooling":"primary","school":null,"boards":null,'
        f'"poor":{"true" if child.poor else "false"},"guardianship":"paternal_grandparents","rating":"good",'
        f'"household":"{child.child_id.hex[16:]}"}}'
    )
    stream = f"child-{child.child_id}"
    return _told("registry", "ChildRegistered", chance, stream, 1, child.area, filed, filed, file)


def _paired(child: Child, area: str, chance: random.Random) -> Iterator[Told]:
    carer_id, pair_id, day = new_id(chance), new_id(chance), FIRST_DAY + timedelta(days=25)
    stream = f"carer-{carer_id}"
    kind = f'"carer_id":"{carer_id}","kind":"volunteer"'
    enlisted = kind + ',"sex":"2","capacity":2,"school":null'
    yield _told("pairing", "CarerEnlisted", chance, stream, 1, area, day, day, enlisted)
    yield _told("pairing", "CarerCleared", chance, stream, 2, area, day, day, kind)
    pair = f'"pair_id":"{pair_id}","child_id":"{child.child_id}",' + kind
    yield _told("pairing", "PairAssigned", chance, f"pair-{pair_id}", 1, area, day, day, pair)


def _month(people: list[Child], first: date, chance: random.Random) -> Iterator[Told]:
    for _ in range(VISITS_A_MONTH):
        for child in people:
            on = first + timedelta(days=chance.randrange(28))
            yield visited(child, on, on + timedelta(days=chance.randrange(3)), chance)
    closes = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    for kind in ("guardian_talk", "parent_call"):
        for at in range(0, len(people), CHILDREN_A_VILLAGE):
            yield from _judged(people[at : at + CHILDREN_A_VILLAGE], kind, first, closes, chance)


def visited(child: Child, on: date, known_on: date, chance: random.Random) -> Told:
    """Return a visit of *child*."""
    visit_id = new_id(chance)
    kind = chance.choice(("guardian_talk", "parent_call", "home_visit"))
    body = (
        f'"visit_id":"{visit_id}","child_id":"{child.child_id}","kind":"{kind}","reached":true,'
        f'"entered_on":"{known_on}","in_file":true,"carer_id":null'
    )
    stream = f"contact-{visit_id}"
    return _told("contact", "VisitLogged", chance, stream, 1, child.area, on, known_on, body)


def _judged(
    village: list[Child], kind: str, opens: date, closes: date, chance: random.Random
) -> Iterator[Told]:
    due, area = closes + timedelta(days=3), village[0].area
    known = due + timedelta(days=1)
    kept = [child for child in village if chance.random() < KEPT]
    window = f'"kind":"{kind}","opens":"{opens}","due":"{due}"'
    counted = ",".join(f'"{child.child_id}"' for child in village)
    named = ",".join(f'"{child.child_id}"' for child in kept)
    stream = f"window-{kind}-{closes:%Y%m%d}-{area}"
    body = f'{window},"part":1,"counted":[{counted}],"kept":[{named}]'
    yield _told("contact", "WindowJudged", chance, stream, 1, area, closes, known, body)
    for version, child in enumerate((one for one in village if one not in kept), start=2):
        body = f'"child_id":"{child.child_id}",{window},"pairs":[]'
        yield _told("contact", "ContactMissed", chance, stream, version, area, closes, known, body)


def _told(  # noqa: PLR0917 - an event has as many facts as it has
    source: str,
    event_type: str,
    chance: random.Random,
    stream: str,
    version: int,
    area: str,
    on: date,
    known_on: date,
    body: str,
) -> Told:
    whole = f'{{"area":"{area}","on":"{on}","recorded_on":"{known_on}",{body}}}'
    return Told(source, event_type, new_id(chance), stream, version, area, whole)
