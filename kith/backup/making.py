"""Making a backup: written beside the others, proved, named; only then are old ones let go."""

import asyncio
import json
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from kith.backup import archive, base_files
from kith.backup.forget_lists import FILE as FORGOTTEN
from kith.backup.forget_lists import forgotten_in
from kith.backup.gauge import write_gauges
from kith.backup.manifest import Manifest, fingerprint
from kith.backup.repository import Repository
from kith.backup.retention import kept
from kith.backup.site import Site
from kith.backup.verifying import verify
from kith.backup.witness import QUIET_SECONDS_MAX, schema_of, witness
from kith.embedded.locking import FolderLock
from shared import clock

COPIES = 2
"""A backup and the copy that proves it are on the disk at once."""


@dataclass(frozen=True)
class Made:
    """A backup that was made and proved, and what it took."""

    folder: Path
    manifest: Manifest
    compared: dict[str, int]
    let_go: list[str]
    seconds: float


def make(site: Site, repository: Repository, quiet_seconds: float = QUIET_SECONDS_MAX) -> Made:
    """Back up the running cluster into *repository*, prove it, let old ones go, and tell it to Prometheus.

    Nothing is deleted before the new backup was restored and compared. Raises Failed; what was begun then
    stays unfinished and is deleted by the next one.
    """
    begun, started = clock.now(), clock.elapsed()
    lock = FolderLock(repository.folder, "backup")
    try:
        site.archive_into(repository)
        repository.check_room(COPIES * asyncio.run(archive.bytes_of(site.cluster)))
        name, unfinished = repository.begin(begun)
        site.hand.copy_base(site.cluster, unfinished / "base")
        manifest = asyncio.run(
            _witness(site, repository, name, unfinished, begun=begun, quiet_seconds=quiet_seconds)
        )
        manifest.write(unfinished)
        compared = verify(repository, unfinished, manifest, site.hand)
        folder = repository.finish(unfinished)
        let_go = prune(repository)
        made = Made(folder, manifest, compared, let_go, round(clock.elapsed() - started, 1))
        write_gauges(repository, made.manifest, made.seconds)
    finally:
        lock.release()
    return made


async def _witness(
    site: Site, repository: Repository, name: str, folder: Path, *, begun: datetime, quiet_seconds: float
) -> Manifest:
    """Say what the backup holds, and wait until all that it needs is archived."""
    seen = await witness(site.cluster, name, quiet_seconds)
    await archive.archive_up_to(site.cluster, repository, seen.segment)
    forgotten = await forgotten_in(site.cluster)
    (folder / FORGOTTEN).write_text(json.dumps(forgotten, indent=1) + "\n", encoding="ascii")
    site.facts.copy(folder)
    base = folder / "base"
    return Manifest(
        name=name,
        begun_at=begun,
        witnessed_at=seen.at,
        restore_point=seen.restore_point,
        quiet=seen.quiet,
        horizons=seen.horizons,
        figures=seen.figures,
        postgres=(base / "PG_VERSION").read_text(encoding="ascii").strip(),
        system_identifier=base_files.system_identifier_of(base),
        first_wal=archive.first_wal_of(base),
        last_wal=seen.segment,
        bytes=base_files.bytes_of(base),
        schema=await schema_of(site.cluster),
        vault_secret=fingerprint(site.facts.vault_secret),
    )


def prune(repository: Repository) -> list[str]:
    """Delete the backups that retention lets go, then the WAL that none of the others needs; return names."""
    backups = list(repository.backups())
    keep = kept(manifest.begun_at for _, manifest in backups)
    gone = []
    for path, manifest in backups:
        if manifest.begun_at not in keep:
            shutil.rmtree(path)
            gone.append(manifest.name)
    oldest = [manifest.first_wal for _, manifest in backups if manifest.begun_at in keep]
    if oldest:
        archive.let_go_before(repository, min(oldest))
    return gone


def age_of_newest(repository: Repository) -> timedelta | None:
    """Return how old the newest backup is, None where there is none; raises Failed."""
    moments = [manifest.witnessed_at for _, manifest in repository.backups()]
    return clock.now() - max(moments) if moments else None
