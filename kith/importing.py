"""Sending papers to the service that takes them, in the order that makes a repeat harmless."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import httpx

from kith.client import Client, Json
from kith.console import Console
from kith.exits import Exit, Failed
from kith.papers import in_order
from kith.states import state_of
from services.registry.area_list import read_areas
from shared.contracts.event import Level
from shared.papers.faults import PaperRefused

WHOLE_PAPER_REFUSED = frozenset({httpx.codes.UNPROCESSABLE_ENTITY, httpx.codes.REQUEST_ENTITY_TOO_LARGE})
"""Answers that mean this paper can never be taken as it is; another paper may."""


def county_in(console: Console, paper: Path) -> str:
    """Return the code of the county whose areas *paper* lists; raises Failed where it lists none or several."""
    try:
        areas = read_areas(paper.name, paper.read_bytes()).areas
    except PaperRefused as refused:
        why = refused.told(console.language)
        raise Failed("paper_refused", Exit.REFUSED, file=paper.name, why=why) from refused
    counties = [area.code for area in areas if area.level is Level.COUNTY]
    if len(counties) != 1:
        raise Failed("not_one_county", Exit.REFUSED, file=paper.name, count=len(counties))
    return counties[0]


def import_areas(client: Client, console: Console, paper: Path, on: date) -> Json:
    """Send the list of areas; the deployment is this county's from then on."""
    county = county_in(console, paper)
    client.tokens.is_for(county)
    report = client.send("registry", "/imports/areas", paper.name, paper.read_bytes(), on=on)
    client.deployment.keep(county=county)
    return report


def import_rosters(client: Client, console: Console, papers: Sequence[Path], filed_on: date) -> list[Json]:
    """Send rosters by township code, one after the other; return each one's report with its file's name.

    A paper that is refused as a whole is told and passed by: its report has the code and text of why.
    """
    reports = []
    with console.progress("importing_rosters", total=len(papers)) as step:
        for paper in in_order(papers):
            reports.append({"file": paper.name, **_import_roster(client, console, paper, filed_on)})
            step(1)
    return reports


def _import_roster(client: Client, console: Console, paper: Path, filed_on: date) -> Json:
    try:
        return client.send("registry", "/imports/rosters", paper.name, paper.read_bytes(), filed_on=filed_on)
    except Failed as failed:
        if failed.params.get("status") not in WHOLE_PAPER_REFUSED:
            raise
        console.say("paper_refused", file=paper.name, why=failed.params["detail"])
        return {"code": failed.params["problem"], "detail": failed.params["detail"]}


def import_carers(client: Client, paper: Path, on: date) -> Json:
    """Send the list of carers: enlists each, and clears who passed vetting."""
    areas = state_of(client, "registry").position
    content = paper.read_bytes()
    return client.send("pairing", "/imports/carers", paper.name, content, on=on, after=f"registry:{areas}")


def import_visits(client: Client, papers: Sequence[Path]) -> list[tuple[Path, Json]]:
    """Send visit logs by file name, one after the other; return each with its report.

    Each is sent whole, and recorded on the last day advanced to, or later where it says so.
    """
    return [
        (paper, client.send("contact", "/imports/visits", paper.name, paper.read_bytes()))
        for paper in in_order(papers)
    ]


def keep_refused(client: Client, service: str, name: str, report: Json) -> Path | None:
    """Save the workbook of refused rows as *name* below the data folder; return where, or None if there is none."""
    where = report.get("refused_workbook")
    if not where:
        return None
    folder = client.deployment.data / "refused"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = folder / f"{name}.refused.xlsx"
    client.download(service, where, kept)
    return kept
