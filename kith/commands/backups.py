"""Backups: made and proved, listed, let go, and restored to any moment since the oldest."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from kith.backup.making import Made, make, prune
from kith.backup.repository import found_at
from kith.backup.restoring import Restored, restore
from kith.backup.site import repository_of, site_of
from kith.backup.verifying import verify
from kith.console import Console
from kith.deployment import deployment_of
from kith.embedded.accounts import account_for_postgres
from kith.exits import Exit, Failed
from kith.options import HERE, AsJson, Data
from shared import clock
from shared.subjects import SERVICES

group = typer.Typer(help="Backups: each is proved by restoring it before it counts.", no_args_is_help=True)

Backups = Annotated[
    Path | None,
    typer.Option(
        "--to", envvar="KITH_BACKUPS", file_okay=False, help="The folder of backups, best on another disk."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add `kith backup …` and `kith restore`."""
    app.add_typer(group, name="backup")
    app.command("restore")(restore_to)


@group.command("make")
def make_one(to: Backups = None, data: Data = HERE, as_json: AsJson = False) -> None:
    """Make a backup, prove it by restoring it, then let go the ones that are too old."""
    console = Console(as_json=as_json)
    deployment = deployment_of(data)
    with site_of(deployment) as site:
        made = make(site, repository_of(deployment, to))
    console.answer(_as_json(made), lambda: _tell_made(console, made))


@group.command("verify")
def verify_one(
    backup: Annotated[
        Path | None, typer.Argument(help="One backup, or a folder of them; default: the newest.")
    ] = None,
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """Prove a backup again: its files by checksum, its content by restoring and counting every table."""
    console = Console(as_json=as_json)
    folder = backup or repository_of(deployment_of(data), None).folder
    repository, path, manifest = found_at(folder, None)
    repository.check_room(manifest.bytes)
    account = account_for_postgres(data.resolve())
    repository.prepare(account)
    compared = verify(repository, path, manifest, account)
    console.answer(
        {"backup": manifest.name, **compared},
        lambda: console.line("backup_proved", name=manifest.name, **compared),
    )


@group.command("list")
def list_all(to: Backups = None, data: Data = HERE, as_json: AsJson = False) -> None:
    """List backups, and from when on each can bring any moment back."""
    console = Console(as_json=as_json)
    backups = [manifest for _, manifest in repository_of(deployment_of(data), to).backups()]
    told = [
        {"name": each.name, "since": each.witnessed_at, "bytes": each.bytes, "postgres": each.postgres}
        for each in backups
    ]
    rows = [(each.name, _moment(each.witnessed_at), each.bytes // 1024**2, each.postgres) for each in backups]
    console.answer(
        told, lambda: console.table("", ["backup", "restorable_since", "mebibytes", "postgres"], rows)
    )


@group.command("prune")
def prune_old(to: Backups = None, data: Data = HERE, as_json: AsJson = False) -> None:
    """Let go the backups and the WAL that retention does not keep; `make` does it too."""
    console = Console(as_json=as_json)
    gone = prune(repository_of(deployment_of(data), to))
    console.answer({"let_go": gone}, lambda: console.line("backups_let_go", count=len(gone)))


def restore_to(
    source: Annotated[
        Path, typer.Option("--from", exists=True, file_okay=False, help="A backup, or their folder.")
    ],
    to: Annotated[
        Path, typer.Option("--to", file_okay=False, help="The new data folder: empty, or with secrets/.")
    ],
    time: Annotated[
        str | None, typer.Option(help="The moment, as 2026-11-27T05:00:00+08:00; without a zone Shanghai's.")
    ] = None,
    secrets: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="The copy of secrets/ that was kept apart."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into a new data folder, up to a moment or the latest, and see that everything agrees."""
    console = Console(as_json=as_json)
    restored = restore(deployment_of(to), source, _told_moment(time), secrets, console.language)
    console.answer(restored.as_json(), lambda: _tell_restored(console, restored))
    if not restored.agreement.agrees:
        raise typer.Exit(Exit.REFUSED)


def _told_moment(told: str | None) -> datetime | None:
    if told is None:
        return None
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        raise Failed("no_moment", Exit.USAGE, told=told) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=clock.SHANGHAI)


def _moment(moment: datetime) -> str:
    return moment.astimezone(clock.SHANGHAI).isoformat(sep=" ", timespec="seconds")


def _as_json(made: Made) -> dict[str, object]:
    return {
        "backup": str(made.folder),
        "since": made.manifest.witnessed_at,
        "bytes": made.manifest.bytes,
        "quiet": made.manifest.quiet,
        **made.compared,
        "let_go": made.let_go,
        "seconds": made.seconds,
    }


def _tell_made(console: Console, made: Made) -> None:
    console.line(
        "backup_made",
        folder=str(made.folder),
        mebibytes=made.manifest.bytes // 1024**2,
        seconds=made.seconds,
        **made.compared,
    )
    if not made.manifest.quiet:
        console.line("backup_not_quiet")
    if made.let_go:
        console.line("backups_let_go", count=len(made.let_go))


def _tell_restored(console: Console, restored: Restored) -> None:
    agreement = restored.agreement
    rows = [
        (
            service,
            restored.mended.events[service],
            restored.left_behind[service],
            restored.mended.forgotten_again.get(service),
            agreement.counts[service].get("identities"),
            agreement.streams[service].copy,
            agreement.kept[service].copy if service in agreement.kept else None,
        )
        for service in SERVICES
    ]
    headings = [
        "service",
        "restored",
        "left_behind",
        "forgotten_again",
        "identities",
        "in_stream",
        "kept_by_reporting",
    ]
    console.table("", headings, rows)
    code = "restore_agrees" if agreement.agrees else "restore_differs"
    console.line(code, folder=str(restored.folder), seconds=restored.seconds)
