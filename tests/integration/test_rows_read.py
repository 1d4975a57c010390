"""What a question reads is what it asks for, whatever lies beside it and whatever the planner has seen of it."""

import json
from typing import Any

import asyncpg
import pytest

from services.registry import area_versions
from services.reporting import figures
from shared.event_store import Connection
from shared.scope import WHOLE_SCOPE
from tests.conftest import ServiceDatabase, ServiceDatabases

COUNTIES = ("431122", "431123", "431124")
VILLAGES = 40
DEFINED = """
INSERT INTO app.areas (code, from_on, name, level, parent)
SELECT c || lpad(v::text, 6, '0'), '2026-01-01', '村' || v, 'village', c
  FROM unnest($1::text[]) c, generate_series(1, $2::int) v
"""
MEASURES = 4
A_YEAR_TOLD = """
INSERT INTO tallies (area, "on", measure, recorded_on, amount)
SELECT $1, '2026-01-01'::date + d, m, '2026-01-01'::date + d, 1
  FROM generate_series(0, 364) d, generate_series(1, $2::int) m
"""
ON_20_JUNE = "'2026-06-01', '2026-06-20', '2026-06-01', '2026-06-20', '2026-06-01', '2026-05-31'"
ALL_THAT_IS_KNOWN, KNOWN_ON_30_JULY = "'9999-12-01', '9999-12-31'", "'2026-07-01', '2026-07-30'"
analysed = pytest.mark.parametrize("analysed", [False, True], ids=["new table", "analysed table"])


@analysed
async def test_the_areas_of_a_county_are_read_without_those_behind_it(
    service_database: ServiceDatabases, analysed: bool
) -> None:
    database = await service_database("registry")
    connection = await connected(database)
    await connection.execute(DEFINED, COUNTIES, VILLAGES)
    await analyse("app.areas", database, analysed)
    await connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")

    names = await area_versions.open_names(connection, [f"{COUNTIES[0]}000001"])
    read = await rows_read("areas", connection, area_versions.SQL.open_names, f"ARRAY['{COUNTIES[0]}']")
    await connection.close()

    assert {code[:6] for code in names} == {COUNTIES[0]}
    assert len(names) == VILLAGES == read


@analysed
@pytest.mark.parametrize("known", [ALL_THAT_IS_KNOWN, KNOWN_ON_30_JULY], ids=["ever", "on 30 July"])
async def test_the_sums_of_a_day_are_read_without_those_of_the_months_before_and_after(
    service_database: ServiceDatabases, known: str, analysed: bool
) -> None:
    database = await service_database("reporting")
    connection = await connected(database)
    await connection.execute("SET search_path = side_a, app, kernel")
    await connection.execute(A_YEAR_TOLD, COUNTIES[0], MEASURES)
    await analyse("side_a.tallies", database, analysed)

    asked = f"ARRAY['{COUNTIES[0]}'], {ON_20_JUNE}, {known}, NULL"
    read = await rows_read("tallies", connection, figures.SQL.totals, asked)
    await connection.close()

    assert read == 20 * MEASURES


async def connected(database: ServiceDatabase) -> Connection:
    """Connect as a service does, with one plan for whatever is asked."""
    settings = WHOLE_SCOPE | {"plan_cache_mode": "force_generic_plan"}
    return await asyncpg.connect(database.dsn, server_settings=settings)


async def analyse(table: str, database: ServiceDatabase, wanted: bool) -> None:
    if wanted:
        owner = await asyncpg.connect(database.owner_dsn)
        await owner.execute(f"ANALYZE {table}")
        await owner.close()


async def rows_read(table: str, connection: Connection, query: str, asked: str) -> int:
    """Return how many rows of *table* a query read, those included that a filter then threw away."""
    await connection.execute(f"PREPARE asked AS {query}")
    planned = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked({asked})")
    return _rows_read(table, json.loads(planned)[0]["Plan"])


def _rows_read(table: str, plan: dict[str, Any]) -> int:
    if plan.get("Relation Name") == table:
        each: float = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        loops: int = plan["Actual Loops"]
        return round(each * loops)
    return sum(_rows_read(table, part) for part in plan.get("Plans", ()))
