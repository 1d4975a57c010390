"""A county's first days as three services tell them, and the events as their readers get them."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from shared.contracts.contact import DayAdvanced, VisitLogImported
from shared.contracts.pairing import CarersImported
from shared.contracts.registry import RosterImported
from shared.envelope import Received
from shared.event_store import Position
from tests.reporting_world.areas import close_area, define_areas, rename
from tests.reporting_world.carers import enlist, lose_carer, pair, revise_carer
from tests.reporting_world.children import (
    come_back,
    forget,
    leave,
    leave_earlier,
    merge,
    register,
    revise,
    transfer,
    unmerge,
)
from tests.reporting_world.contacts import judge, mend, visit
from tests.reporting_world.world import COUNTY, FIRST_DAY, STORE, TOWNSHIPS, World


def world(seed: int, days: int = 150, *, merging: bool = False) -> World:
    """Return a county's first *days*; where *merging*, files and leavings are also found to have been wrong."""
    made = World(seed)
    define_areas(made)
    for _ in range(12):
        register(made)
        enlist(made)
    for step in range(days):
        made.day = FIRST_DAY + timedelta(days=step)
        for _ in range(made.chance.randrange(4)):
            made.chance.choice((*HAPPENINGS, *FINDINGS) if merging else HAPPENINGS)(made)
        if made.day.day == 5:
            judge(made)
        made.told["contact"].append(DayAdvanced(area=COUNTY, on=made.day, recorded_on=made.day))
    return made


def import_papers(made: World) -> None:
    dated = {"on": made.day, "recorded_on": made.day, "import_id": made.new_id()}
    some = made.chance.randrange(1, 9)
    made.say(
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
    made.say(
        "pairing",
        CarersImported(area=COUNTY, rows=some, taken=some, duplicates=0, refused=0, **dated),
    )
    made.say(
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


HAPPENINGS: Sequence[Callable[[World], None]] = (
    *[
        register,
        revise,
        transfer,
        leave,
        come_back,
        enlist,
        lose_carer,
        revise_carer,
        mend,
        import_papers,
        rename,
    ],
    *[close_area, forget],
    *[pair] * 4,
    *[visit] * 8,
)
FINDINGS: Sequence[Callable[[World], None]] = (merge, merge, unmerge, leave_earlier)


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
