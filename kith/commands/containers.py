"""What only containers run: the gateway, and the question whether a service is ready."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from kith.gateway.running import become_gateway, reload_gateway
from kith.readiness import healthcheck


def add_to(app: typer.Typer) -> None:
    """Add `kith gateway` and `kith healthcheck`."""
    app.command("gateway")(gateway)
    app.command("healthcheck")(ready)


def gateway(
    folder: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Where nginx writes. Default: below the temporary folder."),
    ] = None,
    *,
    reload: Annotated[
        bool, typer.Option("--reload", help="Have the one that runs here go by its certificate of now.")
    ] = False,
) -> None:
    """Be the one address in front of the four services; settings are in the environment (KITH_…)."""
    act = reload_gateway if reload else become_gateway
    act(folder or Path(tempfile.gettempdir(), "kith-gateway"))


def ready(
    path: Annotated[
        str, typer.Argument(help="What to ask for; the gateway answers at /healthz.")
    ] = "/readyz",
) -> None:
    """Ask the service of this container whether it is ready; the port is in KITH_HTTP_PORT."""
    raise typer.Exit(healthcheck(path))
