"""Callers who ask through the gateway again and again, and never twice: what they were answered."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx

from kith.deployment import Deployment
from kith.signing import issue_token
from shared.tokens import Role
from tests.containers.stack import Stack

CALLERS = 4
PAUSE_SECONDS = 0.02
QUESTIONS = (
    "/registry/children?limit=5",
    "/pairing/pairs?area={area}&limit=5",
    "/contact/misses?area={area}&limit=5",
    "/reporting/figures?area={area}",
)


@dataclass
class Answered:
    """What callers were answered: how often each status, and when the gateway itself took no connection."""

    statuses: Counter[int] = field(default_factory=Counter)
    refused_at: list[float] = field(default_factory=list)

    @property
    def away_seconds(self) -> float:
        """How long the gateway took no connection, from the first refusal to the last."""
        return max(self.refused_at) - min(self.refused_at) if self.refused_at else 0.0

    def failed(self) -> dict[int, int]:
        return {status: count for status, count in self.statuses.items() if status >= httpx.codes.BAD_REQUEST}


@contextmanager
def asking(stack: Stack) -> Iterator[Answered]:
    """Let CALLERS ask one question after the other until the end of the context."""
    county = Deployment(stack.data).county or ""
    token = issue_token(stack.data, "drill", Role.COUNTY, (county,), timedelta(hours=1)).token
    answered, over = Answered(), threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=stack.address, headers={"Authorization": f"Bearer {token}"}) as client:
            while not over.is_set():
                for question in QUESTIONS:
                    try:
                        status = client.get(question.format(area=county), timeout=30.0).status_code
                        answered.statuses[status] += 1
                    except httpx.TransportError:
                        answered.refused_at.append(time.monotonic())
                    over.wait(PAUSE_SECONDS)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    try:
        yield answered
    finally:
        over.set()
        for thread in threads:
            thread.join()
