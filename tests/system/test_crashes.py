"""A small county's weeks on two replicas of everything, through crashes of every kind: as if nothing had been."""

from datetime import date
from pathlib import Path

import pytest

from tests.crash.counties import small
from tests.crash.run import Story, crash
from tests.folders import data_folder

pytestmark = pytest.mark.timeout(900)

SEED = 7
KILLS = 8
UNTIL = date(2026, 3, 12)


def test_crashes_of_every_kind_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    story = Story(aloud=False)
    with data_folder() as data:
        crash(small(tmp_path / "papers", SEED, UNTIL), data, SEED, KILLS, story)
    assert not story.wrong, "\n".join([*story.wrong, "", *story.lines])
