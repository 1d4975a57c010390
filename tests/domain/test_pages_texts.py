"""Every text that pages use exists in every language, and the stylesheet keeps to old browsers and its budget."""

import re
from pathlib import Path

import pytest

from services.reporting.measures import MEASURES
from services.reporting.pages.assets import STYLESHEET
from services.reporting.pages.wording import PREFIX
from shared.contracts.catalogue import EVENT_CLASSES
from shared.messages import Language, catalogue

PAGES = Path(__file__).parents[2] / "services" / "reporting" / "pages"
TEMPLATES = sorted((PAGES / "templates").glob("*.html"))
STYLESHEET_BYTES_MAX = 8192
TOO_NEW = (
    ":has(",
    "color-mix(",
    "@layer",
    "@container",
    "&:",
    "& ",
    ":is(",
    ":where(",
    "inset:",
    "aspect-ratio",
)
"""What Chrome 80 and Safari 14 do not know."""


def used_codes() -> set[str]:
    templates = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES)
    modules = "".join(path.read_text(encoding="utf-8") for path in PAGES.glob("*.py"))
    heads = re.findall(r"heads\(([^)]*)\)", templates)
    listed = {code for head in heads for code in re.findall(r"'([a-z_]+)'", head)}
    return (
        listed
        | set(re.findall(r"\bt\('([a-z_]+)'", templates))
        | set(re.findall(r'\bsay\("([a-z_]+)"', modules))
    )


@pytest.mark.parametrize("language", Language)
def test_every_text_of_a_page_is_in_the_catalogue(language: Language) -> None:
    assert {code for code in used_codes() if PREFIX + code not in catalogue(language)} == set()


def test_both_languages_have_the_same_texts() -> None:
    codes = [{code for code in catalogue(language) if code.startswith(PREFIX)} for language in Language]
    assert codes[0] == codes[1]


@pytest.mark.parametrize("language", Language)
def test_every_event_has_a_name(language: Language) -> None:
    assert {name for name in EVENT_CLASSES if f"{PREFIX}event.{name}" not in catalogue(language)} == set()


@pytest.mark.parametrize("language", Language)
def test_every_measure_has_a_name_and_a_definition(language: Language) -> None:
    texts = catalogue(language)
    missing = {
        code
        for measure in MEASURES.values()
        for code in (measure.label, measure.definition, f"Unit.{measure.unit}")
        if code not in texts
    }
    assert missing == set()


def test_the_stylesheet_is_small_and_known_to_old_browsers() -> None:
    assert len(STYLESHEET.content.encode()) <= STYLESHEET_BYTES_MAX
    assert [new for new in TOO_NEW if new in STYLESHEET.content] == []
    assert "http" not in STYLESHEET.content


def test_nothing_on_a_page_comes_from_elsewhere_or_escapes_the_content_policy() -> None:
    for path in TEMPLATES:
        source = path.read_text(encoding="utf-8")
        assert not re.search(r"https?://|//[a-z]+\.|style=|\son[a-z]+=", source), path.name
