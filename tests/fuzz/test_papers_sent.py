"""Papers of whatever cells, sent to running services: never a fall, and the good row among them is taken."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from typing import Any

import httpx
import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from shared.papers.sheet import read_sheets
from shared.tokens import Role
from tests.domain.test_papers_anything import OF_THE_TREE, written_cells
from tests.fuzz.cases import TIMES, cases
from tests.fuzz.county import COUNTY, County
from tests.fuzz.right_requests import AREAS, CARERS, DAY, VISITS
from tests.paper_files import HEADINGS, old_workbook, row_with, with_check_sign, workbook

TOWNSHIP, VILLAGE = "431299950", "431299950201"
"""Of these papers alone: what is sent at random elsewhere renames and closes the others."""
ABOVE_AREAS = [AREAS, [COUNTY, "青溪县", "", "county"], [TOWNSHIP, "蓝水镇", COUNTY, "township"]]
CASES = cases(20, phases=(Phase.generate,))
BEGUN = "2026-01-05"
FIRST = date.fromisoformat(DAY)
DAYS_VISITED = 50
GIRLS_A_DAY = 500
"""Whom one area's citizen ids tell apart: the number of the day, of three digits, is even."""
NUMBERS = count(1)
"""Whoever is told of in these papers has a number of his own: each good row is new."""

pytestmark = pytest.mark.timeout(300 * TIMES)

Row = Sequence[object]


@dataclass(frozen=True)
class Kind:
    """A kind of paper: where it is sent and under which name, what stands above its rows, and its good rows."""

    service: str
    path: str
    name: str
    above: Sequence[Row]
    row: Callable[[int], Row]


def born(number: int) -> date:
    return date(2016, 7, 12) - timedelta(number // GIRLS_A_DAY)


def citizen_id(number: int) -> str:
    return with_check_sign(f"431299{born(number):%Y%m%d}{number % GIRLS_A_DAY * 2:03}")


def new_child(number: int) -> Row:
    return row_with(
        姓名=f"周蓝{number}",
        公民身份证号码=citizen_id(number),
        出生日期=born(number).isoformat(),
        所在村="蓝溪村",
    )


def new_carer(number: int) -> Row:
    return [f"吴蓝{number}", "女", "教师", TOWNSHIP, f"139602{number:05}", 2, "是"]


def new_visit(number: int) -> Row:
    entered = FIRST + timedelta(number // DAYS_VISITED)
    on = FIRST - timedelta(1 + number % DAYS_VISITED)
    return [on, entered, "周蓝", citizen_id(0), VILLAGE, "亲子通话", "成功"]


def new_village(number: int) -> Row:
    # A township has no more codes than these: one that comes again is a village's new name.
    return [f"{TOWNSHIP}{600 + number % 400}", f"蓝{number}村", TOWNSHIP, "village"]


KINDS: Mapping[str, Kind] = {
    "roster": Kind(
        "registry", f"/imports/rosters?filed_on={DAY}", f"{TOWNSHIP}_蓝水镇.xlsx", [HEADINGS], new_child
    ),
    "areas": Kind("registry", f"/imports/areas?on={DAY}", "行政区划.xlsx", ABOVE_AREAS, new_village),
    "carers": Kind("pairing", f"/imports/carers?on={DAY}", "结对帮扶人员.xlsx", [CARERS], new_carer),
    "visits": Kind("contact", "/imports/visits", "走访记录.xlsx", [VISITS], new_visit),
}


@pytest.fixture(scope="module")
def http(county: County) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {county.token(Role.COUNTY)}"}
    with httpx.Client(timeout=60, headers=headers) as client:
        yield client


@pytest.fixture(scope="module", autouse=True)
def own_village(county: County) -> None:
    """A township with a village, and a child in it whom visits can be of, known to all who take in papers."""
    client = county.client
    areas = workbook(None, *ABOVE_AREAS, [VILLAGE, "蓝溪村", TOWNSHIP, "village"])
    told = client.send("registry", "/imports/areas", "行政区划.xlsx", areas, on=BEGUN)
    carers = workbook(None, CARERS, new_carer(0))
    client.send("pairing", "/imports/carers", "结对帮扶人员.xlsx", carers, on=DAY, after=told["position"])
    file = {"birth_date": "2016-07-12", "sex": "2"}
    identity = {"name": "周蓝", "id_number": citizen_id(0)}
    child = {"on": BEGUN, "area": VILLAGE, "file": file, "identity": identity}
    told = client.post("registry", "/children", child)
    client.get("contact", "/visits", after=told["position"])


def send(
    county: County, http: httpx.Client, kind: Kind, rows: Sequence[Row], *, old: bool = False
) -> httpx.Response:
    content = old_workbook(*kind.above, *rows) if old else workbook(None, *kind.above, *rows)
    return http.post(
        county.deployment.address(kind.service) + kind.path, files={"file": (kind.name, content)}
    )


Spoils = Sequence[tuple[int, object]]
"""Cells of a row by their places, counted on from the last to the first, and what stands there instead."""

spoils = st.lists(st.tuples(st.integers(0, 21), written_cells), min_size=1, max_size=3)


@pytest.mark.parametrize("name", ["roster", "carers", "visits"])
@pytest.mark.parametrize("old", [False, True])
def test_a_row_refused_for_a_cell_of_nul_keeps_no_other_from_being_taken(
    county: County, http: httpx.Client, *, name: str, old: bool
) -> None:
    kind = KINDS[name]
    good, wrong = kind.row(next(NUMBERS)), ["\x00"] * len(kind.row(0))
    wrong[0] = "\x00周\x00"
    reply = send(county, http, kind, [wrong, good], old=old)
    assert reply.status_code == httpx.codes.OK, reply.text
    told = reply.json()
    assert [row["row"] for row in told["refusals"]] == [len(kind.above) + 1]
    back = http.get(county.deployment.address(kind.service) + told["refused_workbook"])
    assert "周" in str(read_sheets(back.content)[0].rows[1])
    assert send(county, http, kind, [good]).json()["already"] == 1


@pytest.mark.parametrize("name", sorted(KINDS))
@CASES
@given(wrong=st.lists(spoils, min_size=1, max_size=4), place=st.integers(0, 4), old=st.booleans())
def test_the_good_row_is_taken_among_rows_of_whatever_cells(
    county: County, http: httpx.Client, *, name: str, wrong: Sequence[Spoils], place: int, old: bool
) -> None:
    kind, place = KINDS[name], min(place, len(wrong))
    rows = [spoilt(kind.row(next(NUMBERS)), spoils) for spoils in wrong]
    rows.insert(place, good := kind.row(next(NUMBERS)))
    reply = send(county, http, kind, rows, old=old)
    told: dict[str, Any] = reply.json()
    if reply.status_code == httpx.codes.OK:
        refused = {row["row"] for row in told.get("refusals", ())}
        assert len(kind.above) + place + 1 not in refused, told
    else:
        assert reply.status_code == httpx.codes.UNPROCESSABLE_ENTITY, reply.text
        assert told["code"] == "paper_formulas" or (name == "areas" and told["code"] in OF_THE_TREE), told
    known = len(kind.above) if reply.is_success else 0
    again = send(county, http, kind, [good])
    assert again.status_code == httpx.codes.OK, again.text
    assert again.json()["already"] >= known, (rows, told, again.text)


def spoilt(good: Row, spoils: Spoils) -> Row:
    row = list(good)
    for place, cell in spoils:
        row[place % len(row)] = cell
    return row
