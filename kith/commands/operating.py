"""Operating: rebuilding a projection, and events that a reader could not apply."""

import json
from collections.abc import Iterator
from typing import Annotated

import typer

from kith.client import Client, Json
from kith.opening import Open, opened
from kith.options import HERE, AsJson, Data, ServiceName
from kith.rebuilding import rebuild
from shared.subjects import SERVICES
from shared.tokens import Role

group = typer.Typer(help="Events that a reader could not apply.", no_args_is_help=True)

PAGE = 500
"""Parked events asked for at once."""

Service = Annotated[ServiceName, typer.Option(help="The service whose reader parked it.")]
Number = Annotated[int, typer.Argument(help="The number that `parked list` told.")]


def add_to(app: typer.Typer) -> None:
    """Add `kith rebuild` and `kith parked …`."""
    app.command("rebuild")(rebuild_projection)
    app.add_typer(group, name="parked")


def rebuild_projection(
    projection: Annotated[str, typer.Argument(help="The projection, or all.")] = "all",
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """Rebuild a projection of reporting from its own events beside the live one, then swap it in."""
    with opened(data, as_json=as_json) as open_:
        answer = rebuild(open_.client, open_.console, projection)
        open_.console.answer(answer, lambda: open_.console.line("rebuilt", projection=projection))


@group.command("list")
def list_parked(
    service: Annotated[ServiceName | None, typer.Option(help="Default: every service.")] = None,
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """List parked events."""
    with opened(data, as_json=as_json) as open_:
        parked = [
            {"service": name, **event}
            for name in ([service] if service else SERVICES)
            for event in _parked(open_.client, name)
        ]
        open_.console.answer(parked, lambda: _tell(open_, parked))


def _parked(client: Client, service: str) -> Iterator[Json]:
    """Yield all that is parked in *service*, page by page."""
    after_key: str | None = None
    while True:
        page = client.get(service, "/parked", Role.OPERATOR, limit=PAGE, after_key=after_key)
        yield from page["items"]
        after_key = page["next"]
        if after_key is None:
            return


@group.command("show")
def show(number: Number, service: Service, data: Data = HERE, as_json: AsJson = False) -> None:
    """Tell one parked event whole, with the error."""
    with opened(data, as_json=as_json) as open_:
        event = open_.client.get(service, f"/parked/{number}", Role.OPERATOR)
        open_.console.answer(event, lambda: typer.echo(json.dumps(event, ensure_ascii=False, indent=2)))


@group.command("retry")
def retry(number: Number, service: Service, data: Data = HERE, as_json: AsJson = False) -> None:
    """Apply a parked event again, and what waits behind it."""
    _act("retry", number, service, data, as_json=as_json)


@group.command("drop")
def drop(number: Number, service: Service, data: Data = HERE, as_json: AsJson = False) -> None:
    """Do without a parked event for good."""
    _act("drop", number, service, data, as_json=as_json)


def _act(verb: str, number: int, service: str, data: Data, *, as_json: bool) -> None:
    with opened(data, as_json=as_json) as open_:
        answer = open_.client.post(service, f"/parked/{number}/{verb}", role=Role.OPERATOR)
        open_.console.answer(
            answer, lambda: open_.console.line(f"parked_{verb}", **{"number": number, **answer})
        )


def _tell(open_: Open, parked: list[Json]) -> None:
    fields = {
        "service": "service",
        "parked_id": "number",
        "reader": "reader",
        "event_type": "event",
        "error": "error",
    }
    rows = [[event.get(name) for name in fields] for event in parked]
    open_.console.table("", list(fields.values()), rows)
    open_.console.line("parked_count", count=len(parked))
