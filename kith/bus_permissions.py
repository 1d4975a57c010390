"""Who may say and hear what on the bus: each service its own stream, its own consumers, its own inbox."""

from collections.abc import Callable, Sequence
from typing import Any

from kith.bus_subscribers import account_of, exported_to
from kith.subscribers import Subscriber
from shared.subjects import SERVICES, doorbell_of, question_subject, stream_of, subjects_of

OPERATOR = "operator"
RESPONSES_MAX = 1
RESPONSE_SECONDS = 30

KITH = "KITH"
"""The account of the services and the operator; each subscriber has one of its own."""


def accounts(
    password_of: Callable[[str], str],
    services: Sequence[str] = SERVICES,
    subscribers: Sequence[Subscriber] = (),
) -> dict[str, Any]:
    """Return the `accounts` of a NATS configuration: every user with its password and its rights."""
    users = [user_of(service, password_of(service), services) for service in services]
    kith = {
        "jetstream": "enabled",
        "users": [*users, operator(password_of(OPERATOR))],
        "exports": [export for subscriber in subscribers for export in exported_to(subscriber)],
    }
    others = {each.user: account_of(each, password_of(each.user), KITH) for each in subscribers}
    return {KITH: kith} | others


def user_of(service: str, password: str, services: Sequence[str]) -> dict[str, Any]:
    """Return the NATS user of *service*.

    It publishes its own events and nobody else's, keeps its own stream, reads every stream through
    consumers of its own name, asks any service and answers what it is asked.
    """
    publish = [
        subjects_of(service),
        doorbell_of(service),
        question_subject("*", "*"),
        "$JS.API.INFO",
        "$JS.API.STREAM.NAMES",
        f"$JS.API.STREAM.CREATE.{stream_of(service)}",
        f"$JS.API.STREAM.UPDATE.{stream_of(service)}",
    ]
    for source in services:
        publish += _reading(stream_of(source), f"{service}-from-{source}")
    return {
        "user": service,
        "password": password,
        "permissions": {
            "publish": {"allow": publish},
            "subscribe": {
                "allow": [f"{inbox_of(service)}.>", question_subject(service, "*"), doorbell_of("*")]
            },
            "allow_responses": {"max": RESPONSES_MAX, "expires": f"{RESPONSE_SECONDS}s"},
        },
    }


def operator(password: str) -> dict[str, Any]:
    """Return the NATS user of the command line and of tests, who may do everything."""
    return {"user": OPERATOR, "password": password, "permissions": {"publish": ">", "subscribe": ">"}}


def inbox_of(service: str) -> str:
    """Return the prefix of the inboxes of *service*: no other service can listen in on its answers."""
    return f"_INBOX_{service}"


def _reading(stream: str, consumer: str) -> list[str]:
    consumer_verbs = ("CREATE", "DURABLE.CREATE", "INFO", "MSG.NEXT", "RESET", "DELETE")
    return [
        f"$JS.API.STREAM.INFO.{stream}",
        f"$JS.API.STREAM.MSG.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}.>",
        *(f"$JS.API.CONSUMER.{verb}.{stream}.{consumer}" for verb in consumer_verbs),
        f"$JS.API.CONSUMER.CREATE.{stream}.{consumer}.>",  # with a filter subject at its end
        f"$JS.ACK.{stream}.{consumer}.>",
    ]
