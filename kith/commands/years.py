"""A county's year in one command, with its own servers: for a program as `year`, for a person as `demo`."""

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from kith.console import Console
from kith.demo import EXAMPLE, clean, demo_on
from kith.deployment import deployment_of
from kith.exits import Exit, Failed
from kith.opening import opened
from kith.options import DAY, HERE, AsJson, Data
from kith.papers import papers_in
from kith.runtime import running
from kith.year import Year
from kith.year_report import tell_year

FILED_ON, UNTIL = datetime(2026, 1, 1), datetime(2026, 11, 23)  # noqa: DTZ001 - typer's form of a day


def add_to(app: typer.Typer) -> None:
    """Add `kith year` and `kith demo`."""
    app.command("year")(year)
    app.command("demo")(demo)


def year(
    papers: Annotated[Path, typer.Option(exists=True, file_okay=False, help="The county's papers.")],
    filed_on: Annotated[datetime, typer.Option(formats=DAY, help="The day the files were opened.")],
    until: Annotated[datetime, typer.Option(formats=DAY, help="The last day.")],
    *,
    elsewhere: Annotated[
        bool,
        typer.Option("--elsewhere", help="On services that run already, at KITH_URL or KITH_<SERVICE>_URL."),
    ] = False,
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """Run a county's year from its papers on servers of its own; goes on from what the data folder holds."""
    if until < filed_on:
        raise Failed("until_before_filed", Exit.USAGE, filed_on=filed_on.date(), until=until.date())
    found = papers_in(papers)
    with opened(data, as_json=as_json) as open_, ExitStack() as stack:
        if not elsewhere:
            stack.enter_context(running(open_.deployment, "advanced"))
        one = Year(open_.client, open_.console, found, filed_on.date(), until.date())
        done = one.run()
        open_.console.answer(done, lambda: tell_year(open_.console, done))
    if one.papers_refused:
        raise typer.Exit(Exit.PARTLY_REFUSED)


def demo(
    clean_up: Annotated[bool, typer.Option("--clean", help="Delete what the demo made, and stop.")] = False,
    papers: Annotated[Path, typer.Option(exists=True, file_okay=False, help="A county's papers.")] = EXAMPLE,
    data: Data = HERE,
) -> None:
    """Run the example county's year, tell its figures, then serve its dashboard until Ctrl-C."""
    console = Console(as_json=False)
    if clean_up:
        clean(deployment_of(data))
        console.line("demo_cleaned", folder=str(data))
        return
    with opened(data, as_json=False) as open_:
        demo_on(open_, papers_in(papers), FILED_ON.date(), UNTIL.date())
