"""`kith import`: papers into Kith; rows that are refused come back as a workbook to be mended."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from kith import importing
from kith.client import Json
from kith.exits import Exit
from kith.opening import Open, opened
from kith.options import DAY, HERE, AsJson, Data, PaperFile, PaperFiles
from kith.papers import in_order
from kith.states import present_day

group = typer.Typer(help="Take papers in; taking one in twice changes nothing.", no_args_is_help=True)

FiledOn = Annotated[datetime | None, typer.Option(formats=DAY, help="The day it is true. Default: today.")]
COUNTS = (
    *("rows", "taken", "logged", "put_right", "duplicates", "unknown_child", "ambiguous", "refused"),
    *("already", "likely_duplicates"),
)
REFUSALS_SHOWN_MAX = 5


def add_to(app: typer.Typer) -> None:
    """Add `kith import …`."""
    app.add_typer(group, name="import")


@group.command("areas")
def areas(file: PaperFile, on: FiledOn = None, data: Data = HERE, as_json: AsJson = False) -> None:
    """Take in the list of areas (行政区划): counties, townships, villages."""
    with opened(data, as_json=as_json) as open_:
        report = importing.import_areas(open_.client, open_.console, file, _day(open_, on))
        open_.console.answer(report, lambda: _tell(open_, [(file, report)]))


@group.command("roster")
def roster(files: PaperFiles, filed_on: FiledOn = None, data: Data = HERE, as_json: AsJson = False) -> None:
    """Take in rosters (花名册), one a township, by township code."""
    with opened(data, as_json=as_json) as open_:
        reports = importing.import_rosters(open_.client, open_.console, files, _day(open_, filed_on))
        _finish(open_, "registry", list(zip(in_order(files), reports, strict=True)))


@group.command("carers")
def carers(file: PaperFile, on: FiledOn = None, data: Data = HERE, as_json: AsJson = False) -> None:
    """Take in the list of carers (结对帮扶人员): enlist each, clear who passed vetting."""
    with opened(data, as_json=as_json) as open_:
        report = importing.import_carers(open_.client, file, _day(open_, on))
        _finish(open_, "pairing", [(file, report)])


@group.command("visits")
def visits(files: PaperFiles, data: Data = HERE, as_json: AsJson = False) -> None:
    """Take in visit logs (走访记录), by file name, as of the day they were entered."""
    with opened(data, as_json=as_json) as open_:
        _finish(open_, "contact", importing.import_visits(open_.client, files))


def _day(open_: Open, told: datetime | None) -> date:
    return told.date() if told else present_day(open_.client, "registry")


def _finish(open_: Open, service: str, reports: Sequence[tuple[Path, Json]]) -> None:
    nth = Counter[str]()
    for file, report in reports:
        nth[file.stem] += 1  # papers of one name, out of several folders
        name = file.stem if nth[file.stem] == 1 else f"{file.stem}.{nth[file.stem]}"
        kept = importing.keep_refused(open_.client, service, name, report)
        report["refused_file"] = str(kept) if kept else None
    answer = [{"file": file.name, **report} for file, report in reports]
    open_.console.answer(answer, lambda: _tell(open_, reports))
    # Not by the count of refused rows: a row that was refused before and is taken now makes it less than none.
    if any(report["refused_file"] or "code" in report for _, report in reports):
        raise typer.Exit(Exit.PARTLY_REFUSED)


def _tell(open_: Open, reports: Sequence[tuple[Path, Json]]) -> None:
    shown = [count for count in COUNTS if any(count in report for _, report in reports)]
    rows = [(file.name, *(report.get(count) for count in shown)) for file, report in reports]
    open_.console.table("", ["file", *shown], rows)
    for file, report in reports:
        for refusal in (report.get("refusals") or [])[:REFUSALS_SHOWN_MAX]:
            open_.console.line("refused_row", file=file.name, row=refusal["row"], why=refusal["detail"])
        if report.get("refused_file"):
            open_.console.line("refused_kept", file=report["refused_file"])
