"""What a question reads is what it asks for, whatever lies beside it and whatever the planner believes of it."""

import json
from datetime import date
from typing import Any

import asyncpg

from services.registry import area_versions
from services.reporting import figures
from services.reporting.figures import EVERYTHING_KNOWN
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


async def test_the_areas_of_a_county_are_read_without_those_behind_it(
    service_database: ServiceDatabases,
) -> None:
    connection = await connected(await service_database("registry"))
    await connection.execute(DEFINED, COUNTIES, VILLAGES)
    await connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")

    names = await area_versions.open_names(connection, [f"{COUNTIES[0]}000001"])
    read = await rows_read("areas", connection, area_versions.SQL.open_names, [COUNTIES[0]])
    await connection.close()

    assert {code[:6] for code in names} == {COUNTIES[0]}
    assert len(names) == VILLAGES == read


async def test_the_sums_of_a_day_are_read_without_those_of_the_months_before(
    service_database: ServiceDatabases,
) -> None:
    connection = await connected(await service_database("reporting"))
    await connection.execute("SET search_path = side_a, app, kernel")
    await connection.execute(A_YEAR_TOLD, COUNTIES[0], MEASURES)
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    as_of, month, eve = date(2026, 6, 20), date(2026, 6, 1), date(2026, 5, 31)
    days = (month, as_of, month, as_of, month, eve)
    known = (EVERYTHING_KNOWN.replace(day=1), EVERYTHING_KNOWN)

    read = await rows_read("tallies", connection, figures.SQL.totals, [COUNTIES[0]], *days, *known, None)
    await connection.close()

    assert read == MEASURES * as_of.day


async def connected(database: ServiceDatabase) -> Connection:
    return await asyncpg.connect(database.dsn, server_settings=WHOLE_SCOPE)


async def rows_read(table: str, connection: Connection, query: str, *asked: object) -> int:
    """Return how many rows of *table* a query read, those included that a filter then threw away."""
    planned = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", *asked)
    return _rows_read(table, json.loads(planned)[0]["Plan"])


def _rows_read(table: str, plan: dict[str, Any]) -> int:
    if plan.get("Relation Name") == table:
        each: float = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        loops: int = plan["Actual Loops"]
        return round(each * loops)
    return sum(_rows_read(table, part) for part in plan.get("Plans", ()))
