"""The dashboard of one area: what its template shows, from figures already asked for."""

from dataclasses import dataclass

from services.reporting.pages import tables, trends
from services.reporting.pages.facts import Facts, Month
from services.reporting.pages.figures_shown import Figures
from services.reporting.pages.wording import Wording
from shared.contracts.event import ContactKind

COUNTY_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Line:
    """An area or a month in a table of such: what it is called, where it leads, its figures."""

    label: str
    figures: Figures
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Crumb:
    """One step of the way from the county down to where the reader is."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class KindOfContact:
    """A kind of contact, or all together: its label and the ending of its measures' names."""

    label: str
    of: str


class Board:
    """What the dashboard's template shows of *facts*, in the words of *say*; totals come first everywhere."""

    def __init__(self, facts: Facts, say: Wording) -> None:
        self._facts = facts
        self._say = say
        self.asked = facts.asked
        self.fresh = facts.fresh
        self.settled = facts.settled
        self.figures = Figures(facts.asked, facts.values)
        self.month = self._in_month(facts.months[-1])
        self.summary = facts.asked.summary(say.language)
        self.flow = tables.FLOW
        self.structures = tables.structures(self.figures, say)
        self.reasons = tables.reasons(self.figures, say)
        self.carers = tables.carers(self.figures, say)
        self.loads = tables.loads(self.figures, say)
        self.visits = tables.visits(self.figures, say)
        self.windows_key = trends.windows_key(say)
        self.windows_chart = trends.windows(facts.months, say)
        self.kinds_chart = trends.kinds(facts.months, say)
        self.files_chart = trends.files(facts.months, say)

    @property
    def name(self) -> str:
        return self._facts.path[-1].name

    @property
    def path(self) -> list[Crumb]:
        return [Crumb(place.name, self.asked.page_of(place.code)) for place in self._facts.path]

    @property
    def coverage(self) -> str | None:
        return self.figures.percentage("children.paired", "files.open")

    @property
    def kept_share(self) -> str | None:
        return self.figures.percentage("windows.kept", "windows.counted")

    @property
    def month_label(self) -> str:
        return trends.month_name(self._facts.months[-1], self._say)

    @property
    def kinds(self) -> list[KindOfContact]:
        each = [KindOfContact(self._say.label(kind), f".{kind}") for kind in ContactKind]
        return [KindOfContact(self._say("total"), ""), *each]

    @property
    def months(self) -> list[Line]:
        each = [
            Line(trends.month_name(month, self._say), self._in_month(month)) for month in self._facts.months
        ]
        return [Line(self._say("total"), self.figures), *each]

    @property
    def areas(self) -> list[Line]:
        each = [
            Line(place.name, Figures(self.asked.at(place.code), values), self.asked.page_of(place.code))
            for place, values in self._facts.areas
        ]
        return [Line(self._say("total"), self.figures), *each]

    @property
    def areas_title(self) -> str:
        of_county = len(self.asked.area) == COUNTY_DIGITS
        return self._say("areas_township" if of_county else "areas_village")

    def _in_month(self, month: Month) -> Figures:
        return Figures(self.asked.within(month.first, month.last), month.values)
