"""Restoring into an empty data folder: the databases to a moment, then all that must agree with them."""

import asyncio
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kith.backup.base_files import check_files
from kith.backup.cluster import Cluster
from kith.backup.facts import bring_facts
from kith.backup.forget_lists import ForgetLists, forgotten_in, joined, read_lists
from kith.backup.manifest import Manifest, check_sums, fingerprint
from kith.backup.mending import Mended, mend
from kith.backup.readers import counts
from kith.backup.reconciling import Agreement, reconcile
from kith.backup.recovering import Target, recovered
from kith.backup.repository import Repository, found_at
from kith.client import Client, Tokens
from kith.deployment import Deployment
from kith.embedded.accounts import Account, account_for_postgres, forget_home, home_for
from kith.embedded.kept_secrets import password, secrets_folder
from kith.embedded.locking import FolderLock
from kith.embedded.ports import LOOPBACK
from kith.embedded.postgres import SUPERUSER
from kith.exits import Failed
from kith.runtime import running
from shared import clock
from shared.messages import Language

VAULT_SECRET = "vault.secret"  # noqa: S105 - a file's name
SECRETS = "secrets"


@dataclass(frozen=True)
class Latest:
    """What the archive's end holds, seen in passing."""

    forgotten: ForgetLists
    events: Mapping[str, int]


@dataclass(frozen=True)
class Restored:
    """What a restore brought back, and what was seen to agree."""

    folder: Path
    backup: str
    to: datetime | None
    latest: Latest | None
    mended: Mended
    agreement: Agreement
    seconds: float

    @property
    def left_behind(self) -> dict[str, int]:
        """How many events of each log the archive holds that are later than the moment restored to."""
        events = self.mended.events
        return {name: self.latest.events[name] - events[name] if self.latest else 0 for name in events}

    def as_json(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "backup": self.backup,
            "to": self.to,
            "left_behind": self.left_behind,
            "forgotten_again": dict(self.mended.forgotten_again),
            **self.agreement.as_json(),
            "seconds": self.seconds,
        }


def restore(
    target: Deployment, source: Path, moment: datetime | None, secrets: Path | None, language: Language
) -> Restored:
    """Restore the newest fitting backup in *source* into the empty folder of *target*, up to *moment* or its end.

    Nothing that exists is changed: raises Failed where the folder holds anything but secrets, where the
    secrets are missing or another vault's, where the backup is damaged or does not reach *moment*.
    """
    started = clock.elapsed()
    repository, backup, manifest = found_at(source, moment)
    _check_empty(target.data)
    lock = FolderLock(target.data, "kith")
    try:
        latest, mended = _bring_back(
            target.data, repository, backup, manifest, moment=moment, secrets=secrets
        )
    except BaseException:
        _clear(target.data)
        raise
    finally:
        lock.release()
    with running(target) as runtime, Client(target, Tokens(target), language) as client:
        cluster = Cluster(LOOPBACK, runtime.postgres.port, runtime.postgres.password)
        agreement = reconcile(client, cluster, runtime.bus.url)
    seconds = round(clock.elapsed() - started, 1)
    return Restored(target.data, manifest.name, moment, latest, mended, agreement, seconds)


def _bring_back(
    data: Path,
    repository: Repository,
    backup: Path,
    manifest: Manifest,
    *,
    moment: datetime | None,
    secrets: Path | None,
) -> tuple[Latest | None, Mended]:
    """Recover the databases to *moment* in *data* and mend them; no service runs yet."""
    check_sums(backup)
    check_files(backup / "base")
    _bring_secrets(data, secrets, manifest)
    account = account_for_postgres(data)
    repository.prepare(account)
    Repository(data).check_room(manifest.bytes * (1 if moment is None else 2))
    home = home_for(data, account)
    latest = None if moment is None else _look_at_the_end(repository, backup, home, account)
    known = (path / "forgotten.json" for path, _ in repository.backups())
    lists = joined([*map(read_lists, known), *([latest.forgotten] if latest else [])])
    target = Target(time=moment)
    with recovered(backup / "base", repository.wal, home / "cluster", target, account) as cluster:
        mended = asyncio.run(mend(cluster, lists, password(data, SUPERUSER)))
    bring_facts(repository, backup, data)
    return latest, mended


def _check_empty(data: Path) -> None:
    if data.exists() and {path.name for path in data.iterdir()} - {SECRETS}:
        raise Failed("target_not_empty", folder=str(data))


def _clear(data: Path) -> None:
    """Leave the folder as it was found: empty but for its secrets, so that the restore can be tried again."""
    forget_home(data)
    for path in data.iterdir():
        if path.is_file():
            path.unlink()
        elif path.name != SECRETS:
            shutil.rmtree(path)


def _bring_secrets(data: Path, secrets: Path | None, manifest: Manifest) -> None:
    """Copy the secrets that were kept apart, and see that the vault's is the one the backup was made with."""
    folder = secrets_folder(data)
    if secrets is not None:
        shutil.copytree(secrets, folder, dirs_exist_ok=True)
        folder.chmod(0o700)
    if not (folder / VAULT_SECRET).exists():
        raise Failed("secrets_missing", folder=str(folder))
    if manifest.vault_secret not in {None, fingerprint(folder / VAULT_SECRET)}:
        raise Failed("other_vault_secret", folder=str(folder))


def _look_at_the_end(repository: Repository, backup: Path, home: Path, account: Account | None) -> Latest:
    """Recover to the archive's end, beside the target, only to see who was forgotten after the moment."""
    beside = home / "looked-at"
    try:
        with recovered(backup / "base", repository.wal, beside, Target(), account) as cluster:
            return asyncio.run(_look(cluster))
    finally:
        shutil.rmtree(beside, ignore_errors=True)


async def _look(cluster: Cluster) -> Latest:
    events = {service: found["events"] for service, found in (await counts(cluster)).items()}
    return Latest(await forgotten_in(cluster), events)
