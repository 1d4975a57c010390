"""A small county cut out of the example's papers: two townships and the first months of the log."""

import csv
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "qingxi"
TOWNSHIPS = ("431299102", "431299207")
FILED_ON, UNTIL = date(2026, 1, 1), date(2026, 3, 6)
YEAR_UNTIL = date(2026, 11, 23)


def small_county(folder: Path, townships: Sequence[str] = TOWNSHIPS) -> Path:
    """Write the papers of the small county into *folder* and return it."""
    rosters = folder / "花名册"
    rosters.mkdir(parents=True)
    for roster in (EXAMPLE / "花名册").iterdir():
        if roster.name.startswith(tuple(townships)):
            shutil.copy(roster, rosters)
    for name in ("行政区划.xlsx", "结对帮扶人员.xlsx"):
        shutil.copy(EXAMPLE / name, folder)
    _cut_log(EXAMPLE / "走访记录.csv", folder / "走访记录.csv", tuple(townships))
    return folder


def _cut_log(whole: Path, cut: Path, townships: tuple[str, ...]) -> None:
    with (
        whole.open(encoding="utf-8-sig", newline="") as source,
        cut.open("w", encoding="utf-8", newline="") as out,
    ):
        rows = csv.reader(source)
        written = csv.writer(out)
        written.writerow(next(rows))
        written.writerows(row for row in rows if row[4].startswith(townships) and row[1] <= UNTIL.isoformat())
