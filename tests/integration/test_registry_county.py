"""The example county through the real import: exactly what a perfect reader finds, however often it comes."""

import asyncio
import csv
import json
from collections import Counter
from pathlib import Path

from services.registry.matching import match_rows
from shared.contracts.asks import MATCH_ROWS_MAX, MatchOutcome, MatchRow
from tests.integration.registry_at_work import Registry, deployment, registry

COUNTY = Path(__file__).parents[2] / "examples" / "qingxi"
UNTIL = "2026-11-23"

__all__ = ["deployment", "registry"]


async def test_the_example_county_is_taken_exactly_and_only_once(registry: Registry) -> None:
    truth = json.loads((COUNTY / "truth.json").read_text(encoding="utf-8"))
    areas = await registry.take_areas((COUNTY / "行政区划.xlsx").read_bytes(), "行政区划.xlsx")
    assert areas["rows"] == areas["defined"] + areas["renamed"] + areas["already"]
    papers = sorted((COUNTY / "花名册").iterdir())

    taken = {paper.name: await registry.take_roster(paper.read_bytes(), paper.name) for paper in papers}

    assert truth["by_township"] == {told["township"]: told["taken"] for told in taken.values()}
    assert truth["accepted"] == sum(told["taken"] for told in taken.values())
    assert truth["rejected"] == sum(told["refused"] for told in taken.values())
    assert truth["duplicates"] == sum(told["duplicates"] for told in taken.values())

    before = await registry.state()
    again = [await registry.take_roster(paper.read_bytes(), paper.name) for paper in papers]
    assert {0} == {told[count] for told in again for count in ("taken", "put_right", "duplicates", "refused")}
    assert sum(told["rows"] for told in taken.values()) == sum(told["already"] for told in again)
    assert before == await registry.state()

    await every_log_row_means_its_child(registry)


async def every_log_row_means_its_child(registry: Registry) -> None:
    expected = json.loads((COUNTY / "expected-contacts.json").read_text(encoding="utf-8"))
    rows = await asyncio.to_thread(log_rows)
    outcomes: Counter[MatchOutcome] = Counter()
    async with registry.pool.acquire() as connection:
        for start in range(0, len(rows), MATCH_ROWS_MAX):
            found = await match_rows(connection, registry.running.vault, rows[start : start + MATCH_ROWS_MAX])
            outcomes.update(match.outcome for match in found)

    assert expected["log_rows"] == outcomes.total()
    assert expected["unknown_child"] == outcomes[MatchOutcome.UNKNOWN]
    assert expected["ambiguous"] == outcomes[MatchOutcome.AMBIGUOUS]


def log_rows() -> list[MatchRow]:
    with (COUNTY / "走访记录.csv").open(encoding="utf-8-sig", newline="") as log:
        return [
            MatchRow(name=row["儿童姓名"], id_number=row["身份证号"] or None, village=row["所在村代码"])
            for row in csv.DictReader(log)
            if row["录入日期"] <= UNTIL
        ]
