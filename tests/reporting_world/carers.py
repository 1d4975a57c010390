"""What happens to carers and pairs: enlisted, revised, lost; assigned and ended."""

from datetime import date
from uuid import UUID

from shared.contracts.event import CarerKind, PairEndReason, Sex
from shared.contracts.pairing import (
    CarerCleared,
    CarerEnlisted,
    CarerRevised,
    CarerSuspended,
    CarerWithdrew,
    PairAssigned,
    PairEnded,
)
from tests.reporting_world.world import TOWNSHIPS, VILLAGES, World


def enlist(made: World) -> None:
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
    made.say("pairing", enlisted)
    made.say(
        "pairing",
        CarerCleared(
            area=enlisted.area, on=made.day, recorded_on=made.day, carer_id=carer, kind=enlisted.kind
        ),
    )


def revise_carer(made: World) -> None:
    """Let a carer live elsewhere, and care for more or fewer."""
    if not made.carers:
        return
    carer = made.chance.choice(list(made.carers.values()))
    place = {"area": made.chance.choice((*VILLAGES, *TOWNSHIPS)), "capacity": made.chance.randrange(1, 4)}
    made.carers[carer.carer_id] = carer.model_copy(update=place)
    revised = CarerRevised(
        on=made.day, recorded_on=made.day, carer_id=carer.carer_id, kind=carer.kind, **place
    )
    made.say("pairing", revised)


def pair(made: World) -> None:
    child = made.somebody(here=True)
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
        made.say("pairing", assigned)


def end_pair(made: World, pair_id: UUID, on: date, reason: PairEndReason) -> None:
    pair = made.pairs.pop(pair_id)
    made.say(
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


def lose_carer(made: World) -> None:
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
    made.say(
        "pairing",
        gone(area=carer.area, on=on, recorded_on=made.day, carer_id=carer_id, kind=carer.kind),
    )
    for pair_id, pair in list(made.pairs.items()):
        if pair.carer_id == carer_id:
            end_pair(made, pair_id, on, reason)
