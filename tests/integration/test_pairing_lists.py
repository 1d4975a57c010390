"""Lists of carers: taken in once however they come, their refused rows given back, nobody named."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from services.pairing import importing
from services.pairing.app import SPEC
from services.pairing.list_ledger import write_rows
from shared.event_store import Pool
from tests.integration.pairing_at_work import ROWS, County, county, spoken
from tests.integration.pairing_county import POPLAR, TOWNSHIP, areas_defined
from tests.integration.shell import more_replicas

__all__ = ["county"]


async def test_a_list_of_carers_is_taken_in_once_and_its_refused_row_given_back(county: County) -> None:
    after = await county.say(*areas_defined())

    first = await county.take_in(ROWS, after, key="the list")
    repeated = await county.take_in(ROWS, after, key="the list")
    again = await county.take_in(ROWS, after)

    counts = ("rows", "taken", "duplicates", "refused", "already")
    assert [first[name] for name in counts] == [6, 4, 1, 1, 0]
    assert repeated == first
    for told in (first, again):
        shown = await county.get(f"/imports/{told['import_id']}")
        assert {**shown["answer"], "position": told["position"]} == told
    assert [again[name] for name in counts] == [6, 0, 0, 0, 6]
    assert [(each["row"], each["code"]) for each in first["refusals"]] == [(6, "carer_area_unknown")]
    assert await spoken(county.running.pool) == [
        ("CarerCleared", 3),
        ("CarerEnlisted", 4),
        ("CarersImported", 1),
    ]
    reply = await county.pairing.get(first["refused_workbook"], headers=county.login())
    sheet = CalamineWorkbook.from_filelike(BytesIO(reply.content)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in sheet] == ["姓名", "周远"]


async def test_half_a_list_and_then_the_whole_counts_each_row_once(county: County) -> None:
    after = await county.say(*areas_defined())

    await county.take_in(ROWS[:3], after)
    whole = await county.take_in(ROWS, after)

    assert (whole["taken"], whole["duplicates"], whole["refused"], whole["already"]) == (1, 1, 1, 3)


@asynccontextmanager
async def replicas_of(county: County, count: int) -> AsyncIterator[list[County]]:
    """Give *county* as each of *count* replicas of its pairing serves it."""
    async with more_replicas(SPEC, county.running, count - 1) as clients:
        yield [county, *(replace(county, pairing=client) for client in clients)]


async def test_lists_sent_at_once_count_each_row_that_they_share_once(county: County) -> None:
    after = await county.say(*areas_defined())
    nowhere, rose, rose_again = ROWS[4], ROWS[0], ROWS[5]
    lists = [[nowhere, rose, rose_again, [f"童{n}", *ROWS[1][1:]]] for n in range(4)]

    async with replicas_of(county, len(lists)) as replicas:
        answers = await asyncio.gather(
            *(replica.take_in(rows, after) for replica, rows in zip(replicas, lists, strict=True))
        )

    counted = {"rows": 7, "taken": 5, "duplicates": 1, "refused": 1}
    assert await imported(county.running.pool) == counted
    assert {count: sum(told[count] for told in answers) for count in counted} == {**counted, "rows": 16}
    assert sum(told["already"] for told in answers) == 9
    assert await ledger(county.running.pool) == {"taken": 5, "duplicate": 1, "refused": 1}


async def test_a_refused_row_moves_once_when_its_village_is_known(county: County) -> None:
    after = await county.say(*areas_defined()[:-1])
    later = ["李强", "男", "志愿者", POPLAR, "13811110002", 1, "是"]
    refused = await county.take_in([later], after)
    after = await county.say(areas_defined()[-1])

    # The row names somebody whom another row has enlisted: that its list comes twice at once shows nowhere else.
    await county.take_in([[*later[:5], 2, "是"]], after)
    async with replicas_of(county, 3) as replicas:
        mended = await asyncio.gather(*(replica.take_in([later], after) for replica in replicas))

    assert refused["refused"] == 1
    [moved] = [told["import_id"] for told in mended if told["duplicates"]]
    assert sorted((told["duplicates"], told["refused"], told["already"]) for told in mended) == [
        (0, 0, 1),
        (0, 0, 1),
        (1, -1, 0),
    ]
    assert await imported(county.running.pool) == {"rows": 2, "taken": 1, "duplicates": 1, "refused": 0}
    assert await ledger(county.running.pool) == {"taken": 1, "duplicate": 1}
    by = await county.running.pool.fetchval(
        "SELECT import_id FROM app.import_rows WHERE outcome = 'duplicate'"
    )
    assert str(by) == moved


@pytest.mark.parametrize(("key", "already"), [("the list", 0), ("the list again", 2)])
async def test_a_list_interrupted_between_chunks_goes_on_where_it_stopped(
    county: County, monkeypatch: pytest.MonkeyPatch, key: str, already: int
) -> None:
    after = await county.say(*areas_defined())
    monkeypatch.setattr(importing, "CHUNK_MAX", 2)
    with monkeypatch.context() as dying:
        die_in_chunk(2, dying)
        assert (await county.send_in(ROWS, after, key="the list")).status_code == 500
    assert await ledger(county.running.pool) == {"taken": 2}

    whole = await county.take_in(ROWS, after, key=key)

    counts = ("rows", "taken", "duplicates", "refused", "already")
    assert [whole[name] for name in counts] == [6, 4 - already, 1, 1, already]
    assert await imported(county.running.pool) == {"rows": 6, "taken": 4, "duplicates": 1, "refused": 1}
    assert await ledger(county.running.pool) == {"taken": 4, "duplicate": 1, "refused": 1}


def die_in_chunk(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process die, as far as the database can tell, when a chunk's rows were written."""
    written = 0

    async def write_or_die(*given: Any) -> None:
        nonlocal written
        written += 1
        await write_rows(*given)
        if written == number:
            raise RuntimeError("killed")

    monkeypatch.setattr("services.pairing.importing.write_rows", write_or_die)


async def imported(pool: Pool) -> dict[str, int]:
    """Return what the imports of lists say of themselves, added up."""
    row = await pool.fetchrow(
        "SELECT sum((data->>'rows')::int) AS rows, sum((data->>'taken')::int) AS taken,"
        "       sum((data->>'duplicates')::int) AS duplicates, sum((data->>'refused')::int) AS refused"
        "  FROM kernel.events WHERE event_type = 'CarersImported'"
    )
    assert row is not None
    return dict(row)


async def ledger(pool: Pool) -> Mapping[str, int]:
    """Return how many rows became what, by the ledger."""
    return Counter(row["outcome"] for row in await pool.fetch("SELECT outcome FROM app.import_rows"))


async def test_nothing_that_pairing_says_or_lists_names_a_carer(county: County) -> None:
    after = await county.say(*areas_defined())
    await county.take_in(ROWS, after)

    events = await county.running.pool.fetch("SELECT data::text || meta::text AS said FROM kernel.events")
    tables = await county.running.pool.fetch(
        "SELECT to_jsonb(c)::text AS said FROM app.carers c UNION ALL SELECT to_jsonb(r)::text FROM app.import_rows r"
        " UNION ALL SELECT to_jsonb(i)::text FROM app.imports i"
    )
    carers = await county.get(f"/carers?area={TOWNSHIP}")
    everything = "".join(row["said"] for row in [*events, *tables]) + str(carers)
    assert not [row for row in ROWS if str(row[0]) in everything or str(row[4]) in everything]
