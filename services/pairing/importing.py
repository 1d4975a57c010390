"""Taking in a list of carers: validated whole, then enlisted and cleared in chunks under the ledger."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import orjson

from services.pairing.carer_list import CarerPaper, CarerRow
from services.pairing.carers import known_carers, project_carers
from services.pairing.command_part import part_of
from services.pairing.domain.carer import CAPACITY_MAX, CARER, CarerCommand, ClearCarer
from services.pairing.enlisting import Application, Person
from services.pairing.list_ledger import RowOutcome, Told, lock_rows, mend_rows, write_rows
from shared.contracts.event import STAFF, Event
from shared.contracts.pairing import CarersImported
from shared.event_store import Append, Connection, NewEvent, Outcome, WrongVersion, append, append_many
from shared.handling import Answer, Cause, answered_before, once
from shared.messages import Language
from shared.papers.faults import Fault
from shared.papers.refusals import keep_refused
from shared.running import Running
from shared.sql import queries

SQL = queries(__file__)

CHUNK_MAX = 2_000
"""Rows in one transaction."""
REFUSALS_TOLD_MAX = 100
REFUSED_KEPT_DAYS = 90
"""For how long the workbook of the refused rows can be fetched."""
COUNTY_DIGITS, TOWNSHIP_DIGITS = 6, 9


@dataclass(frozen=True, slots=True)
class KeyedRow:
    """A row with its key in the ledger, and who it is where the row is acceptable."""

    key: str
    row: CarerRow
    application: Application | None
    carer_id: UUID | None


@dataclass(frozen=True, slots=True)
class CarerImport:
    """A list of carers on its way in; *area* is the smallest that holds all its rows, from township up."""

    running: Running
    cause: Cause
    paper: CarerPaper
    rows: Sequence[KeyedRow]
    area: str
    on: date
    recorded_on: date
    language: Language

    @property
    def import_id(self) -> UUID:
        return self.cause.id_of("import")


def judge_rows(paper: CarerPaper, known: Collection[str], own: tuple[str, ...]) -> None:
    """Refuse rows that say more than the paper's reader can know to be wrong.

    An area that is unknown and one outside the importer's *own* look alike.
    """
    labels = paper.table.labels
    for row in paper.rows:
        if not row.refused and not (row.area in known and row.area.startswith(own)):
            row.faults.append(Fault("carer_area_unknown", labels.get("area"), {"area": row.area}))
        if row.capacity > CAPACITY_MAX:
            row.faults.append(
                Fault("carer_capacity_too_large", labels.get("capacity"), {"most": CAPACITY_MAX})
            )


def keyed_rows(paper: CarerPaper, running: Running) -> list[KeyedRow]:
    """Return the rows with their keys: an HMAC of what a row says and which of its likes it is."""
    vault = running.vault
    seen: Counter[tuple[str, ...]] = Counter()
    keyed = []
    for row in paper.rows:
        seen[row.content] += 1
        key = vault.claim_key("carer_row", *row.content, str(seen[row.content]))
        application = _application(row)
        carer_id = None if application is None else application.person.carer_id(vault, row.area)
        keyed.append(KeyedRow(key, row, application, carer_id))
    return keyed


def _application(row: CarerRow) -> Application | None:
    if row.refused or row.kind is None:
        return None
    person = Person.of(row.name, row.phone, row.citizen_id or "", row.school)
    return Application(person, row.kind, row.sex, row.area, 0 if row.kind in STAFF else row.capacity)


def area_of(rows: Sequence[KeyedRow], fallback: str) -> str:
    """Return the township of all acceptable rows, or their county; *fallback* where there is no such row."""
    areas = {keyed.row.area for keyed in rows if keyed.application is not None}
    townships = {area[:TOWNSHIP_DIGITS] for area in areas}
    if len(townships) == 1:
        return townships.pop()
    return min(townships, default=fallback)[:COUNTY_DIGITS]


async def import_carers(importing: CarerImport) -> Answer:
    """Take in a list and answer its counts; rows that came before count in nothing new."""
    if earlier := await answered_before(importing.running.pool, importing.cause):
        return earlier
    total: Counter[str] = Counter()
    for number, start in enumerate(range(0, len(importing.rows), CHUNK_MAX)):
        chunk = importing.rows[start : start + CHUNK_MAX]
        total.update(await _take(importing, chunk, part_of(importing.cause, "chunk", number)))
        importing.running.bell.set()
    return await once(
        importing.running.pool, importing.cause, lambda connection: _finish(importing, connection, total)
    )


async def _take(importing: CarerImport, rows: Sequence[KeyedRow], cause: Cause) -> Mapping[str, int]:
    async def work(connection: Connection) -> dict[str, Any]:
        known = await lock_rows(connection, [row.key for row in rows])
        new = [row for row in rows if known.get(row.key) in _open_to(row)]
        outcomes = await _enlist(connection, importing, new, cause)
        told: list[Told] = [(row.key, outcomes[row.key], row.carer_id) for row in new]
        unseen = [row for row in told if row[0] not in known]
        mended = [row for row in told if row[0] in known]
        await write_rows(connection, importing.import_id, unseen)
        await mend_rows(connection, importing.import_id, mended)
        counts = Counter(outcomes.values())
        counts[RowOutcome.REFUSED] -= len(mended)
        if new:
            await _say_imported(connection, importing, len(unseen), counts, cause)
        return {"already": len(rows) - len(new), **{outcome.value: counts[outcome] for outcome in RowOutcome}}

    return (await once(importing.running.pool, cause, work)).body


def _open_to(row: KeyedRow) -> tuple[str | None, ...]:
    """Return the earlier outcomes with which *row* is still to be decided about."""
    return (None,) if row.application is None else (None, RowOutcome.REFUSED)


async def _enlist(
    connection: Connection, importing: CarerImport, rows: Sequence[KeyedRow], cause: Cause
) -> dict[str, RowOutcome]:
    """Enlist whoever is not on the list yet; return what became of each row."""
    carer_ids = [row.carer_id for row in rows if row.carer_id is not None]
    listed = set(await known_carers(connection, carer_ids))
    outcomes: dict[str, RowOutcome] = {}
    taken: dict[UUID, tuple[Application, list[Event]]] = {}
    for row in rows:
        if row.application is None or row.carer_id is None:
            outcomes[row.key] = RowOutcome.REFUSED
        elif row.carer_id in listed:
            outcomes[row.key] = RowOutcome.DUPLICATE
        else:
            outcomes[row.key] = RowOutcome.TAKEN
            listed.add(row.carer_id)
            taken[row.carer_id] = row.application, _events(importing, row.application, row.row.cleared)
    appends = [
        Append(CARER.stream(carer_id), _new(events, CARER.stream(carer_id), cause), expected=0)
        for carer_id, (_, events) in taken.items()
    ]
    appended = await append_many(connection, appends, cause.meta)
    if any(outcome is not Outcome.TAKEN for outcome in appended):
        raise WrongVersion("a carer of this list was enlisted beside it")
    await project_carers(connection, [event for _, events in taken.values() for event in events])
    kept = [(carer_id, application.person.kept()) for carer_id, (application, _) in taken.items()]
    await importing.running.vault.put(connection, kept)
    return outcomes


def _events(importing: CarerImport, application: Application, cleared: bool) -> list[Event]:
    commands: list[CarerCommand] = [
        application.command(importing.running.vault, importing.on, importing.recorded_on)
    ]
    if cleared:
        commands.append(ClearCarer(importing.on, importing.recorded_on))
    events: list[Event] = []
    for command in commands:
        events.extend(CARER.decide(command, CARER.fold(events)))
    return events


def _new(events: Sequence[Event], stream: str, cause: Cause) -> list[NewEvent]:
    return [NewEvent.named(cause.id_of(stream, n), event) for n, event in enumerate(events)]


async def _say_imported(
    connection: Connection,
    importing: CarerImport,
    unseen: int,
    counts: Mapping[RowOutcome, int],
    cause: Cause,
) -> None:
    event = CarersImported(
        area=importing.area[:COUNTY_DIGITS],  # however the list is cut, its rows count in one place
        on=importing.on,
        recorded_on=importing.recorded_on,
        import_id=importing.import_id,
        rows=unseen,
        taken=counts[RowOutcome.TAKEN],
        duplicates=counts[RowOutcome.DUPLICATE],
        refused=counts[RowOutcome.REFUSED],
    )
    stream = f"import-{cause.command_id}"
    await append(connection, Append(stream, _new([event], stream, cause), expected=0), cause.meta)


async def _finish(importing: CarerImport, connection: Connection, total: Mapping[str, int]) -> dict[str, Any]:
    """Keep the refused rows for download, and the answer."""
    kept_until: date | None = None
    refused = [keyed.row for keyed in importing.rows if keyed.row.refused]
    if refused:
        kept = keep_refused(importing.paper.table, [(row.number, row.faults) for row in refused])
        await importing.running.vault.put(connection, [(importing.import_id, kept)])
        kept_until = importing.recorded_on + timedelta(days=REFUSED_KEPT_DAYS)
    answer = {
        "import_id": str(importing.import_id),
        "area": importing.area,
        "rows": len(importing.rows),
        "taken": total[RowOutcome.TAKEN],
        "duplicates": total[RowOutcome.DUPLICATE],
        "refused": total[RowOutcome.REFUSED],
        "already": total["already"],
        "refusals": [_refusal(row, importing.language) for row in refused[:REFUSALS_TOLD_MAX]],
        "refused_workbook": f"/imports/{importing.import_id}/refused.xlsx" if refused else None,
    }
    body_text = orjson.dumps(answer).decode()
    await connection.execute(
        SQL.keep_import, importing.import_id, importing.area, importing.on, body_text, kept_until
    )
    return answer


def _refusal(row: CarerRow, language: Language) -> dict[str, Any]:
    fault = row.faults[0]
    return {
        "row": row.number,
        "column": fault.column,
        "code": fault.code,
        "detail": fault.told(language),
    }


async def find_import(connection: Connection, import_id: UUID) -> dict[str, Any] | None:
    """Return an import in the caller's areas with its answer, None for none."""
    row = await connection.fetchrow(SQL.find_import, import_id)
    return None if row is None else {**row, "answer": orjson.loads(row["answer"])}


async def let_refused_go(running: Running, connection: Connection, day: date) -> int:
    """Delete the refused rows that were kept long enough on *day*; return of how many imports."""
    gone = await connection.fetch(SQL.let_go, day)
    for row in gone:
        await running.vault.forget(connection, row["import_id"])
    return len(gone)
