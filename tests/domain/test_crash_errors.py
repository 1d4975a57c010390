"""Which errors breaking things must bring about; any other makes a run through crashes wrong."""

import json
from typing import Any

import pytest

from tests.crash.errors import told_in


def line(**fields: Any) -> str:
    return json.dumps({"level": "error", "service": "reporting", **fields})


@pytest.mark.parametrize(
    "expected",
    [
        line(event="task_failed", task="rebuild", error="CannotConnectNowError"),
        line(event="task_failed", task="rebuild", error="InternalClientError"),
        line(event="task_failed", task="rebuild", error="AdminShutdownError"),
        line(event="answer_failed", question="matches", error="TimeoutError"),
        line(event="library", logger="asyncio", where="runners:118", error="ConnectionDoesNotExistError"),
        line(event="library", logger="asyncio", where="connection:1559"),
    ],
)
def test_that_the_database_was_away_is_expected(expected: str) -> None:
    told = told_in({"reporting-1.jsonl": expected})
    assert (told.expected.total(), told.clause().wrong) == (1, [])


@pytest.mark.parametrize(
    ("unexpected", "words"),
    [
        (line(event="task_failed", task="relay", error="KeyError"), "task_failed relay KeyError"),
        (line(event="request_failed", error="TimeoutError"), "request_failed TimeoutError"),
        (line(event="library", logger="nats.aio.client", error="InvalidStateError"), "InvalidStateError"),
        (line(event="library", logger="nats", error="ConnectionDoesNotExistError"), "library nats"),
        (line(event="library", logger="asyncio", where="base_events:1785"), "library asyncio base_events"),
        (line(event="crashed", level="critical", error="TimeoutError"), "crashed TimeoutError"),
        ("Traceback (most recent call last):", "Traceback"),
    ],
)
def test_any_other_error_is_wrong_and_told_with_how_often(unexpected: str, words: str) -> None:
    quiet = line(event="request", level="info")
    told = told_in({"reporting-1.jsonl": f"{unexpected}\n{quiet}\n", "reporting-2.jsonl": unexpected})
    (wrong,) = told.clause().wrong
    assert wrong.startswith("2 times reporting: ")
    assert words in wrong
