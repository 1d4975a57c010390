"""Callers who ask and tell through the gateway, each thing once and never again: what they were answered."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

import httpx

from kith.deployment import Deployment
from kith.signing import issue_token
from shared.tokens import Role
from tests.containers.stack import Stack

CALLERS = 4
PAUSE_SECONDS = 0.02
ANSWER_SECONDS_MAX = 30.0
KNOWN_SECONDS = 1.0
"""A gateway that was just started says that a service is away until it has asked for its address once."""
QUESTIONS = (
    "/registry/children?limit=5",
    "/pairing/pairs?area={area}&limit=5",
    "/contact/misses?area={area}&limit=5",
    "/reporting/figures?area={area}",
)
COMMANDS: Mapping[str, Mapping[str, str]] = {
    "/registry/children/{child}/revise": {"on": "{day}"},
    "/reporting/summaries": {"area": "{area}", "from": "{day}", "to": "{day}"},
}
"""What is told beside: a file that stays as it is, and a summary. Each writes, and no figure changes."""


@dataclass
class Answered:
    """What callers were answered: how often each status, and when the gateway itself took no connection."""

    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[tuple[float, str]] = field(default_factory=list)
    """When (time.time) and what was asked in vain, in words."""
    broken_off: list[tuple[float, str]] = field(default_factory=list)
    """When and how a connection was refused or broken off."""
    commands: int = 0
    """Commands that were taken."""

    def note(self, question: str, answer: httpx.Response, *, refusable: bool = False) -> None:
        """Take down an answer; a command is *refusable*: a rule that refuses it has answered it."""
        self.statuses[answer.status_code] += 1
        if answer.is_server_error or (answer.is_error and not refusable):
            code = answer.json().get("code") if "json" in answer.headers.get("Content-Type", "") else None
            self.failures.append((time.time(), f"{question}: {answer.status_code} {code}"))

    def away(self, since: float) -> float:
        """Return for how many seconds from *since*, when the gateway was told to end, nobody reached it."""
        return max((at - since for at, _ in self.broken_off), default=0.0)

    def failed(self, since: float) -> list[str]:
        """Return what failed but for the stretch from *since* in which the gateway was away or knew no service yet."""
        until = since + self.away(since) + KNOWN_SECONDS
        failed = [(at, what) for at, what in self.failures if not since <= at <= until]
        return [what for _, what in sorted(failed + [one for one in self.broken_off if one[0] < since])]

    def told(self) -> str:
        """Return in words how much was asked, and what became of it."""
        statuses = dict(sorted(self.statuses.items()))
        return f"asked meanwhile, by status: {statuses}; {len(self.broken_off)} connections refused or broken off"


@contextmanager
def asking(stack: Stack) -> Iterator[Answered]:
    """Let CALLERS ask one question after the other until the end of the context."""
    county = Deployment(stack.data).county or ""
    token = issue_token(stack.data, "drill", Role.COUNTY, (county,), timedelta(hours=1)).token
    answered, over = Answered(), threading.Event()
    login = {"Authorization": f"Bearer {token}"}
    keys = count()
    facts = {"area": county, **_facts(stack, login, county)}

    def ask() -> None:
        with httpx.Client(base_url=stack.address, headers=login, timeout=ANSWER_SECONDS_MAX) as client:
            while not over.is_set():
                for question in QUESTIONS:
                    with _met(answered):
                        answered.note(question, client.get(question.format(**facts)))
                    over.wait(PAUSE_SECONDS)
                for command, body in COMMANDS.items():
                    told = {name: value.format(**facts) for name, value in body.items()}
                    once = {"Idempotency-Key": f"drill {next(keys)}"}
                    with _met(answered):
                        reply = client.post(command.format(**facts), json=told, headers=once)
                        answered.note(command, reply, refusable=True)
                        answered.commands += reply.is_success
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


def _facts(stack: Stack, login: Mapping[str, str], county: str) -> dict[str, str]:
    """Return a child of the county, and a day that Kith knows."""
    with httpx.Client(base_url=stack.address, headers=login, timeout=ANSWER_SECONDS_MAX) as client:
        children = client.get(f"/registry/children?area={county}&limit=1").raise_for_status().json()
        days = client.get("/reporting/figures", params={"area": county}).raise_for_status().json()
    return {"child": children["items"][0]["child_id"], "day": days["as_of"]}


@contextmanager
def _met(answered: Answered) -> Iterator[None]:
    """Take down when nobody answered: the engine takes connections for a gateway that is away, and breaks them off."""
    try:
        yield
    except httpx.TimeoutException as silent:
        answered.failures.append((time.time(), type(silent).__name__))
    except httpx.TransportError as broken:
        answered.broken_off.append((time.time(), type(broken).__name__))
