"""Taking in a visit log: rows matched to children by the registry, logged in chunks under the ledger."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import orjson

from services.contact.domain.visits import Visit, recorded_on
from services.contact.log_ledger import (
    FINAL,
    Entry,
    KeyedRow,
    RowOutcome,
    finished_rows,
    lock_rows,
    note_rows,
)
from services.contact.matching import match_rows
from services.contact.visit_log import VisitPaper, VisitRow
from services.contact.visiting import Logging, identified, log_visits
from shared.clock import today_in_shanghai
from shared.contracts.asks import Match, MatchOutcome
from shared.contracts.contact import VisitLogImported
from shared.day import last_advanced
from shared.event_store import Append, Connection, NewEvent, append
from shared.handling import Answer, Cause, answered_before, once
from shared.messages import Language
from shared.papers.faults import Fault
from shared.papers.refusals import keep_refused
from shared.running import Running
from shared.sql import queries
from shared.tokens import Caller
from shared.vault import Vault

SQL = queries(__file__)

CHUNK_ROWS = 2_000
"""Rows of one transaction: about half a second, so that no reader's horizon is held for long."""
REFUSALS_TOLD = 100
"""Refused rows that the answer tells one by one; the workbook has them all."""
REFUSED_KEPT_DAYS = 90
"""For how long the workbook of the refused rows can be fetched."""

FAULTS = {
    RowOutcome.UNKNOWN_CHILD: (Fault("row_child_unknown"),),
    RowOutcome.AMBIGUOUS: (Fault("row_child_ambiguous"),),
    RowOutcome.REFUSED: (Fault("row_visit_after_recorded"),),
}


@dataclass(frozen=True, slots=True)
class LogImport:
    """A visit log on its way in; *cause* is the whole import's, or one chunk's."""

    running: Running
    caller: Caller
    import_id: UUID
    cause: Cause
    language: Language


@dataclass(slots=True)
class Taken:
    """What became of the rows of a log so far."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: dict[int, tuple[Fault, ...]] = field(default_factory=dict)
    """Of each refused row, by its number."""
    last_entered: date | None = None

    def add(self, chunk: Sequence[KeyedRow], told: Mapping[str, Any]) -> None:
        """Add a chunk, of which *told* was answered."""
        self.counts.update(told["counts"])
        rows = [keyed.row for keyed in chunk]
        for row in rows:
            if outcome := told["refused"].get(str(row.number)):
                self.faults[row.number] = row.faults or FAULTS[RowOutcome(outcome)]
        entered = (self.last_entered, *(row.entered_on for row in rows))
        self.last_entered = max(filter(None, entered), default=None)


async def import_log(
    running: Running, caller: Caller, cause: Cause, paper: VisitPaper, language: Language
) -> Answer:
    """Take in a visit log and answer its counts; what came before counts in nothing new.

    After an interruption the same log goes on where it stopped. Raises AskFailed where the registry does
    not answer, Away where its children are not known here in time, CommandIdReused, TooBusy.
    """
    if earlier := await answered_before(running.pool, cause):
        return earlier
    importing = LogImport(running, caller, cause.id_of("import"), cause, language)
    seen: Counter[tuple[str, ...]] = Counter()
    so_far = Taken()
    for start in range(0, len(paper.table.rows), CHUNK_ROWS):
        part = replace(cause, command_id=cause.id_of("chunk", start))
        chunk = await asyncio.to_thread(_chunk, running.vault, paper, start, seen)
        so_far.add(chunk, await _take(replace(importing, cause=part), chunk))
        running.bell.set()
    seen.clear()  # 5 MB of a long log, whose refused rows are written out next

    async def finish(connection: Connection) -> dict[str, Any]:
        return await _finish(connection, importing, paper, so_far)

    return await once(running.pool, cause, finish)


def _chunk(vault: Vault, paper: VisitPaper, start: int, seen: Counter[tuple[str, ...]]) -> list[KeyedRow]:
    """Return the rows of a chunk, each with its key: what it says, and the how-manieth of this paper that says it.

    *seen* counts what the rows before say, and these as well afterwards.
    """
    keyed = []
    for row in paper.judged(start, start + CHUNK_ROWS):
        seen[row.content] += 1
        keyed.append(KeyedRow(vault.subject_id("log_row", *row.content, str(seen[row.content])), row))
    return keyed


async def _take(importing: LogImport, chunk: Sequence[KeyedRow]) -> Mapping[str, Any]:
    """Take one chunk in one transaction; the same chunk of the same command gets its first answer."""
    running, cause = importing.running, importing.cause
    finished = await finished_rows(running.pool, [keyed.key for keyed in chunk])
    wanted = [keyed for keyed in chunk if keyed.key not in finished and not keyed.row.faults]
    found = await match_rows(running, importing.caller, [keyed.row for keyed in wanted], cause.correlation_id)
    matches = {keyed.key: match for keyed, match in zip(wanted, found, strict=True)}

    async def work(connection: Connection) -> dict[str, Any]:
        return await _log_chunk(connection, importing, chunk, matches)

    return (await once(running.pool, cause, work)).body


async def _log_chunk(
    connection: Connection, importing: LogImport, chunk: Sequence[KeyedRow], matches: Mapping[UUID, Match]
) -> dict[str, Any]:
    before = await lock_rows(connection, [keyed.key for keyed in chunk])
    fresh = [keyed for keyed in chunk if before.get(keyed.key) not in FINAL]
    entries = await _log(connection, importing, fresh, matches)
    told = await note_rows(connection, [replace(e, before=before.get(e.keyed.key)) for e in entries])
    by_day = await _count(connection, told)
    await _say_imported(connection, importing, by_day)
    counts: Counter[str] = Counter(already=len(chunk) - len(told))
    for day_counts in by_day.values():
        counts.update(day_counts)
    refused = {str(e.keyed.row.number): e.outcome for e in entries if e.outcome not in FINAL}
    return {"counts": counts, "refused": refused}


async def _log(
    connection: Connection, importing: LogImport, rows: Sequence[KeyedRow], matches: Mapping[UUID, Match]
) -> list[Entry]:
    """Log the rows whose child was found; return what became of every row."""
    vault = importing.running.vault
    visits = {
        keyed.key: visit
        for keyed in rows
        if keyed.key in matches and (visit := _visit(vault, keyed.row, matches[keyed.key].child_id))
    }
    outcomes = await log_visits(connection, list(visits.values()), importing.cause.meta)
    logged = dict(zip(visits, outcomes, strict=True))
    return [
        Entry(
            keyed,
            _outcome(keyed, matches, logged),
            visit.visit_id if (visit := visits.get(keyed.key)) else None,
        )
        for keyed in rows
    ]


def _visit(vault: Vault, row: VisitRow, child_id: UUID | None) -> Visit | None:
    if (
        child_id is None
        or row.on is None
        or row.entered_on is None
        or row.kind is None
        or row.reached is None
    ):
        return None
    return identified(vault, child_id, row.kind, row.on, row.entered_on, reached=row.reached)


def _outcome(keyed: KeyedRow, matches: Mapping[UUID, Match], logged: Mapping[UUID, Logging]) -> RowOutcome:
    match logged.get(keyed.key), matches.get(keyed.key):
        case Logging.LOGGED, _:
            return RowOutcome.LOGGED
        case Logging.ALREADY, _:
            return RowOutcome.DUPLICATE
        case Logging.REFUSED, _:
            return RowOutcome.REFUSED
        case _, None:
            return RowOutcome.REFUSED
        case _, Match(outcome=MatchOutcome.AMBIGUOUS):
            return RowOutcome.AMBIGUOUS
        case _:
            return RowOutcome.UNKNOWN_CHILD


async def _count(connection: Connection, told: Sequence[Entry]) -> dict[date, Counter[str]]:
    """Count rows never seen before by the day they are recorded on; one mended moves to its new outcome."""
    advanced = await last_advanced(connection)
    unread = _day_read(advanced, [entry.keyed.row.entered_on for entry in told])
    by_day: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for entry in told:
        day = recorded_on(entry.keyed.row.entered_on or unread, advanced)
        by_day[day][entry.outcome] += 1
        if entry.before is None:
            by_day[day]["rows"] += 1
        else:
            by_day[day][entry.before] -= 1
    return by_day


def _day_read(advanced: date | None, entered: Sequence[date | None]) -> date:
    """Return the day on which a log is read: before any day was advanced to, the last that it was entered on."""
    return advanced or max((day for day in entered if day), default=None) or today_in_shanghai()


async def _say_imported(
    connection: Connection, importing: LogImport, by_day: Mapping[date, Counter[str]]
) -> None:
    county = importing.caller.areas[0][:6]
    events = [
        VisitLogImported(
            area=county,
            on=day,
            recorded_on=day,
            import_id=importing.import_id,
            rows=counts["rows"],
            **{outcome: counts[outcome] for outcome in RowOutcome},
        )
        for day, counts in sorted(by_day.items())
    ]
    if events:
        new = [NewEvent.named(importing.cause.id_of("imported", event.on), event) for event in events]
        await append(connection, Append(f"log-{importing.import_id}", new), importing.cause.meta)


async def _finish(
    connection: Connection,
    importing: LogImport,
    paper: VisitPaper,
    taken: Taken,
) -> dict[str, Any]:
    """Keep the refused rows for download in the vault, and answer."""
    import_id, language = importing.import_id, importing.language
    kept_until: date | None = None
    if taken.faults:
        kept = keep_refused(paper.table, list(taken.faults.items()))
        await importing.running.vault.put(connection, [(import_id, kept)])
        read_on = _day_read(await last_advanced(connection), [taken.last_entered])
        kept_until = read_on + timedelta(days=REFUSED_KEPT_DAYS)
    answer = {
        "import_id": str(import_id),
        **{str(name): taken.counts[name] for name in ("already", *RowOutcome)},
        "rows": len(paper.table.rows),
        "refusals": [
            _refusal(number, faults[0], language)
            for number, faults in islice(taken.faults.items(), REFUSALS_TOLD)
        ],
        "refused_workbook": f"/imports/{import_id}/refused.xlsx" if taken.faults else None,
    }
    await connection.execute(
        SQL.record_import,
        import_id,
        importing.caller.areas[0],
        importing.caller.sub,
        orjson.dumps(answer).decode(),
        kept_until,
    )
    return answer


def _refusal(number: int, fault: Fault, language: Language) -> dict[str, Any]:
    detail = fault.told(language)
    return {"row": number, "column": fault.column, "code": fault.code, "detail": detail}


async def find_import(connection: Connection, import_id: UUID) -> dict[str, Any] | None:
    """Return what an import in the caller's areas was answered, or None."""
    found = await connection.fetchval(SQL.find_import, import_id)
    return None if found is None else orjson.loads(found)
