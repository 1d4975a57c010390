"""What a subscriber may do on the bus: fetch from its own consumers, which only the operator makes.

It has an account of its own, with nothing in it: there its answers end, whatever subject it names for them.
"""

from typing import Any

from kith.bus_imports import API_ELSEWHERE, May, consuming, imports
from kith.subscribers import Subscriber

API = API_ELSEWHERE
"""What a subscriber writes for $JS.API."""

CONNECTIONS_MAX = 8
SUBSCRIPTIONS_MAX = 64


def account_of(subscriber: Subscriber, password: str) -> dict[str, Any]:
    """Return the account of *subscriber* with its one user."""
    wanted = {service: reading(subscriber, service) for service in subscriber.subjects()}
    return {
        "users": [
            {
                "user": subscriber.user,
                "password": password,
                "permissions": {
                    "publish": {"allow": [one.elsewhere for some in wanted.values() for one in some]},
                    "subscribe": {"allow": [f"{inbox_of(subscriber)}.>"]},
                },
            }
        ],
        "imports": [one for service, some in wanted.items() for one in imports(service, some)],
        "limits": {"max_connections": CONNECTIONS_MAX, "max_subscriptions": SUBSCRIPTIONS_MAX},
    }


def inbox_of(subscriber: Subscriber) -> str:
    """Return the prefix of the inboxes of *subscriber*."""
    return f"_INBOX_{subscriber.user}"


def reading(subscriber: Subscriber, service: str) -> list[May]:
    """Return what *subscriber*, and nobody else, may ask in the account of *service*."""
    return consuming(service, subscriber.user) if service in subscriber.subjects() else []
