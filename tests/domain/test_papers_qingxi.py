"""The papers of the example county come out exactly as its truth says."""

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from services.contact.visit_log import read_visits, split_by_entry_day
from services.pairing.carer_list import read_carers
from services.registry.area_list import read_areas
from services.registry.roster import RosterRow, judge_rows, read_roster
from shared.contracts.event import STAFF, Level
from tests.paper_files import FILED_ON

COUNTY = Path(__file__).parents[2] / "examples" / "qingxi"
TRUTH: dict[str, Any] = json.loads((COUNTY / "truth.json").read_text(encoding="utf-8"))
KINDS = {
    "birth_mismatch": "row_birth_contradicts_id",
    "missing_name": "row_name_missing",
    "over_age": "row_over_age",
    "unknown_village": "row_village_unknown",
    "sex_mismatch": "row_sex_contradicts_id",
    "checksum": "row_citizen_id_checksum",
    "bad_date": "row_date_impossible",
    "full_width": "mended_full_width",
    "spaces": "mended_spaces",
}
"""The truth's words for faults; its lower_x marks rows whose number happens to end in a digit: nothing to mend."""

Rosters = dict[str, list[RosterRow]]


@pytest.fixture(scope="module")
def rosters() -> Rosters:
    areas = {area.code: area.name for area in read_areas("行政区划.xlsx", bytes_of("行政区划.xlsx")).areas}
    files = sorted((COUNTY / "花名册").iterdir(), key=lambda file: file.name)
    papers = [read_roster(file.name, file.read_bytes()) for file in files]
    return {paper.township: list(judge_rows(paper, areas, FILED_ON)) for paper in papers}


def test_every_township_takes_as_many_children_as_it_has(rosters: Rosters) -> None:
    seen: set[object] = set()
    taken: Counter[str] = Counter()
    duplicates = 0
    for township, rows in sorted(rosters.items()):
        for row in rows:
            key = row.citizen_id or row.who
            duplicates += not row.refused and key in seen
            taken[township] += not row.refused and key not in seen
            seen |= set() if row.refused else {key}
    assert dict(taken) == TRUTH["by_township"]
    assert (taken.total(), duplicates) == (TRUTH["accepted"], TRUTH["duplicates"])
    assert sum(row.refused for rows in rosters.values() for row in rows) == TRUTH["rejected"]


def test_every_fault_that_the_truth_lists_comes_out_as_it_says(rosters: Rosters) -> None:
    listed: dict[str, list[str]] = defaultdict(list)
    for fault in TRUTH["faults"]:
        if fault["kind"] != "lower_x":
            listed[fault["township"]].append(KINDS[fault["kind"]])
    found = {
        township: [code for row in rows for code in [*(fault.code for fault in row.faults), *row.mended]]
        for township, rows in rosters.items()
    }
    assert {township: codes for township, codes in found.items() if codes} == dict(listed)


def test_every_word_of_the_rosters_is_known(rosters: Rosters) -> None:
    assert [note for rows in rosters.values() for row in rows for note in row.notes] == []


def test_the_areas_are_a_county_its_townships_and_its_villages() -> None:
    levels = Counter(area.level for area in read_areas("行政区划.xlsx", bytes_of("行政区划.xlsx")).areas)
    assert levels == {Level.COUNTY: 1, Level.TOWNSHIP: TRUTH["townships"], Level.VILLAGE: TRUTH["villages"]}


def test_all_the_carers_are_taken() -> None:
    rows = read_carers("结对帮扶人员.xlsx", bytes_of("结对帮扶人员.xlsx")).rows
    assert (len(rows), sum(row.refused for row in rows)) == (TRUTH["carers"], 0)
    assert {row.capacity for row in rows if row.kind in STAFF} == {0}
    assert sum(row.cleared for row in rows) == 1145


def test_all_the_visits_are_taken_and_the_days_of_the_log_add_up_to_it() -> None:
    content = bytes_of("走访记录.csv")
    rows = read_visits("走访记录.csv", content).judged()
    assert (len(rows), sum(row.refused for row in rows)) == (TRUTH["visit_rows"], 0)
    days = list(split_by_entry_day("走访记录.csv", content))
    by_day = Counter(row.entered_on for row in rows)
    assert [(day, part.count(b"\n") - 1) for day, part in days] == sorted(by_day.items())
    first = read_visits("走访记录.csv", days[0][1]).judged()
    assert [row.content for row in first] == [row.content for row in rows if row.entered_on == days[0][0]]


def bytes_of(name: str) -> bytes:
    return (COUNTY / name).read_bytes()
