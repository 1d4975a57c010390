"""What a subscriber may do on the bus: fetch from its own consumers, which only the operator makes.

It has an account of its own. Whoever may ask JetStream anything names the subject of the answer, and the
server looks at no permission there: a user of Kith's account could have its answers put into a stream. In
an account of its own it gets them, and there is nothing else in it.
"""

from collections.abc import Iterator
from typing import Any

from kith.subscribers import Subscriber
from shared.subjects import stream_of

API = "KITH.API"
"""What a subscriber writes for $JS.API, which in its own account would be an account without JetStream."""

CONNECTIONS_MAX = 8
SUBSCRIPTIONS_MAX = 64


def account_of(subscriber: Subscriber, password: str, source: str) -> dict[str, Any]:
    """Return the account of *subscriber* with its one user; *source* is the account of the streams."""
    may_publish = [_here(subject) for subject, _ in _subjects(subscriber)]
    return {
        "users": [
            {
                "user": subscriber.user,
                "password": password,
                "permissions": {
                    "publish": {"allow": may_publish},
                    "subscribe": {"allow": [f"{inbox_of(subscriber)}.>"]},
                },
            }
        ],
        "imports": [
            {"service": {"account": source, "subject": subject}, "to": _here(subject)}
            for subject, _ in _subjects(subscriber)
        ],
        "limits": {"max_connections": CONNECTIONS_MAX, "max_subscriptions": SUBSCRIPTIONS_MAX},
    }


def inbox_of(subscriber: Subscriber) -> str:
    """Return the prefix of the inboxes of *subscriber*."""
    return f"_INBOX_{subscriber.user}"


def exported_to(subscriber: Subscriber) -> list[dict[str, Any]]:
    """Return what the account of the streams lets *subscriber*, and nobody else, ask."""
    return [
        {"service": subject, "response_type": response, "accounts": [subscriber.user]}
        for subject, response in _subjects(subscriber)
    ]


def _subjects(subscriber: Subscriber) -> Iterator[tuple[str, str]]:
    """Tell each subject with the kind of its answer: one message, or as many as were asked for."""
    for service in subscriber.subjects():
        consumer = f"{stream_of(service)}.{subscriber.user}"
        yield f"$JS.API.CONSUMER.INFO.{consumer}", "singleton"
        yield f"$JS.API.CONSUMER.RESET.{consumer}", "singleton"
        yield f"$JS.API.CONSUMER.MSG.NEXT.{consumer}", "stream"
        yield f"$JS.ACK.{consumer}.>", "singleton"


def _here(subject: str) -> str:
    return subject.replace("$JS.API", API, 1)
