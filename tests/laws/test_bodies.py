"""A law of every event: whatever it says, its body is what its class would write, and says the same when read."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from asyncpg.pgproto.pgproto import UUID as DriversUUID  # noqa: N811 - its name tells it from the library's
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.contracts.catalogue import EVENT_CLASSES, decode, encode
from shared.contracts.event import Event
from tests.laws.bounds import bounded

ANY: Mapping[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    date: st.dates(),
    int: st.integers(-(2**53), 2**53),
    NoneType: st.none(),
    str: st.text(),
    UUID: st.uuids() | st.uuids().map(lambda one: DriversUUID(one.bytes)),
}


def anything(hint: Any) -> st.SearchStrategy[Any]:
    """Return values of a type as contracts write it."""
    if hint in ANY:
        return ANY[hint]
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return st.from_regex(parts[1].pattern, fullmatch=True)
    if origin in {Union, UnionType}:
        return st.one_of([anything(one) for one in parts])
    if origin is tuple:
        return st.lists(anything(parts[0]), max_size=3).map(tuple)
    if issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    assert issubclass(hint, BaseModel)
    hints = get_type_hints(hint, include_extras=True)
    return st.builds(hint, **{name: anything(hints[name]) for name in hint.model_fields})


@pytest.mark.parametrize("event_class", EVENT_CLASSES.values(), ids=list(EVENT_CLASSES))
def test_a_body_is_what_the_class_writes_and_reads_as_the_same_event(event_class: type[Event]) -> None:
    @bounded(30)
    @given(anything(event_class))
    def law(event: Event) -> None:
        body = encode(event)
        assert body == event.model_dump_json()
        assert decode(event_class.__name__, event.schema_version, body) == event

    law()
