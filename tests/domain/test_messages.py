"""What Kith says to people: complete in both languages, for every code that anything can be refused with."""

import ast
import re
import string
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from pathlib import Path

import pytest

from shared.contracts import event as contracts
from shared.messages import Language, catalogue, label, language_of, text
from shared.tokens import Permission, Role

ROOT = Path(__file__).parent.parent.parent

REFUSALS = {
    "Rejected",
    "Refused",
    "NotFound",
    "Away",
    "AskFailed",
    "TokenRefused",
    "PaperRefused",
    "Fault",
    "Failed",
    "well",
    "doubtful",
    "bad",
}
"""What is raised or told with a code of the catalogues as its first argument."""


CODE = re.compile(r"[a-z][a-z0-9_.]*")
CAPTIONS = "page."
"""Texts of pages: a caption may need the year in one language and not in the other."""


def codes_in(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the codes that a module refuses with, each with its place."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _called(node.func) in REFUSALS and node.args:
            first = node.args[0]
            code = str(first.value) if isinstance(first, ast.Constant) else ""
            if CODE.fullmatch(code):
                yield code, f"{path.relative_to(ROOT)}:{node.lineno}"


def _called(function: ast.expr) -> str:
    match function:
        case ast.Name(name):
            return name
        case ast.Attribute(_, name):
            return name
        case _:
            return ""


def fields_of(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def code_sets() -> list[type[StrEnum]]:
    spoken = [
        member
        for member in vars(contracts).values()
        if isinstance(member, type) and issubclass(member, StrEnum) and member is not StrEnum
    ]
    return [*spoken, Role, Permission]


def test_both_languages_say_the_same_things() -> None:
    assert set(catalogue(Language.ZH)) == set(catalogue(Language.EN))


def test_a_text_has_the_same_parameters_in_both_languages() -> None:
    english = catalogue(Language.EN)
    differing = [
        key
        for key, template in catalogue(Language.ZH).items()
        if not key.startswith(CAPTIONS) and fields_of(template) != fields_of(english.get(key, template))
    ]
    assert differing == []


def test_every_code_that_something_is_refused_with_has_a_text() -> None:
    known = catalogue(Language.ZH)
    unsaid = [
        (code, place)
        for folder, prefix in {"shared": "", "services": "", "kith": "cli."}.items()
        for path in sorted((ROOT / folder).rglob("*.py"))
        for code, place in codes_in(path)
        if not {code, prefix + code} & set(known)
    ]
    assert unsaid == []


@pytest.mark.parametrize("code_set", code_sets())
def test_every_value_of_a_code_set_has_a_label(code_set: type[StrEnum]) -> None:
    for language in Language:
        unlabelled = [
            value for value in code_set if f"{code_set.__name__}.{value}" not in catalogue(language)
        ]
        assert unlabelled == []


def test_a_text_is_filled_in_as_its_language_writes() -> None:
    params = {"to": date(2026, 3, 9), "day": date(2026, 3, 10)}
    assert "2026年3月9日" in text("day_is_past", Language.ZH, **params)
    assert "2026-03-09" in text("day_is_past", Language.EN, **params)
    assert "导入" in text("forbidden", Language.ZH, permission=Permission.IMPORT)
    assert label(contracts.ContactKind.HOME_VISIT) == "家访"


def test_a_code_without_a_text_and_a_text_without_a_parameter_still_say_something() -> None:
    assert text("no_such_code") == "no_such_code"
    assert "?" in text("day_is_past", Language.EN, to="x")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, Language.ZH),
        ("", Language.ZH),
        ("en-GB,en;q=0.9", Language.EN),
        ("zh-CN,zh;q=0.9,en;q=0.8", Language.ZH),
        ("en;q=0.3, zh;q=0.8", Language.ZH),
        ("fr, de", Language.ZH),
        ("en;q=0, fr", Language.ZH),
        ("en;q=x", Language.ZH),
    ],
)
def test_the_language_is_the_one_asked_for_most(header: str | None, language: Language) -> None:
    assert language_of(header) is language
