"""The reckoning that other counties are checked by finds in the example county what is given as true."""

import csv
import json
import unicodedata
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from re import findall
from typing import Any

from python_calamine import CalamineWorkbook

from kith.demo import EXAMPLE
from tests.paper_files import with_check_sign
from tests.papers_of_a_county.facts import Child, County, LogEntry, RosterEntry
from tests.papers_of_a_county.reckoning import reckon
from tests.papers_of_a_county.visits import KINDS

KIND_OF = {word: kind for kind, word in KINDS.items()}
NOWHERE, NEVER = "", date(2015, 1, 1)


def test_the_reckoning_of_the_example_county_is_the_truth_that_came_with_it() -> None:
    truth = json.loads((EXAMPLE / "truth.json").read_text(encoding="utf-8"))
    expected = json.loads((EXAMPLE / "expected-contacts.json").read_text(encoding="utf-8"))
    found = reckon(example(), date(2026, 1, 1), date(2026, 11, 23))
    assert found["rosters"] == {
        "accepted": truth["accepted"],
        "refused": truth["rejected"],
        "duplicates": truth["duplicates"],
        "by_township": truth["by_township"],
    }
    assert found["log"] == {
        "rows": expected["log_rows"],
        "unknown_child": expected["unknown_child"],
        "ambiguous": expected["ambiguous"],
    }
    assert found["contacts"] == expected["contacts"]


def example() -> County:
    """Read the example county with a reader that knows its layouts and no others."""
    areas = {str(row[0]): str(row[1]) for row in sheet(EXAMPLE / "行政区划.xlsx")[1:]}
    rosters = [entry for path in sorted((EXAMPLE / "花名册").iterdir()) for entry in roster(path, areas)]
    with (EXAMPLE / "走访记录.csv").open(encoding="utf-8-sig", newline="") as file:
        log = [log_entry(row) for row in csv.DictReader(file)]
    return County("431299", areas, rosters, log)


def sheet(path: Path) -> list[list[Any]]:
    return CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()


def roster(path: Path, areas: dict[str, str]) -> Iterator[RosterEntry]:
    township = path.name[:9]
    villages = {name: code for code, name in areas.items() if code.startswith(township)}
    rows: list[list[Any]] = (
        sheet(path) if path.suffix == ".xlsx" else list(csv.reader(path.read_text("gb18030").splitlines()))
    )
    headings = next(row for row in rows if "姓名" in row)
    for row in rows[rows.index(headings) + 1 :]:
        if str(row[0]).removesuffix(".0").isdigit():
            said = dict(zip(headings, row, strict=True))
            yield roster_entry(township, said, villages)


def roster_entry(township: str, said: dict[str, Any], villages: dict[str, str]) -> RosterEntry:
    name = "".join(unicodedata.normalize("NFKC", said["姓名"]).split())
    number = said.get("公民身份证号码") or said.get("身份证号")
    number = unicodedata.normalize("NFKC", number).strip().upper() if number else None
    born = day(said.get("出生日期") or said.get("出生年月日"))
    village = villages.get(str(said.get("所在村") or said.get("村(居)")), NOWHERE)
    right = bool(name and born and village) and fits(number, born, said["性别"])
    poor = said["低保或困难家庭"] == "是"
    child = Child(name, said["性别"], born or NEVER, village, number, poor)
    return RosterEntry(township, child, "" if right else "refused")


def fits(number: str | None, born: date | None, sex: str) -> bool:
    """Return whether an id number has its right check sign, and says the same as the row."""
    if number is None or born is None:
        return True
    man = int(number[16]) % 2 == 1
    return (
        with_check_sign(number[:17]) == number and number[6:14] == f"{born:%Y%m%d}" and man == (sex == "男")
    )


def day(cell: object) -> date | None:
    parts = [int(digits) for digits in findall(r"\d+", unicodedata.normalize("NFKC", str(cell)))]
    year, month, of_month = (
        parts if len(parts) > 1 else (parts[0] // 10000, parts[0] // 100 % 100, parts[0] % 100)
    )
    try:
        return date(year, month, of_month)
    except ValueError:
        return None


def log_entry(said: dict[str, str]) -> LogEntry:
    return LogEntry(
        date.fromisoformat(said["走访日期"]),
        date.fromisoformat(said["录入日期"]),
        said["儿童姓名"],
        said["身份证号"].upper() or None,
        said["所在村代码"],
        KIND_OF[said["方式"]],
        said["结果"] == "成功",
    )
