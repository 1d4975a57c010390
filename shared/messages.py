"""What Kith says to people: a text for every code, in Chinese and in English, from the catalogues beside."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

CATALOGUES = Path(__file__).parent / "messages"


class Language(StrEnum):
    """The languages Kith speaks."""

    ZH = "zh"
    EN = "en"


def text(code: str, language: Language = Language.ZH, /, **params: object) -> str:
    """Return what *code* says, with *params* filled in; a code that no catalogue has comes back as it is.

    Days are written as the language writes them; a value of an enumeration by its label, the key
    "<Enumeration>.<value>". A parameter that was not given shows as "?".
    """
    template = catalogue(language).get(code)
    if template is None:
        return code
    return template.format_map(_Filled({name: _shown(value, language) for name, value in params.items()}))


def label(value: StrEnum, language: Language = Language.ZH) -> str:
    """Return the label of a value of an enumeration, or the value where no catalogue has one."""
    return catalogue(language).get(f"{type(value).__name__}.{value.value}", value.value)


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Return all texts of a language; raises ValueError where two files have the same key.

    Nested tables are joined with a dot: home_visit in [ContactKind] is "ContactKind.home_visit".
    """
    texts: dict[str, str] = {}
    for path in sorted((CATALOGUES / language).glob("*.toml")):
        for key, template in _flat(tomllib.loads(path.read_text(encoding="utf-8"))):
            if key in texts:
                raise ValueError(f"{path.name} has the key {key} a second time")
            texts[key] = template
    return texts


def language_of(accept_language: str | None) -> Language:
    """Return the language an Accept-Language header asks for most; Chinese where it asks for neither."""
    weights = [_weighed(part) for part in (accept_language or "").split(",")[:20]]
    spoken = [(weight, Language(name)) for name, weight in weights if name in set(Language) and weight > 0]
    return max(spoken, key=lambda choice: choice[0])[1] if spoken else Language.ZH


def _weighed(part: str) -> tuple[str, float]:
    tag, _, quality = part.partition(";")
    try:
        weight = float(quality.strip().removeprefix("q=")) if quality else 1.0
    except ValueError:
        weight = 0.0
    return tag.strip().lower().split("-")[0], weight


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, str(value)


class _Filled(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"


def _shown(value: object, language: Language) -> object:
    match value:
        case StrEnum():
            return label(value, language)
        case date() if language is Language.ZH:
            return f"{value.year}年{value.month}月{value.day}日"
        case date():
            return value.isoformat()
        case list() | tuple() | set() | frozenset():
            separator = "、" if language is Language.ZH else ", "
            return separator.join(str(_shown(item, language)) for item in value)
        case _:
            return value
