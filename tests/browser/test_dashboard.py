"""The dashboard in a real browser, on the whole real system: its numbers, its lists, its life."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SCREENSHOT, WIDTH, County, Watched, of
from tests.browser.small_county import TOWNSHIPS, UNTIL

pytestmark = pytest.mark.timeout(300)

UPDATED_MS = 15_000
LISTED = ("files.open", "children.paired", "windows.missed", "windows.outstanding", "escalations.township")


def test_the_sign_in_link_opens_the_county_and_leaves_no_token_in_the_address(reader: Watched) -> None:
    assert urlsplit(reader.page.url).path == "/areas/431299"
    assert "token" not in reader.page.url
    cookies = reader.page.context.cookies()
    session = next(cookie for cookie in cookies if cookie["name"] == "kith_session")
    assert session["httpOnly"]
    assert session["sameSite"] == "Lax"
    assert reader.page.locator("html").get_attribute("lang") == "zh-CN"


def test_every_number_on_the_page_is_the_api_s(county: County, reader: Watched) -> None:
    numbers = reader.numbers()
    assert len(numbers) > 200
    assert wrong(county, numbers) == []


@pytest.mark.parametrize("code", TOWNSHIPS)
def test_every_number_of_a_township_is_the_api_s(county: County, reader: Watched, code: str) -> None:
    reader.go(f"/areas/{code}?as_of=2026-02-10&known_on=2026-02-20")
    assert wrong(county, reader.numbers()) == []


def wrong(county: County, numbers: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Return the numbers that differ from what the API says for the same area and days."""
    asked: dict[str, dict[str, int]] = {}
    for _, href, _ in numbers:
        query = urlsplit(href).query
        if query not in asked:
            asked[query] = county.figures(href)
    return [
        (measure, href, shown)
        for measure, href, shown in numbers
        if shown != of(asked[urlsplit(href).query], measure)
    ]


@pytest.mark.parametrize("measure", LISTED)
def test_a_number_leads_to_exactly_the_list_behind_it(reader: Watched, measure: str) -> None:
    link = reader.page.locator(f'main a[data-measure="{measure}"]').first
    shown = int((link.text_content() or "").replace(",", ""))
    assert shown > 0
    reader.follow(link)
    page = reader.page
    assert page.locator("[data-count]").get_attribute("data-count") == str(shown)
    rows = page.locator("table.list tbody tr").count()
    while page.locator("a[rel=next]").count():
        reader.follow(page.locator("a[rel=next]"))
        rows += page.locator("table.list tbody tr").count()
    assert rows == shown


def test_names_in_a_list_are_masked_and_a_row_leads_to_its_event(reader: Watched) -> None:
    page = reader.page
    reader.follow(page.locator('main a[data-measure="windows.missed"]').first)
    names = page.locator("table.list tbody td:nth-child(3)").all_text_contents()
    assert all(re.fullmatch(r".\*+.?", name) for name in names)
    reader.follow(page.locator("table.list tbody a").first)
    expect(page.get_by_role("heading", level=1)).to_have_text("事件 未按期联系 ContactMissed")
    expect(page.locator("table.facts")).to_contain_text("儿童编号")


def test_the_way_goes_from_county_to_township_to_village_and_back(reader: Watched) -> None:
    page = reader.page
    reader.follow(page.get_by_role("link", name="清水镇"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("清水镇")
    village = page.locator('main a[href^="/areas/431299102"]').first
    name = village.text_content() or ""
    reader.follow(village)
    crumbs = page.locator("nav.crumbs a")
    expect(crumbs).to_have_text(["青溪县", "清水镇", name])
    reader.follow(crumbs.first)
    assert urlsplit(page.url).path == "/areas/431299"


def test_the_numbers_of_the_parts_add_up_to_the_whole(reader: Watched) -> None:
    columns: dict[str, list[tuple[str, int]]] = {}
    for measure, href, shown in reader.numbers("section:has(th a[href^='/areas/'])"):
        area = parse_qs(urlsplit(href).query)["area"][0]
        columns.setdefault(measure, []).append((area, int(shown.replace(",", ""))))
    assert {"files.open", "windows.missed"} <= columns.keys()
    for measure, numbers in columns.items():
        whole = [number for area, number in numbers if area == "431299"]
        assert sum(number for area, number in numbers if area != "431299") == whole[0], measure


def test_days_in_the_address_stand_on_badges_and_give_the_past(county: County, reader: Watched) -> None:
    page = reader.page
    page.locator("details.ask summary").click()
    page.locator("input[name=as_of]").fill("2026-01-31")
    page.locator("input[name=known_on]").fill("2026-02-03")
    page.locator("input[name=to]").fill("2026-01-31")
    reader.follow(page.locator("details.ask button"))
    expect(page.locator(".badge.past").first).to_have_text("截至 2026-01-31")
    assert "as_of=2026-01-31" in page.url
    assert "未到期" in page.locator("section.tiles").inner_text()
    assert wrong(county, reader.numbers()) == []


def test_the_page_updates_by_itself_when_an_event_arrives(county: County, reader: Watched) -> None:
    page = reader.page
    files = page.locator('section.tiles a[data-measure="files.open"]').first
    before = int(files.text_content() or "")
    page.locator("details.ask summary").click()
    county.client.post("registry", "/children", new_child())
    expect(files).to_have_text(str(before + 1), timeout=UPDATED_MS)
    assert page.locator("details.ask").get_attribute("open") is not None


def new_child() -> dict[str, object]:
    """Return a file to open for a child who is nobody's."""
    return {
        "on": UNTIL.isoformat(),
        "area": "431299102200",
        "file": {"birth_date": "2017-04-05", "sex": "1"},
        "identity": {"name": "测试儿"},
    }


def test_the_same_page_speaks_english_when_asked(reader: Watched) -> None:
    page = reader.page
    reader.follow(page.get_by_role("link", name="English"))
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert "page." not in page.locator("main").inner_text()
    reader.go("/areas/431299102")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_everything_is_reached_by_keyboard_and_focus_is_seen(reader: Watched) -> None:
    page = reader.page
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.className")
    assert focused == "skip"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#main$"))


@pytest.mark.parametrize("width", [360, 768])
def test_a_narrow_screen_scrolls_tables_and_not_the_page(reader: Watched, width: int) -> None:
    reader.page.set_viewport_size({"width": width, "height": 800})
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_program_gets_json_at_the_address_where_a_browser_gets_a_page(county: County) -> None:
    answer = county.client.get("reporting", "/lists/files.open", area="431299", limit=1)
    assert len(answer["items"]) == 1
    assert answer["next"]


def test_signing_out_forgets_the_session(county: County, reader: Watched) -> None:
    reader.follow(reader.page.get_by_role("button", name="退出登录"))
    expect(reader.page.locator("main")).to_contain_text("已退出登录")
    assert [cookie for cookie in reader.page.context.cookies() if cookie["name"] == "kith_session"] == []


def test_who_is_not_signed_in_is_told_what_to_do(county: County, visitor: Watched) -> None:
    answer = visitor.page.request.get(county.origin + "/", headers={"Accept": "text/html"})
    assert answer.status == 401
    assert "登录链接" in answer.text()
    assert "青溪" not in answer.text()


def test_outside_one_s_areas_there_is_no_page(county: County, reader: Watched) -> None:
    answer = reader.page.request.get(f"{county.origin}/areas/440000", headers={"Accept": "text/html"})
    assert answer.status == 404


def test_the_content_policy_lets_nothing_run_but_our_own_files(county: County, reader: Watched) -> None:
    answer = reader.page.request.get(f"{county.origin}/areas/431299", headers={"Accept": "text/html"})
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    inline = reader.page.locator("script:not([src]), style, [style]").count()
    assert inline == 0


@pytest.mark.timeout(1200)
def test_the_dashboard_has_its_picture_taken(reader: Watched, tmp_path: Path) -> None:
    """With KITH_SCREENSHOT=docs/images/dashboard.png and -k picture, the one that the README shows."""
    picture = Path(os.environ.get(SCREENSHOT, tmp_path / "dashboard.png"))
    picture.parent.mkdir(parents=True, exist_ok=True)
    upper = reader.page.locator("main > .grid").first.bounding_box()
    assert upper is not None
    bottom = int(upper["y"] + upper["height"])
    reader.page.set_viewport_size({"width": WIDTH, "height": bottom})
    reader.page.screenshot(path=picture)
    assert picture.stat().st_size > 0
