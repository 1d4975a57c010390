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
KNOWN_SECONDS = 1.0
"""A gateway that was just started says that a service is away until it has asked for its address once."""
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
    failures: list[tuple[float, str]] = field(default_factory=list)
    """When and what was asked in vain, in words."""
    refused_at: list[float] = field(default_factory=list)

    @property
    def away_seconds(self) -> float:
        """How long the gateway took no connection, from the first refusal to the last."""
        return max(self.refused_at) - min(self.refused_at) if self.refused_at else 0.0

    def note(self, question: str, answer: httpx.Response) -> None:
        self.statuses[answer.status_code] += 1
        if answer.is_error:
            code = answer.json().get("code") if "json" in answer.headers.get("Content-Type", "") else None
            self.failures.append((time.monotonic(), f"{question}: {answer.status_code} {code}"))

    def failed(self) -> list[str]:
        """Return what was answered with a failure while the gateway was there and knew the services."""
        away = (min(self.refused_at), max(self.refused_at) + KNOWN_SECONDS) if self.refused_at else (0.0, 0.0)
        return [what for at, what in self.failures if not away[0] <= at <= away[1]]


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
                        answered.note(question, client.get(question.format(area=county), timeout=30.0))
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
