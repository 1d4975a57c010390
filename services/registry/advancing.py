"""Advancing the day: files close by themselves on the sixteenth birthday, in order, in chunks."""

from dataclasses import replace
from datetime import date
from typing import Any

from asyncpg import Record

from services.registry import import_ledger
from services.registry.domain.child_file import Standing, left
from services.registry.projecting import project_children
from shared import day
from shared.contracts.event import LeavingReason
from shared.contracts.registry import ChildFile
from shared.decider import rule_id
from shared.event_store import Append, Connection, NewEvent, Outcome, WrongVersion, append_many
from shared.handling import Answer, Cause, answered_before, once
from shared.running import Running
from shared.sql import queries

SQL = queries(__file__)

CHUNK_FILES = 2_000
"""Files closed in one transaction."""
RULE = "reached_16"


async def advance(running: Running, cause: Cause, to: date) -> Answer:
    """Close every file whose sixteenth birthday is on or before *to*, then move the day.

    What is closed depends on the day alone: the same day again, another replica or a resumed advance
    makes the same events. Raises Rejected(day_is_past). See policy.md, Commitments and windows.
    """
    if earlier := await answered_before(running.pool, cause):
        return earlier
    while await _close_some(running, cause, to):
        running.bell.set()

    async def move(connection: Connection) -> dict[str, Any]:
        former, moved = await day.advance_day(connection, to)
        for import_id in await import_ledger.let_refused_go(connection, to):
            await running.vault.put(connection, [(import_id, {})])
        return {"day": to, "former": former, "moved": moved}

    return await once(running.pool, cause, move)


async def _close_some(running: Running, cause: Cause, to: date) -> int:
    """Close up to CHUNK_FILES files in one transaction; return how many birthdays were found."""
    async with running.pool.acquire() as connection:
        due = [row["child_id"] for row in await connection.fetch(SQL.birthdays, to, CHUNK_FILES)]
    if not due:
        return 0
    part = rule_id(RULE, cause.command_id, *due)

    async def work(connection: Connection) -> dict[str, Any]:
        appends = [_closing(row) for row in await connection.fetch(SQL.still_open, due, to)]
        outcomes = await append_many(connection, appends, cause.meta)
        if Outcome.CONFLICT in outcomes:
            raise WrongVersion(RULE)
        await project_children(connection, [new.event for wanted in appends for new in wanted.events])
        return {}

    await once(running.pool, replace(cause, command_id=part), work)
    return len(due)


def _closing(row: Record) -> Append:
    child_id, birthday = row["child_id"], row["sixteen_on"]
    standing = Standing(row["opened_on"], row["area"], ChildFile.model_validate_json(row["file"]))
    event = left(
        child_id,
        standing,
        on=birthday,
        # A file that was opened late learns of a birthday in the past on the day it was opened.
        recorded_on=max(birthday, row["recorded_on"]),
        reason=LeavingReason.REACHED_16,
    )
    new = NewEvent.named(rule_id(RULE, child_id, row["version"], birthday), event)
    return Append(f"child-{child_id}", [new], row["version"])
