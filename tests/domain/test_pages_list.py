"""The page of a list: every row of it, with names where somebody tells them and without where nobody does."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from services.reporting.lists import Page, Row
from services.reporting.measures import MEASURES
from services.reporting.pages.asked import asked_by
from services.reporting.pages.facts import Place
from services.reporting.pages.list_view import ListShown, list_shown
from services.reporting.pages.wording import Wording
from shared.messages import Language

CHILD, EVENT = UUID(int=1), UUID(int=2)
DAY = date(2026, 2, 28)
VILLAGE = "431299102204"


def shown(names: Mapping[UUID, str] | None, following: str | None = None, area: str = "431299") -> ListShown:
    row = Row(CHILD, CHILD, VILLAGE, DAY, date(2026, 3, 4), 1, "home_visit", (EVENT,))
    return list_shown(
        asked_by(area, {}, date(2026, 11, 23)),
        MEASURES["windows.missed"],
        Page([row], following),
        Wording(Language.ZH),
        count=222,
        nth=51,
        path=[Place("431299", "青溪县")],
        areas={VILLAGE: "柏湾村", VILLAGE[:9]: "清水镇"},
        names=names,
    )


def test_a_row_says_who_where_when_and_which() -> None:
    row = shown({CHILD: "周*佑"}).rows[0]
    assert (row.name, row.area, row.on, row.counted_as) == ("周*佑", "清水镇 柏湾村", "2026-02-28", "家访")
    assert row.events == [f"/received/{EVENT}"]


def test_the_list_of_a_township_names_villages_alone() -> None:
    assert [row.area for row in shown({}, area="431299102").rows] == ["柏湾村"]


def test_while_the_registry_is_away_the_list_shows_all_but_the_names() -> None:
    away = shown(None)
    assert away.names_away
    assert [(row.name, row.short) for row in away.rows] == [(None, "00000000")]


def test_a_page_in_the_middle_leads_on_and_back() -> None:
    middle = shown({}, following="key")
    assert middle.next_page is not None
    assert middle.next_page.endswith("&after_key=key&nth=52")
    assert middle.first_page is not None
    assert shown({}).next_page is None
