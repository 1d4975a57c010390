"""Replacing what runs in containers: by a new release, or by the same with the settings of now."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kith.bundling import load_bundle
from kith.console import Console
from kith.doctor.finding import Finding
from kith.engine import Compose, image_id, need_compose
from kith.exits import Exit, Failed
from kith.former_streams import former_streams
from kith.opening import Open, opened
from kith.options import HERE, AsJson, Data, Project
from kith.restarting import Restart
from kith.rolling import GATEWAY, Roll, Step
from kith.upgrading import Upgrade
from shared import clock
from shared.subjects import SERVICES


class Restartable(StrEnum):
    """What `kith restart` starts anew."""

    REGISTRY = "registry"
    PAIRING = "pairing"
    CONTACT = "contact"
    REPORTING = "reporting"
    GATEWAY = "gateway"


def add_to(app: typer.Typer) -> None:
    """Add `kith upgrade`, `kith restart` and `kith take-over-streams`."""
    app.command("upgrade")(upgrade)
    app.command("restart")(restart)
    app.command("take-over-streams")(take_over_streams)


def upgrade(
    *,
    bundle: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The new release as `kith bundle make` packs it."),
    ] = None,
    image: Annotated[
        str | None, typer.Option(help="The new release's image, where it is here already.")
    ] = None,
    project: Project = Path(),
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """Upgrade containers: check the bundle, examine, back up, migrate, renew the bus, replace one by one, look.

    Needs KITH_URL, the gateway's address. Stops at the first step that fails; the release before runs on.
    """
    if (bundle is None) == (image is None):
        raise Failed("upgrade_to_what", Exit.USAGE)
    with opened(data, as_json=as_json) as open_:
        need_compose()
        if bundle is not None:
            image = _loaded(bundle, project, open_)
        assert image is not None  # noqa: S101 - one of the two was given
        image_id(image)
        upgrade_ = Upgrade(project.resolve(), open_.deployment, image)
        took = _done(
            upgrade_.steps(open_.client, lambda ill: _tell(open_.console, ill)), open_.console, image
        )
        open_.console.answer(
            {"image": image, "seconds": took},
            lambda: open_.console.line("upgraded", image=image, seconds=round(sum(took.values()))),
        )


def restart(
    names: Annotated[
        list[Restartable] | None,
        typer.Argument(metavar="NAME", help="What is started anew: services, gateway. Default: all of them."),
    ] = None,
    *,
    project: Project = Path(),
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """Start containers anew while people ask: services one by one, with the settings of now.

    The gateway stays and reads its certificate anew. Needs KITH_URL, the gateway's address. No request fails but
    one that takes more than five seconds when its service ends: it is told to come again. Stops where a new
    container does not become ready, and the old one serves on.
    """
    with opened(data, as_json=as_json) as open_:
        need_compose()
        roll = Roll(Compose(project.resolve(), open_.deployment.data))
        chosen = tuple(names or (GATEWAY, *SERVICES))
        took = _done(Restart(roll, chosen).steps(open_.client), open_.console)
        open_.console.answer(
            {"seconds": took}, lambda: open_.console.line("restart_done", seconds=round(sum(took.values())))
        )


def _done(steps: Iterator[Step], console: Console, image: str = "") -> dict[str, float]:
    """Do one step after the other, each of which is told before, and return the seconds that each took."""
    took: dict[str, float] = {}
    for name, do in steps:
        code, _, what = name.partition(" ")
        console.say(code, image=image, what=what)
        began = clock.elapsed()
        do()
        took[what or code.partition("_")[2]] = round(clock.elapsed() - began, 1)
    return took


def take_over_streams(
    store: Annotated[
        Path,
        typer.Argument(exists=True, file_okay=False, help="The folder of accounts in a NATS server's store."),
    ],
    *,
    look: Annotated[
        bool, typer.Option("--look", help="Tell what would be moved; nothing is touched.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Give each service's account its stream from when all were in one account; the NATS server must be stopped."""
    console = Console(as_json=as_json)
    found = list(former_streams(store))
    if not look:
        for stream in found:
            stream.move()
    names = [stream.name for stream in found]
    told = "streams_would_move" if look else "streams_moved"
    console.answer({"streams": names}, lambda: console.line(told, streams=", ".join(names) or "-"))


def _tell(console: Console, ill: list[Finding]) -> None:
    for one in ill:
        console.say("finding", where=one.where, what=console.text(one.code, **one.params))


def _loaded(bundle: Path, project: Path, open_: Open) -> str:
    """Load *bundle* and return its image of Kith; other images of it that nothing here uses are told."""
    images = load_bundle(bundle, project).images
    image = _kith_of(images)
    used = Compose(project.resolve(), open_.deployment.data).images(image)
    if unused := sorted({*images} - used):
        open_.console.say("upgrade_images_unused", images=", ".join(unused))
    return image


def _kith_of(images: dict[str, str]) -> str:
    """Return the image of Kith among those of a bundle."""
    kith = [name for name in images if name.rpartition("/")[2].startswith("kith:")]
    if len(kith) != 1:
        raise Failed("upgrade_no_image", Exit.REFUSED, images=", ".join(images))
    return kith[0]
