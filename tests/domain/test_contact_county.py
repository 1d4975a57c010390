"""The rules on the example county: windows, kept, missed and made good exactly as a perfect clock finds them."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from services.contact.domain.visits import Spell
from services.contact.domain.windows import Window, windows_due
from services.contact.policy_file import load_policy
from services.contact.visit_log import VisitRow, read_visits
from services.registry.area_list import read_areas
from services.registry.domain.age import sixteen_on
from services.registry.roster import judge_rows, read_roster
from services.registry.roster_row import RosterRow
from shared.contracts.event import ContactKind

PAPERS = Path(__file__).parents[2] / "examples" / "qingxi"
FILED_ON, UNTIL = date(2026, 1, 1), date(2026, 11, 23)

Reached = Mapping[tuple[int, ContactKind], Sequence[VisitRow]]


def children_of_the_county() -> list[RosterRow]:
    content = (PAPERS / "行政区划.xlsx").read_bytes()
    areas = {area.code: area.name for area in read_areas("行政区划.xlsx", content).areas}
    found: dict[object, RosterRow] = {}
    for path in sorted((PAPERS / "花名册").iterdir()):
        for row in judge_rows(read_roster(path.name, path.read_bytes()), areas, FILED_ON):
            if not row.refused:
                found.setdefault(row.citizen_id or row.who, row)
    return list(found.values())


def rows_of_the_log() -> list[VisitRow]:
    paper = read_visits("走访记录.csv", (PAPERS / "走访记录.csv").read_bytes())
    return [row for row in paper.judged() if row.entered_on is not None and row.entered_on <= UNTIL]


def matched(children: Sequence[RosterRow], rows: Sequence[VisitRow]) -> Iterator[tuple[VisitRow, list[int]]]:
    """Yield each row with the children it may mean: by id number, else by name in that village."""
    by_number = {child.citizen_id: [n] for n, child in enumerate(children) if child.citizen_id}
    by_name = defaultdict(list)
    for n, child in enumerate(children):
        by_name[child.name, child.village].append(n)
    for row in rows:
        known = by_number.get(row.citizen_id, []) if row.citizen_id else by_name[row.name, row.village]
        yield row, known


def judged(
    windows: Sequence[Window], children: Sequence[RosterRow], reached: Reached
) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {kind: Counter() for kind in ContactKind}
    for window in windows:
        for n, child in enumerate(children):
            assert child.birth_date is not None
            spell = Spell(FILED_ON, left_on=sixteen_on(child.birth_date))
            if not (spell.covers(window.opens) and spell.covers(window.closes)) or (
                window.poor_only and not child.poor
            ):
                continue
            visits = [
                v for v in reached.get((n, window.kind), ()) if v.on and window.opens <= v.on <= window.closes
            ]
            in_time = any(v.entered_on is not None and v.entered_on <= window.due for v in visits)
            late = bool(visits) and not in_time
            found[window.kind].update(windows=1, kept=in_time, missed=not in_time, made_good=late)
    return found


def test_the_example_county_is_judged_as_expected() -> None:
    expected = json.loads((PAPERS / "expected-contacts.json").read_text(encoding="utf-8"))
    children, rows = children_of_the_county(), rows_of_the_log()
    reached: defaultdict[tuple[int, ContactKind], list[VisitRow]] = defaultdict(list)
    unknown = ambiguous = 0
    for row, known in matched(children, rows):
        unknown += not known
        ambiguous += len(known) > 1
        if len(known) == 1 and row.reached and row.kind:
            reached[known[0], row.kind].append(row)
    windows = windows_due(load_policy(None), FILED_ON, UNTIL)
    assert {
        "children": len(children),
        "log_rows": len(rows),
        "unknown_child": unknown,
        "ambiguous": ambiguous,
        "contacts": judged(windows, children, reached),
    } == expected
