"""Logging visits: each once whatever is re-sent, with the misses that they make good, in bulk."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum
from uuid import UUID

import asyncpg

from services.contact.domain.visits import AFTER_RECORDED, Spell, Visit, logged, recorded_on, refusal
from services.contact.event_ids import RuleEvent
from services.contact.locking import share_gate, share_gate_for_one
from services.contact.mending import append_by_child, misses_made_good, record_mends
from shared.contracts.contact import VisitLogged
from shared.contracts.event import ContactKind
from shared.event_store import Connection, Meta
from shared.sql import queries
from shared.vault import Vault

SQL = queries(__file__)

VISITS_MAX = 2_000
"""Visits logged in one transaction: about half a second."""


class Logging(StrEnum):
    """What became of a visit."""

    LOGGED = "logged"
    ALREADY = "already"
    """The same visit was logged before."""
    UNKNOWN_CHILD = "unknown_child"
    REFUSED = AFTER_RECORDED


def identified(
    vault: Vault, child_id: UUID, kind: ContactKind, on: date, entered_on: date, *, reached: bool
) -> Visit:
    """Return the visit with these facts and the id that is the same however often it is told."""
    parts = (str(child_id), str(on), kind, str(reached), str(entered_on))
    return Visit(vault.subject_id("visit", *parts), child_id, kind, on, entered_on, reached)


async def log_visits(connection: Connection, visits: Sequence[Visit], meta: Meta) -> list[Logging]:
    """Log *visits* in this transaction, at most VISITS_MAX, and return what became of each.

    A visit whose day lies after the day it is recorded is refused; a merged child's visit is its
    survivor's. Raises Overtaken to be tried again.
    """
    if not visits:
        return []
    await share_gate(connection)
    facts = await connection.fetch(
        SQL.facts, [visit.child_id for visit in visits], [visit.on for visit in visits]
    )
    return await _log(connection, visits, facts, meta)


async def log_visit(
    connection: Connection, child_id: UUID, on: date, made: Callable[[asyncpg.Record], Visit], meta: Meta
) -> tuple[Visit, Logging]:
    """Log one visit in the same way, which *made* makes of what is known of its child; return it with its outcome.

    *made* is given where the child named lives now (lives_in) and the day last advanced to (advanced); what it
    raises ends the command.
    """
    await share_gate_for_one(connection)
    facts = await connection.fetch(SQL.facts, [child_id], [on])
    visit = made(facts[0])
    [outcome] = await _log(connection, [visit], facts, meta)
    return visit, outcome


async def _log(
    connection: Connection, visits: Sequence[Visit], facts: Sequence[asyncpg.Record], meta: Meta
) -> list[Logging]:
    outcomes: list[Logging] = []
    events: dict[UUID, VisitLogged] = {}
    for visit, fact in zip(visits, facts, strict=True):
        event, outcome = _decide(visit, fact, recorded_on(visit.entered_on, fact["advanced"]))
        if event is not None and visit.visit_id in events:
            outcome = Logging.ALREADY
        elif event is not None:
            events[visit.visit_id] = event
        outcomes.append(outcome)
    new = await _insert(connection, list(events.values()), {v.visit_id: v.child_id for v in visits})
    await _tell(connection, [event for visit_id, event in events.items() if visit_id in new], meta)
    return [
        Logging.ALREADY if outcome is Logging.LOGGED and visit.visit_id not in new else outcome
        for visit, outcome in zip(visits, outcomes, strict=True)
    ]


def _decide(visit: Visit, fact: asyncpg.Record, recorded: date) -> tuple[VisitLogged | None, Logging]:
    if fact["area"] is None:
        return None, Logging.UNKNOWN_CHILD
    refused = refusal(visit, recorded)
    if refused is not None:
        return None, Logging(refused)
    spells = [Spell(filed, left) for filed, left in zip(fact["filed"], fact["left"], strict=True)]
    of_survivor = replace(visit, child_id=fact["child_id"])
    return logged(of_survivor, recorded, fact["area"], spells, fact["carer_id"]), Logging.LOGGED


async def _insert(
    connection: Connection, events: Sequence[VisitLogged], logged_for: dict[UUID, UUID]
) -> set[UUID]:
    """Write the visits that are not there yet, and return their ids."""
    rows = await connection.fetch(
        SQL.insert_visits,
        [event.visit_id for event in events],
        [event.child_id for event in events],
        [logged_for[event.visit_id] for event in events],
        [event.kind for event in events],
        [event.on for event in events],
        [event.entered_on for event in events],
        [event.recorded_on for event in events],
        [event.reached for event in events],
        [event.in_file for event in events],
        [event.area for event in events],
        [event.carer_id for event in events],
    )
    return {row["visit_id"] for row in rows}


async def _tell(connection: Connection, new: Sequence[VisitLogged], meta: Meta) -> None:
    keeping = [event for event in new if event.reached and event.in_file]
    mends = await misses_made_good(
        connection, [(e.child_id, e.kind, e.on, e.visit_id, e.recorded_on) for e in keeping]
    )
    await record_mends(connection, mends)
    events: list[tuple[UUID, RuleEvent]] = [(event.child_id, event) for event in new]
    events += [(mend.child_id, mend) for mend in mends]
    await append_by_child(connection, events, meta)
