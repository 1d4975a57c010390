"""The work summary in a real browser: its sections, its numbers, its print, and as a file of its own."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import County, Watched, of

pytestmark = pytest.mark.timeout(300)

A4_WIDTH = 794
SECTIONS = 14


def test_every_number_of_the_summary_is_the_api_s(county: County, reader: Watched) -> None:
    reader.follow(reader.page.get_by_role("link", name="工作总结"))
    numbers = reader.numbers()
    assert len(numbers) > 60
    figures = county.figures(numbers[0][1])
    of_county = [number for number in numbers if "area=431299&" in urlsplit(number[1]).query]
    assert [number for number in of_county if number[2] != of(figures, number[0])] == []


def test_the_summary_has_all_sections_in_both_languages(reader: Watched) -> None:
    for language, heading in (("zh", "一、基本情况"), ("en", "1. Basic situation")):
        reader.go(f"/summary?area=431299102&lang={language}")
        headings = reader.page.locator("main h2").all_text_contents()
        assert headings[0] == heading
        assert len(headings) >= SECTIONS
        said = reader.page.locator("main").inner_text()
        assert "page." not in said
        assert "measure." not in said


def test_the_summary_prints_on_a4_without_navigation(reader: Watched) -> None:
    reader.go("/summary?area=431299102")
    reader.page.emulate_media(media="print")
    reader.page.set_viewport_size({"width": A4_WIDTH, "height": 1123})
    assert not reader.page.locator(".tools").is_visible()
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= A4_WIDTH


def test_on_a_telephone_tables_scroll_and_not_the_summary(reader: Watched) -> None:
    reader.page.set_viewport_size({"width": 360, "height": 800})
    reader.go("/summary?area=431299")
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_saved_summary_keeps_its_looks(county: County, reader: Watched, tmp_path: Path) -> None:
    saved = tmp_path / "summary.html"
    county.client.download("reporting", "/summary", saved, area="431299102", lang="zh")
    page = saved.read_text(encoding="utf-8")
    assert "<style>" in page
    assert 'rel="stylesheet"' not in page
