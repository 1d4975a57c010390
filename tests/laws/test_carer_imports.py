"""Laws of lists of carers: split or repeated, a list says what it says; its order changes only whose row is first."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kith.embedded.postgres import RunningPostgres
from tests.integration.pairing_at_work import County, county
from tests.integration.pairing_county import ELM, POPLAR, WILLOW, areas_defined
from tests.laws.bounds import bounded
from tests.laws.forgetting import forget
from tests.laws.test_imports import splits

__all__ = ["county"]

TABLES = ("carers", "pairs", "imports", "import_rows")
COUNTED = ("rows", "taken", "duplicates", "refused")
NOWHERE = "431299999201"

Row = tuple[object, ...]
State = tuple[
    Counter[tuple[Any, ...]], Counter[tuple[Any, ...]], list[tuple[Any, ...]], list[tuple[Any, ...]]
]


@pytest.fixture(autouse=True)
def short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let lists of a few rows be taken in several transactions, as those of thousands are."""
    monkeypatch.setattr("services.pairing.importing.CHUNK_MAX", 2)


@st.composite
def rows(draw: st.DrawFn, phones: Sequence[str] = ("13811110001", "13811110002")) -> Row:
    """Draw a row from so few people that they come again, as they were, otherwise, or where nobody lives."""
    kind = draw(st.sampled_from(("爱心妈妈", "志愿者", "儿童主任", "外星人")))
    return (
        draw(st.sampled_from(("章红", "李 强", ""))),
        draw(st.sampled_from(("女", "男"))),
        kind,
        draw(st.sampled_from((WILLOW, ELM, POPLAR, NOWHERE))),
        draw(st.sampled_from(phones)),
        draw(st.integers(0, 2)),
        draw(st.sampled_from(("是", "否"))),
    )


async def after(postgres: RunningPostgres, county: County, lists: Sequence[Sequence[Row]]) -> State:
    """Return all that pairing knows and has said after it got just these lists."""
    pool = county.running.pool
    await forget(postgres, pool, TABLES)
    for told in lists:
        await county.take_in([list(row) for row in told], "registry:0-0")
    said: Counter[tuple[Any, ...]] = Counter()
    imported: Counter[tuple[Any, ...]] = Counter()
    for event_type, data in await pool.fetch("SELECT event_type, data FROM kernel.events"):
        if event_type != "CarersImported":
            said[event_type, data] += 1
            continue
        event = orjson.loads(data)
        place = (event["area"], event["on"], event["recorded_on"])
        imported.update({(*place, name): event[name] for name in COUNTED})
    queries = (
        "SELECT carer_id, kind, sex, area, capacity, school, standing, since, arrived FROM app.carers ORDER BY 1",
        "SELECT row_key, outcome, carer_id FROM app.import_rows ORDER BY 1",
    )
    carers, known = [[tuple(row) for row in await pool.fetch(query)] for query in queries]
    return said, +imported, carers, known


@given(paper=splits(rows()))
@bounded(5)
async def test_a_list_of_carers_in_any_pieces_and_repetitions_is_the_whole(
    postgres: RunningPostgres, county: County, paper: tuple[Sequence[Row], Sequence[Sequence[Row]]]
) -> None:
    if not county.said:
        await county.say(*areas_defined())
    whole, pieces = paper
    assert await after(postgres, county, pieces) == await after(postgres, county, [whole])


@given(papers=st.lists(st.lists(rows(), min_size=1, max_size=4), min_size=2, max_size=3))
@bounded(5)
async def test_lists_in_any_order_know_the_same_carers_as_often(
    postgres: RunningPostgres, county: County, papers: Sequence[Sequence[Row]]
) -> None:
    if not county.said:
        await county.say(*areas_defined())
    alone = [await after(postgres, county, [paper]) for paper in papers]
    _, counted, carers, known = await after(postgres, county, papers)
    _, counted_again, carers_again, known_again = await after(postgres, county, papers[::-1])
    assert counted_again == counted
    assert [carer_id for carer_id, *_ in carers_again] == [carer_id for carer_id, *_ in carers]
    assert named(known_again) == named(known)
    listed = {carer for _, _, some, _ in alone for carer in whenever_arrived(some)}
    assert {*whenever_arrived(carers), *whenever_arrived(carers_again)} <= listed


def whenever_arrived(carers: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return carers with all that lists say of them, without their place among those who were listed."""
    return [tuple(said) for *said, _ in carers]


def named(known: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return whom each row names, whichever of two rows of one carer is the one that was taken."""
    return [(key, "taken" if outcome == "duplicate" else outcome, carer) for key, outcome, carer in known]


@given(
    first=st.lists(rows(("13811110001", "13811110002")), min_size=1, max_size=5),
    second=st.lists(rows(("13811110003", "13811110004")), min_size=1, max_size=5),
)
@bounded(5)
async def test_lists_without_a_carer_in_common_are_the_same_in_any_order(
    postgres: RunningPostgres, county: County, first: Sequence[Row], second: Sequence[Row]
) -> None:
    if not county.said:
        await county.say(*areas_defined())
    said, counted, carers, known = await after(postgres, county, [first, second])
    said_again, counted_again, carers_again, known_again = await after(postgres, county, [second, first])
    assert (said_again, counted_again, known_again) == (said, counted, known)
    assert whenever_arrived(carers_again) == whenever_arrived(carers)
