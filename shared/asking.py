"""Questions between services: core NATS request and reply, bounded in time and size, with the caller's rights."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

import nats.errors
import structlog
from faststream.exceptions import IncorrectState
from faststream.nats import NatsBroker, NatsMessage
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.contracts.event import AreaCode
from shared.decider import Rejected
from shared.problems import UNSTORABLE, Away, Refused
from shared.subjects import question_subject
from shared.tokens import Caller, Role
from shared.tracing import OFF, TRACEPARENT, Tracing, span, trace_id_of

ASK_SECONDS = 5.0
PAYLOAD_BYTES_MAX = 1024**2
"""The bus takes no larger message: who asks for more asks in parts."""

log = structlog.get_logger()

Asked = TypeVar("Asked", bound=BaseModel)
Answered = TypeVar("Answered", bound=BaseModel)


@dataclass(frozen=True)
class Question(Generic[Asked, Answered]):
    """A question that a service answers; *answer* applies the rights of the caller it is given."""

    name: str
    asked: type[Asked]
    answer: Callable[[Caller, Asked], Awaitable[Answered]]


class AskFailed(Away):
    """The other service gave no answer: nobody_answers, ask_timeout, bus_away, ask_too_large or ask_failed."""


class _Asking(BaseModel):
    model_config = ConfigDict(frozen=True)

    sub: str
    role: Role
    areas: tuple[AreaCode, ...]
    token_id: str
    correlation_id: UUID | None = None
    traceparent: str | None = Field(default=None, pattern=TRACEPARENT)
    question: dict[str, Any]


class _Problem(BaseModel):
    code: str
    status: int = 409
    params: dict[str, Any] = {}


class _Reply(BaseModel):
    ok: bool
    answer: dict[str, Any] | None = None
    problem: _Problem | None = None


_TOO_LARGE = _Reply(ok=False, problem=_Problem(code="ask_too_large", status=422)).model_dump_json().encode()


async def ask(
    broker: NatsBroker,
    service: str,
    question: str,
    payload: BaseModel,
    answer_model: type[Answered],
    *,
    caller: Caller,
    correlation_id: UUID | None = None,
    timeout_seconds: float = ASK_SECONDS,
) -> Answered:
    """Ask *service* and return its answer, given with the rights of *caller*.

    Raises AskFailed where no answer comes, and Refused with the other service's code where it refuses.
    """
    asked = {"kith.source": service, "kith.question": question}
    with span(f"ask {service} {question}", "client", asked) as traceparent:
        asking = _Asking(
            sub=caller.sub,
            role=caller.role,
            areas=caller.areas,
            token_id=caller.token_id,
            correlation_id=correlation_id,
            traceparent=traceparent,
            question=payload.model_dump(mode="json"),
        )
        body = asking.model_dump_json().encode()
        if len(body) > PAYLOAD_BYTES_MAX:
            raise AskFailed("ask_too_large", service=service, limit=PAYLOAD_BYTES_MAX)
        reply = _Reply.model_validate_json(await _request(broker, service, question, body, timeout_seconds))
    if reply.ok and reply.answer is not None:
        return answer_model.model_validate(reply.answer)
    problem = reply.problem or _Problem(code="ask_failed", status=503)
    if problem.status >= 500:  # noqa: PLR2004 - the class of statuses that pass
        raise AskFailed(problem.code, service=service)
    refused = Refused(problem.code, status=problem.status)
    refused.params = problem.params
    raise refused


async def _request(
    broker: NatsBroker, service: str, question: str, body: bytes, timeout_seconds: float
) -> bytes:
    try:
        message = await broker.request(body, question_subject(service, question), timeout=timeout_seconds)
    except nats.errors.NoRespondersError:
        raise AskFailed("nobody_answers", service=service) from None
    except (TimeoutError, nats.errors.TimeoutError):
        raise AskFailed("ask_timeout", service=service) from None
    except (nats.errors.Error, IncorrectState, AssertionError) as away:
        raise AskFailed("bus_away", service=service) from away
    return message.body


def answer_questions(
    broker: NatsBroker, service: str, questions: Sequence[Question[Any, Any]], tracing: Tracing = OFF
) -> None:
    """Subscribe to every question of *service* before the broker starts; replicas share them (queue group)."""
    for question in questions:
        subscribe = broker.subscriber(
            question_subject(service, question.name), queue=service, decoder=_undecoded, title=question.name
        )
        subscribe(_answering(question, tracing))


async def _undecoded(message: NatsMessage) -> bytes:
    return bytes(message.body)


def _answering(question: Question[Any, Any], tracing: Tracing) -> Callable[..., Awaitable[bytes]]:
    async def answer(body: bytes) -> bytes:
        reply = (await _reply_to(question, body, tracing)).model_dump_json(exclude_none=True).encode()
        return reply if len(reply) <= PAYLOAD_BYTES_MAX else _TOO_LARGE

    return answer


async def _reply_to(question: Question[Any, Any], body: bytes, tracing: Tracing) -> _Reply:
    """Return the answer or the reason there is none: an exception would leave the asker to a timeout."""
    try:
        asking = _Asking.model_validate_json(body)
        asked = question.asked.model_validate(asking.question)
    except ValidationError:
        return _Reply(ok=False, problem=_Problem(code="ask_not_understood", status=422))
    caller = Caller(asking.sub, asking.role, asking.areas, asking.token_id)
    try:
        with (
            _answer_traced(question, asking, tracing),
            structlog.contextvars.bound_contextvars(
                caller=caller.sub,
                correlation_id=asking.correlation_id,
                trace_id=trace_id_of(asking.traceparent),
            ),
        ):
            given = await question.answer(caller, asked)
            return _Reply(ok=True, answer=given.model_dump(mode="json"))
    except Rejected as why:
        return _Reply(ok=False, problem=_Problem(code=why.code, params=_plain(why.params)))
    except Refused as why:
        return _Reply(ok=False, problem=_Problem(code=why.code, status=why.status, params=_plain(why.params)))
    except UNSTORABLE:
        return _Reply(ok=False, problem=_Problem(code="text_not_storable", status=422))
    except Exception as why:
        log.exception("answer_failed", question=question.name, exc_info=why)
        return _Reply(ok=False, problem=_Problem(code="ask_failed", status=503))


def _answer_traced(
    question: Question[Any, Any], asking: _Asking, tracing: Tracing
) -> AbstractContextManager[str | None]:
    """Trace an answer as part of its asker's trace: a question alone begins none."""
    tracing = OFF if asking.traceparent is None else tracing
    return tracing.span(
        f"answer {question.name}", "server", {"kith.question": question.name}, asking.traceparent
    )


def _plain(params: dict[str, object]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, int | float | str) else str(value) for name, value in params.items()
    }
