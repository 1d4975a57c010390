"""Judging a month, beside one SELECT that counts its misses and a COPY of as many events."""

import random
import time
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain, cycle
from uuid import UUID

from benchmarks.appending import BARE_TABLE, COLUMNS
from benchmarks.figure import Figure, in_turns
from benchmarks.invented import KEPT, SEED, Child, children
from benchmarks.servers import Servers
from services.contact.advancing import advance
from services.contact.policy_file import load_policy
from shared.event_store import Pool
from shared.garbage import settle
from shared.handling import Cause
from shared.vault import SECRET_BYTES_MIN, Vault

FILED = date(2025, 12, 1)
VAULT = Vault(bytes(SECRET_BYTES_MIN), "contact")
FIRST_MONTH = date(2026, 3, 1)
LEFT = (date(2026, 2, 15), date(2026, 2, 16), "moved_away")
LEAVING = (LEFT, *[(None, None, None)] * 49)
"""Of fifty children one has left before the first month."""
PAIRED = 3, 4
"""Of four children three have somebody, as in the example county, where 100 misses name 75 pairs."""
DUE_DAYS = 3
"""From a month's last day to the day by which its visits have to be known."""
MISSES = """
SELECT count(*)
  FROM unnest(ARRAY['guardian_talk', 'parent_call']) AS w(kind)
 CROSS JOIN app.files f
 WHERE f.filed_on <= $1 AND f.recorded_on <= $3
   AND NOT coalesce(f.left_on <= $2 AND f.left_known_on <= $3, false)
   AND NOT EXISTS (SELECT FROM app.keeping k
                    WHERE k.child_id = f.child_id AND k.kind = w.kind AND k.on_day BETWEEN $1 AND $2
                      AND k.known_on <= $3 AND k.until_on > $3)
"""
"""What was missed as it was known on the due day: that is what judging says."""
MORE_REPETITIONS = 2
"""Beyond what was asked for: a month takes seconds, in which the machine's own pace changes by a fifth."""
WRITTEN = """
SELECT row_number() OVER () AS tx, version, schema_version,
       (left(event_id::text, 13) || substr(gen_random_uuid()::text, 14))::uuid AS event_id, stream_id, event_type,
       data::text, meta::text
  FROM kernel.events WHERE tx > $1 ORDER BY tx, position
"""
EVENT_TYPE = COLUMNS.index("event_type")
LAST_TX = "SELECT coalesce(max(tx), 0) FROM kernel.events"


async def judging(servers: Servers, people: int, repetitions: int) -> Figure:
    """Judge the two monthly kinds for *people* children, another month each time.

    The bare table keeps what was copied, as the log keeps what was judged, so that both are as full.
    """
    repetitions += MORE_REPETITIONS
    dsn = await servers.database("contact")
    await load_contact(servers, dsn, list(children(people)), repetitions + 1)
    months = iter([month(n) for n in range(repetitions + 1)])
    rows: list[tuple[object, ...]] = []
    bounds = [FIRST_MONTH, FIRST_MONTH]
    async with servers.pool(dsn) as pool:

        async def ours() -> float:
            bounds[:] = next(months)
            last_tx = await pool.fetchval(LAST_TX)
            rows.clear()
            settle()  # as a service does
            begun = time.perf_counter()
            await _judged(pool, bounds[1] + timedelta(days=DUE_DAYS + 1))
            took = time.perf_counter() - begun
            rows[:] = [tuple(row) for row in await pool.fetch(WRITTEN, last_tx)]
            return people / took

        async def limit() -> float:
            begun = time.perf_counter()
            async with pool.acquire() as connection:
                misses = await connection.fetchval(MISSES, *bounds, bounds[1] + timedelta(days=DUE_DAYS))
                await connection.copy_records_to_table(
                    "bare_events", schema_name="kernel", columns=COLUMNS, records=rows
                )
            took = time.perf_counter() - begun
            assert misses == sum(row[EVENT_TYPE] == "ContactMissed" for row in rows)
            return people / took

        await ours()
        await limit()
        mine, bare = await in_turns(repetitions, ours, limit)
    await servers.drop(dsn)
    return Figure(f"judging a month for {people:,} children", mine, bare, "children/s", 0.3)


def month(number: int) -> tuple[date, date]:
    """Return the first and the last day of the month of this *number*, from 0, that can be judged."""
    years, months = divmod(FIRST_MONTH.month - 1 + number, 12)
    first = date(FIRST_MONTH.year + years, months + 1, 1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


async def _judged(pool: Pool, to: date) -> None:
    answer = await advance(
        pool, VAULT, POLICY, to, Cause(UUID(int=to.toordinal()), b"", "bench", UUID(int=2))
    )
    assert answer.body["windows_judged"]


POLICY = load_policy(None).model_copy(
    update={"commitments": tuple(one for one in load_policy(None).commitments if one.windows == "month")}
)
"""The county's policy with the two kinds of contact that every month has."""


async def load_contact(servers: Servers, dsn: str, known: list[Child], months: int) -> None:
    """Put children, their files and the visits of *months* where contact's readers would."""
    async with servers.pool(servers.as_admin(dsn), 1) as admin, admin.acquire() as connection:
        await connection.execute(BARE_TABLE)
        for table, columns, rows in _tables(known, months):
            await connection.copy_records_to_table(
                table, schema_name="app", columns=columns.split(), records=rows
            )
        await connection.execute(
            "INSERT INTO app.judged_until (day) VALUES ($1)", FIRST_MONTH + timedelta(days=5)
        )
        await connection.execute("VACUUM ANALYZE")


def _tables(known: list[Child], months: int) -> Iterator[tuple[str, str, Iterator[tuple[object, ...]]]]:
    counties = sorted({child.area[:6] for child in known})
    yield "areas", "code level", ((code, "county") for code in counties)
    yield (
        "files",
        "spell_id child_id filed_on recorded_on left_on left_known_on reason",
        ((child.child_id, child.child_id, FILED, FILED, *left) for child, left in zip(known, cycle(LEAVING))),
    )
    yield (
        "pairs",
        "pair_id child_id carer_id kind from_on recorded_on",
        (
            (child.child_id, child.child_id, child.child_id, "volunteer", FILED, FILED)
            for n, child in enumerate(known)
            if n % PAIRED[1] < PAIRED[0]
        ),
    )
    yield (
        "children",
        "child_id area poor from_on filed_on left_on",
        (
            (child.child_id, child.area, child.poor, FILED, FILED, left[0])
            for child, left in zip(known, cycle(LEAVING))
        ),
    )
    yield (
        "child_states",
        "child_id from_on recorded_on area poor",
        ((child.child_id, FILED, FILED, child.area, child.poor) for child in known),
    )
    yield (
        "keeping",
        "child_id kind on_day visit_id known_on seq",
        chain.from_iterable(_kept(known, number) for number in range(months)),
    )


def _kept(known: list[Child], number: int) -> Iterator[tuple[object, ...]]:
    first, _ = month(number)
    chance = random.Random(SEED + number)  # noqa: S311 - invented people, no secret
    for kind_number, kind in enumerate(("guardian_talk", "parent_call")):
        for n, child in enumerate(known):
            if chance.random() < KEPT:  # each month anew: else runs of misses grow as none do in the example
                visit_id = UUID(int=child.child_id.int ^ (number * 2 + kind_number + 1))
                day = first + timedelta(days=n % 28)
                yield child.child_id, kind, day, visit_id, day, n
