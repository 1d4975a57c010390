"""The summary: sentences made of figures, in two languages, and nothing made up."""

import re
from datetime import date

import pytest
from markupsafe import Markup

from services.reporting.measures import MEASURES
from services.reporting.pages.asked import asked_by
from services.reporting.pages.facts import Facts, Month, Place, Values
from services.reporting.pages.figures_shown import Figures
from services.reporting.pages.summary import WRITERS, Section, sections
from services.reporting.pages.wording import Wording
from shared.messages import Language

LATEST = date(2026, 11, 23)
SOME = {
    "files.open": 2384,
    "files.opening": 2400,
    "children.sex.1": 1240,
    "children.sex.2": 1144,
    "children.paired": 2031,
    "children.unpaired": 353,
    "windows.counted": 120,
    "windows.kept": 90,
    "windows.missed": 30,
    "windows.outstanding": 25,
}


def facts(**values: int) -> Facts:
    known: Values = {
        **dict.fromkeys(MEASURES, 0),
        **{name.replace("__", "."): n for name, n in values.items()},
    }
    asked = asked_by("431299", {}, LATEST)
    month = Month(date(2026, 11, 1), LATEST, known)
    return Facts(asked, [Place("431299", "青溪县")], known, [month], [], LATEST, None)


def some() -> Facts:
    return facts(**{name.replace(".", "__"): value for name, value in SOME.items()})


def words(section: Section) -> str:
    return "".join(Markup(sentence).striptags() for sentence in section.sentences)  # noqa: S704 - ours


def test_the_first_section_says_how_many_children_and_since_when() -> None:
    said = words(sections(some(), Wording(Language.ZH))[0])
    assert "截至2026年11月23日，青溪县在册农村留守儿童2,384人，其中男童1,240人、女童1,144人。" in said
    assert "比期初的2,400人减少16人。" in said


def test_every_number_of_a_sentence_leads_to_its_list() -> None:
    sentence = sections(some(), Wording(Language.ZH))[0].sentences[0]
    assert re.findall(r'href="(/lists/[a-z0-9_.]+)\?', sentence) == [
        "/lists/files.open",
        "/lists/children.sex.1",
        "/lists/children.sex.2",
    ]


@pytest.mark.parametrize("language", Language)
def test_there_are_fourteen_sections_and_each_says_something(language: Language) -> None:
    written = sections(some(), Wording(language))
    assert len(written) == len(WRITERS) == 14
    assert all(section.title and (section.sentences or section.absent) for section in written)
    assert not any("page." in words(section) + section.title for section in written)


def test_what_has_no_record_is_said_to_have_none() -> None:
    activities = sections(some(), Wording(Language.ZH))[7]
    assert not activities.sentences
    assert activities.absent == "儿童之家、活动场次和参加人次。"


def test_a_problem_is_named_only_where_a_figure_shows_it() -> None:
    problems = words(sections(some(), Wording(Language.ZH))[12])
    assert "仍有25人次的联系未完成" in problems
    assert "353名在册儿童没有结对" in problems
    assert "无人监护" not in problems


def test_a_small_group_is_told_in_counts() -> None:
    small = facts(files__open=7, children__paired=3, children__unpaired=4)
    assert "占在册7人的 3/7" in words(sections(small, Wording(Language.ZH))[4])


def test_a_window_that_could_not_be_judged_yet_is_not_due() -> None:
    asked, unjudged = some().asked, {"files.open": 5, "windows.counted": 0, "windows.missed": 0}
    assert Figures(asked, unjudged)("windows.missed").not_due
    assert not Figures(asked, {**unjudged, "windows.counted": 5})("windows.missed").not_due


def test_where_nobody_has_a_file_nothing_is_waited_for() -> None:
    nobody = {"files.open": 0, "windows.counted": 0, "windows.missed": 0}
    assert not Figures(some().asked, nobody)("windows.missed").not_due


def test_a_name_of_an_area_cannot_become_markup() -> None:
    named = some()
    hostile = Facts(named.asked, [Place("431299", "<b>县")], named.values, named.months, [], LATEST, None)
    assert "<b>" not in sections(hostile, Wording(Language.ZH))[0].sentences[0]
