"""A county's papers in a folder: which file is what, by the names that counties use."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kith.exits import Exit, Failed

AREAS, CARERS, VISITS, ROSTERS = "行政区划", "结对帮扶人员", "走访记录", "花名册"
SHEETS = frozenset({".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".csv", ".txt"})
TOWNSHIP = re.compile(r"(\d{9})(?!\d)")


@dataclass(frozen=True)
class Papers:
    """The papers of one county; rosters in order."""

    areas: Path
    rosters: tuple[Path, ...]
    carers: Path
    visits: Path


def papers_in(folder: Path) -> Papers:
    """Return the papers in *folder*.

    行政区划.*, 结对帮扶人员.* and 走访记录.* may stand at any depth; rosters are the files whose names begin
    with a township's nine digits. Raises Failed, naming each paper that is missing or there twice.
    """
    sheets = [path for path in sorted(folder.rglob("*")) if _is_sheet(path)]
    rosters = [path for path in sheets if township_of(path)]
    named = {
        name: [path for path in sheets if path.stem.startswith(name)] for name in (AREAS, CARERS, VISITS)
    }
    missing = [f"{name}.*" for name, found in named.items() if not found]
    if not rosters:
        missing.append(f"{ROSTERS}/<9>_*.*")
    if missing:
        raise Failed("papers_missing", Exit.USAGE, folder=str(folder), missing=missing)
    twice = [str(path.relative_to(folder)) for found in named.values() if len(found) > 1 for path in found]
    if twice:
        raise Failed("papers_twice", Exit.USAGE, folder=str(folder), files=twice)
    return Papers(named[AREAS][0], in_order(rosters), named[CARERS][0], named[VISITS][0])


def in_order(papers: Iterable[Path]) -> tuple[Path, ...]:
    """Return papers of one kind by township code, file name and folder, in whatever order they come.

    One import of them is always the same then: which row is the first of a duplicate, and which of two late
    visits makes a miss good. A visit log has no code: its name is what counts.
    """
    return tuple(sorted(papers, key=lambda path: (township_of(path), path.name, path)))


def township_of(path: Path) -> str:
    """Return the township code a roster's name begins with, or an empty text."""
    found = TOWNSHIP.match(path.name)
    return found[1] if found else ""


def _is_sheet(path: Path) -> bool:
    return path.suffix.lower() in SHEETS and not path.name.startswith((".", "~$")) and path.is_file()
