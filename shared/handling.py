"""The path of every command: answered once, decided on the stream's past, retried when overtaken."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID, uuid5

import asyncpg
import orjson

from shared.contracts.event import Event
from shared.decider import Decider, rule_id
from shared.event_store import (
    ACQUIRE_SECONDS,
    Append,
    Connection,
    Meta,
    NewEvent,
    Overtaken,
    Pool,
    Position,
    WrongVersion,
    append,
    load,
)
from shared.sql import queries

SQL = queries(__file__)

ATTEMPTS_MAX = 8
"""Tries of one command before its caller is told to come again."""
BACKOFF_SECONDS = 0.004
"""The wait before the second try; it doubles with each."""

RETRYABLE = (
    WrongVersion,
    Overtaken,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.UniqueViolationError,
)

Command = TypeVar("Command")
State = TypeVar("State")


class CommandIdReused(Exception):
    """The command's id was used before with another body: one of the two is a mistake."""


class TooBusy(Exception):
    """The command lost its race ATTEMPTS_MAX times: nothing was done, it may come again."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something happens: the command's id and fingerprint, who sent it, what it belongs to.

    What is not *repeatable* got its id just now, so that no earlier answer needs to be looked for.
    """

    command_id: UUID
    fingerprint: bytes
    caller: str
    correlation_id: UUID
    traceparent: str | None = None
    repeatable: bool = True

    @property
    def meta(self) -> Meta:
        return Meta(self.command_id, self.correlation_id, self.caller, self.traceparent)

    def id_of(self, *parts: object) -> UUID:
        """Return what names the thing that this command makes at *parts*: the same when it comes again."""
        return uuid5(self.command_id, "/".join(map(str, parts)))


def rule_cause(rule: str, *parts: object) -> Cause:
    """Return the cause of what a rule brings about: the same on every replica and every repetition."""
    command_id = rule_id(rule, *parts)
    return Cause(command_id, fingerprint(rule, *parts), f"rule:{rule}", command_id)


def fingerprint(*parts: object) -> bytes:
    """Return what tells one command body from another: SHA-256 of its parts."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command was answered, where the log stood then, and whether this was a repetition."""

    body: dict[str, Any]
    position: Position
    repeated: bool


async def once(pool: Pool, cause: Cause, work: Callable[[Connection], Awaitable[dict[str, Any]]]) -> Answer:
    """Do *work* in one transaction and answer it; a command that comes again gets its first answer.

    Raises CommandIdReused for the same id with another body, TooBusy after ATTEMPTS_MAX lost races,
    and whatever *work* raises to refuse (Rejected, ClaimTaken): then nothing was done.
    """
    for attempt in range(ATTEMPTS_MAX):
        if attempt:
            await asyncio.sleep(BACKOFF_SECONDS * 2**attempt)
        try:
            async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                return await _first_answer(connection, cause, work)
        except RETRYABLE as lost:
            race = lost
    raise TooBusy(str(cause.command_id)) from race


async def answered_before(pool: Pool, cause: Cause) -> Answer | None:
    """Return what the command was answered before, None where it was not: for one that begins to work before `once`.

    Raises CommandIdReused for the same id with another body.
    """
    if not cause.repeatable:
        return None
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
        return await _earlier_answer(connection, cause)


async def _first_answer(
    connection: Connection, cause: Cause, work: Callable[[Connection], Awaitable[dict[str, Any]]]
) -> Answer:
    """Return what the command was answered first, now or before; raises what *work* raises."""
    if not cause.repeatable:
        return await _work_and_answer(connection, cause, work)
    earlier = await _earlier_answer(connection, cause)
    if earlier is not None:
        return earlier
    try:
        return await _work_and_answer(connection, cause, work)
    except RETRYABLE:
        raise
    except Exception:
        # What refuses it may be the same command, which came at the same moment and was first.
        earlier = None if connection.is_closed() else await _earlier_answer(connection, cause)
        if earlier is None:
            raise
        return earlier


async def _earlier_answer(connection: Connection, cause: Cause) -> Answer | None:
    row = await connection.fetchrow(SQL.find_command, cause.command_id)
    if row is None:
        return None
    if row["fingerprint"] != cause.fingerprint:
        raise CommandIdReused(str(cause.command_id))
    return Answer(orjson.loads(row["answer"]), Position(row["tx"], row["position"]), repeated=True)


async def _work_and_answer(
    connection: Connection, cause: Cause, work: Callable[[Connection], Awaitable[dict[str, Any]]]
) -> Answer:
    async with connection.transaction():
        body = await work(connection)
        stored = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)  # values of enumerations are keys too
        row = await connection.fetchrow(
            SQL.record_command, cause.command_id, cause.fingerprint, stored.decode()
        )
    assert row is not None  # noqa: S101 - INSERT … RETURNING of one row returns one row
    return Answer(orjson.loads(stored), Position(row["tx"], row["position"]), repeated=False)


async def decide_and_append(
    connection: Connection,
    decider: Decider[Command, State],
    entity_id: UUID | str,
    command: Command,
    cause: Cause,
    *,
    claims: Sequence[str] = (),
    releases: Sequence[str] = (),
    project: Callable[[Connection, Sequence[Event]], Awaitable[None]] | None = None,
) -> Sequence[Event]:
    """Load, fold, decide and append inside the transaction of `once`; return what was decided.

    *project* writes the service's own tables with the events. Raises Rejected, WrongVersion, ClaimTaken.
    """
    stream = decider.stream(entity_id)
    past = await load(connection, stream)
    decided = decider.decide(command, decider.fold(past))
    if not decided:
        return decided
    new = [NewEvent.named(cause.id_of(stream, n), event) for n, event in enumerate(decided)]
    await append(connection, Append(stream, new, len(past), claims, releases), cause.meta)
    if project is not None:
        await project(connection, decided)
    return decided
