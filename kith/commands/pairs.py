"""`kith pair`: who could look after whom, and making it so."""

from datetime import datetime
from typing import Annotated

import typer

from kith.client import Json
from kith.opening import Open, opened
from kith.options import DAY, HERE, Area, AsJson, Data
from kith.states import present_day, wait_until_all_taken

group = typer.Typer(help="Match unpaired children with cleared carers.", no_args_is_help=True)

On = Annotated[
    datetime | None, typer.Option(formats=DAY, help="The day it is true. Default: the day Kith is at.")
]
SHOWN_MAX = 40


def add_to(app: typer.Typer) -> None:
    """Add `kith pair …`."""
    app.add_typer(group, name="pair")


@group.command("suggest")
def suggest(area: Area = None, on: On = None, data: Data = HERE, as_json: AsJson = False) -> None:
    """Suggest a carer for each unpaired child, with the reason; nothing is assigned."""
    with opened(data, as_json=as_json) as open_:
        answer = open_.client.post("pairing", "/suggestions", _asked(open_, area, on))
        open_.console.answer(answer, lambda: _tell(open_, answer))


@group.command("assign")
def assign(area: Area = None, on: On = None, data: Data = HERE, as_json: AsJson = False) -> None:
    """Assign what `suggest` would suggest."""
    with opened(data, as_json=as_json) as open_:
        answer = open_.client.post("pairing", "/suggestions/assign", _asked(open_, area, on))
        open_.console.answer(answer, lambda: open_.console.line("assigned", count=answer["assigned"]))


def _asked(open_: Open, area: str | None, on: datetime | None) -> Json:
    wait_until_all_taken(open_.client)
    day = on.date() if on else present_day(open_.client, "pairing")
    return {"area": open_.area(area), "on": day.isoformat()}


def _tell(open_: Open, answer: Json) -> None:
    suggestions = answer["suggestions"]
    rows = [
        (one["child_id"], one["carer_id"], ", ".join(map(str, one["reasons"])))
        for one in suggestions[:SHOWN_MAX]
    ]
    open_.console.table("", ["child", "carer", "reason"], rows)
    open_.console.line("suggested", count=len(suggestions), shown=len(rows))
