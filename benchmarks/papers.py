"""`python -m benchmarks.papers`: how much memory a service holds while it takes in a paper."""

import random
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from io import BytesIO
from typing import NamedTuple

import httpx
import uvloop
import xlsxwriter

from benchmarks.invented import FIRST_COUNTY, FIRST_DAY, Child, children
from benchmarks.invented_papers import CARER_HEADINGS, HEADINGS, area_list, carer_row, row_of
from benchmarks.processor import megabytes_at_most
from benchmarks.servers import Servers, servers
from benchmarks.services_at_work import at_work, token
from benchmarks.streaming import fresh_streams
from shared.papers.limits import CELLS_MAX, LISTED_MAX, VISITS_MAX
from shared.tokens import Role

COUNTY = str(FIRST_COUNTY)
VILLAGES = 15
VISIT_HEADINGS = ["姓名", "身份证号", "村代码", "走访方式", "走访结果", "走访日期", "录入日期", "备注"]
FORMATS = ("csv", "xlsx")
SIZES = {"roster": (1_000, 5_000, LISTED_MAX), "visits": (4_000, 10_000, VISITS_MAX)}
"""Rosters of townships, and of as many as are taken; visits of a day and of a week of a county, and as many as are."""
WIDE = 25
"""Columns of a roster that asks for everything."""
CELLS_ROWS = CELLS_MAX // WIDE
VISITED = 25_000
ANSWER_SECONDS_MAX = 1_800.0


class Paper(NamedTuple):
    """A paper and where it is sent."""

    told: str
    name: str
    service: str
    path: str
    rows: int
    content: bytes
    taken: bool = True


async def weigh(on: Servers) -> None:
    """Send each paper to a service of its own, and print what its process held at most."""
    await fresh_streams(on)
    dsns = {service: await on.database(service) for service in ("registry", "contact")}
    login = {"Authorization": f"Bearer {token(on, Role.COUNTY, (COUNTY,))}"}
    sys.stdout.write("| paper | rows | file, MB | most memory, MB | seconds |\n|---|---:|---:|---:|---:|\n")
    for paper in papers():
        with at_work(on, dsns, "advanced") as processes:
            process = processes[paper.service]
            async with httpx.AsyncClient(
                base_url=process.address, headers=login, timeout=ANSWER_SECONDS_MAX
            ) as client:
                begun = time.perf_counter()
                reply = await client.post(paper.path, files={"file": (paper.name, paper.content)})
                took = time.perf_counter() - begun
            assert reply.is_success is paper.taken, reply.text
            most = megabytes_at_most(process.process.pid)
        size = len(paper.content) / 1e6
        sys.stdout.write(f"| {paper.told} | {paper.rows:,} | {size:.1f} | {most:.0f} | {took:.1f} |\n")
        sys.stdout.flush()


def papers() -> Iterator[Paper]:
    """Yield the list of areas, then each paper."""
    areas = area_list(settled(children(VILLAGES), COUNTY))
    path = f"/imports/areas?on={FIRST_DAY}"
    yield Paper("areas.csv", "areas.csv", "registry", path, VILLAGES + 2, areas)
    filed, name = f"/imports/rosters?filed_on={FIRST_DAY}", township(COUNTY)
    for form in FORMATS:
        for rows in SIZES["roster"]:
            table = written(roster(rows, form), form)
            yield Paper(f"roster.{form}", f"{name}.{form}", "registry", filed, rows, table)
        wide = written(widened(roster(LISTED_MAX - 1, form)), form)
        told = f"roster of {WIDE} columns.{form}"
        yield Paper(told, f"{name}.{form}", "registry", filed, LISTED_MAX - 1, wide)
    for form in FORMATS:
        for rows in SIZES["visits"]:
            name = f"visits.{form}"
            yield Paper(name, name, "contact", "/imports/visits", rows, written(visits(rows), form))

    for form in FORMATS:
        name = f"no table, each cell another.{form}"
        yield Paper(name, name, "contact", "/imports/visits", CELLS_ROWS, written(cells(), form), taken=False)


def longest(service: str, county: str, on: date) -> Paper:
    """Return the longest paper that *service* takes of a *county*; contact knows nobody in it, and refuses each row."""
    form = FORMATS[-1]
    if service == "registry":
        path, table = f"/imports/rosters?filed_on={on}", widened(roster(LISTED_MAX, form, county))
    elif service == "pairing":
        path, table = f"/imports/carers?on={on}", carers(LISTED_MAX, county)
    else:
        path, table = "/imports/visits", visits(VISITS_MAX, county)
    name = f"{township(county)}.{form}"
    return Paper(name, name, service, path, len(table) - 1, written(table, form))


def township(county: str) -> str:
    """Return the township whose papers these are."""
    return f"{county}100"


def settled(people: Iterable[Child], county: str) -> list[Child]:
    """Return *people* at home in the villages of the county's township."""
    return [
        Child(one.child_id, f"{township(county)}{n % VILLAGES + 1:03}", one.born, one.poor)
        for n, one in enumerate(people)
    ]


def carers(rows: int, county: str) -> list[list[str]]:
    """Return a list of so many volunteers."""
    chance = random.Random(rows)  # noqa: S311 - invented people, no secret
    people = settled(children(rows), county)
    return [CARER_HEADINGS.split(","), *(carer_row(child.area, chance).split(",") for child in people)]


def cells() -> list[list[str]]:
    """Return as many cells as are read, each with another text; nothing in them is a heading."""
    return [[f"文{row}又{column}" for column in range(WIDE)] for row in range(CELLS_ROWS)]


def roster(rows: int, form: str, county: str = COUNTY) -> list[list[str]]:
    """Return a roster of one township, of other children for each number of *rows* and each form."""
    seed = rows * len(FORMATS) + FORMATS.index(form)
    chance = random.Random(seed)  # noqa: S311 - invented people, no secret
    people = settled(children(rows, seed), county)
    return [HEADINGS.split(","), *(row_of(child, n, chance).split(",") for n, child in enumerate(people))]


def widened(table: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return *table* with WIDE columns, those that are added of no meaning to a reader."""
    return [[*row, *(f"说明{n}" for n in range(WIDE - len(row)))] for row in table]


def visits(rows: int, county: str = COUNTY) -> list[list[str]]:
    """Return a log of visits, each of one of VISITED children; contact knows none of them, and refuses each row."""
    people = roster(VISITED, FORMATS[0], county)[1:]
    told = [VISIT_HEADINGS]
    for n in range(rows):
        name, _, _, number, village, *_ = people[n % VISITED]
        on = date(2026, 3, 1) + timedelta(days=n % 28)
        told.append(
            [name, number, village, "监护人谈话", "成功", str(on), str(on + timedelta(days=1)), "一切都好"]
        )
    return told


def written(table: Sequence[Sequence[str]], form: str) -> bytes:
    """Return *table* as a file."""
    if form == "csv":
        return "\n".join(",".join(row) for row in table).encode()
    file = BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        for line, row in enumerate(table):
            sheet.write_row(line, 0, row)
    return file.getvalue()


if __name__ == "__main__":
    with servers() as on:
        uvloop.run(weigh(on))
