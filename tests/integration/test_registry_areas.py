"""The tree of areas as rules read it: reading a county's costs what the county has, whatever lies behind it."""

import json
from typing import Any

import asyncpg

from services.registry.area_versions import SQL, open_names
from shared.scope import WHOLE_SCOPE
from tests.conftest import ServiceDatabases

COUNTIES = ("431122", "431123", "431124")
VILLAGES = 40
DEFINED = """
INSERT INTO app.areas (code, from_on, name, level, parent)
SELECT c || lpad(v::text, 6, '0'), '2026-01-01', '村' || v, 'village', c
  FROM unnest($1::text[]) c, generate_series(1, $2::int) v
"""


async def test_the_areas_of_a_county_are_read_without_those_behind_it(
    service_database: ServiceDatabases,
) -> None:
    database = await service_database("registry")
    connection = await asyncpg.connect(database.dsn, server_settings=WHOLE_SCOPE)
    await connection.execute(DEFINED, COUNTIES, VILLAGES)
    await connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")

    names = await open_names(connection, [f"{COUNTIES[0]}000001"])
    planned = await connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {SQL.open_names}",  # the query of the file, as it stands
        [COUNTIES[0]],
    )
    await connection.close()

    assert {code[:6] for code in names} == {COUNTIES[0]}
    assert len(names) == VILLAGES
    assert rows_read(json.loads(planned)[0]["Plan"]) == VILLAGES


def rows_read(plan: dict[str, Any]) -> int:
    """Return how many rows the index on areas gave, those included that a filter then threw away."""
    if plan.get("Relation Name") == "areas":
        return int(plan["Actual Rows"]) + int(plan.get("Rows Removed by Filter", 0))
    return sum(rows_read(part) for part in plan.get("Plans", ()))
