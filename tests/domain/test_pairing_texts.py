"""Whatever pairing refuses, and why it suggests, is said in both languages."""

import re
from enum import StrEnum
from pathlib import Path

import pytest

from services.pairing.domain.carer import Standing
from services.pairing.suggesting import MatchReason
from shared.messages import Language, catalogue

SERVICE = Path(__file__).parents[2] / "services" / "pairing"
RAISED = re.compile(r'(?:Rejected|Refused|Away|Fault)\(\s*"(\w+)"')
CODES = sorted({code for path in SERVICE.rglob("*.py") for code in RAISED.findall(path.read_text("utf-8"))})


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", CODES)
def test_every_refusal_has_a_text(code: str, language: Language) -> None:
    assert code in catalogue(language)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("value", [*MatchReason, *Standing])
def test_every_reason_and_standing_has_a_label(value: StrEnum, language: Language) -> None:
    assert f"{type(value).__name__}.{value}" in catalogue(language)
