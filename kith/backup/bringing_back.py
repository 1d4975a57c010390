"""Bringing the databases of a backup back to a moment, mended, with no service running yet."""

import asyncio
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kith.backup.base_files import check_files
from kith.backup.cluster import Cluster
from kith.backup.forget_lists import ForgetLists, forgotten_in, joined, known_lists
from kith.backup.hand import Hand
from kith.backup.manifest import Manifest, check_sums, fingerprint
from kith.backup.mending import Mended, mend
from kith.backup.readers import counts
from kith.backup.repository import Repository
from kith.backup.target import Target
from kith.exits import Failed


@dataclass(frozen=True)
class Latest:
    """What the archive's end holds, seen in passing."""

    forgotten: ForgetLists
    events: Mapping[str, int]


@dataclass(frozen=True)
class BroughtBack:
    """What came back, and what was seen at the archive's end where that is another moment."""

    latest: Latest | None
    mended: Mended

    @property
    def left_behind(self) -> dict[str, int]:
        """How many events of each log the archive holds that are later than the moment restored to."""
        events = self.mended.events
        return {name: self.latest.events[name] - events[name] if self.latest else 0 for name in events}


def check_whole(backup: Path, manifest: Manifest, vault_secret: Path) -> None:
    """Raise Failed where the backup is damaged, or the vault's secret is not the one it was made with."""
    check_sums(backup)
    check_files(backup / "base")
    if manifest.vault_secret not in {None, fingerprint(vault_secret)}:
        raise Failed("other_vault_secret", folder=str(vault_secret.parent))


def bring_back(
    hand: Hand,
    repository: Repository,
    backup: Path,
    cluster: Path,
    moment: datetime | None,
    *,
    password: str,
    beside: Path,
) -> BroughtBack:
    """Recover *backup* in the folder *cluster* up to *moment*, mend it, and give its superuser *password*.

    Before, the archive's end is recovered in the folder *beside*, only to see who was forgotten after the moment.
    """
    latest = None if moment is None else _look_at_the_end(hand, repository, backup, beside)
    lists = joined([known_lists(repository), *([latest.forgotten] if latest else [])])
    with hand.recovered(backup / "base", repository.wal, cluster, Target(time=moment)) as server:
        return BroughtBack(latest, asyncio.run(mend(server, lists, password)))


def _look_at_the_end(hand: Hand, repository: Repository, backup: Path, beside: Path) -> Latest:
    try:
        with hand.recovered(backup / "base", repository.wal, beside, Target()) as server:
            return asyncio.run(_look(server))
    finally:
        shutil.rmtree(beside, ignore_errors=True)


async def _look(cluster: Cluster) -> Latest:
    events = {service: found["events"] for service, found in (await counts(cluster)).items()}
    return Latest(await forgotten_in(cluster), events)
