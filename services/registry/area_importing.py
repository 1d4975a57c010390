"""Taking in the county's list of areas: new codes are defined, other names are renamings, the rest stays."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from services.registry import area_versions
from services.registry.area_list import AreaPaper, AreaRow
from services.registry.domain.area import AreaCommand, AreaState, DefineArea, RenameArea, area
from services.registry.projecting import project_areas
from shared import day
from shared.contracts.event import Event
from shared.contracts.registry import AreaDefined
from shared.event_store import Append, Connection, NewEvent, append_many, load_many
from shared.handling import Answer, Cause, answered_before, once
from shared.running import Running

CHUNK_AREAS = 2_000
"""Areas of one transaction."""


async def import_areas(running: Running, cause: Cause, paper: AreaPaper, on: date) -> Answer:
    """Take in a list of areas as it is on *on*; areas that it does not name stay as they are."""
    if earlier := await answered_before(running.pool, cause):
        return earlier
    told: Counter[str] = Counter()
    for start in range(0, len(paper.areas), CHUNK_AREAS):
        chunk = paper.areas[start : start + CHUNK_AREAS]
        part = replace(cause, command_id=cause.id_of("chunk", start))
        told.update(await _take(running, part, chunk, on))

    async def finish(_: Connection) -> dict[str, Any]:
        return {
            "import_id": str(cause.id_of("import")),
            "rows": len(paper.areas),
            "defined": told["defined"],
            "renamed": told["renamed"],
            "already": len(paper.areas) - told.total(),
        }

    return await once(running.pool, cause, finish)


async def _take(running: Running, cause: Cause, rows: Sequence[AreaRow], on: date) -> Mapping[str, int]:
    """Take some rows once; return how many areas that defined and renamed, whoever has asked before."""

    async def work(connection: Connection) -> dict[str, Any]:
        advanced = await day.last_advanced(connection)
        recorded_on = on if advanced is None else max(on, advanced)
        decided = await _decide(connection, rows, on, recorded_on)
        appends = [
            Append(f"area-{code}", [NewEvent.named(cause.id_of(code), event) for event in events], version)
            for code, version, events in decided
            if events
        ]
        await append_many(connection, appends, cause.meta)
        told = [event for _, _, events in decided for event in events]
        await project_areas(connection, told)
        defined = sum(isinstance(event, AreaDefined) for event in told)
        return {"defined": defined, "renamed": len(told) - defined}

    return (await once(running.pool, cause, work)).body


async def _decide(
    connection: Connection, rows: Sequence[AreaRow], on: date, recorded_on: date
) -> list[tuple[str, int, Sequence[Event]]]:
    known = set(await area_versions.open_names(connection, (row.code for row in rows))) | {
        row.code for row in rows
    }
    streams = await load_many(connection, [f"area-{row.code}" for row in rows])
    decided = []
    for row in rows:
        past = streams[f"area-{row.code}"]
        state = area.fold(past)
        command = _command(row, state, parent_open=row.parent in known, on=on, recorded_on=recorded_on)
        decided.append((row.code, len(past), area.decide(command, state)))
    return decided


def _command(
    row: AreaRow, state: AreaState, *, parent_open: bool, on: date, recorded_on: date
) -> AreaCommand:
    if state is not None and state.name != row.name and state.closed_on is None:
        return RenameArea(row.name, on, recorded_on)
    return DefineArea(
        code=row.code,
        name=row.name,
        level=row.level,
        parent=row.parent,
        parent_open=parent_open,
        on=on,
        recorded_on=recorded_on,
    )
