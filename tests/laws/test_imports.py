"""Laws of imports: split or repeated, a paper says what it says; and what the order of papers may change."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kith.papers import in_order
from shared.checkpoint import caught_up
from shared.contracts.registry import RosterImported
from shared.event_store import last_position
from tests.integration.registry_at_work import (
    AREAS,
    Registry,
    areas_csv,
    child_row,
    deployment,
    id_number,
    registry,
    roster,
)
from tests.integration.test_contact_service import ADA, BEN, WILLOW, Contact, contact
from tests.laws.bounds import bounded
from tests.laws.forgetting import forget
from tests.servers import DatabaseServer

__all__ = ["contact", "deployment", "registry"]

EAST, WEST, NORTH = "431299200_西外乡.csv", "431299101_双江镇.csv", "431299102_清水镇.csv"
VILLAGES = {EAST: ("柳桥村", "东河村"), WEST: ("银口村",), NORTH: ("蓝溪村",)}
AREAS_OF_NORTH = (
    ("431299102", "清水镇", "431299", "township"),
    ("431299102201", "蓝溪村", "431299102", "village"),
)
ROSTERS = (Path("1月", EAST), Path("1月", WEST), Path("1月", NORTH), Path("2月", EAST))
"""Files of one import; of one township there are two, of one name."""
BORN = ("2014-08-12", "2014-08-21", "2010-01-12")
DAY_BEFORE, DAY_AFTER = "2026-01-03", "2026-02-10"
"""Papers come between two advances of the day; who was born in 2010 is sixteen at the second."""
NUMBERED, UNNUMBERED = ("周梅", "丁雨"), ("陆波", "石 玉", "")
"""Names of which one has its form put right, and one is missing: that row is refused."""
HEARD_SECONDS_MAX = 60.0
LEARNED = "SELECT learned_id, child_id FROM app.learned_ids ORDER BY 1"
LIKELY = """
SELECT least(child_id, other_id), greatest(child_id, other_id), why FROM app.likely_duplicates ORDER BY 1, 2
"""
MADE_GOOD_BY_OTHERS = """
SELECT m.child_id, m.kind, m.opens, m.visit_id FROM app.misses m
 WHERE m.state = 'made_good'
   AND NOT EXISTS (SELECT FROM app.visits v
                    WHERE v.visit_id = m.visit_id AND v.child_id = m.child_id AND v.kind = m.kind
                      AND v.reached AND v.in_file AND v.on_day BETWEEN m.opens AND m.closes)
"""
COUNTED = ("rows", "taken", "put_right", "duplicates", "refused")
OF_ROSTERS = (
    "children",
    "child_keys",
    "child_names",
    "likely_duplicates",
    "learned_ids",
    "imports",
    "import_rows",
)
OF_LOGS = (
    "visits",
    "keeping",
    "misses",
    "runs",
    "escalations",
    "judged_windows",
    "judged_until",
    "log_imports",
    "log_rows",
)

Row = Mapping[str, str]
Sent = tuple[str, Sequence[Row]]


@pytest.fixture(autouse=True)
def short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let papers of a few rows be taken in several transactions, as those of thousands are."""
    monkeypatch.setattr("services.registry.importing.CHUNK_ROWS", 2)
    monkeypatch.setattr("services.contact.importing.CHUNK_ROWS", 2)


@st.composite
def rows(draw: st.DrawFn, paper: str, numbers: Sequence[int] = (1, 2), apart: bool = False) -> Row:
    """Draw a row of a roster from so few children that they come again in every way.

    Where numbers and names stay *apart*, nobody stands in the papers once with a number and once without.
    """
    numbered = draw(st.booleans())
    names = NUMBERED if numbered else UNNUMBERED
    name, born = (
        draw(st.sampled_from(names if apart else (*NUMBERED, *UNNUMBERED))),
        draw(st.sampled_from(BORN)),
    )
    number = id_number(draw(st.sampled_from(numbers)), born) if numbered else ""
    village, school = draw(st.sampled_from(VILLAGES[paper])), draw(st.sampled_from(("一小", "二小")))
    return child_row(name, number, 出生日期=born, 所在村=village, 就读学校=school)


def unlike(told: Sequence[Any]) -> list[Any]:
    """Return rows without those that say exactly what one before says: apart, they are one row sent again."""
    return [row for at, row in enumerate(told) if row not in told[:at]]


@st.composite
def splits(draw: st.DrawFn, of: st.SearchStrategy[Any]) -> tuple[Sequence[Any], Sequence[Sequence[Any]]]:
    """Draw a paper, and the same cut into pieces in order or into beginnings; all may come again."""
    whole = draw(st.lists(of, min_size=1, max_size=8))
    beginnings = draw(st.booleans())
    if not beginnings:
        whole = unlike(whole)
    cuts = sorted(draw(st.sets(st.integers(1, len(whole)), max_size=3)) | {len(whole)})
    pieces = [whole[0 if beginnings else start : end] for start, end in zip([0, *cuts], cuts, strict=False)]
    sent = [piece for piece in pieces for _ in range(draw(st.integers(1, 2)))]
    return whole, sent + draw(st.lists(st.sampled_from(pieces), max_size=2))


async def state_of(registry: Registry) -> dict[str, Any]:
    """Return all that the registry knows and has said; what imports say of themselves, added up by day."""
    imports: Counter[tuple[Any, ...]] = Counter()
    for event in await registry.events():
        if isinstance(event, RosterImported):
            imports.update(
                {(event.area, event.on, event.recorded_on, name): getattr(event, name) for name in COUNTED}
            )
    return {
        **await registry.state(),
        "events": Counter(
            event.model_dump_json()
            for event in await registry.events()
            if not isinstance(event, RosterImported)
        ),
        "imports": +imports,
        **{query: [tuple(row) for row in await registry.pool.fetch(query)] for query in (LEARNED, LIKELY)},
    }


async def after(postgres: DatabaseServer, registry: Registry, sent: Sequence[Sent]) -> dict[str, Any]:
    """Return the state of a registry that got just these papers between two advances of the day."""
    await forget(postgres, registry.pool, OF_ROSTERS)
    await registry.do("/advance", {"to": DAY_BEFORE})
    for name, told in sent:
        await registry.take_roster(roster(*told), name)
    await registry.do("/advance", {"to": DAY_AFTER})
    return await state_of(registry)


@given(paper=splits(rows(EAST)))
@bounded(8)
async def test_a_roster_in_any_pieces_and_repetitions_is_the_whole(
    postgres: DatabaseServer,
    registry: Registry,
    paper: tuple[Sequence[Row], Sequence[Sequence[Row]]],
) -> None:
    whole, pieces = paper
    expected = await after(postgres, registry, [(EAST, whole)])
    assert await after(postgres, registry, [(EAST, piece) for piece in pieces]) == expected


@pytest.fixture
async def wider(registry: Registry) -> Registry:
    """A registry that knows a third township."""
    await registry.take_areas(areas_csv((*AREAS, *AREAS_OF_NORTH)))
    return registry


def others(named: Sequence[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Draw another order of what is *named*."""
    return st.sampled_from(list(permutations(named))[1:])


def rosters(numbers: Mapping[str, Sequence[int]], apart: bool) -> st.SearchStrategy[dict[str, list[Row]]]:
    return st.fixed_dictionaries(
        {paper: st.lists(rows(paper, some, apart), min_size=1, max_size=5) for paper, some in numbers.items()}
    )


@given(
    papers=rosters({EAST: (1, 2), WEST: (3, 4), NORTH: (5, 6)}, apart=False),
    turned=others((EAST, WEST, NORTH)),
)
@bounded(6)
async def test_rosters_without_a_number_in_common_are_the_same_in_any_order(
    postgres: DatabaseServer, wider: Registry, papers: Mapping[str, list[Row]], turned: Sequence[str]
) -> None:
    expected = await after(postgres, wider, list(papers.items()))
    assert await after(postgres, wider, [(name, papers[name]) for name in turned]) == expected


@given(
    papers=rosters({EAST: (1, 2, 3), WEST: (2, 3, 4), NORTH: (1, 3, 4)}, apart=True),
    turned=others((EAST, WEST, NORTH)),
)
@bounded(6)
async def test_rosters_in_any_order_know_the_same_children_as_often(
    postgres: DatabaseServer, wider: Registry, papers: Mapping[str, list[Row]], turned: Sequence[str]
) -> None:
    orders = (papers, turned)
    first, second = [
        await after(postgres, wider, [(name, papers[name]) for name in order]) for order in orders
    ]
    assert children_known(first) == children_known(second)
    assert counts_in_all(first) == counts_in_all(second)


def children_known(state: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
    """Return who is known, by id and by number, whichever paper told of a child first."""
    children, keys, *_ = state.values()
    return sorted(row[0] for row in children), sorted(row[2] or "" for row in keys)


def counts_in_all(state: Mapping[str, Any]) -> Counter[str]:
    """Return how many rows there were and what became of them; of one child the first row is taken."""
    counts: Counter[str] = Counter()
    for (*_, name), count in state["imports"].items():
        counts["taken" if name == "put_right" else name] += count
    return counts


ONE_CHILD_IN_EACH = {
    path: [child_row("周梅", id_number(1), 所在村=VILLAGES[path.name][0], 就读学校=f"{nth}小")]
    for nth, path in enumerate(ROSTERS)
}


@given(
    papers=st.fixed_dictionaries(
        {path: st.lists(rows(path.name, (1, 2, 3)), min_size=1, max_size=4) for path in ROSTERS}
    ),
    named=others(ROSTERS),
)
@example(papers=ONE_CHILD_IN_EACH, named=ROSTERS[::-1])
@bounded(4)
async def test_one_import_of_rosters_is_exactly_the_same_in_whatever_order_they_are_named(
    postgres: DatabaseServer,
    wider: Registry,
    papers: Mapping[Path, list[Row]],
    named: Sequence[Path],
) -> None:
    expected = await after(postgres, wider, [(path.name, papers[path]) for path in in_order(ROSTERS)])
    assert await after(postgres, wider, [(path.name, papers[path]) for path in in_order(named)]) == expected


@pytest.fixture
async def informed(contact: Contact, registry: Registry) -> Contact:
    """A contact that has heard of the registry's children: before, there is nothing to judge."""
    async with registry.pool.acquire() as connection:
        end = await last_position(connection)
    assert await caught_up(contact.pool, "contact-from-registry", end, HEARD_SECONDS_MAX)
    return contact


VISITED = st.sampled_from((("周梅", ADA), ("李响", BEN), ("李响", ""), ("周梅", ""), ("王五", "")))
DAYS = st.sampled_from(("2026-01-05", "2026-01-29", "2026-01-12", "2026-01-20", "2026-02-03", "二月三十"))
RESULTS = st.sampled_from(("成功", "成功", "成功", "未联系上"))
"""Most visits reach a child they know inside the window that was missed, so that several could make it good."""


@st.composite
def visits(draw: st.DrawFn) -> tuple[str, ...]:
    """Draw a row of a visit log: of a known child, an unknown or one of two, late, in time, or unreadable."""
    name, number = draw(VISITED)
    kind = draw(st.sampled_from(("亲子通话", "监护人沟通")))
    entered = draw(st.sampled_from(("2026-02-03", "2026-02-09")))
    return (draw(DAYS), entered, name, number, WILLOW, kind, draw(RESULTS))


async def contact_after(
    postgres: DatabaseServer, contact: Contact, logs: Sequence[Sequence[tuple[str, ...]]]
) -> list[list[tuple[Any, ...]]]:
    """Return the state of a contact that has judged January, got just these logs, and has judged February."""
    await forget(postgres, contact.pool, OF_LOGS)
    await contact.advance("2026-02-10")
    for log in logs:
        await contact.take(*log)
    await contact.advance("2026-03-10")
    misses = "SELECT child_id, kind, opens, state, mended_on, visit_id FROM app.misses ORDER BY 1, 2, 3"
    imported = """
    SELECT data->>'recorded_on', sum((data->>'rows')::int), sum((data->>'logged')::int),
           sum((data->>'duplicates')::int), sum((data->>'refused')::int), sum((data->>'ambiguous')::int)
      FROM kernel.events WHERE event_type = 'VisitLogImported' GROUP BY 1 ORDER BY 1
    """
    told = [[tuple(row) for row in await contact.pool.fetch(query)] for query in (misses, imported)]
    return [*await contact.state(), *told]


TWO_THAT_MEND_ONE_MISS = tuple(
    (on, "2026-02-09", "周梅", ADA, WILLOW, "监护人沟通", "成功") for on in ("2026-01-29", "2026-01-05")
)


@given(log=splits(visits()))
@example(log=(TWO_THAT_MEND_ONE_MISS, [TWO_THAT_MEND_ONE_MISS[:1], TWO_THAT_MEND_ONE_MISS]))
@bounded(8)
async def test_a_visit_log_in_any_pieces_and_repetitions_is_the_whole(
    postgres: DatabaseServer,
    informed: Contact,
    log: tuple[Sequence[tuple[str, ...]], Sequence[Sequence[tuple[str, ...]]]],
) -> None:
    whole, pieces = log
    expected = await contact_after(postgres, informed, [whole])
    assert await contact_after(postgres, informed, pieces) == expected


@given(log=splits(visits()), turn=st.randoms(use_true_random=False))
@bounded(8)
async def test_visit_logs_in_any_order_log_the_same_visits_and_mend_the_same_misses(
    postgres: DatabaseServer,
    informed: Contact,
    log: tuple[Sequence[tuple[str, ...]], Sequence[Sequence[tuple[str, ...]]]],
    turn: Any,
) -> None:
    pieces = list(log[1])
    told = whoever_was_first(await contact_after(postgres, informed, pieces))
    assert await made_good_by_others(informed) == []
    turn.shuffle(pieces)
    assert whoever_was_first(await contact_after(postgres, informed, pieces)) == told
    assert await made_good_by_others(informed) == []


LOGS = (Path("1月", "走访记录_1.csv"), Path("1月", "走访记录_2.csv"), Path("2月", "走访记录_2.csv"))
ONE_THAT_MENDS_IT_IN_EACH = {
    path: [(on, "2026-02-09", "周梅", ADA, WILLOW, "监护人沟通", "成功")]
    for path, on in zip(LOGS, ("2026-01-29", "2026-01-05", "2026-01-12"), strict=True)
}


@given(
    logs=st.fixed_dictionaries({path: st.lists(visits(), min_size=1, max_size=4) for path in LOGS}),
    named=others(LOGS),
)
@example(logs=ONE_THAT_MENDS_IT_IN_EACH, named=LOGS[::-1])
@bounded(4)
async def test_one_import_of_visit_logs_is_exactly_the_same_in_whatever_order_they_are_named(
    postgres: DatabaseServer,
    informed: Contact,
    logs: Mapping[Path, list[tuple[str, ...]]],
    named: Sequence[Path],
) -> None:
    expected = await contact_after(postgres, informed, [logs[path] for path in in_order(LOGS)])
    assert await contact_after(postgres, informed, [logs[path] for path in in_order(named)]) == expected


def whoever_was_first(state: Sequence[Sequence[tuple[Any, ...]]]) -> list[Any]:
    """Return all that is known but for who was first: of two rows the one that logs the visit that both tell of,
    of two late visits of a window the one that makes its miss good.
    """
    visits, rows, events, counted, misses, imported = state
    about_rows = [
        (key, "logged" if outcome == "duplicate" else outcome, *more) for key, outcome, *more in rows
    ]
    said = [(event_id, made_good_by_anybody(data)) for event_id, data in events]
    return [visits, about_rows, said, counted, [miss[:-1] for miss in misses], imported]


def made_good_by_anybody(data: str) -> dict[str, Any]:
    told: dict[str, Any] = orjson.loads(data)
    return told if "entered_on" in told else {**told, "visit_id": None}


async def made_good_by_others(contact: Contact) -> list[tuple[Any, ...]]:
    """Return the misses that were made good by a visit that did not reach the child inside the window."""
    rows = await contact.pool.fetch(MADE_GOOD_BY_OTHERS)
    return [tuple(row) for row in rows]
