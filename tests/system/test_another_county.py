"""Another county, whose papers look otherwise, gives exactly what plain loops over its facts give."""

import json
import subprocess
import sys
from datetime import date
from typing import Any

import pytest

from kith.exits import Exit
from tests.papers_of_a_county.county import WITHOUT_CARERS, invented, write
from tests.papers_of_a_county.facts import County
from tests.papers_of_a_county.reckoning import reckon

pytestmark = pytest.mark.timeout(300)

FILED_ON, UNTIL = date(2026, 2, 1), date(2026, 4, 25)
SEED = 2026


@pytest.fixture(scope="module")
def county() -> County:
    return invented(SEED, FILED_ON, UNTIL, size=2)


@pytest.fixture(scope="module")
def reckoned(county: County) -> dict[str, Any]:
    return reckon(county, FILED_ON, UNTIL)


@pytest.fixture(scope="module")
def year(county: County, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run the county's year; standard output is one JSON object and nothing else."""
    papers = tmp_path_factory.mktemp("papers")
    write(county, papers, log_as_workbook=True)
    folders = ["--data", str(tmp_path_factory.mktemp("year")), "--papers", str(papers)]
    days = ["--filed-on", str(FILED_ON), "--until", str(UNTIL)]
    command = [sys.executable, "-m", "kith", "year", *folders, *days, "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=280)
    assert done.returncode == Exit.OK, done.stderr
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


@pytest.mark.parametrize("part", ["rosters", "log", "contacts"])
def test_every_figure_is_what_the_rules_make_of_the_papers(
    part: str, year: dict[str, Any], reckoned: dict[str, Any]
) -> None:
    assert year[part] == reckoned[part]


def test_every_child_near_a_cleared_carer_is_paired_and_the_others_are_counted(
    year: dict[str, Any], reckoned: dict[str, Any]
) -> None:
    alone = sum(child.village.startswith(WITHOUT_CARERS) for child in reckoned["open"])
    assert alone
    assert year["pairs"] == {"open": len(reckoned["open"]) - alone, "children_unpaired": alone}


def test_the_papers_have_every_trouble(reckoned: dict[str, Any]) -> None:
    assert reckoned["rosters"]["refused"]
    assert reckoned["rosters"]["duplicates"]
    assert reckoned["log"]["unknown_child"]
    assert reckoned["log"]["ambiguous"]
    for kind in ("guardian_talk", "parent_call", "home_visit"):
        assert all(reckoned["contacts"][kind].values())
