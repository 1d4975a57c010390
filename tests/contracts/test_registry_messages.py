"""Every refusal of the registry has a text in both languages, which fills in what it is given."""

import re
from pathlib import Path
from string import Formatter

import pytest

from shared.messages import Language, catalogue

REGISTRY = Path(__file__).parents[2] / "services" / "registry"
RAISED = re.compile(r"""\b(?:Rejected|Refused|Away|NotFound)\(\s*"(\w+)"([^)]*)\)""")
NAMED = re.compile(r"(\w+)=")


def raised() -> dict[str, set[str]]:
    """Return each code that the registry refuses with, and the parameters every refusal gives it."""
    found: dict[str, set[str]] = {}
    for module in sorted(REGISTRY.rglob("*.py")):
        for code, params in RAISED.findall(module.read_text(encoding="utf-8")):
            given = set(NAMED.findall(params))
            found[code] = found.get(code, given) & given
    return found


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(("code", "given"), raised().items())
def test_every_refusal_of_the_registry_has_a_text(language: Language, code: str, given: set[str]) -> None:
    template = catalogue(language)[code]
    assert {name for _, name, _, _ in Formatter().parse(template) if name} <= given
