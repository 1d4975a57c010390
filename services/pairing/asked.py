"""What requests to pairing say, and what their dates and keys mean."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.pairing.domain.carer import CAPACITY_MAX
from shared.contracts.event import AreaCode, CarerKind, PairEndReason, Sex
from shared.day import last_advanced
from shared.edge import Page, positions_in, recorded_day
from shared.event_store import Connection, Position
from shared.papers.lengths import LINE_CHARS_MAX, NAME_CHARS_MAX
from shared.problems import Refused
from shared.running import Running
from shared.said import A_NUMBER, Day, YesOrNo

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LINE_CHARS_MAX)]
Capacity = Annotated[int, Field(ge=0, le=CAPACITY_MAX), A_NUMBER]


class Asked(BaseModel):
    """A request's body: a field that is not known is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NewCarer(Asked):
    """A person who is to be enlisted, and at once cleared where vetting was passed."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_CHARS_MAX)]
    phone: Line = ""
    id_number: Line = ""
    school: Line = ""
    kind: CarerKind
    sex: Sex = Sex.UNKNOWN
    area: AreaCode
    capacity: Capacity
    cleared: YesOrNo = False
    on: Day


class Dated(Asked):
    """A change from a day on."""

    on: Day


class RevisedCarer(Asked):
    """What a carer's place and capacity are from a day on; what is left out stays."""

    area: AreaCode | None = None
    capacity: Capacity | None = None
    on: Day


class NewPair(Asked):
    """A child and a carer who are to be put together."""

    child_id: UUID
    carer_id: UUID
    on: Day


class PairEnding(Asked):
    """A pair that somebody wants ended: requested, or replaced by another."""

    reason: PairEndReason
    on: Day


class AreaAndDay(Asked):
    """For whom suggestions are wanted, and from which day the pairs would be in force."""

    area: AreaCode
    on: Day


class Advance(Asked):
    """The day to advance to, and the other services' log positions to wait for."""

    to: Day
    after: dict[str, str] = Field(default_factory=dict)

    def position_of(self, service: str) -> Position | None:
        """Return the position to wait for, "<tx>-<position>" with or without its service's name."""
        given = self.after.get(service)
        if given is None:
            return None
        return positions_in(f"{service}:{given.removeprefix(f'{service}:')}").get(service)


async def bulk_day(running: Running, connection: Connection, on: date) -> date:
    """Return the day Kith learns of many things said at once, as a paper or a plan says them.

    The later of their own day and the last day advanced to (policy.md, Commitments and windows); raises
    Refused(on_after_recorded) for a day still to come. Where the clock is "advanced" and no day was
    advanced to, a replay may begin with any day.
    """
    advanced = await last_advanced(connection)
    if running.settings.clock == "live" or advanced is not None:
        today = await recorded_day(running, connection)
        if on > today:
            raise Refused("on_after_recorded", on=on, recorded_on=today)
    return on if advanced is None else max(on, advanced)


def place_after(page: Page) -> tuple[str, UUID]:
    """Return the area and id that a page goes on after; raises Refused(bad_page_key)."""
    if page.after_key is None:
        return "", UUID(int=0)
    area, _, entity_id = page.after_key.partition(".")
    try:
        return area, UUID(entity_id)
    except ValueError:
        raise Refused("bad_page_key") from None
