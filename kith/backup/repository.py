"""The folder that backups are kept in: base backups by the moment they were begun, and the archived WAL."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kith.backup.manifest import FILE, Manifest, read_manifest
from kith.embedded.accounts import Account
from kith.exits import Exit, Failed

NAME = "%Y%m%dT%H%M%SZ"
UNFINISHED = ".unfinished"
SPARE_BYTES = 256 * 1024**2
"""What must be left on the disk beside a backup and the copy that proves it."""


@dataclass(frozen=True)
class Repository:
    """A folder of backups. It holds names and numbers of people: only its owner may look inside."""

    folder: Path

    @property
    def wal(self) -> Path:
        """The archive of finished WAL segments."""
        return self.folder / "wal"

    def prepare(self, account: Account | None) -> None:
        """Make the folder; *account* must be able to reach the archive, which becomes its own."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if account is None:
            self.folder.chmod(0o700)
            self.wal.mkdir(mode=0o700, exist_ok=True)
            return
        self.folder.chmod(0o711)
        if not account.may_enter(self.folder):
            raise Failed(
                "backup_folder_closed", Exit.CONFIGURATION, folder=str(self.folder), account=account.name
            )
        self.wal.mkdir(mode=0o700, exist_ok=True)
        os.chown(self.wal, account.uid, account.gid)

    def begin(self, moment: datetime) -> tuple[str, Path]:
        """Return the name of a new backup and its folder, still unfinished; what never was finished goes."""
        for left in self.folder.glob(f"*{UNFINISHED}"):
            shutil.rmtree(left)
        name = moment.astimezone(UTC).strftime(NAME)
        unfinished = self.folder / f"{name}{UNFINISHED}"
        unfinished.mkdir(mode=0o700)
        return name, unfinished

    def finish(self, unfinished: Path) -> Path:
        """Give a backup that was proved its name, and have it on disk under it."""
        os.sync()
        finished = unfinished.with_name(unfinished.name.removesuffix(UNFINISHED))
        unfinished.rename(finished)
        folder = os.open(self.folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        return finished

    def backups(self) -> Iterator[tuple[Path, Manifest]]:
        """Yield every finished backup, the oldest first; raises Failed at one whose manifest is damaged."""
        for path in sorted(self.folder.glob("[0-9]*Z")):
            if (path / FILE).exists():
                yield path, read_manifest(path)

    def newest_before(self, moment: datetime | None) -> tuple[Path, Manifest]:
        """Return the newest backup from which *moment* (None: the latest) can be reached; raises Failed."""
        fitting = [found for found in self.backups() if moment is None or found[1].witnessed_at <= moment]
        if not fitting:
            raise Failed("no_backup_before", folder=str(self.folder), time=moment or "-")
        return fitting[-1]

    def check_room(self, needed: int) -> None:
        """Raise Failed unless *needed* bytes and some to spare are left on the disk."""
        free = shutil.disk_usage(self.folder).free
        if free < needed + SPARE_BYTES:
            raise Failed(
                "no_room",
                folder=str(self.folder),
                needed=(needed + SPARE_BYTES) // 1024**2,
                free=free // 1024**2,
            )


def found_at(path: Path, moment: datetime | None) -> tuple[Repository, Path, Manifest]:
    """Return the backup that *path* names: one itself, or a repository's newest that *moment* can be had from."""
    path = path.resolve()
    if (path / FILE).exists():
        manifest = read_manifest(path)
        if moment is not None and moment < manifest.witnessed_at:
            raise Failed("no_backup_before", folder=str(path), time=moment)
        return Repository(path.parent), path, manifest
    return Repository(path), *Repository(path).newest_before(moment)
