"""An invented land: the events of its children's year, in the proportions of the example county.

Files, carers, pairs, visits, windows, misses, levels and what is made good come as often as there. Left out is who
leaves, moves, is revised or loses a carer, and the two kinds of contact that are owed by term and half year.
"""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from services.contact.domain.windows import Window
from shared.contracts.event import ContactKind
from shared.dated_ids import dated_id, event_bits

SEED = 2016
CHILDREN_A_VILLAGE = 15
VILLAGES_A_TOWNSHIP = 15
TOWNSHIPS_A_COUNTY = 15
FIRST_COUNTY = 430_001
FIRST_DAY = date(2026, 1, 1)
MONTHS = 10
"""Months of visits: the example county has twenty visits a child and seven misses."""
VISITS_A_MONTH = 2
EVENTS_A_CHILD = 33
"""In MONTHS, with its share of pairs and of windows."""
KEPT = 0.66
"""The share of windows that a visit keeps, as in the example county."""
PAIRED = 0.71
"""The share of children who have somebody: 1,694 of the example's 2,384, by 1,200 carers."""
PLACES = (1, 1, 2)
"""How many children a carer has places for."""
MADE_GOOD = 0.08
"""The share of misses that a late visit makes good: 1,387 of the example's 17,287."""
MONTHLY, GRACE_DAYS = (ContactKind.GUARDIAN_TALK, ContactKind.PARENT_CALL), 3
"""What is owed each month, and how long after it a visit may be recorded (services/contact/policy.toml)."""
KINDS = (*MONTHLY, ContactKind.HOME_VISIT)
RAISED = {2: "township", 3: "county"}
"""The level that a run of so many misses is raised to (services/contact/policy.toml)."""


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


class Pair(NamedTuple):
    """A child's pair."""

    pair_id: UUID
    carer_id: UUID

    def named(self) -> str:
        """Return the body of the pair as events name it."""
        return f'"pair_id":"{self.pair_id}","carer_id":"{self.carer_id}","kind":"volunteer"'


class Year:
    """What has to be remembered while it is told: who has whom, and how many windows in a row a child was missed."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.pairs: dict[UUID, Pair] = {}
        self.runs: dict[tuple[UUID, ContactKind], list[date]] = {}


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
    """Return an id that begins with *day*, as children and pairs have it."""
    return dated_id(new_id(chance), day)


def _event_id(day: date, area: str, chance: random.Random) -> UUID:
    """Return an id that begins with *day* and *area*, as events have it."""
    return UUID(int=event_bits(new_id(chance).int, day, area))


def year(
    count: int,
    seed: int = SEED,
    months: int = MONTHS,
    first_county: int = FIRST_COUNTY,
    filed_on: date = FIRST_DAY,
) -> Iterator[Told]:
    """Yield everything that is said of *count* children in a year: files, pairs, then month by month."""
    people = list(children(count, seed, first_county, filed_on))
    told = Year(random.Random(seed + 1))  # noqa: S311 - invented people, no secret
    yield from _areas(people, told.chance)
    for child in people:
        yield registered(child, told.chance)
    yield from _paired(told, people)
    for month in range(1, months + 1):
        yield from _month(told, people, date(2026, month, 1))


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


def _paired(told: Year, people: list[Child]) -> Iterator[Told]:
    chance, day, places, carer_id = told.chance, FIRST_DAY + timedelta(days=25), 0, UUID(int=0)
    for child in people:
        if chance.random() >= PAIRED:
            continue
        if not places:
            carer_id, places = new_id(chance), chance.choice(PLACES)
            stream, kind = f"carer-{carer_id}", f'"carer_id":"{carer_id}","kind":"volunteer"'
            enlisted = kind + f',"sex":"2","capacity":{places},"school":null'
            yield _told("pairing", "CarerEnlisted", chance, stream, 1, child.area, day, day, enlisted)
            yield _told("pairing", "CarerCleared", chance, stream, 2, child.area, day, day, kind)
        places -= 1
        pair = told.pairs[child.child_id] = Pair(_id_of_day(day, chance), carer_id)
        body = f'"child_id":"{child.child_id}",{pair.named()}'
        yield _told("pairing", "PairAssigned", chance, f"pair-{pair.pair_id}", 1, child.area, day, day, body)


def _month(told: Year, people: list[Child], first: date) -> Iterator[Told]:
    for _ in range(VISITS_A_MONTH):
        for child in people:
            on = first + timedelta(days=told.chance.randrange(28))
            yield visited(child, on, on + timedelta(days=told.chance.randrange(3)), told.chance)
    closes = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    for kind in MONTHLY:
        window = Window(kind, first, closes, closes + timedelta(days=GRACE_DAYS), poor_only=False)
        for at in range(0, len(people), CHILDREN_A_VILLAGE):
            yield from _judged(told, people[at : at + CHILDREN_A_VILLAGE], window)


def visited(child: Child, on: date, known_on: date, chance: random.Random) -> Told:
    """Return a visit of *child*."""
    visit_id = new_id(chance)
    body = _visit(child, visit_id, chance.choice(KINDS), known_on)
    return _told("contact", "VisitLogged", chance, f"contact-{visit_id}", 1, child.area, on, known_on, body)


def _visit(child: Child, visit_id: UUID, kind: ContactKind, known_on: date) -> str:
    return (
        f'"visit_id":"{visit_id}","child_id":"{child.child_id}","kind":"{kind}","reached":true,'
        f'"entered_on":"{known_on}","in_file":true,"carer_id":null'
    )


def _judged(told: Year, village: list[Child], window: Window) -> Iterator[Told]:
    chance, area, on, known = told.chance, village[0].area, window.closes, window.judged_on
    kept = [child for child in village if chance.random() < KEPT]
    for child in kept:
        told.runs.pop((child.child_id, window.kind), None)
    missed = [child for child in village if child not in kept]
    about = f'"kind":"{window.kind}","opens":"{window.opens}","due":"{window.due}"'
    counted, named = (",".join(f'"{child.child_id}"' for child in some) for some in (village, kept))
    bodies = [("WindowJudged", f'{about},"part":1,"counted":[{counted}],"kept":[{named}]')]
    for child in missed:
        pair = told.pairs.get(child.child_id)
        pairs = f"{{{pair.named()}}}" if pair else ""
        bodies.append(("ContactMissed", f'"child_id":"{child.child_id}",{about},"pairs":[{pairs}]'))
        bodies += _raised(told, child, window)
    stream = f"window-{window.kind}-{on:%Y%m%d}-{area}"
    for version, (event_type, body) in enumerate(bodies, start=1):
        yield _told("contact", event_type, chance, stream, version, area, on, known, body)
    for child in missed:
        if chance.random() < MADE_GOOD:
            yield from _made_good(told, child, window)


def _raised(told: Year, child: Child, window: Window) -> Iterator[tuple[str, str]]:
    """Count one more window missed in a row, and yield the level that this raises the child to."""
    run = told.runs.setdefault((child.child_id, window.kind), [])
    run.append(window.opens)
    if level := RAISED.get(len(run)):
        about = f'"kind":"{window.kind}","level":"{level}","first_opens":"{run[0]}","windows":{len(run)}'
        yield "ContactEscalated", f'"child_id":"{child.child_id}",{about}'


def _made_good(told: Year, child: Child, window: Window) -> Iterator[Told]:
    """Let a visit inside the window be known some days after it was judged."""
    del told.runs[child.child_id, window.kind]
    chance, visit_id, area = told.chance, new_id(told.chance), child.area
    on = window.opens + timedelta(days=chance.randrange(28))
    known, stream = window.judged_on + timedelta(days=chance.randrange(20)), f"contact-{visit_id}"
    visit = _visit(child, visit_id, window.kind, known)
    yield _told("contact", "VisitLogged", chance, stream, 1, area, on, known, visit)
    mended = f'"child_id":"{child.child_id}","kind":"{window.kind}","opens":"{window.opens}","visit_id":"{visit_id}"'
    yield _told("contact", "ContactMadeGood", chance, stream, 2, area, window.closes, known, mended)


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
    return Told(source, event_type, _event_id(known_on, area, chance), stream, version, area, whole)
