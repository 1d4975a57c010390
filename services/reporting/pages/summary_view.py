"""The work summary as its page shows it: the sections, the areas below and the definition of every figure."""

from collections.abc import Sequence
from datetime import timedelta

from markupsafe import Markup

from services.reporting.measure import Measure, Nature
from services.reporting.measures import MEASURES
from services.reporting.pages.asked import Asked
from services.reporting.pages.facts import Facts
from services.reporting.pages.figures_shown import Figures
from services.reporting.pages.shown import count, percentage
from services.reporting.pages.summary import Table, sections
from services.reporting.pages.wording import Wording
from shared.messages import Language, text

DEFINED = (
    *("files.open", "files.opening", "files.opened", "files.closed", "children.paired", "children.unpaired"),
    *("pairs.open", "pairs.assigned", "pairs.ended", "carers", "carers.cleared"),
    *("windows.counted", "windows.kept", "windows.missed", "windows.made_good", "windows.withdrawn"),
    *("windows.outstanding", "escalations.township", "escalations.county"),
    *("visits", "visits.reached", "visits.tried", "visits.outside_file"),
    *("rosters.taken", "rosters.duplicates", "rosters.refused"),
)
"""The measures whose definitions stand in the appendix; their parts by kind are counted by the same rule."""

BY_AREA = (
    ("files_open", "files.open"),
    ("paired", "children.paired"),
    ("counted", "windows.counted"),
    ("kept", "windows.kept"),
    ("missed", "windows.missed"),
    ("outstanding_short", "windows.outstanding"),
)

NUMERALS = {
    Language.ZH: [*"一二三四五六七八九十", "十一", "十二", "十三", "十四"],
    Language.EN: [str(number) for number in range(1, 15)],
}


class Summary:
    """What the summary's template shows of *facts* in the words of *say*."""

    def __init__(self, facts: Facts, say: Wording) -> None:
        self.asked = facts.asked
        self.name = facts.path[-1].name
        self.home = facts.asked.page_of(facts.asked.area)
        self.other = facts.asked.summary(say.other)
        self.numerals = NUMERALS[say.language]
        self.sections = sections(facts, say)
        areas = [_areas(facts, say)] if facts.areas else []
        self.appendices: Sequence[Table] = [*areas, _definitions(facts, say)]


def _areas(facts: Facts, say: Wording) -> Table:
    asked, figures = facts.asked, Figures(facts.asked, facts.values)
    below = [(place.name, Figures(asked.at(place.code), values)) for place, values in facts.areas]
    rows: list[list[Markup | str]] = [
        [name, *(say.number(of(measure)) for _, measure in BY_AREA)]
        for name, of in [(say("total"), figures), *below]
    ]
    return Table(say("sum_areas"), [say("area"), *(say(code) for code, _ in BY_AREA)], rows)


def _definitions(facts: Facts, say: Wording) -> Table:
    """Return each figure with its unit, its days, its denominator and what it counts."""
    figures = Figures(facts.asked, facts.values)
    measures = [MEASURES[name] for name in DEFINED]
    rows: list[list[Markup | str]] = [
        [
            text(measure.label, say.language),
            say.number(figures(measure.name)),
            say.label(measure.unit),
            _days(measure, facts.asked, say),
            _denominator(measure, facts, say),
            text(measure.definition, say.language),
        ]
        for measure in measures
    ]
    heads = [say(code) for code in ("measure", "value", "unit", "days", "denominator", "definition")]
    return Table(say("sum_definitions"), heads, rows, total=False, texts=frozenset({2, 3, 4, 5}))


def _days(measure: Measure, asked: Asked, say: Wording) -> str:
    match measure.nature:
        case Nature.STOCK:
            return say("as_of_day", day=asked.as_of.isoformat())
        case Nature.OPENING:
            return say("as_of_day", day=(asked.first - timedelta(days=1)).isoformat())
        case Nature.FLOW:
            return say("period_of", first=asked.first.isoformat(), last=asked.last.isoformat())


def _denominator(measure: Measure, facts: Facts, say: Wording) -> str:
    if measure.denominator is None:
        return "—"
    part, whole = facts.values.get(measure.name), facts.values.get(measure.denominator)
    share = percentage(part, whole)
    name = text(MEASURES[measure.denominator].label, say.language)
    return f"{name} {count(whole)}" + (f" ({share})" if share else "")
