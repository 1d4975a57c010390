"""`python -m benchmarks.multiplying`: a county that was made by the services themselves becomes many.

Each row is copied as often as there are counties, with ids, keys and codes of its own; indexes and sizes are
those of so many children, in minutes instead of days.
"""

import argparse
import asyncio
from collections.abc import Mapping

import asyncpg

COUNTIES_AT_ONCE = 250
"""Counties of one transaction."""
COUNTY_STEP = 2
"""Between the codes of two counties one is free, for the county that comes while the cost is measured."""
SORTING = "1GB"
"""Memory for the making of an index."""
STATEMENT_SECONDS_MAX = 3_600.0

ID = "(left({0}::text, 28) || lpad(to_hex(k), 8, '0'))::uuid"
DAY = "lpad(to_hex(('x' || left({0}::text, 6))::bit(24)::int - k), 6, '0')"
DATED = f"({DAY} || substr({{0}}::text, 7, 22) || lpad(to_hex(k), 8, '0'))::uuid"
"""Ids that begin with a day: each county has come on a day of its own, the first of them last."""
KEY = "{0} || '.' || k"
AREA = f"(left({{0}}, 6)::int + k * {COUNTY_STEP}) || substr({{0}}, 7)"
REST = "{0}"
GONE = "'{{}}'"
"""The body of an event that nothing reads again here: a nation of them would not fit on the disk."""

Kinds = Mapping[str, str]

TABLES: Mapping[str, Mapping[str, Kinds]] = {
    "registry": {
        "kernel.streams": {"stream_id": KEY},
        "kernel.events": {"event_id": DATED, "stream_id": KEY, "data": GONE, "meta": GONE},
        "kernel.claims": {"key": KEY, "stream_id": KEY},
        "vault.identities": {"subject_id": DATED},
        "app.areas": {"code": AREA, "parent": AREA},
        "app.children": {"child_id": DATED, "area": AREA},
        "app.child_keys": {"child_id": DATED, "citizen": KEY},
        "app.child_names": {"child_id": DATED, "village": AREA},
        "app.imports": {"import_id": ID, "area": AREA},
        "app.import_rows": {"row_key": KEY, "import_id": ID, "area": AREA, "child_id": DATED},
    },
    "pairing": {
        "kernel.streams": {"stream_id": KEY},
        "kernel.events": {"event_id": DATED, "stream_id": KEY, "data": GONE, "meta": GONE},
        "vault.identities": {"subject_id": ID},
        "app.areas": {"code": AREA},
        "app.children": {"child_id": DATED, "area": AREA, "household": KEY},
        "app.carers": {"carer_id": ID, "area": AREA},
        "app.pairs": {"pair_id": DATED, "child_id": DATED, "carer_id": ID, "area": AREA, "carer_area": AREA},
        "app.imports": {"import_id": ID, "area": AREA},
        "app.import_rows": {"row_key": KEY, "import_id": ID, "carer_id": ID},
    },
    "contact": {
        "app.areas": {"code": AREA},
        "app.files": {"spell_id": DATED, "child_id": DATED},
        "app.children": {"child_id": DATED, "area": AREA},
        "app.child_states": {"child_id": DATED, "area": AREA},
        "app.keeping": {"child_id": DATED, "visit_id": ID},
        "app.misses": {"child_id": DATED, "area": AREA},
        "app.runs": {"child_id": DATED},
        "app.escalations": {"child_id": DATED, "area": AREA},
        "app.judged_windows": {"area": AREA},
        "kernel.streams": {"stream_id": KEY},
        "kernel.events": {"event_id": DATED, "stream_id": KEY, "data": GONE, "meta": GONE},
    },
    "reporting": {
        "kept.received": {"event_id": DATED, "stream_id": KEY, "area": AREA, "data": GONE},
        "side_a.areas": {"area": AREA, "parent": AREA},
        "side_a.children": {"child_id": DATED},
        "side_a.carers": {"carer_id": ID},
        "side_a.pairs": {"pair_id": DATED, "child_id": DATED, "carer_id": ID},
        "side_a.facts": {"item": ID, "child_id": DATED, "event_id": DATED, "area": AREA},
        "side_a.tallies": {"area": AREA},
        "side_a.month_tallies": {"area": AREA},
    },
}
"""What each copy has of its own, by service, table and column; everything else is as it was."""

COLUMNS = """
SELECT column_name::text FROM information_schema.columns
 WHERE table_schema || '.' || table_name = $1 AND is_identity = 'NO' ORDER BY ordinal_position
"""

INDEXES_REST = (
    "UPDATE pg_index SET indisready = false, indisvalid = false WHERE indrelid = $1::text::regclass"
)
"""Rows go in without them; REINDEX makes each at once and sets it ready again."""


async def multiply(dsn: str, table: str, kinds: Kinds, counties: int) -> None:
    """Make *counties* counties of the one that *table* has; *dsn* is the superuser's."""
    connection = await asyncpg.connect(dsn, command_timeout=STATEMENT_SECONDS_MAX)
    # The superuser's triggers and foreign keys rest: what is copied satisfied them.
    await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
    await connection.execute(f"SET maintenance_work_mem = '{SORTING}'")
    await connection.execute(f"CREATE TEMP TABLE one AS SELECT * FROM {table}")
    columns = [row["column_name"] for row in await connection.fetch(COLUMNS, table)]
    values = ", ".join(kinds.get(name, REST).format(f'o."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    copy = f"INSERT INTO {table} ({names}) SELECT {values} FROM generate_series($1::int, $2::int) k, one o"
    await connection.execute(INDEXES_REST, table)
    for first in range(1, counties, COUNTIES_AT_ONCE):
        await connection.execute(copy, first, min(first + COUNTIES_AT_ONCE, counties) - 1)
    await connection.execute(f"REINDEX TABLE {table}")
    await connection.execute(f"VACUUM ANALYZE {table}")
    await connection.close()


async def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.multiplying", description=__doc__)
    parser.add_argument("service", choices=TABLES)
    parser.add_argument("table")
    parser.add_argument("dsn")
    parser.add_argument("counties", type=int)
    told = parser.parse_args()
    await multiply(told.dsn, told.table, TABLES[told.service][told.table], told.counties)


if __name__ == "__main__":
    asyncio.run(_main())
