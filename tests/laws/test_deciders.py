"""A law of every noun: whatever is asked of it, what it accepts can be folded, and it refuses in words."""

from collections.abc import Callable, Sequence
from dataclasses import is_dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.pairing.domain.carer import CARER, CarerCommand, EnlistCarer, Standing
from services.pairing.domain.pair import PAIR, AssignPair, CarerFacts, ChildFacts, PairCommand
from services.registry.domain.area import AreaCommand, DefineArea, area
from services.registry.domain.child import ChildCommand, RegisterChild, child
from shared.contracts.catalogue import decode
from shared.contracts.event import CarerKind, Event, Level, Sex
from shared.contracts.registry import ChildFile
from shared.decider import Decider, Rejected
from shared.messages import Language, catalogue
from tests.laws.bounds import bounded

VILLAGES = ("431299200201", "431299200202", "431299101201")
CODES = ("431299", "431299200", "431299101", *VILLAGES)
FIRST = date(2026, 1, 1)
BORN = (date(2010, 1, 9), date(2012, 2, 29), date(2026, 1, 4))
FEW: dict[Any, st.SearchStrategy[Any]] = {
    date: st.integers(0, 12).map(lambda days: FIRST + timedelta(days=days)),
    UUID: st.integers(1, 3).map(lambda n: UUID(int=n)),
    bool: st.integers(0, 3).map(bool),
    int: st.integers(-1, 4),
    ChildFile: st.builds(
        ChildFile, birth_date=st.sampled_from(BORN), sex=st.just(Sex.FEMALE), poor=st.booleans()
    ),
}
NAMED = {"school": st.none() | st.just("0" * 16), "name": st.sampled_from(("柳桥村", "东河村"))}


def few(hint: Any, codes: Sequence[str]) -> st.SearchStrategy[Any]:
    """Return values of a type from so few that histories grow long and facts meet."""
    if hint in FEW:
        return FEW[hint]
    if is_dataclass(hint):
        return any_command(hint, codes)
    if isinstance(hint, UnionType):
        return st.one_of([few(one, codes) for one in get_args(hint)])
    if get_origin(hint) is frozenset:
        return st.frozensets(few(get_args(hint)[0], codes), max_size=1)
    if hint is NoneType:
        return st.none()
    return st.sampled_from(hint if issubclass(hint, StrEnum) else codes)


def any_command(command: Any, codes: Sequence[str]) -> st.SearchStrategy[Any]:
    facts = get_type_hints(command)
    return st.builds(
        command, **{name: NAMED[name] if name in NAMED else few(hint, codes) for name, hint in facts.items()}
    )


SOMEBODY, VILLAGE = UUID(int=1), VILLAGES[0]
OPENINGS: dict[Decider[Any, Any], Any] = {
    area: DefineArea(VILLAGE, "柳桥村", Level.VILLAGE, VILLAGE[:9], True, FIRST, FIRST),
    child: RegisterChild(
        child_id=SOMEBODY,
        area=VILLAGE,
        village_open=True,
        file=ChildFile(birth_date=BORN[0], sex=Sex.FEMALE),
        on=FIRST,
        recorded_on=FIRST,
    ),
    CARER: EnlistCarer(SOMEBODY, CarerKind.TEACHER, Sex.FEMALE, VILLAGE, 2, None, FIRST, FIRST),
    PAIR: AssignPair(
        SOMEBODY,
        ChildFacts(SOMEBODY, VILLAGE, FIRST, None, frozenset()),
        CarerFacts(SOMEBODY, CarerKind.TEACHER, Standing.CLEARED, 2, 0, FIRST),
        FIRST,
        FIRST,
    ),
}
NOUNS: Sequence[tuple[Decider[Any, Any], UnionType, Sequence[str]]] = (
    (area, AreaCommand, CODES),
    (child, ChildCommand, VILLAGES),
    (CARER, CarerCommand, (*CODES[1:3], *VILLAGES)),
    (PAIR, PairCommand, VILLAGES),
)
DELAYS = st.sampled_from((-1, 0, 0, 0, 0, 2))
"""Days from when something was true until it was told; a day early is refused."""


@st.composite
def histories(draw: st.DrawFn, opening: Any, commands: UnionType, codes: Sequence[str]) -> list[Any]:
    """Draw commands of a noun, dated here and there but going forward on the whole, mostly after *opening*."""
    told: list[Any] = [opening] if draw(DELAYS) >= 0 else []
    day = FIRST
    for command in draw(st.lists(few(commands, codes), min_size=8, max_size=20)):
        day += timedelta(days=draw(st.sampled_from((-1, 0, 0, 1, 1))))
        told.append(replace(command, on=day, recorded_on=day + timedelta(days=draw(DELAYS))))
    return told


@pytest.mark.parametrize(("noun", "commands", "codes"), NOUNS, ids=[noun.category for noun, *_ in NOUNS])
@given(data=st.data())
@bounded(120)
def test_an_accepted_history_always_folds(
    noun: Decider[Any, Any], commands: UnionType, codes: Sequence[str], data: st.DataObject
) -> None:
    events: list[Event] = []
    state = noun.initial
    for command in data.draw(histories(OPENINGS[noun], commands, codes)):
        decided = decided_or_refused(noun.decide, command, state)
        for event in decided:
            assert event.on <= event.recorded_on
            state = noun.evolve(state, event)
        events += decided
        assert not decided_or_refused(noun.decide, command, state) or said_again(command)
    assert noun.fold(events) == state
    assert noun.fold([as_published(event) for event in events]) == state


def decided_or_refused(
    decide: Callable[[Any, Any], Sequence[Event]], command: Any, state: Any
) -> list[Event]:
    """Return what is decided, nothing where it is refused; every refusal has a text in both languages."""
    try:
        return list(decide(command, state))
    except Rejected as refused:
        code = refused.code
    assert all(code in catalogue(language) for language in Language)
    return []


def said_again(command: Any) -> bool:
    """Say whether a command may be true a second time: a change in the vault, which the events only tell."""
    return bool(getattr(command, "identity_changed", False))


def as_published(event: Event) -> Event:
    return decode(type(event).__name__, event.schema_version, event.model_dump_json())
