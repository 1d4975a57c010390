"""`kith events`: what was said, as it is said, and one event with all that is known of it."""

import json
import time
from typing import Annotated

import typer

from kith.client import Json
from kith.exits import Exit, Failed
from kith.opening import Open, opened
from kith.options import HERE, AsJson, Data, ServiceName
from shared.subjects import SERVICES
from shared.tokens import Role

group = typer.Typer(help="Read the logs of events.", no_args_is_help=True)

PAGE = 200
LOOK_SECONDS = 1.0


def add_to(app: typer.Typer) -> None:
    """Add `kith events …`."""
    app.add_typer(group, name="events")


@group.command("tail")
def tail(
    *,
    service: Annotated[ServiceName, typer.Option(help="Whose log.")] = "contact",
    stream: Annotated[str | None, typer.Option(help="Only this stream, e.g. child-6f1c….")] = None,
    subject: Annotated[
        str | None, typer.Option(help="Only these, e.g. kith.*.431299200.*.ContactMissed")
    ] = None,
    after: Annotated[str | None, typer.Option(help="A position to begin after, e.g. 123-45.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most; with --follow, a page.")] = PAGE,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as events come, until Ctrl-C.")
    ] = False,
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """Tell the events of a log in order, one a line; with --json one JSON object a line."""
    with opened(data, as_json=as_json) as open_:
        told = 0
        while True:
            page = open_.client.get(
                service,
                "/events",
                Role.OPERATOR,
                after=after,
                stream=stream,
                subject=subject,
                limit=PAGE if follow else min(PAGE, limit - told),
            )
            for event in page["events"]:
                _tell(open_, event)
            told += len(page["events"])
            at_end, after = page["next"] == after, page["next"]
            if not follow and (told >= limit or at_end):
                return
            if at_end:
                time.sleep(LOOK_SECONDS)


@group.command("show")
def show(
    event_id: Annotated[str, typer.Argument(help="The event's id.")],
    service: Annotated[ServiceName | None, typer.Option(help="Whose log; default: look in each.")] = None,
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """Tell one event whole: its body, its place, and the command it came from."""
    with opened(data, as_json=as_json) as open_:
        event = _found(open_, [service] if service else list(SERVICES), event_id)
        open_.console.answer(event, lambda: typer.echo(json.dumps(event, ensure_ascii=False, indent=2)))


def _found(open_: Open, services: list[str], event_id: str) -> Json:
    for service in services:
        try:
            return open_.client.get(service, f"/events/{event_id}", Role.OPERATOR)
        except Failed as failed:
            if failed.params.get("status") != 404:  # noqa: PLR2004 - HTTP's own number
                raise
    raise Failed("no_such_event", Exit.REFUSED, event_id=event_id)


def _tell(open_: Open, event: Json) -> None:
    if open_.console.as_json:
        typer.echo(json.dumps(event, ensure_ascii=False))
    else:
        fields = (
            event["position"],
            event["event_type"],
            event["stream_id"],
            json.dumps(event["data"], ensure_ascii=False),
        )
        typer.echo("  ".join(map(str, fields)))
