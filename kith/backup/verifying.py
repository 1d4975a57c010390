"""Proving a backup: its files by their checksums, its content by restoring it and counting everything again."""

import asyncio
import shutil
from pathlib import Path

from kith.backup.base_files import check_files
from kith.backup.cluster import Cluster
from kith.backup.hand import Hand
from kith.backup.manifest import Manifest, check_sums
from kith.backup.repository import Repository
from kith.backup.target import Target
from kith.backup.witness import count_again, differences
from kith.exits import Failed

SHOWN_MAX = 5


def verify(repository: Repository, backup: Path, manifest: Manifest, hand: Hand) -> dict[str, int]:
    """Prove the backup in the folder *backup*; return how many tables and rows were compared.

    Raises Failed: a file is damaged or gone, it does not recover to its restore point from the base and the
    archive, or a table is not what the manifest says.
    """
    check_sums(backup)
    check_files(backup / "base")
    scratch = repository.folder / f"{backup.name}.scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o711)
    target = Target(restore_point=manifest.restore_point)
    try:
        with hand.recovered(backup / "base", repository.wal, scratch / "cluster", target) as cluster:
            return asyncio.run(_compare(cluster, backup, manifest))
    finally:
        shutil.rmtree(scratch)


async def _compare(cluster: Cluster, backup: Path, manifest: Manifest) -> dict[str, int]:
    found = await count_again(cluster, None if manifest.quiet else manifest.horizons)
    if wrong := differences(manifest.figures, found):
        shown = "; ".join(wrong[:SHOWN_MAX])
        raise Failed("backup_differs", folder=str(backup), count=len(wrong), what=shown)
    tables = [figure for figures in found.values() for figure in figures.values()]
    return {"tables": len(tables), "rows": sum(int(rows) for rows, _ in tables)}
