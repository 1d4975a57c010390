"""Restoring in containers: the databases into PostgreSQL's empty volume, while neither it nor a service runs."""

import shutil
import socket
from datetime import datetime
from pathlib import Path

from kith.backup.bringing_back import BroughtBack, bring_back, check_whole
from kith.backup.container_hand import ContainerHand
from kith.backup.manifest import Manifest
from kith.backup.repository import Repository, found_at
from kith.backup.site import HAND, cluster_at, vault_secret_in_container
from kith.exits import Failed

ASK_SECONDS_MAX = 3.0


def restore_volume(
    url: str, source: Path, volume: Path, moment: datetime | None
) -> tuple[Manifest, BroughtBack]:
    """Restore the newest fitting backup in *source* into *volume*, the data folder of the server that *url* names.

    It may not be there yet: in Kubernetes it lies in a folder of its own below the claim.

    Raises Failed where the volume is not empty or that server runs, where the vault's secret is another's,
    where the backup is damaged or does not reach *moment*. What it began is then deleted.
    """
    repository, backup, manifest = found_at(source, moment)
    cluster = cluster_at(url)
    if _answers(cluster.host, cluster.port):
        raise Failed("still_running", what=f"PostgreSQL at {cluster.host}:{cluster.port}")
    volume.mkdir(mode=0o700, exist_ok=True)
    if any(volume.iterdir()):
        raise Failed("target_not_empty", folder=str(volume))
    check_whole(backup, manifest, vault_secret_in_container())
    Repository(volume).check_room(manifest.bytes)
    repository.check_room(0 if moment is None else manifest.bytes)
    hand = ContainerHand(repository.folder / HAND)
    try:
        back = bring_back(
            hand,
            repository,
            backup,
            volume,
            moment,
            password=cluster.password or "",
            beside=repository.folder / "looked-at",
        )
    except BaseException:
        _clear(volume)
        raise
    finally:
        hand.leave()
    return manifest, back


def _clear(volume: Path) -> None:
    """Leave the volume as it was found, so that the restore can be tried again."""
    for path in volume.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=ASK_SECONDS_MAX):
            return True
    except OSError:
        return False
