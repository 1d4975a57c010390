"""Restoring into an empty data folder: the databases to a moment, then all that must agree with them."""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kith.backup.bringing_back import BroughtBack, bring_back, check_whole
from kith.backup.cluster import Cluster
from kith.backup.facts import bring_facts
from kith.backup.local_hand import LocalHand
from kith.backup.reconciling import Agreement, reconcile
from kith.backup.repository import Repository, found_at
from kith.client import Client, Tokens
from kith.deployment import Deployment
from kith.embedded.accounts import account_for_postgres, forget_home, home_for
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
class Restored:
    """What a restore brought back, and what was seen to agree."""

    folder: Path
    backup: str
    to: datetime | None
    back: BroughtBack
    agreement: Agreement
    seconds: float

    def as_json(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "backup": self.backup,
            "to": self.to,
            "left_behind": self.back.left_behind,
            "forgotten_again": dict(self.back.mended.forgotten_again),
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
    data = target.data
    _check_empty(data)
    lock = FolderLock(data, "kith")
    try:
        _bring_secrets(data, secrets)
        check_whole(backup, manifest, data / SECRETS / VAULT_SECRET)
        back = _bring_back(data, repository, backup, moment, manifest.bytes)
    except BaseException:
        _clear(data)
        raise
    finally:
        lock.release()
    with running(target) as runtime, Client(target, Tokens(target), language) as client:
        cluster = Cluster(LOOPBACK, runtime.postgres.port, runtime.postgres.password)
        agreement = reconcile(client, cluster, runtime.bus.url)
    return Restored(data, manifest.name, moment, back, agreement, round(clock.elapsed() - started, 1))


def _bring_back(
    data: Path, repository: Repository, backup: Path, moment: datetime | None, size: int
) -> BroughtBack:
    account = account_for_postgres(data)
    Repository(data).check_room(size * (1 if moment is None else 2))
    home = home_for(data, account)
    back = bring_back(
        LocalHand(account),
        repository,
        backup,
        home / "cluster",
        moment,
        password=password(data, SUPERUSER),
        beside=home / "looked-at",
    )
    bring_facts(repository, backup, data)
    return back


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


def _bring_secrets(data: Path, secrets: Path | None) -> None:
    """Copy the secrets that were kept apart; raises Failed where the vault's is in neither place."""
    folder = secrets_folder(data)
    if secrets is not None:
        shutil.copytree(secrets, folder, dirs_exist_ok=True)
        folder.chmod(0o700)
    if not (folder / VAULT_SECRET).exists():
        raise Failed("secrets_missing", folder=str(folder))
