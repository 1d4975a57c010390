"""A sample body of an event, made from its contract alone: the same for ever, and nobody's."""

import inspect
import types
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import BaseModel

from shared.contracts.event import AreaCode, Event, Keyed, TownshipCode, VillageCode

DAYS = {
    "on": date(2026, 3, 9),
    "recorded_on": date(2026, 3, 17),
    "entered_on": date(2026, 3, 12),
    "opens": date(2026, 2, 17),
    "due": date(2026, 3, 16),
    "first_day": date(2026, 1, 1),
    "last_day": date(2026, 3, 31),
    "birth_date": date(2016, 5, 20),
}
ANY_DAY = date(2026, 3, 9)
TEXTS = {"name": "西外乡", "former_name": "西外公社", "digest": "5e" * 32, "ethnic_group": "01"}
VILLAGE = "431299200241"
CODES: dict[Any, str] = {
    VillageCode: VILLAGE,
    TownshipCode: VILLAGE[:9],
    AreaCode: VILLAGE,
    Keyed: "0123456789abcdef",
}


def sample_of(event_class: type[Event]) -> dict[str, Any]:
    """Return a body that fits *event_class*, with every optional field filled, as JSON values."""
    filled = event_class.model_validate(_fields(event_class, event_class.__name__))
    body: dict[str, Any] = filled.model_dump(mode="json")
    return body


def _fields(model: type[BaseModel], path: str) -> dict[str, Any]:
    return {name: _value(hint, name, f"{path}.{name}") for name, hint in _hints(model).items()}


def _hints(model: type[BaseModel]) -> dict[str, Any]:
    """Return the annotations as they are written, with what Annotated says of them."""
    hints: dict[str, Any] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel):
            hints |= {name: hint for name, hint in _annotations(base).items() if name in model.model_fields}
    return hints


def _annotations(base: type) -> dict[str, Any]:
    return inspect.get_annotations(base)


def _value(hint: Any, name: str, path: str) -> Any:
    if hint in CODES:
        return CODES[hint]
    origin = get_origin(hint)
    if origin is Annotated:
        return _value(get_args(hint)[0], name, path)
    if origin in {Union, types.UnionType}:
        return _value(next(one for one in get_args(hint) if one is not type(None)), name, path)
    if origin is tuple:
        return (_value(get_args(hint)[0], name, f"{path}.0"),)
    return _plain(hint, name, path)


def _plain(hint: Any, name: str, path: str) -> Any:
    if issubclass(hint, BaseModel):
        return _fields(hint, path)
    if issubclass(hint, StrEnum):
        return list(hint)[-1]
    by_type: dict[Any, Any] = {
        UUID: uuid5(NAMESPACE_URL, f"urn:kith:sample:{path}"),
        date: DAYS.get(name, ANY_DAY),
        bool: True,
        int: 2,
        str: TEXTS.get(name, name),
    }
    return by_type[hint]
