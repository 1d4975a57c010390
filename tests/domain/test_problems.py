"""Problems: the status, the code, and words that tell how to mend it."""

from datetime import date
from uuid import UUID

import asyncpg
import nats.errors
import orjson
import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from shared.decider import Rejected
from shared.event_store import ClaimTaken, EventTooLong, WrongVersion
from shared.handling import CommandIdReused, TooBusy
from shared.messages import Language
from shared.papers.faults import PaperRefused
from shared.problems import Away, Forbidden, NotFound, Refused, problem_of
from shared.tokens import Permission, TokenRefused

REQUEST = UUID("0a1b2c3d-0000-5000-8000-000000000000")


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (Rejected("day_is_past"), 409, "day_is_past"),
        (Rejected("on_after_recorded"), 422, "on_after_recorded"),
        (PaperRefused("paper_empty"), 422, "paper_empty"),
        (Refused("bad_position"), 422, "bad_position"),
        (NotFound(), 404, "not_found"),
        (Forbidden(Permission.IMPORT), 403, "forbidden"),
        (Away("bus_away"), 503, "bus_away"),
        (TokenRefused("token_expired"), 401, "token_expired"),
        (CommandIdReused("x"), 422, "command_id_reused"),
        (ClaimTaken(["x"]), 409, "claim_taken"),
        (EventTooLong("x"), 422, "event_too_long"),
        (WrongVersion("x"), 503, "busy"),
        (TooBusy("x"), 503, "busy"),
        (asyncpg.DeadlockDetectedError("x"), 503, "busy"),
        (asyncpg.QueryCanceledError("x"), 503, "too_slow"),
        (asyncpg.CannotConnectNowError("x"), 503, "database_away"),
        (asyncpg.InternalClientError("x"), 503, "database_away"),
        (asyncpg.IdleInTransactionSessionTimeoutError("x"), 503, "database_away"),
        (asyncpg.TooManyConnectionsError("x"), 503, "database_away"),
        (ConnectionRefusedError("x"), 503, "database_away"),
        (TimeoutError("x"), 503, "no_free_connection"),
        (nats.errors.TimeoutError(), 503, "bus_away"),
        (HTTPException(405, headers={"Allow": "GET"}), 405, "method_not_allowed"),
        (HTTPException(415), 415, "http_error"),
        (asyncpg.UniqueViolationError("x"), 500, "internal_error"),
        (KeyError("x"), 500, "internal_error"),
    ],
)
def test_a_failure_has_its_status_and_its_code(failure: Exception, status: int, code: str) -> None:
    problem = problem_of(failure, REQUEST)
    assert (problem.status, problem.code) == (status, code)
    if status == 503:
        assert int(problem.headers["Retry-After"]) > 0


def test_headers_of_a_failure_are_kept() -> None:
    assert problem_of(HTTPException(405, headers={"Allow": "GET"}), REQUEST).headers == {"Allow": "GET"}


def test_a_problem_is_told_in_the_callers_language() -> None:
    problem = problem_of(Rejected("day_is_past", to=date(2026, 1, 1), day=date(2026, 1, 2)), REQUEST)
    told = orjson.loads(problem.response("/advance", Language.ZH).body)
    assert told == {
        "type": "urn:kith:problem:day_is_past",
        "title": "与现状冲突",
        "status": 409,
        "detail": "不能推进到 2026年1月1日：已经推进到 2026年1月2日。请选同一天或更晚的一天。",
        "instance": "/advance",
        "code": "day_is_past",
    }
    assert "already" in problem.body("/advance", Language.EN)["detail"]


def test_the_unexpected_is_told_by_a_number_only() -> None:
    told = problem_of(RuntimeError("the password is secret"), REQUEST).body("/x", Language.EN)
    assert "0A1B2C3D" in told["detail"]
    assert "secret" not in str(told)


def test_a_fault_of_input_is_told_by_place_and_kind_without_the_input() -> None:
    wrong = RequestValidationError(
        [
            {
                "type": "missing",
                "loc": ("body", "rows", 0, "a/b"),
                "msg": "Field required",
                "input": {"secret": 1},
            },
            {
                "type": "greater_than_equal",
                "loc": ("query", "limit"),
                "msg": "…",
                "input": "0",
                "ctx": {"ge": 1},
            },
            {
                "type": "brand_new_kind",
                "loc": ("body",),
                "msg": "English",
                "input": "secret",
                "ctx": {"e": object()},
            },
        ]
    )
    told = problem_of(wrong, REQUEST).body("/x", Language.EN)
    assert told["errors"] == [
        {"pointer": "/body/rows/0/a~1b", "code": "missing", "detail": "This is missing. Add it."},
        {"pointer": "/query/limit", "code": "greater_than_equal", "detail": "This must be at least 1."},
        {"pointer": "/body", "code": "brand_new_kind", "detail": "This does not fit. Correct it."},
    ]
    assert "secret" not in str(told)
