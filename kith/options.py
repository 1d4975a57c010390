"""Options that many commands share."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from kith.deployment import DEFAULT_DATA

DAY = ["%Y-%m-%d"]

Data = Annotated[
    Path,
    typer.Option(
        "--data", envvar="KITH_DATA", file_okay=False, help="The folder that holds everything of one Kith."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON object on standard output.")]
Area = Annotated[str | None, typer.Option(help="An area's code: 6, 9 or 12 digits. Default: the county.")]
Project = Annotated[
    Path,
    typer.Option(
        file_okay=False, help="In containers: the folder of docker-compose.yml; a bundle is unpacked into it."
    ),
]
PaperFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
PaperFiles = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True)]

ServiceName = Literal["registry", "pairing", "contact", "reporting"]

HERE = DEFAULT_DATA


def day_of(told: datetime | None) -> date | None:
    """Return the day an option names (typer reads days as moments)."""
    return None if told is None else told.date()
