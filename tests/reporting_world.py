"""A small invented county whose events come early and late: the material of reporting's tests."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

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
from shared.contracts.event import (
    CarerKind,
    ContactKind,
    EscalationLevel,
    Event,
    Guardianship,
    Health,
    LeavingReason,
    Level,
    PairEndReason,
    Rating,
    Schooling,
    Sex,
)
from shared.contracts.pairing import (
    CarerCleared,
    CarerEnlisted,
    CarersImported,
    CarerSuspended,
    CarerWithdrew,
    PairAssigned,
    PairEnded,
    PairMoved,
)
from shared.contracts.registry import (
    AreaDefined,
    AreaRenamed,
    ChildFile,
    ChildFileRevised,
    ChildLeft,
    ChildRegistered,
    ChildrenMerged,
    ChildrenUnmerged,
    ChildReturned,
    ChildTransferred,
    ChildTransferredOut,
    RosterImported,
)
from shared.envelope import Received
from shared.event_store import Position

COUNTY = "431299"
TOWNSHIPS = ("431299100", "431299200")
VILLAGES = ("431299100001", "431299100002", "431299200001", "431299200002")
FIRST_DAY = date(2026, 1, 1)
STORE = UUID(int=7)


@dataclass
class World:
    """Three services' events, told day by day; all chance comes from the seed."""

    seed: int
    told: dict[str, list[Event]] = field(
        default_factory=lambda: {"registry": [], "pairing": [], "contact": []}
    )
    day: date = FIRST_DAY
    files: dict[UUID, ChildFile] = field(default_factory=dict)
    homes: dict[UUID, str | None] = field(default_factory=dict)
    pairs: dict[UUID, PairAssigned | PairMoved] = field(default_factory=dict)
    carers: dict[UUID, CarerEnlisted] = field(default_factory=dict)
    missed: list[ContactMissed] = field(default_factory=list)
    merged: dict[UUID, UUID] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - invented people, no secret

    def new_id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)

    def on(self) -> date:
        """Return today or, for what is learned late, a day up to forty days before."""
        early = self.chance.choice((0, 0, 0, 3, 12, 40))
        return max(self.day - timedelta(days=early), FIRST_DAY)

    def file(self) -> ChildFile:
        pick = self.chance.choice
        return ChildFile(
            birth_date=date(2010, 12, 1) + timedelta(days=self.chance.randrange(5_400)),
            sex=pick(list(Sex)),
            health=pick(list(Health)),
            schooling=pick(list(Schooling)),
            guardianship=pick(list(Guardianship)),
            rating=pick(list(Rating)),
            poor=pick((True, False, None)),
            boards=pick((True, False, None)),
        )


def world(seed: int, days: int = 150, *, merging: bool = False) -> World:
    """Return a county's first *days*; where *merging*, files and leavings are also found to have been wrong."""
    made = World(seed)
    _define_areas(made)
    for _ in range(12):
        _register(made)
        _enlist(made)
    for step in range(days):
        made.day = FIRST_DAY + timedelta(days=step)
        for _ in range(made.chance.randrange(4)):
            made.chance.choice((*HAPPENINGS, *FINDINGS) if merging else HAPPENINGS)(made)
        if made.day.day == 5:
            _judge(made)
        made.told["contact"].append(DayAdvanced(area=COUNTY, on=made.day, recorded_on=made.day))
    return made


def _define_areas(made: World) -> None:
    levels = {6: Level.COUNTY, 9: Level.TOWNSHIP, 12: Level.VILLAGE}
    parents = {6: 0, 9: 6, 12: 9}
    for code in (COUNTY, *TOWNSHIPS, *VILLAGES):
        made.told["registry"].append(
            AreaDefined(
                area=code,
                on=FIRST_DAY,
                recorded_on=FIRST_DAY,
                name=f"Area {code}",
                level=levels[len(code)],
                parent=code[: parents[len(code)]] or None,
            )
        )


def _say(made: World, source: str, event: Event) -> None:
    made.told[source].append(event)


def _register(made: World) -> None:
    child, village, file = made.new_id(), made.chance.choice(VILLAGES), made.file()
    on = made.on()
    made.files[child], made.homes[child] = file, village
    _say(
        made,
        "registry",
        ChildRegistered(area=village, on=on, recorded_on=made.day, child_id=child, file=file),
    )


def _somebody(made: World, *, here: bool) -> UUID | None:
    choice = [child for child, home in made.homes.items() if (home is not None) is here]
    return made.chance.choice(choice) if choice else None


def _revise(made: World) -> None:
    if child := _somebody(made, here=True):
        former = made.files[child]
        file = made.file().model_copy(update={"birth_date": former.birth_date})
        made.files[child] = file
        _say(
            made,
            "registry",
            ChildFileRevised(
                area=made.homes[child],
                on=made.on(),
                recorded_on=made.day,
                child_id=child,
                file=file,
                former=former,
            ),
        )


def _transfer(made: World) -> None:
    if child := _somebody(made, here=True):
        home, on = str(made.homes[child]), made.on()
        village = made.chance.choice([other for other in VILLAGES if other != home])
        made.homes[child] = village
        dated = {"on": on, "recorded_on": made.day, "child_id": child}
        _say(
            made,
            "registry",
            ChildTransferred(area=village, from_area=home, file=made.files[child], **dated),
        )
        if village[:9] != home[:9]:
            _say(made, "registry", ChildTransferredOut(area=home, to_area=village, **dated))
        for pair_id, pair in list(made.pairs.items()):
            if pair.child_id == child:
                moved = PairMoved(
                    area=village,
                    on=on,
                    recorded_on=made.day,
                    pair_id=pair_id,
                    child_id=child,
                    carer_id=pair.carer_id,
                    kind=pair.kind,
                    from_area=home,
                )
                made.pairs[pair_id] = moved
                _say(made, "pairing", moved)


def _leave(made: World) -> None:
    if child := _somebody(made, here=True):
        home, on = made.homes[child], made.on()
        made.homes[child] = None
        reason = made.chance.choice([one for one in LeavingReason if one is not LeavingReason.MERGED])
        _say(
            made,
            "registry",
            ChildLeft(
                area=home,
                on=on,
                recorded_on=made.day,
                child_id=child,
                reason=reason,
                file=made.files[child],
            ),
        )
        for pair_id, pair in list(made.pairs.items()):
            if pair.child_id == child:
                _end(made, pair_id, on, PairEndReason.CHILD_LEFT)


def _leave_earlier(made: World) -> None:
    """Say again of somebody who left, with an earlier day and another reason."""
    child = _somebody(made, here=False)
    told = [event for event in made.told["registry"] if getattr(event, "child_id", None) == child]
    if not told or not isinstance(last := told[-1], ChildLeft):
        return
    opened_on = [event.on for event in told if isinstance(event, ChildRegistered | ChildReturned)][-1]
    again = {"on": opened_on + (last.on - opened_on) // 2, "recorded_on": made.day}
    if again["on"] < last.on:
        _say(made, "registry", last.model_copy(update={**again, "reason": LeavingReason.DIED}))
        for pair in list(made.told["pairing"]):
            if isinstance(pair, PairEnded) and (pair.child_id, pair.on) == (child, last.on):
                _say(made, "pairing", pair.model_copy(update=again))


def _return(made: World) -> None:
    child = _somebody(made, here=False)
    if child and child not in made.merged:
        village = made.chance.choice(VILLAGES)
        made.homes[child] = village
        _say(
            made,
            "registry",
            ChildReturned(
                area=village, on=made.day, recorded_on=made.day, child_id=child, file=made.files[child]
            ),
        )


def _merge(made: World) -> None:
    child, survivor = _somebody(made, here=True), _somebody(made, here=True)
    if child is None or survivor is None or child == survivor:
        return
    home, on = made.homes[child], made.on()
    made.homes[child], made.merged[child] = None, survivor
    merged = ChildrenMerged(
        area=home,
        on=on,
        recorded_on=made.day,
        child_id=child,
        survivor_id=survivor,
        file=made.files[child],
    )
    _say(made, "registry", merged)
    for pair_id, pair in list(made.pairs.items()):
        if pair.child_id == child:
            _end(made, pair_id, on, PairEndReason.CHILD_LEFT)


def _unmerge(made: World) -> None:
    if made.merged:
        child, survivor = made.merged.popitem()
        made.homes[child] = made.chance.choice(VILLAGES)
        unmerged = ChildrenUnmerged(
            area=made.homes[child],
            on=made.day,
            recorded_on=made.day,
            child_id=child,
            survivor_id=survivor,
            file=made.files[child],
        )
        _say(made, "registry", unmerged)


def _enlist(made: World) -> None:
    carer = made.new_id()
    enlisted = CarerEnlisted(
        area=made.chance.choice((*VILLAGES, *TOWNSHIPS)),
        on=made.day,
        recorded_on=made.day,
        carer_id=carer,
        kind=made.chance.choice(list(CarerKind)),
        sex=Sex.FEMALE,
        capacity=made.chance.randrange(1, 3),
    )
    made.carers[carer] = enlisted
    _say(made, "pairing", enlisted)
    _say(
        made,
        "pairing",
        CarerCleared(
            area=enlisted.area, on=made.day, recorded_on=made.day, carer_id=carer, kind=enlisted.kind
        ),
    )


def _pair(made: World) -> None:
    child = _somebody(made, here=True)
    kinds = (CarerKind.SURROGATE_MOTHER, CarerKind.TEACHER, CarerKind.VOLUNTEER, CarerKind.CADRE)
    carers = [carer for carer in made.carers.values() if carer.kind in kinds]
    if child and carers:
        carer = made.chance.choice(carers)
        assigned = PairAssigned(
            area=made.homes[child],
            on=made.day,
            recorded_on=made.day,
            pair_id=made.new_id(),
            child_id=child,
            carer_id=carer.carer_id,
            kind=carer.kind,
        )
        made.pairs[assigned.pair_id] = assigned
        _say(made, "pairing", assigned)


def _end(made: World, pair_id: UUID, on: date, reason: PairEndReason) -> None:
    pair = made.pairs.pop(pair_id)
    _say(
        made,
        "pairing",
        PairEnded(
            area=pair.area,
            on=on,
            recorded_on=made.day,
            pair_id=pair_id,
            child_id=pair.child_id,
            carer_id=pair.carer_id,
            kind=pair.kind,
            reason=reason,
        ),
    )


def _lose_carer(made: World) -> None:
    if not made.carers:
        return
    carer_id = made.chance.choice(list(made.carers))
    carer = made.carers.pop(carer_id)
    gone, reason = made.chance.choice(
        (
            (CarerSuspended, PairEndReason.CARER_SUSPENDED),
            (CarerWithdrew, PairEndReason.CARER_WITHDREW),
        )
    )
    on = made.on()
    _say(
        made,
        "pairing",
        gone(area=carer.area, on=on, recorded_on=made.day, carer_id=carer_id, kind=carer.kind),
    )
    for pair_id, pair in list(made.pairs.items()):
        if pair.carer_id == carer_id:
            _end(made, pair_id, on, reason)


def _visit(made: World) -> None:
    if child := _somebody(made, here=True):
        _say(
            made,
            "contact",
            VisitLogged(
                area=made.homes[child],
                on=made.on(),
                recorded_on=made.day,
                visit_id=made.new_id(),
                child_id=child,
                kind=made.chance.choice(list(ContactKind)),
                reached=made.chance.random() < 0.7,
                entered_on=made.day,
                in_file=made.chance.random() < 0.9,
            ),
        )


def _judge(made: World) -> None:
    closes = made.day.replace(day=1) - timedelta(days=1)
    opens, due = closes.replace(day=1), made.day - timedelta(days=1)
    window = {"on": closes, "recorded_on": made.day, "opens": opens, "due": due}
    for kind in (ContactKind.GUARDIAN_TALK, ContactKind.PARENT_CALL):
        for village in VILLAGES:
            counted = sorted(child for child, home in made.homes.items() if home == village)
            kept = [child for child in counted if made.chance.random() < 0.6]
            if not counted:
                continue
            _say(
                made,
                "contact",
                WindowJudged(area=village, kind=kind, part=1, counted=counted, kept=kept, **window),
            )
            for child in set(counted) - set(kept):
                missed = ContactMissed(area=village, child_id=child, kind=kind, pairs=(), **window)
                made.missed.append(missed)
                _say(made, "contact", missed)


def _mend(made: World) -> None:
    if not made.missed:
        return
    missed = made.missed.pop(made.chance.randrange(len(made.missed)))
    about = {
        "area": missed.area,
        "on": missed.on,
        "recorded_on": made.day,
        "child_id": missed.child_id,
        "kind": missed.kind,
    }
    if made.chance.random() < 0.6:
        _say(made, "contact", ContactMadeGood(opens=missed.opens, visit_id=made.new_id(), **about))
    elif made.chance.random() < 0.5:
        _say(made, "contact", MissWithdrawn(opens=missed.opens, reason=LeavingReason.DIED, **about))
    else:
        level = made.chance.choice(list(EscalationLevel))
        _say(made, "contact", ContactEscalated(level=level, first_opens=missed.opens, windows=2, **about))
        made.missed.append(missed)


def _import(made: World) -> None:
    dated = {"on": made.day, "recorded_on": made.day, "import_id": made.new_id()}
    some = made.chance.randrange(1, 9)
    _say(
        made,
        "registry",
        RosterImported(
            area=made.chance.choice(TOWNSHIPS),
            rows=some + 3,
            taken=some,
            put_right=1,
            duplicates=1,
            refused=2,
            likely_duplicates=0,
            **dated,
        ),
    )
    _say(
        made,
        "pairing",
        CarersImported(area=COUNTY, rows=some, taken=some, duplicates=0, refused=0, **dated),
    )
    _say(
        made,
        "contact",
        VisitLogImported(
            area=COUNTY,
            rows=some + 1,
            logged=some,
            duplicates=0,
            unknown_child=1,
            ambiguous=0,
            refused=0,
            **dated,
        ),
    )


def _rename(made: World) -> None:
    code = made.chance.choice(TOWNSHIPS)
    name = f"Renamed on {made.day}"
    _say(
        made,
        "registry",
        AreaRenamed(area=code, on=made.day, recorded_on=made.day, name=name, former_name="before"),
    )


HAPPENINGS: Sequence[Callable[[World], None]] = (
    *[_register, _revise, _transfer, _leave, _return, _enlist, _lose_carer, _mend, _import, _rename],
    *[_pair] * 4,
    *[_visit] * 8,
)
FINDINGS: Sequence[Callable[[World], None]] = (_merge, _merge, _unmerge, _leave_earlier)


def received(made: World) -> Mapping[str, Sequence[Received]]:
    """Return the events as readers get them, each source in its order."""
    ids = random.Random(made.seed)  # noqa: S311 - ids of a test
    return {
        source: [
            Received(
                event_id=UUID(int=ids.getrandbits(128), version=4),
                event=event,
                event_type=type(event).__name__,
                schema_version=1,
                stream_id=f"{source}-{at}",
                version=at + 1,
                position=Position(1, at + 1),
                store_id=STORE,
                data=event.model_dump_json().encode(),
                meta={"Kith-Correlation": str(STORE)},
                source=source,
            )
            for at, event in enumerate(events)
        ]
        for source, events in made.told.items()
    }
