"""How a name, a citizen id or a phone looks to somebody who has no business knowing it."""

from collections.abc import Mapping
from typing import Any

HIDDEN = "***"
"""What stands for anything that has no mask of its own."""

STARS = "*"
ID_ENDS = 4
PHONE_START, PHONE_END = 3, 4
PHONE_LENGTH_MIN = 8


def mask_name(name: str) -> str:
    """Keep the first and the last character, of two only the first: 王*明, 王*."""
    match len(name):
        case 0:
            return ""
        case 1:
            return STARS
        case 2:
            return name[0] + STARS
        case length:
            return name[0] + STARS * (length - 2) + name[-1]


def mask_citizen_id(number: str) -> str:
    """Keep the first and the last four characters: 4312**********0996."""
    hidden = len(number) - 2 * ID_ENDS
    return HIDDEN if hidden < 1 else number[:ID_ENDS] + STARS * hidden + number[-ID_ENDS:]


def mask_phone(number: str) -> str:
    """Keep the first three and the last four digits: 139****0134."""
    hidden = len(number) - PHONE_START - PHONE_END
    if len(number) < PHONE_LENGTH_MIN:
        return HIDDEN
    return number[:PHONE_START] + STARS * hidden + number[-PHONE_END:]


def mask(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Mask every field of an identity by its name; what is neither name, id number nor phone is hidden whole.

    Fields that end in "name" are names, in "id_number" or "citizen_id" id numbers, in "phone" phones.
    """
    return {field: _masked(field, value) for field, value in identity.items()}


def _masked(field: str, value: object) -> object:
    if value is None or value == "":
        return value
    if not isinstance(value, str):
        return HIDDEN
    if field.endswith("name"):
        return mask_name(value)
    if field.endswith(("id_number", "citizen_id")):
        return mask_citizen_id(value)
    if field.endswith("phone"):
        return mask_phone(value)
    return HIDDEN
