"""Taking in a roster: validated whole, then written in chunks under the ledger, resumable after a kill."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.registry import area_versions, import_ledger
from services.registry.child_keys import ids_in_use, load_recognition, write_keys
from services.registry.import_ledger import Counts, Entry, RowOutcome
from services.registry.learning import Likeness, note_learned, note_likely
from services.registry.projecting import project_children
from services.registry.reading_rows import KeyedRow, Opening, RowRead, keyed_rows, read_rows, unread
from services.registry.roster import RosterPaper, RosterRow, judge_rows
from shared import clock, day
from shared.contracts.registry import ChildRegistered, RosterImported
from shared.decider import rule_id
from shared.event_store import Append, Connection, NewEvent, Outcome, append, append_many
from shared.handling import Answer, Cause, answered_before, once
from shared.messages import Language
from shared.papers.refusals import keep_refused
from shared.problems import Refused
from shared.running import Running

CHUNK_ROWS = 2_000
"""Rows of one transaction, about half a second: a longer one would hold every reader's horizon."""
REFUSALS_TOLD = 100
"""Refused rows that the answer tells one by one; the workbook has them all."""
REFUSED_KEPT_DAYS = 90
"""For how long the workbook of the refused rows can be fetched."""


@dataclass(frozen=True, slots=True)
class RosterImport:
    """A roster on its way in."""

    running: Running
    cause: Cause
    paper: RosterPaper
    filed_on: date
    recorded_on: date
    language: Language
    rows: Sequence[RosterRow]

    @property
    def import_id(self) -> UUID:
        return self.cause.id_of("import")

    @property
    def township(self) -> str:
        return self.paper.township


async def import_roster(
    running: Running, cause: Cause, paper: RosterPaper, *, filed_on: date, file_key: str, language: Language
) -> Answer:
    """Take in a roster and answer its counts; what came before counts in nothing new.

    Raises PaperRefused where the paper as a whole cannot be taken, Refused(filed_in_future), Away where
    another import runs on.
    After a kill at any point the same paper goes on where it stopped.
    """
    if earlier := await answered_before(running.pool, cause):
        return earlier
    async with import_ledger.importing_alone(running.pool):
        importing = await _judged(running, cause, paper, filed_on, language)
        await _open(importing, file_key)
        keyed = await asyncio.to_thread(keyed_rows, running.vault, paper.township, filed_on, importing.rows)
        counted_before = await _take_unread(importing, keyed)
        return await once(
            running.pool, cause, lambda connection: _finish(importing, connection, counted_before)
        )


async def _judged(
    running: Running, cause: Cause, paper: RosterPaper, filed_on: date, language: Language
) -> RosterImport:
    async with running.pool.acquire() as connection:
        areas = await area_versions.open_names(connection, [paper.township])
        advanced = await day.last_advanced(connection)
    _must_have_come(running, filed_on, advanced)
    rows = await asyncio.to_thread(judge_rows, paper, areas, filed_on)
    recorded_on = filed_on if advanced is None else max(filed_on, advanced)
    return RosterImport(running, cause, paper, filed_on, recorded_on, language, rows)


def _must_have_come(running: Running, filed_on: date, advanced: date | None) -> None:
    """Refuse a day after today (Asia/Shanghai) or, where the clock is "advanced", after the last day advanced to.

    Before any day was advanced to, a replay may begin with papers of any day.
    """
    today = clock.today_in_shanghai() if running.settings.clock == "live" else advanced
    if today is not None and filed_on > today:
        raise Refused("filed_in_future", filed_on=filed_on)


async def _open(importing: RosterImport, file_key: str) -> None:
    """Note the beginning; a command id that came with another paper before is refused here."""
    cause = importing.cause

    async def work(connection: Connection) -> dict[str, Any]:
        await import_ledger.open_import(
            connection,
            importing.import_id,
            kind="roster",
            area=importing.township,
            file_key=file_key,
            on=importing.filed_on,
            caller=cause.caller,
            rows=len(importing.rows),
        )
        return {}

    await once(importing.running.pool, replace(cause, command_id=cause.id_of("open")), work)


async def _take_unread(importing: RosterImport, keyed: Sequence[KeyedRow]) -> int:
    """Take the rows that are new, chunk by chunk; return how many were there and counted before."""
    running = importing.running
    async with running.pool.acquire() as connection:
        known = await import_ledger.rows_known(connection, [row.row_key for row in keyed])
        fresh = unread(keyed, known)
        people = [row.who.person for row in fresh if row.who is not None]
        recognition = await load_recognition(connection, people)
        in_use = await ids_in_use(connection, [person.child_id for person in people])
    for start in range(0, len(fresh), CHUNK_ROWS):
        chunk = fresh[start : start + CHUNK_ROWS]
        await _take(importing, await asyncio.to_thread(read_rows, running.vault, chunk, recognition, in_use))
        running.bell.set()
    fresh_keys = {row.row_key for row in fresh}
    return sum(1 for row_key, row in known.items() if row.counted and row_key not in fresh_keys)


async def _take(importing: RosterImport, rows: Sequence[RowRead]) -> None:
    """Write one chunk in one transaction, tried again when it loses a race."""
    part = importing.cause.id_of("chunk", rows[0].entry.row_key, len(rows))

    async def work(connection: Connection) -> dict[str, Any]:
        refused = await _open_files(connection, importing, [row.opening for row in rows if row.opening])
        await note_learned(
            connection,
            importing.running.vault,
            [row.learned for row in rows if row.learned],
            found_on=importing.recorded_on,
            import_id=importing.import_id,
        )
        entries = [_told(row.entry, refused) for row in rows]
        await import_ledger.write_rows(connection, importing.import_id, importing.township, entries)
        return {}

    await once(importing.running.pool, replace(importing.cause, command_id=part), work)


async def _open_files(
    connection: Connection, importing: RosterImport, openings: Sequence[Opening]
) -> frozenset[UUID]:
    """Open files, with everything that belongs to them; return those that somebody else has just opened."""
    if not openings:
        return frozenset()
    registered = [_registered(importing, opening) for opening in openings]
    appends = [
        Append(
            f"child-{event.child_id}",
            [NewEvent.named(rule_id("roster", importing.import_id, event.child_id), event)],
            0,
            opening.claims,
        )
        for opening, event in zip(openings, registered, strict=True)
    ]
    outcomes = await append_many(connection, appends, importing.cause.meta)
    taken = [
        (opening, event)
        for opening, event, outcome in zip(openings, registered, outcomes, strict=True)
        if outcome is Outcome.TAKEN
    ]
    await project_children(connection, [event for _, event in taken])
    await importing.running.vault.put(
        connection, [(opening.person.child_id, opening.kept) for opening, _ in taken]
    )
    await write_keys(connection, [opening.person for opening, _ in taken])
    likely = [
        Likeness(opening.person.child_id, other, why) for opening, _ in taken for other, why in opening.likely
    ]
    await note_likely(connection, likely, found_on=importing.recorded_on, import_id=importing.import_id)
    return frozenset(opening.person.child_id for opening in openings) - {
        opening.person.child_id for opening, _ in taken
    }


def _registered(importing: RosterImport, opening: Opening) -> ChildRegistered:
    return ChildRegistered(
        area=opening.person.village,
        on=importing.filed_on,
        recorded_on=importing.recorded_on,
        child_id=opening.person.child_id,
        file=opening.file,
    )


def _told(entry: Entry, refused: frozenset[UUID]) -> Entry:
    if entry.child_id not in refused:
        return entry
    return replace(entry, outcome=RowOutcome.DUPLICATE, code="same_child", child_id=None, likely=False)


async def _finish(importing: RosterImport, connection: Connection, counted_before: int) -> dict[str, Any]:
    """Count what is new, say so in one event, keep the refused rows for download, and answer."""
    counts = await import_ledger.count_rows(connection, importing.township)
    if any(asdict(counts).values()):
        await _say_imported(connection, importing, counts)
    refused = [(row.number, row.faults) for row in importing.rows if row.refused]
    kept_until: date | None = None
    if refused:
        kept = keep_refused(importing.paper.table, refused)
        await importing.running.vault.put(connection, [(importing.import_id, kept)])
        kept_until = importing.recorded_on + timedelta(days=REFUSED_KEPT_DAYS)
    answer = _answer(importing, counts, counted_before)
    await import_ledger.close_import(connection, importing.import_id, answer, kept_until)
    return answer


async def _say_imported(connection: Connection, importing: RosterImport, counts: Counts) -> None:
    event = RosterImported(
        area=importing.township,
        on=importing.filed_on,
        recorded_on=importing.recorded_on,
        import_id=importing.import_id,
        **asdict(counts),
    )
    stream = f"import-{importing.import_id}"
    new = NewEvent.named(importing.cause.id_of("imported"), event)
    await append(connection, Append(stream, [new], 0), importing.cause.meta)


def _answer(importing: RosterImport, counts: Counts, counted_before: int) -> dict[str, Any]:
    refused = [row for row in importing.rows if row.refused]
    return {
        "import_id": str(importing.import_id),
        "township": importing.township,
        **asdict(counts),
        "rows": len(importing.rows),
        "already": counted_before,
        "refusals": [_refusal(row, importing.language) for row in refused[:REFUSALS_TOLD]],
        "refused_workbook": f"/imports/{importing.import_id}/refused.xlsx" if refused else None,
    }


def _refusal(row: RosterRow, language: Language) -> dict[str, Any]:
    fault = row.faults[0]
    return {
        "row": row.number,
        "column": fault.column,
        "code": fault.code,
        "detail": fault.told(language),
    }
