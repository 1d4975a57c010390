"""What went wrong, as RFC 9457 tells it: a code, a status, and a text that says how to mend it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

import asyncpg
import nats.errors
import orjson
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.status import (
    HTTP_401_UNAUTHORIZED,
    HTTP_403_FORBIDDEN,
    HTTP_404_NOT_FOUND,
    HTTP_409_CONFLICT,
    HTTP_422_UNPROCESSABLE_CONTENT,
    HTTP_500_INTERNAL_SERVER_ERROR,
    HTTP_503_SERVICE_UNAVAILABLE,
)

from shared.away import DATABASE_AWAY, LOST_RACE
from shared.decider import Rejected
from shared.event_store import ClaimTaken, EventTooLong, Overtaken, WrongVersion
from shared.handling import CommandIdReused, TooBusy
from shared.messages import Language, catalogue, text
from shared.papers.faults import PaperRefused
from shared.tokens import TokenRefused

MEDIA_TYPE = "application/problem+json"

RETRY_SOON_SECONDS = 1
RETRY_LATER_SECONDS = 5
ERRORS_MAX = 100
"""Faults of one request that are told one by one."""
REFERENCE_LENGTH = 8
"""Characters of the correlation id that a person reads out on the telephone."""

UNPROCESSABLE = frozenset(
    {
        "on_after_recorded",
        "not_yet_born",
        "sixteen_or_more",
        "capacity_out_of_range",
        "area_level_mismatch",
        "area_parent_mismatch",
    }
)
"""Rejections that no other state of things would have accepted: 422 where the others are 409."""


UNSTORABLE = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)
"""What PostgreSQL says to NUL in a text."""


class Refused(Exception):
    """The edge refuses the request; *code* is a key of the message catalogues."""

    def __init__(
        self,
        code: str,
        *,
        status: int = HTTP_422_UNPROCESSABLE_CONTENT,
        headers: Mapping[str, str] | None = None,
        **params: object,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.headers = dict(headers or {})
        self.params = params


class NotFound(Refused):
    """There is no such thing, or it lies outside the caller's areas: the two are told alike."""

    def __init__(self, code: str = "not_found", **params: object) -> None:
        super().__init__(code, status=HTTP_404_NOT_FOUND)
        self.params = params


class Forbidden(Refused):
    """The caller is known, and the caller's role does not have this permission."""

    def __init__(self, permission: StrEnum) -> None:
        super().__init__("forbidden", status=HTTP_403_FORBIDDEN, permission=permission)


class Away(Refused):
    """Something this needs does not answer now; nothing was done, and it may come again."""

    def __init__(self, code: str, *, retry_seconds: int = RETRY_LATER_SECONDS, **params: object) -> None:
        super().__init__(code, status=HTTP_503_SERVICE_UNAVAILABLE)
        self.headers = {"Retry-After": str(retry_seconds)}
        self.params = params


@dataclass(frozen=True, slots=True)
class InputFault:
    """One fault of a request: where it is, as a JSON pointer, and which."""

    pointer: str
    code: str
    params: Mapping[str, object] = field(default_factory=dict)


class ProblemBody(BaseModel):
    """A problem as its caller reads it (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[dict[str, str]] | None = None


DOCUMENTED = (400, 401, 403, 404, 409, 413, 422, 503)
SCHEMA = "#/components/schemas/Problem"

PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "description": text(f"title_{status}", Language.EN),
        "content": {MEDIA_TYPE: {"schema": {"$ref": SCHEMA}}},
    }
    for status in DOCUMENTED
}
"""What every operation may answer besides its own, for the OpenAPI document."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is told to a caller whose request failed."""

    status: int
    code: str
    params: Mapping[str, object] = field(default_factory=dict)
    faults: Sequence[InputFault] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    unexpected: bool = False

    def body(self, instance: str, language: Language) -> dict[str, Any]:
        """Return the members of RFC 9457, and *code* and *errors*."""
        told: dict[str, Any] = {
            "type": f"urn:kith:problem:{self.code}",
            "title": text(f"title_{self.status}", language),
            "status": self.status,
            "detail": text(self.code, language, **self.params),
            "instance": instance,
            "code": self.code,
        }
        if self.faults:
            told["errors"] = [
                {
                    "pointer": fault.pointer,
                    "code": fault.code,
                    "detail": text(_input_key(fault.code, language), language, **fault.params),
                }
                for fault in self.faults[:ERRORS_MAX]
            ]
        return told

    def response(self, instance: str, language: Language) -> Response:
        """Return the problem as a response in *language*."""
        headers = {**self.headers, "Content-Language": language.value, "Vary": "Accept-Language"}
        content = orjson.dumps(self.body(instance, language))
        return Response(content, self.status, headers, MEDIA_TYPE)


def problem_of(failure: Exception, correlation_id: UUID) -> Problem:  # noqa: PLR0911 - an arm a kind
    """Return what to tell of *failure*; of what nobody expected, nothing but a number to ask by."""
    match failure:
        case Refused():
            return Problem(failure.status, failure.code, failure.params, headers=failure.headers)
        case Rejected():
            refused = HTTP_422_UNPROCESSABLE_CONTENT if failure.code in UNPROCESSABLE else HTTP_409_CONFLICT
            return Problem(refused, failure.code, failure.params)
        case TokenRefused():
            return Problem(HTTP_401_UNAUTHORIZED, failure.code, headers={"WWW-Authenticate": "Bearer"})
        case RequestValidationError():
            faults = faults_of(failure.errors())
            return Problem(HTTP_422_UNPROCESSABLE_CONTENT, "invalid_request", faults=faults)
        case HTTPException():
            return Problem(
                failure.status_code,
                HTTP_CODES.get(failure.status_code, "http_error"),
                headers=dict(failure.headers or {}),
            )
        case PaperRefused():
            return Problem(HTTP_422_UNPROCESSABLE_CONTENT, failure.code, failure.params)
        case _:
            return _staying(failure) or _away(failure) or _unexpected(correlation_id)


def faults_of(errors: Sequence[Mapping[str, Any]]) -> list[InputFault]:
    """Return pydantic's errors as faults: by place and type, never with pydantic's text or the input."""
    return [
        InputFault(_pointer(error["loc"]), error["type"], _limits(error.get("ctx") or {})) for error in errors
    ]


STAYING: Sequence[tuple[tuple[type[Exception], ...], str, int]] = (
    ((CommandIdReused,), "command_id_reused", HTTP_422_UNPROCESSABLE_CONTENT),
    (UNSTORABLE, "text_not_storable", HTTP_422_UNPROCESSABLE_CONTENT),
    ((EventTooLong,), "event_too_long", HTTP_422_UNPROCESSABLE_CONTENT),
    ((ClaimTaken,), "claim_taken", HTTP_409_CONFLICT),
)
"""Failures that come again however often it is tried: kinds, code, status."""


def _staying(failure: Exception) -> Problem | None:
    return next(
        (Problem(status, code) for kinds, code, status in STAYING if isinstance(failure, kinds)), None
    )


PASSING: Sequence[tuple[tuple[type[Exception], ...], str, int]] = (
    ((WrongVersion, Overtaken, TooBusy), "busy", RETRY_SOON_SECONDS),
    (LOST_RACE, "busy", RETRY_SOON_SECONDS),
    ((asyncpg.QueryCanceledError,), "too_slow", RETRY_LATER_SECONDS),
    ((nats.errors.Error,), "bus_away", RETRY_LATER_SECONDS),
    ((TimeoutError,), "no_free_connection", RETRY_SOON_SECONDS),
    (DATABASE_AWAY, "database_away", RETRY_LATER_SECONDS),
)
"""Failures that pass by themselves: kinds, code, seconds until it is worth another try; the first that fits."""


def _away(failure: Exception) -> Problem | None:
    for kinds, code, seconds in PASSING:
        if isinstance(failure, kinds):
            return Problem(HTTP_503_SERVICE_UNAVAILABLE, code, headers={"Retry-After": str(seconds)})
    return None


def _unexpected(correlation_id: UUID) -> Problem:
    number = correlation_id.hex[:REFERENCE_LENGTH].upper()
    return Problem(HTTP_500_INTERNAL_SERVER_ERROR, "internal_error", {"reference": number}, unexpected=True)


HTTP_CODES = {400: "malformed_body", 404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}


def _input_key(error_type: str, language: Language) -> str:
    key = f"input.{error_type}"
    return key if key in catalogue(language) else "input.invalid"


def _pointer(location: Sequence[str | int]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in location)


def _limits(context: Mapping[str, Any]) -> dict[str, object]:
    return {name: limit for name, limit in context.items() if isinstance(limit, int | float | str)}
