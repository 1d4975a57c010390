"""Figures over HTTP: numbers, their lists, their months, their definitions and the checks they satisfy."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Query

from services.reporting.areas import Area, areas_within
from services.reporting.at_once import figures_at_once
from services.reporting.checks import checks
from services.reporting.figures import (
    EVERYTHING_KNOWN,
    FIRST_DAY_EVER,
    When,
    figures,
    figures_of,
    latest_day,
    series,
    settled_until,
)
from services.reporting.lists import BadKey, list_behind
from services.reporting.measure import Measure
from services.reporting.measures import MEASURES, UnknownMeasure, measure_named
from services.reporting.question import AskedHere, LiveTables, QuestionHere, Reader, looking
from services.reporting.received import received_event
from shared.edge import PageHere
from shared.messages import Language, text
from shared.problems import NotFound, Refused

MEASURES_MAX = 50
"""Measures of one series."""


def figures_router() -> APIRouter:
    """Return the routes that answer with numbers."""
    router = APIRouter(tags=["figures"])

    @router.get("/figures")
    async def ask_figures(asked: AskedHere, *, breakdown: bool = False) -> dict[str, Any]:
        """Return every measure of an area; with *breakdown* also of each area directly within it."""
        if not breakdown:
            told = await figures_at_once(asked)
            return {**_asked(told.area, told.when), "figures": told.figures}
        async with looking(asked) as question:
            connection, area, when = question.connection, question.area, question.when
            within = await areas_within(connection, area.code, when.as_of, when.known_on)
            numbers = await figures_of(connection, [area.code, *(part.code for part in within)], when)
        return {
            **_asked(area, when),
            "figures": numbers[area.code],
            "breakdown": [{**_named(part), "figures": numbers[part.code]} for part in within],
        }

    @router.get("/days")
    async def ask_days(connection: LiveTables, _caller: Reader) -> dict[str, Any]:
        """Return the last day Kith was told of, and the last as known on which figures do not change any more."""
        return {"latest": await latest_day(connection), "settled_until": await settled_until(connection)}

    @router.get("/series")
    async def ask_series(
        asked: QuestionHere, measure: Annotated[list[str], Query(min_length=1, max_length=MEASURES_MAX)]
    ) -> dict[str, Any]:
        """Return measures month by month: flows of the month, stocks as of its last day."""
        names = [_measure(name).name for name in measure]
        months = await series(asked.connection, asked.area.code, names, asked.when)
        return {**_asked(asked.area, asked.when), "months": [asdict(month) for month in months]}

    @router.get("/checks")
    async def ask_checks(asked: QuestionHere) -> dict[str, Any]:
        """Return the identities that the figures must satisfy, and whether they do."""
        to_last = When(asked.when.last, asked.when.known_on, asked.when.first_day)
        found = list(checks(await figures(asked.connection, asked.area.code, to_last)))
        return {
            **_asked(asked.area, to_last),
            "all_hold": all(check.holds for check in found),
            "checks": [{**asdict(check), "holds": check.holds} for check in found],
        }

    return router


def lists_router() -> APIRouter:
    """Return the routes that lead from a number to its rows, and from a row to its events."""
    router = APIRouter(tags=["figures"])

    @router.get("/lists/{measure}")
    async def ask_list(asked: QuestionHere, page: PageHere, measure: str) -> dict[str, Any]:
        """Return the rows behind a number: asked with the same days, as many as it says."""
        wanted = _measure(measure)
        try:
            rows = await list_behind(
                asked.connection,
                wanted.name,
                asked.area.code,
                asked.when,
                after_key=page.after_key,
                limit=page.limit,
            )
        except BadKey:
            raise Refused("bad_page_key") from None
        return {"items": [asdict(row) for row in rows.rows], "next": rows.next}

    @router.get("/received/{event_id}")
    async def ask_event(connection: LiveTables, _caller: Reader, event_id: UUID) -> dict[str, Any]:
        """Return an event as it was received: what a number rests on."""
        row = await received_event(connection, event_id)
        if row is None:
            raise NotFound
        return {
            **{
                name: row[name]
                for name in ("event_id", "source", "event_type", "stream_id", "version", "area")
            },
            "position": f"{row['tx']}-{row['position']}",
            "data": orjson.loads(row["data"]),
            "meta": orjson.loads(row["meta"]),
        }

    @router.get("/measures")
    async def ask_measures(_caller: Reader) -> list[dict[str, Any]]:
        """Return the definition of every measure."""
        return [_defined(measure) for measure in MEASURES.values()]

    return router


def _measure(name: str) -> Measure:
    try:
        return measure_named(name)
    except UnknownMeasure:
        raise NotFound("measure_unknown", name=name) from None


def _asked(area: Area, when: When) -> dict[str, Any]:
    return {
        "area": _named(area),
        "as_of": when.as_of,
        "known_on": _day(when.known_on),
        "from": _day(when.first_day),
        "to": when.last,
    }


def _day(day: date) -> date | None:
    """Return *day*, None where no bound was asked for."""
    return None if day in {EVERYTHING_KNOWN, FIRST_DAY_EVER} else day


def _named(area: Area) -> dict[str, Any]:
    return {"code": area.code, "name": area.name, "level": area.level, "closed_on": area.closed_on}


def _defined(measure: Measure) -> dict[str, Any]:
    return {
        "name": measure.name,
        "label": {language: text(measure.label, language) for language in Language},
        "definition": {language: text(measure.definition, language) for language in Language},
        "unit": measure.unit,
        "nature": measure.nature,
        "item": measure.item.name.lower(),
        "denominator": measure.denominator,
        "terms": [asdict(term) for term in measure.terms],
        "events": measure.sources,
    }
