"""`kith bundle`: everything a county without internet needs, in one file."""

from pathlib import Path
from typing import Annotated

import typer

from kith.bundling import Bundle, load_bundle, make_bundle
from kith.console import Console
from kith.engine import images_of
from kith.options import AsJson
from shared.service import VERSION

group = typer.Typer(help="Carry Kith to a machine without internet.", no_args_is_help=True)

PROJECT = Path(__file__).parent.parent.parent
BUNDLE = Path(f"kith-{VERSION}.bundle.tar")


def add_to(app: typer.Typer) -> None:
    """Add `kith bundle …`."""
    app.add_typer(group, name="bundle")


@group.command("make")
def make(
    into: Annotated[Path, typer.Argument(dir_okay=False, help="The file to write.")] = BUNDLE,
    image: Annotated[
        list[str] | None, typer.Option(help="Another image to carry; may be given again.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Pack the images of docker-compose.yml, the files it needs and the documents into one file with checksums."""
    console = Console(as_json=as_json)
    made = make_bundle(PROJECT, [*images_of(PROJECT), *(image or [])], into)
    told = {"file": str(into), "bytes": into.stat().st_size, **_told(made)}
    mib = round(into.stat().st_size / 1024**2)
    console.answer(told, lambda: console.line("bundle_made", file=str(into), count=len(made.images), mib=mib))


@group.command("load")
def load(
    bundle: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The file that was made.")],
    into: Annotated[
        Path, typer.Option(file_okay=False, help="Where to write docker-compose.yml and the rest.")
    ] = Path(f"kith-{VERSION}"),
    as_json: AsJson = False,
) -> None:
    """Check every byte of a bundle, write its files and load its images; a damaged bundle is refused whole."""
    console = Console(as_json=as_json)
    loaded = load_bundle(bundle, into)
    told = {"folder": str(into), **_told(loaded)}
    console.answer(told, lambda: console.line("bundle_loaded", folder=str(into), count=len(loaded.images)))


def _told(bundle: Bundle) -> dict[str, object]:
    return {"version": bundle.version, "images": bundle.images}
