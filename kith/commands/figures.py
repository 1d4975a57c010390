"""Figures and summaries, as of any day and as known on any day."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from kith.opening import opened
from kith.options import DAY, HERE, Area, AsJson, Data, day_of
from shared.messages import text

Day = Annotated[datetime | None, typer.Option(formats=DAY)]


def add_to(app: typer.Typer) -> None:
    """Add `kith figures` and `kith summary`."""
    app.command("figures")(figures)
    app.command("summary")(summary)


def figures(
    *,
    area: Area = None,
    as_of: Annotated[
        datetime | None, typer.Option(formats=DAY, help="The day it is true on. Default: the latest.")
    ] = None,
    known_on: Annotated[
        datetime | None, typer.Option(formats=DAY, help="As it was known on this day. Default: all of it.")
    ] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=DAY, help="Count what happened from this day.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=DAY, help="Count what happened up to this day.")
    ] = None,
    only: Annotated[str, typer.Option(help="Only measures whose name begins so, e.g. windows.")] = "",
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """Tell the figures of an area."""
    with opened(data, as_json=as_json) as open_:
        days: dict[str, Any] = {
            "as_of": day_of(as_of),
            "known_on": day_of(known_on),
            "from_": day_of(first),
            "to": day_of(last),
        }
        answer = open_.client.get("reporting", "/figures", area=open_.area(area), **days)
        answer["figures"] = {
            name: count for name, count in answer["figures"].items() if name.startswith(only)
        }
        rows = [
            (name, text(f"measure.{name}", open_.console.language), count)
            for name, count in answer["figures"].items()
            if count or only
        ]
        open_.console.answer(answer, lambda: open_.console.table("", ["measure", "meaning", "figure"], rows))


def summary(
    *,
    first: Annotated[datetime, typer.Option("--from", formats=DAY, help="The first day it speaks of.")],
    last: Annotated[datetime, typer.Option("--to", formats=DAY, help="The last day it speaks of.")],
    area: Area = None,
    into: Annotated[Path, typer.Option("--output", "-o", dir_okay=False, help="The file to write.")] = Path(
        "summary.html"
    ),
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """Write the summary of an area and a period as an HTML page, in the language of --lang."""
    with opened(data, as_json=as_json) as open_:
        asked = open_.area(area)
        days: dict[str, Any] = {"from_": first.date(), "to": last.date()}
        open_.client.download(
            "reporting", "/summary", into, area=asked, lang=open_.console.language.value, **days
        )
        answer = {"area": asked, "file": str(into)}
        open_.console.answer(answer, lambda: open_.console.line("summary_written", file=str(into)))
