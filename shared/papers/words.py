"""The words of papers for codes that several papers ask for."""

from collections.abc import Mapping
from typing import TypeVar

from shared.contracts.event import Sex

Value = TypeVar("Value")


def by_word(words: Mapping[Value, str]) -> Mapping[str, Value]:
    """Return the value of each word; words stand separated by spaces."""
    return {word: value for value, listed in words.items() for word in listed.split()}


SEXES = by_word({Sex.MALE: "男 男性 男孩 男童 男生 M m 1", Sex.FEMALE: "女 女性 女孩 女童 女生 F f 2"})
