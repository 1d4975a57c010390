"""The published contracts, written to files."""

import typer

from kith.console import Console
from kith.contracts_export import ROOT, export
from kith.options import AsJson

group = typer.Typer(help="The contracts of published events.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add `kith contracts …`."""
    app.add_typer(group, name="contracts")


@group.command("export")
def export_contracts(as_json: AsJson = False) -> None:
    """Write JSON Schemas and an AsyncAPI 3 document to docs/contracts, and the samples that are missing."""
    console = Console(as_json=as_json)
    written = [str(path.relative_to(ROOT)) for path in export()]
    console.answer({"written": written}, lambda: _tell(console, written))


def _tell(console: Console, written: list[str]) -> None:
    for path in written:
        console.out.print(path, markup=False)
    console.line("contracts_written", count=len(written))
