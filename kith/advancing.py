"""Advancing the day: registry, then pairing, then contact, each waiting for what the one before wrote."""

from datetime import date

from kith.client import Client, Json
from shared.tokens import Role

ORDER = ("registry", "pairing", "contact")


def advance(client: Client, to: date, role: Role = Role.COUNTY) -> Json:
    """Advance every service to *to* and return contact's answer; the same day again changes nothing.

    Each is told the positions of those before it, so that what is judged depends on the day and never on lag.
    """
    positions: dict[str, str] = {}
    answer: Json = {}
    for service in ORDER:
        body = {"to": to.isoformat(), "after": positions}
        answer = client.post(service, "/advance", body, role=role)
        positions = positions | {service: answer["position"].partition(":")[2]}
    return answer | {"positions": positions}
