"""The list behind a number as its page shows it: rows with places and masked names, and the way to the events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from services.reporting.lists import AMOUNTS, Page, Row
from services.reporting.measure import Item, Measure
from services.reporting.measures import MEASURES
from services.reporting.pages.asked import Asked
from services.reporting.pages.board import Crumb
from services.reporting.pages.facts import Place
from services.reporting.pages.wording import Wording
from shared.contracts.event import ContactKind
from shared.messages import text

SHORT_ID = 8
"""Characters of an id that tell the rows of one list apart."""
TOWNSHIP_DIGITS = 9


@dataclass(frozen=True, slots=True)
class RowShown:
    """One row."""

    item: str
    name: str | None
    area: str
    on: str
    recorded_on: str
    amount: int
    counted_as: str
    events: Sequence[str]

    @property
    def short(self) -> str:
        return self.item[:SHORT_ID]


@dataclass(frozen=True, slots=True)
class ListShown:
    """What the list's template shows of one page of the list behind *measure*."""

    asked: Asked
    path: Sequence[Crumb]
    measure: str
    definition: str
    unit: str
    count: int
    nth: int
    rows: Sequence[RowShown]
    named: bool
    names_away: bool
    grouped: bool
    amounts: bool
    first_page: str | None
    next_page: str | None

    @property
    def name(self) -> str:
        return self.path[-1].label

    @property
    def heads(self) -> list[str]:
        name = ["list_name"] if self.named else []
        group = ["list_group"] if self.grouped else []
        amount = ["list_amount"] if self.amounts else []
        return ["list_subject", *name, "area", "list_on", "list_recorded_on", *group, *amount, "list_event"]


def list_shown(
    asked: Asked,
    measure: Measure,
    page: Page,
    say: Wording,
    *,
    count: int,
    nth: int,
    path: Sequence[Place],
    areas: Mapping[str, str],
    names: Mapping[UUID, str] | None,
) -> ListShown:
    """Return what to show of *page*, whose first row is the *nth* of *count*; *names* is None where nobody told."""
    address = asked.list_of(measure.name)
    named = any(row.child_id for row in page.rows) or (measure.item is Item.CARER and bool(page.rows))
    return ListShown(
        asked=asked,
        path=[Crumb(place.name, asked.page_of(place.code)) for place in path],
        measure=text(measure.label, say.language),
        definition=text(measure.definition, say.language),
        unit=say.label(measure.unit),
        count=count,
        nth=nth,
        rows=[_row(row, asked, areas, names or {}, _counted_as(row, measure, say)) for row in page.rows],
        named=named,
        names_away=named and names is None,
        grouped=any(_counted_as(row, measure, say) for row in page.rows),
        amounts=measure.unit in AMOUNTS or any(row.amount != 1 for row in page.rows),
        first_page=address if nth > 1 else None,
        next_page=_after(address, page.next, nth + len(page.rows)) if page.next else None,
    )


def areas_of(page: Page) -> set[str]:
    """Return the areas whose names the rows of *page* are shown with: their own, and their townships."""
    return {code for row in page.rows for code in (row.area, row.area[:TOWNSHIP_DIGITS])}


def _row(
    row: Row, asked: Asked, areas: Mapping[str, str], names: Mapping[UUID, str], counted_as: str
) -> RowShown:
    return RowShown(
        item=str(row.child_id or row.item),
        name=names.get(row.child_id or row.item),
        area=_placed(row.area, asked, areas),
        on=row.on.isoformat(),
        recorded_on=row.recorded_on.isoformat(),
        amount=row.amount,
        counted_as=counted_as,
        events=[f"/received/{event_id}" for event_id in row.events],
    )


def _placed(area: str, asked: Asked, areas: Mapping[str, str]) -> str:
    """Return the name of *area*, behind its township's in the list of a county: villages share names."""
    within = area[:TOWNSHIP_DIGITS]
    above = [areas.get(within, within)] if len(asked.area) < TOWNSHIP_DIGITS < len(area) else []
    return " ".join([*above, areas.get(area, area)])


def _counted_as(row: Row, measure: Measure, say: Wording) -> str:
    """Return what part of the measure a row is, where the measure has parts; "" where its name says it all."""
    if row.group in set(ContactKind):
        return say.label(ContactKind(row.group))
    part = MEASURES.get(row.group)
    return "" if part is None or part is measure else text(part.label, say.language)


def _after(address: str, key: str, nth: int) -> str:
    return f"{address}&{urlencode({'after_key': key, 'nth': nth})}"
