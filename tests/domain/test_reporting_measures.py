"""Measures are defined once, say what they are, and are named in both languages."""

import pytest

from services.reporting.checks import PARTITIONS
from services.reporting.measure import Item, Nature
from services.reporting.measures import MEASURES, PARTS, UnknownMeasure, measure_named
from services.reporting.summary import SECTIONS
from shared.contracts.catalogue import EVENT_CLASSES
from shared.messages import Language, text


def test_every_measure_has_a_name_and_a_definition_in_both_languages() -> None:
    for measure in MEASURES.values():
        for language in Language:
            for code in (measure.label, measure.definition):
                assert text(code, language) != code


def test_every_measure_comes_from_published_events() -> None:
    for measure in MEASURES.values():
        assert measure.sources
        assert set(measure.sources) <= EVENT_CLASSES.keys()


def test_every_share_is_of_a_measure_that_exists() -> None:
    assert {measure.denominator for measure in MEASURES.values()} - {None} <= MEASURES.keys()


def test_a_sum_adds_measures_of_one_nature() -> None:
    for name, parts in PARTS.items():
        natures = {MEASURES[part.name].nature for part in parts}
        assert natures == {Nature.STOCK if MEASURES[name].nature is Nature.OPENING else MEASURES[name].nature}


def test_no_number_of_a_measure_changes_when_another_is_added() -> None:
    assert MEASURES["files.open"].number == 1_728_729_018
    assert MEASURES["windows.missed.home_visit"].group == "home_visit"


def test_each_child_is_in_one_list_of_a_partition() -> None:
    for parts in PARTITIONS.values():
        assert {MEASURES[part].item for part in parts} == {Item.CHILD}


def test_a_measure_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(UnknownMeasure, match=r"files\.closed\.bored"):
        measure_named("files.closed.bored")


def test_every_section_of_a_summary_has_a_title_and_figures() -> None:
    for section, beginnings in SECTIONS.items():
        assert all(text(f"summary.{section}", language) != f"summary.{section}" for language in Language)
        assert all(any(name.startswith(beginning) for name in MEASURES) for beginning in beginnings)
