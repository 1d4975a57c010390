"""The work summary (工作总结): sections in the customary order, made of figures; what has no record is said so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from services.reporting.pages import tables
from services.reporting.pages.facts import Facts
from services.reporting.pages.figures_shown import Figures
from services.reporting.pages.shown import percentage
from services.reporting.pages.wording import Wording
from shared.contracts.event import STAFF, ContactKind, Guardianship, Rating

NOBODY = f"children.guardianship.{Guardianship.NOBODY}"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the summary; the first row is the total where *total* says so."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Markup | str]]
    total: bool = True
    texts: frozenset[int] = frozenset()
    """The columns after the first that hold words, not numbers."""


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its sentences, its tables, and what Kith keeps no record of."""

    title: str
    sentences: Sequence[Markup] = ()
    tables: Sequence[Table] = ()
    absent: str | None = None


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes sections about *facts* in the words of *say*."""

    facts: Facts
    say: Wording

    @property
    def figures(self) -> Figures:
        return Figures(self.facts.asked, self.facts.values)

    @property
    def name(self) -> str:
        return self.facts.path[-1].name

    def sentence(self, code: str, **measures: str) -> Markup:
        """Return a sentence whose parameters are the numbers of *measures*."""
        return self.say.sentence(code, **{name: self.figures(measure) for name, measure in measures.items()})

    def value(self, measure: str) -> int:
        """Return what *measure* came to, 0 where nothing is known of it."""
        return self.facts.values.get(measure, 0)

    def share(self, part: str, whole: str) -> str:
        """Return the measure *part* in per cent of *whole*, or as a fraction where the group is too small."""
        portion = percentage(self.value(part), self.value(whole))
        return portion or f"{self.value(part)}/{self.value(whole)}"


def sections(facts: Facts, say: Wording) -> list[Section]:
    """Return the fourteen customary sections of a summary, in their order."""
    writer = Writer(facts, say)
    return [write(writer) for write in WRITERS]


def _situation(w: Writer) -> Section:
    net = w.value("files.open") - w.value("files.opening")
    moved = "sum_more" if net > 0 else "sum_fewer" if net < 0 else "sum_same"
    stock = w.say.sentence(
        "sum_stock",
        day=w.facts.asked.as_of,
        area=w.name,
        open=w.figures("files.open"),
        boys=w.figures("children.sex.1"),
        girls=w.figures("children.sex.2"),
    )
    change = w.say.sentence(moved, opening=w.figures("files.opening"), net=abs(net))
    bands = w.sentence(
        "sum_bands", first="children.age.0_5", second="children.age.6_13", third="children.age.14_15"
    )
    condition = w.sentence(
        "sum_condition", ill="children.health.ill", disabled="children.health.disabled", poor="children.poor"
    )
    return Section(w.say("sum_situation"), [stock, change, bands, condition], [_structure_table(w)])


def _structure_table(w: Writer) -> Table:
    rows: list[list[Markup | str]] = [
        [w.say(structure.criterion) if at == 0 else "", row.label, w.say.number(row.number), row.aside or "—"]
        for structure in tables.structures(w.figures, w.say)
        for at, row in enumerate(structure.rows)
    ]
    heads = [w.say(code) for code in ("criterion", "item", "persons_unit", "share")]
    return Table(w.say("structure"), heads, rows, total=False, texts=frozenset({1}))


def _organisation(w: Writer) -> Section:
    staff = [
        w.say.sentence("sum_staff", kind=w.say.label(kind), number=w.figures(f"carers.{kind}"))
        for kind in sorted(STAFF)
    ]
    return Section(w.say("sum_organisation"), staff, absent=w.say("sum_organisation_absent"))


def _files(w: Writer) -> Section:
    flow = w.sentence(
        "sum_flow",
        opening="files.opening",
        registered="files.opened.registered",
        returned="files.opened.returned",
        transferred_in="files.opened.transferred_in",
        closed="files.closed",
        open="files.open",
    )
    rosters = w.sentence(
        "sum_rosters", taken="rosters.taken", duplicates="rosters.duplicates", refused="rosters.refused"
    )
    rows = [[row.label, w.say.number(row.number)] for row in tables.reasons(w.figures, w.say)]
    reasons = Table(w.say("closed_by_reason"), [w.say("item"), w.say("person_times")], rows)
    return Section(
        w.say("sum_files"),
        [flow, rosters],
        [reasons] if len(rows) > 1 else [],
        absent=w.say("sum_files_absent"),
    )


def _guardianship(w: Writer) -> Section:
    kinds = [
        w.say.sentence("sum_guardian", kind=row.label, number=row.number, share=row.aside or "—")
        for row in _rows_of(w, "guardianship")
        if row.number.value and row.number.measure != NOBODY
    ]
    listed = w.say.sentence("sum_guardians", kinds=escape(w.say("sum_joint")).join(kinds))
    nobody = w.sentence("sum_nobody", number=NOBODY)
    ratings = w.sentence("sum_rating", **{str(rating): f"children.rating.{rating}" for rating in Rating})
    return Section(
        w.say("sum_guardianship"),
        [*([listed] if kinds else []), nobody, ratings],
        absent=w.say("sum_guardianship_absent"),
    )


def _rows_of(w: Writer, criterion: str) -> Sequence[tables.Row]:
    structures = tables.structures(w.figures, w.say)
    return next(structure.rows for structure in structures if structure.criterion == criterion)


def _pairs(w: Writer) -> Section:
    coverage = w.say.sentence(
        "sum_coverage",
        day=w.facts.asked.as_of,
        pairs=w.figures("pairs.open"),
        paired=w.figures("children.paired"),
        open=w.figures("files.open"),
        share=w.share("children.paired", "files.open"),
        unpaired=w.figures("children.unpaired"),
    )
    turnover = w.sentence("sum_turnover", assigned="pairs.assigned", ended="pairs.ended")
    rows: list[list[Markup | str]] = [
        [row.label, *(w.say.number(number) for number in row.numbers), row.aside or "—"]
        for row in tables.carers(w.figures, w.say)
    ]
    heads = [w.say(code) for code in ("carer_kind", "carers_listed", "carers_cleared", "pairs_open", "load")]
    return Section(w.say("sum_pairs"), [coverage, turnover], [Table(w.say("carers"), heads, rows)])


def _contacts(w: Writer) -> Section:
    promised = w.say.sentence(
        "sum_windows",
        counted=w.figures("windows.counted"),
        kept=w.figures("windows.kept"),
        share=w.share("windows.kept", "windows.counted"),
        missed=w.figures("windows.missed"),
        good=w.figures("windows.made_good"),
        withdrawn=w.figures("windows.withdrawn"),
        outstanding=w.figures("windows.outstanding"),
    )
    visits = w.sentence("sum_visits", all="visits", reached="visits.reached", tried="visits.tried")
    return Section(w.say("sum_contacts"), [promised, visits], [_windows_table(w), _visits_table(w)])


def _windows_table(w: Writer) -> Table:
    parts = ("counted", "kept", "missed", "made_good", "withdrawn", "outstanding")
    kinds = [(w.say("total"), ""), *((w.say.label(kind), f".{kind}") for kind in ContactKind)]
    rows: list[list[Markup | str]] = [
        [
            label,
            *(w.say.number(w.figures(f"windows.{part}{of}")) for part in parts),
            w.share(f"windows.kept{of}", f"windows.counted{of}") if w.value(f"windows.counted{of}") else "—",
        ]
        for label, of in kinds
    ]
    return Table(w.say("windows_table"), [w.say(code) for code in ("kind", *parts, "rate")], rows)


def _visits_table(w: Writer) -> Table:
    rows: list[list[Markup | str]] = [
        [row.label, *(w.say.number(number) for number in row.numbers)]
        for row in tables.visits(w.figures, w.say)
    ]
    heads = [w.say(code) for code in ("kind", "visits_reached", "visits_tried", "visits_all")]
    return Table(w.say("visits_table"), heads, rows)


def _parents(w: Writer) -> Section:
    kinds = (ContactKind.GUARDIAN_TALK, ContactKind.PARENT_CALL)
    return Section(
        w.say("sum_parents"),
        [_of_kind(w, kind) for kind in kinds],
        absent=w.say("sum_parents_absent"),
    )


def _condolence(w: Writer) -> Section:
    sentence = _of_kind(w, ContactKind.CONDOLENCE)
    return Section(w.say("sum_condolence"), [sentence], absent=w.say("sum_condolence_absent"))


def _of_kind(w: Writer, kind: ContactKind) -> Markup:
    parts = ("counted", "kept", "missed", "outstanding")
    numbers = {part: w.figures(f"windows.{part}.{kind}") for part in parts}
    return w.say.sentence("sum_of_kind", kind=w.say.label(kind), **numbers)


def _problems(w: Writer) -> Section:
    """Only what the figures show: a sentence for each figure that should be 0 and is not."""
    found = [
        w.sentence(code, number=measure, **more)
        for code, measure, more in (
            ("sum_problem_outstanding", "windows.outstanding", {}),
            (
                "sum_problem_escalated",
                "escalations",
                {"township": "escalations.township", "county": "escalations.county"},
            ),
            ("sum_problem_unpaired", "children.unpaired", {}),
            ("sum_problem_nobody", NOBODY, {}),
            ("sum_problem_poor", "children.rating.poor", {}),
            ("sum_problem_dropped_out", "children.schooling.dropped_out", {}),
            ("sum_problem_outside", "visits.outside_file", {}),
        )
        if w.value(measure)
    ]
    return Section(w.say("sum_problems"), found, absent=w.say("sum_problems_absent"))


def _without_record(code: str) -> Callable[[Writer], Section]:
    return lambda w: Section(w.say(code), absent=w.say(f"{code}_absent"))


WRITERS: Sequence[Callable[[Writer], Section]] = (
    _situation,
    _organisation,
    _files,
    _guardianship,
    _pairs,
    _contacts,
    _parents,
    _without_record("sum_activities"),
    _condolence,
    _without_record("sum_safety"),
    _without_record("sum_publicity"),
    _without_record("sum_cases"),
    _problems,
    _without_record("sum_next"),
)
"""Who writes which section; the order is the customary one of the reports it stands for."""
