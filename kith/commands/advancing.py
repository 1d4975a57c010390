"""The day: advancing it, and replaying a log by the days its rows were entered."""

from datetime import datetime
from typing import Annotated

import typer

from kith.advancing import advance
from kith.exits import Exit, Failed
from kith.opening import Open, opened
from kith.options import DAY, HERE, AsJson, Data, PaperFile, day_of
from kith.replaying import COUNTS, Replayed, replay
from kith.states import day_of_contact, wait_until_all_taken
from shared import clock


def add_to(app: typer.Typer) -> None:
    """Add `kith advance` and `kith replay`."""
    app.command("advance")(advance_day)
    app.command("replay")(replay_log)


def advance_day(
    to: Annotated[
        datetime | None, typer.Option(formats=DAY, help="The day that begins. Default: today in Shanghai.")
    ] = None,
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """Advance the day: sixteenth birthdays close files, and every window due before it is judged, once."""
    with opened(data, as_json=as_json) as open_:
        day = day_of(to) or clock.today_in_shanghai()
        answer = advance(open_.client, day)
        open_.console.answer(answer, lambda: open_.console.line("advanced_to", day=day))


def replay_log(
    log: PaperFile,
    until: Annotated[datetime, typer.Option(formats=DAY, help="The last day to replay.")],
    first_day: Annotated[
        datetime | None, typer.Option("--from", formats=DAY, help="Default: the last day advanced to.")
    ] = None,
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """Replay a visit log by its days of entry (录入日期), advancing the day before each."""
    with opened(data, as_json=as_json) as open_:
        begins = first_day.date() if first_day else day_of_contact(open_.client)
        if begins is None:
            raise Failed("replay_from_when", Exit.USAGE)
        done = replay(open_.client, open_.console, log, begins, until.date())
        wait_until_all_taken(open_.client)
        answer = {"from": done.first_day, "until": done.last_day, **done.counts}
        open_.console.answer(answer, lambda: _tell(open_, done))


def _tell(open_: Open, done: Replayed) -> None:
    open_.console.line("replayed", first=done.first_day, last=done.last_day)
    open_.console.table("", COUNTS, [[done.counts[count] for count in COUNTS]])
