"""Laws of lists of areas: in pieces, sent again, whichever row or piece is first, they say what the whole says."""

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.registry_at_work import AREAS, FILED_ON, Registry, areas_csv, deployment, registry
from tests.laws.bounds import bounded
from tests.laws.forgetting import forget
from tests.laws.test_imports import splits, unlike
from tests.servers import DatabaseServer

__all__ = ["deployment", "registry"]

LATER = "2026-02-01"
KNOWN = "SELECT t::text FROM app.areas t ORDER BY 1"
PARENTS = {code: parent for code, _, parent, _ in AREAS}

Row = tuple[str, str, str, str]
Pieces = Sequence[Sequence[str]]
Sent = tuple[str, Sequence[Row]]


@pytest.fixture(autouse=True)
def short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let lists of a few areas be taken in several transactions, as those of thousands are."""
    monkeypatch.setattr("services.registry.area_importing.CHUNK_AREAS", 2)


def with_those_above(codes: Sequence[str]) -> list[str]:
    """Return *codes* once each, with the areas above them: a list that lacks those is refused whole."""
    lines = [(code, PARENTS[code], PARENTS.get(PARENTS[code], "")) for code in codes]
    return unlike([code for line in lines for code in line if code])


def list_of(codes: Sequence[str], names: Mapping[str, str], turn: Random) -> list[Row]:
    """Return rows for *codes*, villages before their townships as chance will have it."""
    rows = [(code, names.get(code, name), parent, level) for code, name, parent, level in AREAS]
    wanted = [row for row in rows if row[0] in with_those_above(codes)]
    turn.shuffle(wanted)
    return wanted


async def after(
    postgres: DatabaseServer, registry: Registry, sent: Sequence[Sent]
) -> tuple[list[str], Counter[str]]:
    """Return the areas that a registry knows and what it has said after it got just these lists."""
    await forget(postgres, registry.pool, ("areas",))
    for on, rows in sent:
        told = await registry.take_areas(areas_csv(rows), on=on)
        assert told["rows"] == len(rows) == told["defined"] + told["renamed"] + told["already"]
    known = [row[0] for row in await registry.pool.fetch(KNOWN)]
    return known, Counter(f"{type(one)} {one.model_dump_json()}" for one in await registry.events())


codes = splits(st.sampled_from([area[0] for area in AREAS]))
renamings = st.dictionaries(
    st.sampled_from([area[0] for area in AREAS]), st.sampled_from(("新桥村", "大河乡")), max_size=3
)


@given(first=codes, second=codes, names=renamings, turn=st.randoms(use_true_random=False))
@bounded(8)
async def test_a_list_of_areas_in_any_pieces_order_and_repetitions_is_the_whole(
    *,
    postgres: DatabaseServer,
    registry: Registry,
    first: tuple[Sequence[str], Pieces],
    second: tuple[Sequence[str], Pieces],
    names: Mapping[str, str],
    turn: Any,
) -> None:
    whole: list[Sent] = [
        (FILED_ON, list_of(first[0], {}, turn)),
        (LATER, list_of(second[0], names, turn)),
    ]
    expected = await after(postgres, registry, whole)
    assert len(expected[0]) >= len(with_those_above(first[0]))
    sent: list[Sent] = []
    for (_, pieces), on, named in ((first, FILED_ON, {}), (second, LATER, names)):
        lists = [(on, list_of(piece, named, turn)) for piece in pieces]
        turn.shuffle(lists)
        sent += lists
    assert await after(postgres, registry, sent) == expected
