"""Running Kith: everything at once, one service, or the preparations alone."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from kith.console import Console
from kith.container_files import lead_compose, make_container_files
from kith.deployment import Clock, deployment_of
from kith.embedded.postgres import start_postgres
from kith.exits import Exit
from kith.migrating import DatabaseServer
from kith.opening import opened
from kith.options import HERE, AsJson, Data, ServiceName
from kith.runtime import prepare_and_migrate, running
from kith.serving_on import serve_until_stopped
from kith.sign_in import sign_in_link
from kith.states import State, states_of


def add_to(app: typer.Typer) -> None:
    """Add `kith up`, `kith status`, `kith init`, `kith migrate` and `kith serve`."""
    for command in (up, status, init, migrate, serve):
        app.command()(command)


def up(
    clock: Annotated[
        Clock | None,
        typer.Option(help="live: today; advanced: the last day advanced to. Kept by the folder."),
    ] = None,
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """Run the embedded servers and the four services until Ctrl-C; what dies is started again."""
    console = Console(as_json=as_json)
    deployment = deployment_of(data)
    console.say("starting", folder=str(deployment.data))
    with running(deployment, clock) as runtime:
        addresses = deployment.addresses()
        link = sign_in_link(deployment)
        answer = {"addresses": addresses, "sign_in": link, "clock": runtime.clock}
        console.answer(answer, lambda: _tell_addresses(console, addresses, link))
        serve_until_stopped(runtime, console)


def _tell_addresses(console: Console, addresses: dict[str, str], link: str | None) -> None:
    console.table("", ["service", "address"], list(addresses.items()))
    if link:
        console.line("dashboard_at", link=link)


def status(data: Data = HERE, as_json: AsJson = False) -> None:
    """Tell of each service whether it answers, its position, the lag of its readers, its parked events."""
    with opened(data, as_json=as_json) as open_:
        states = states_of(open_.client)
        open_.console.answer(
            [state.as_json() for state in states], lambda: _tell_states(open_.console, states)
        )
        if any(state.problem for state in states):
            raise typer.Exit(Exit.UNREACHABLE)


def _tell_states(console: Console, states: list[State]) -> None:
    rows = [
        (
            state.service,
            _answer(console, state),
            state.position,
            "\n".join(f"{reader.source} {_shown(reader.lag_events)}" for reader in state.readers),
            state.parked,
            state.day,
        )
        for state in states
    ]
    console.table("", ["service", "state", "position", "lag", "parked", "day"], rows)


def _answer(console: Console, state: State) -> str:
    if state.failed is None:
        return console.text("state_answers")
    return console.text(state.failed.code, **state.failed.params)


def _shown(lag: int | None) -> str:
    return "-" if lag is None else f"{lag:,}"


def init(
    *,
    containers: Annotated[
        bool, typer.Option("--containers", help="Also make what docker-compose.yml gives to containers.")
    ] = False,
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """Make the data folder's secrets and keys, each once; nothing is started."""
    console = Console(as_json=as_json)
    deployment = deployment_of(data)
    if containers:
        make_container_files(deployment)
        lead_compose(deployment, Path())
    else:
        deployment.prepare()
    folder = str(deployment.data)
    console.answer({"data": folder}, lambda: console.line("folder_ready", folder=folder))


def migrate(
    *,
    admin_url: Annotated[
        str | None,
        typer.Option(
            envvar="KITH_ADMIN_DATABASE_URL",
            help="A server elsewhere, as a role that may make roles: postgresql://postgres@db:5432/postgres",
        ),
    ] = None,
    admin_password_file: Annotated[
        Path | None, typer.Option(envvar="KITH_ADMIN_PASSWORD_FILE", help="That role's password.")
    ] = None,
    server_url: Annotated[
        str | None,
        typer.Option(
            envvar="KITH_DATABASE_SERVER_URL",
            help="A server elsewhere whose roles and databases are there: postgresql://db:5432",
        ),
    ] = None,
    secrets: Annotated[
        Path, typer.Option(envvar="KITH_SECRETS_FOLDER", help="Passwords of the roles: <role>.password")
    ] = Path("/run/secrets"),
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for a server elsewhere.")] = 0,
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """Bring every service's database to the present schema: in the data folder, or on a server elsewhere.

    Runs again without harm.
    """
    console = Console(as_json=as_json)
    if told := admin_url or server_url:
        server = DatabaseServer(told, admin_url is not None, admin_password_file, secrets)
        applied = asyncio.run(server.bring_up_to_date(wait))
    else:
        deployment = deployment_of(data)
        deployment.prepare()
        with start_postgres(deployment.data) as postgres:
            applied = asyncio.run(prepare_and_migrate(deployment, postgres))
    rows = [(service, "\n".join(names) or "-") for service, names in applied.items()]
    console.answer(applied, lambda: console.table("", ["service", "migrations"], rows))


def serve(service: Annotated[ServiceName, typer.Argument(help="Which service.")]) -> None:
    """Serve one service in this process; its settings are in the environment (KITH_…)."""
    os.execv(sys.executable, [sys.executable, "-m", "kith.serving", service])  # noqa: S606 - this very program
