"""`kith subscriber`: other systems of the county that read the events of some areas (docs/subscribing.md)."""

import asyncio
from typing import Annotated

import typer

from kith.bus_subscribers import API, inbox_of
from kith.console import Console
from kith.container_files import has_bus_users
from kith.deployment import Deployment, deployment_of
from kith.embedded.kept_secrets import bus_password_file
from kith.embedded.nats import reload_nats
from kith.exits import Exit, Failed
from kith.options import HERE, AsJson, Data
from kith.subscribers import NotASubscriber, Subscriber, subscriber_of, subscribers_of
from kith.subscribing import Subscription, end, forget, look_at, not_made, provision, write_down

group = typer.Typer(help="Let other systems read the events of some areas.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The subscriber's name: small letters, digits and hyphens.")]


def add_to(app: typer.Typer) -> None:
    """Add `kith subscriber …`."""
    app.add_typer(group, name="subscriber")


@group.command("add")
def add(
    name: Name,
    *,
    area: Annotated[list[str], typer.Option(help="A county (6 digits) or township (9) it may read; again.")],
    event: Annotated[list[str], typer.Option(help="An event it may read, e.g. ContactMissed; again.")],
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """Make a user of the bus that may read these events of these areas, from the first on, and nothing else."""
    console, deployment = Console(as_json=as_json), deployment_of(data)
    subscriber = _well_formed(name, area, event)
    write_down(deployment, subscriber)
    _ask_for_a_reload(console, deployment)
    facts = {
        "user": subscriber.user,
        "password_file": str(bus_password_file(deployment.data, subscriber.user)),
        "api_prefix": API,
        "inbox_prefix": inbox_of(subscriber),
    }
    try:
        subscriptions = asyncio.run(provision(deployment, [subscriber]))
        facts["bus"] = deployment.bus_address()
    except Failed as away:
        console.say("subscriber_made_later", why=console.text(away.code, **away.params))
        subscriptions = not_made(subscriber)
    answer = facts | {"subscriptions": [each.as_json() for each in subscriptions]}
    console.answer(answer, lambda: _tell_how_to_read(console, facts, subscriptions))


def _well_formed(name: str, areas: list[str], events: list[str]) -> Subscriber:
    try:
        return subscriber_of(name, areas, events)
    except NotASubscriber as wrong:
        code, what = wrong.args
        raise Failed(code, Exit.USAGE, what=what) from wrong


def _tell_how_to_read(console: Console, facts: dict[str, str], subscriptions: list[Subscription]) -> None:
    _tell(console, subscriptions)
    for fact, what in facts.items():
        console.line(f"subscriber_{fact}", what=what)


def _ask_for_a_reload(console: Console, deployment: Deployment) -> None:
    if has_bus_users(deployment.data):
        console.say("bus_wants_a_reload")


@group.command("list")
def listed(data: Data = HERE, as_json: AsJson = False) -> None:
    """Tell who subscribes, to what, and how many events wait for each."""
    console, deployment = Console(as_json=as_json), deployment_of(data)
    subscribers = subscribers_of(deployment.data)
    subscriptions = asyncio.run(look_at(deployment, subscribers)) if subscribers else []
    console.answer([each.as_json() for each in subscriptions], lambda: _tell(console, subscriptions))


@group.command("provision")
def provisioned(data: Data = HERE, as_json: AsJson = False) -> None:
    """Make what is missing of everybody's consumers, as after a stream was deleted; `kith up` does the same."""
    console, deployment = Console(as_json=as_json), deployment_of(data)
    reload_nats(deployment.data)
    subscriptions = asyncio.run(provision(deployment, subscribers_of(deployment.data)))
    console.answer([each.as_json() for each in subscriptions], lambda: _tell(console, subscriptions))


def _tell(console: Console, subscriptions: list[Subscription]) -> None:
    rows = [
        (
            each.consumer,
            each.stream,
            "\n".join(each.subjects),
            console.text("subscription_missing") if each.waiting is None else each.waiting,
        )
        for each in subscriptions
    ]
    console.table("", ["subscriber", "stream", "subjects", "waiting"], rows)


@group.command("remove")
def remove(name: Name, data: Data = HERE, as_json: AsJson = False) -> None:
    """End a subscription: its consumers, its user and its password; who is connected with it is cut off."""
    console, deployment = Console(as_json=as_json), deployment_of(data)
    found = next((each for each in subscribers_of(deployment.data) if each.name == name), None)
    if found is None:
        raise Failed("no_such_subscriber", Exit.REFUSED, name=name)
    asyncio.run(end(deployment, found))
    forget(deployment, found)
    _ask_for_a_reload(console, deployment)
    console.answer({"removed": found.user}, lambda: console.line("subscriber_removed", user=found.user))
