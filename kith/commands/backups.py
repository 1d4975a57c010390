"""Backups: made and proved, listed, let go, and restored to any moment since the oldest."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from kith.backup.bringing_back import BroughtBack
from kith.backup.forget_lists import known_lists
from kith.backup.making import Made, make, prune
from kith.backup.realigning import Realigned, realign
from kith.backup.reconciling import Agreement, reconcile
from kith.backup.repository import found_at
from kith.backup.restoring import restore
from kith.backup.restoring_containers import restore_volume
from kith.backup.site import cluster_at, repository_of, servers_alone, site_of
from kith.backup.verifying import verify
from kith.console import Console
from kith.deployment import deployment_of
from kith.doctor.place import bus_in_containers, place_of
from kith.exits import Exit, Failed
from kith.opening import opened
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
AdminUrl = Annotated[
    str | None,
    typer.Option(
        "--admin-url", envvar="KITH_ADMIN_DATABASE_URL", help="In containers: the server, as its superuser."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add `kith backup …`, `kith restore`, `kith realign` and `kith reconcile`."""
    app.add_typer(group, name="backup")
    app.command("restore")(restore_to)
    app.command("realign")(realign_all)
    app.command("reconcile")(reconcile_all)


@group.command("make")
def make_one(to: Backups = None, data: Data = HERE, as_json: AsJson = False) -> None:
    """Make a backup, prove it by restoring it, then let go the ones that are too old."""
    console = Console(as_json=as_json)
    deployment = deployment_of(data)
    repository = repository_of(deployment, to)
    with site_of(deployment, repository) as site:
        made = make(site, repository)
    console.answer(_as_json(made), lambda: _tell_made(console, made))


@group.command("verify")
def verify_one(
    backup: Annotated[
        Path | None, typer.Argument(help="One backup, or a folder of them. Default: the newest.")
    ] = None,
    to: Backups = None,
    data: Data = HERE,
    as_json: AsJson = False,
) -> None:
    """Prove a backup again: its files by checksum, its content by restoring and counting every table."""
    console = Console(as_json=as_json)
    deployment = deployment_of(data)
    repository, path, manifest = found_at(backup or repository_of(deployment, to).folder, None)
    repository.check_room(manifest.bytes)
    with site_of(deployment, repository) as site:
        compared = verify(repository, path, manifest, site.hand)
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
    headings = ["backup", "restorable_since", "mebibytes", "postgres"]
    console.answer(told, lambda: console.table("", headings, rows))


@group.command("prune")
def prune_old(to: Backups = None, data: Data = HERE, as_json: AsJson = False) -> None:
    """Let go the backups and the WAL that retention does not keep; `make` does it too."""
    console = Console(as_json=as_json)
    gone = prune(repository_of(deployment_of(data), to))
    console.answer({"let_go": gone}, lambda: console.line("backups_let_go", count=len(gone)))


def restore_to(
    *,
    source: Annotated[
        Path, typer.Option("--from", exists=True, file_okay=False, help="A backup, or their folder.")
    ],
    to: Annotated[
        Path,
        typer.Option("--to", file_okay=False, help="The new data folder, empty or with secrets/ alone."),
    ],
    time: Annotated[
        str | None, typer.Option(help="The moment, as 2026-11-27T05:00:00+08:00; without a zone Shanghai's.")
    ] = None,
    secrets: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="The copy of secrets/ kept apart.")
    ] = None,
    admin_url: AdminUrl = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into a new data folder, up to a moment or the latest, and see that everything agrees.

    In containers --to is PostgreSQL's empty volume; `kith reconcile` follows when everything runs again.
    """
    console = Console(as_json=as_json)
    moment = _told_moment(time)
    if admin_url is not None:
        manifest, back = restore_volume(admin_url, source, to, moment)
        told = {"backup": manifest.name, "to": moment, "left_behind": back.left_behind}
        again = dict(back.mended.forgotten_again)
        console.answer(told | {"forgotten_again": again}, lambda: _tell_back(console, back, to))
        return
    restored = restore(deployment_of(to), source, moment, secrets, console.language)
    console.answer(restored.as_json(), lambda: _tell_back(console, restored.back, to, restored.agreement))
    _end(console, restored.agreement)


def reconcile_all(admin_url: AdminUrl = None, data: Data = HERE, as_json: AsJson = False) -> None:
    """Say again who was forgotten, wait until everybody has everything, and compare logs, streams and readers."""
    with opened(data, as_json=as_json) as open_:
        if admin_url is None:
            with site_of(open_.deployment, repository_of(open_.deployment, None)) as site:
                agreement = reconcile(open_.client, site.cluster, place_of(open_.deployment).bus)
        else:
            agreement = reconcile(open_.client, cluster_at(admin_url), bus_in_containers())
        open_.console.answer(agreement.as_json(), lambda: _tell_agreement(open_.console, agreement))
        _end(open_.console, agreement)


def realign_all(
    to: Backups = None, admin_url: AdminUrl = None, data: Data = HERE, as_json: AsJson = False
) -> None:
    """After another tool brought the databases back, and before any service runs: do what `kith restore` does besides.

    Forgets again whom the backups know as forgotten, lets every log go on beyond every place it ever gave
    out, and deletes streams that hold what their log does not.
    """
    console = Console(as_json=as_json)
    deployment = deployment_of(data)
    repository = repository_of(deployment, to)
    lists = known_lists(repository)
    if admin_url is not None:
        done = realign(cluster_at(admin_url), bus_in_containers(), lists)
    else:
        with servers_alone(deployment) as (cluster, bus_url):
            done = realign(cluster, bus_url, lists)
    told = {"forgotten_again": dict(done.mended.forgotten_again), "streams_deleted": done.deleted}
    console.answer(told, lambda: _tell_realigned(console, done))


def _tell_realigned(console: Console, done: Realigned) -> None:
    rows = [
        (
            service,
            done.mended.events[service],
            done.streams[service].copy,
            console.text("stream_deleted" if service in done.deleted else "stream_stays"),
            done.mended.forgotten_again.get(service),
        )
        for service in SERVICES
    ]
    console.table("", ["service", "in_log", "in_stream", "state", "forgotten_again"], rows)


def _end(console: Console, agreement: Agreement) -> None:
    if not agreement.agrees:
        console.say("restore_differs")
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
    mebibytes = made.manifest.bytes // 1024**2
    console.line(
        "backup_made", folder=str(made.folder), mebibytes=mebibytes, seconds=made.seconds, **made.compared
    )
    if not made.manifest.quiet:
        console.line("backup_not_quiet")
    if made.let_go:
        console.line("backups_let_go", count=len(made.let_go))


def _tell_back(console: Console, back: BroughtBack, folder: Path, agreement: Agreement | None = None) -> None:
    forgotten = back.mended.forgotten_again
    rows = [
        (service, back.mended.events[service], back.left_behind[service], forgotten.get(service))
        for service in SERVICES
    ]
    console.table("", ["service", "restored", "left_behind", "forgotten_again"], rows)
    if agreement is not None:
        _tell_agreement(console, agreement)
        console.line("restored_archives_nothing")
    console.line("restored_into", folder=str(folder))


def _tell_agreement(console: Console, agreement: Agreement) -> None:
    rows = [
        (
            service,
            agreement.counts[service]["events"],
            agreement.streams[service].copy,
            agreement.kept[service].copy if service in agreement.kept else None,
            agreement.counts[service].get("identities"),
        )
        for service in SERVICES
    ]
    headings = ["service", "in_log", "in_stream", "kept_by_reporting", "identities"]
    console.table("", headings, rows)
    if agreement.agrees:
        console.line("restore_agrees")
