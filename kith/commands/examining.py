"""The doctor: what is wrong before it hurts."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from kith.console import Console
from kith.deployment import deployment_of
from kith.doctor.examining import examine
from kith.doctor.finding import Finding, Level
from kith.doctor.from_outside import examine_containers, is_in_containers
from kith.doctor.place import place_of
from kith.exits import Exit
from kith.options import HERE, AsJson, Data, Project


def add_to(app: typer.Typer) -> None:
    """Add `kith doctor`."""
    app.command("doctor")(doctor)


def doctor(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also tell what is well.")] = False,
    project: Project = Path(),
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """Look at disks, clocks, versions, schemas, streams, readers, certificates, secrets and backups.

    Of a data folder, or of the containers that have their secrets from it; within a container of what
    KITH_DATABASE_SERVER_URL names. Ends with 1 where anything is bad; a warning alone ends with 0.
    """
    console = Console(as_json=as_json)
    deployment = deployment_of(data)
    if is_in_containers(deployment):
        findings = examine_containers(deployment, project)
    else:
        findings = asyncio.run(examine(place_of(deployment)))
    shown = [one for one in findings if everything or one.level is not Level.WELL]
    console.answer([_as_json(console, one) for one in findings], lambda: _tell(console, findings, shown))
    if any(one.level is Level.BAD for one in findings):
        raise typer.Exit(Exit.REFUSED)


def _as_json(console: Console, finding: Finding) -> dict[str, object]:
    return {
        "level": finding.level,
        "code": finding.code,
        "where": finding.where,
        "what": console.text(finding.code, **finding.params),
        "params": dict(finding.params),
    }


def _tell(console: Console, findings: list[Finding], shown: list[Finding]) -> None:
    if shown:
        rows = [
            (console.text(f"level_{one.level}"), one.where, console.text(one.code, **one.params))
            for one in shown
        ]
        console.table("", ["level", "where", "finding"], rows)
    counts = {level: sum(one.level is level for one in findings) for level in Level}
    console.line("doctor_counts", **{level.value: count for level, count in counts.items()})
