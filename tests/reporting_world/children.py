"""What happens to children: they come, change, move, leave, return, and are found to be two or one."""

from shared.contracts.event import LeavingReason, PairEndReason
from shared.contracts.pairing import PairEnded, PairMoved
from shared.contracts.registry import (
    ChildFileRevised,
    ChildForgotten,
    ChildLeft,
    ChildRegistered,
    ChildrenMerged,
    ChildrenUnmerged,
    ChildReturned,
    ChildTransferred,
    ChildTransferredOut,
)
from tests.reporting_world.carers import end_pair
from tests.reporting_world.world import VILLAGES, World


def register(made: World) -> None:
    child, village, file = made.new_id(), made.chance.choice(VILLAGES), made.file()
    on = made.on()
    made.files[child], made.homes[child] = file, village
    made.say(
        "registry",
        ChildRegistered(area=village, on=on, recorded_on=made.day, child_id=child, file=file),
    )


def revise(made: World) -> None:
    if child := made.somebody(here=True):
        former = made.files[child]
        file = made.file().model_copy(update={"birth_date": former.birth_date})
        made.files[child] = file
        made.say(
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


def transfer(made: World) -> None:
    if child := made.somebody(here=True):
        home, on = str(made.homes[child]), made.on()
        village = made.chance.choice([other for other in VILLAGES if other != home])
        made.homes[child] = village
        dated = {"on": on, "recorded_on": made.day, "child_id": child}
        made.say(
            "registry",
            ChildTransferred(area=village, from_area=home, file=made.files[child], **dated),
        )
        if village[:9] != home[:9]:
            made.say("registry", ChildTransferredOut(area=home, to_area=village, **dated))
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
                made.say("pairing", moved)


def leave(made: World) -> None:
    if child := made.somebody(here=True):
        home, on = made.homes[child], made.on()
        made.homes[child] = None
        reason = made.chance.choice([one for one in LeavingReason if one is not LeavingReason.MERGED])
        made.say(
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
                end_pair(made, pair_id, on, PairEndReason.CHILD_LEFT)


def leave_earlier(made: World) -> None:
    """Say again of somebody who left, with an earlier day and another reason."""
    child = made.somebody(here=False)
    told = [event for event in made.told["registry"] if getattr(event, "child_id", None) == child]
    if not told or not isinstance(last := told[-1], ChildLeft):
        return
    opened_on = [event.on for event in told if isinstance(event, ChildRegistered | ChildReturned)][-1]
    again = {"on": opened_on + (last.on - opened_on) // 2, "recorded_on": made.day}
    if again["on"] < last.on:
        made.say("registry", last.model_copy(update={**again, "reason": LeavingReason.DIED}))
        for pair in list(made.told["pairing"]):
            if isinstance(pair, PairEnded) and (pair.child_id, pair.on) == (child, last.on):
                made.say("pairing", pair.model_copy(update=again))


def come_back(made: World) -> None:
    child = made.somebody(here=False)
    if child and child not in made.merged:
        village = made.chance.choice(VILLAGES)
        made.homes[child] = village
        made.say(
            "registry",
            ChildReturned(
                area=village, on=made.day, recorded_on=made.day, child_id=child, file=made.files[child]
            ),
        )


def merge(made: World) -> None:
    child, survivor = made.somebody(here=True), made.somebody(here=True)
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
    made.say("registry", merged)
    for pair_id, pair in list(made.pairs.items()):
        if pair.child_id == child:
            end_pair(made, pair_id, on, PairEndReason.CHILD_LEFT)


def unmerge(made: World) -> None:
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
        made.say("registry", unmerged)


def forget(made: World) -> None:
    if child := made.somebody(here=True):
        forgotten = ChildForgotten(area=made.homes[child], on=made.day, recorded_on=made.day, child_id=child)
        made.say("registry", forgotten)
