"""What a backup says of itself, so that years later a stranger can tell what it holds and whether it is whole."""

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, with_config

from kith.exits import Failed
from kith.kept_files import read_backed_up

FORMAT = 1
FILE = "manifest.json"
SUMS = "SHA256SUMS"
SUMMED = (
    FILE,
    "deployment.json",
    "forgotten.json",
    "tokens/token-keys.json",
    "tokens/revoked-tokens.json",
    "base/backup_manifest",
)
"""The base backup's own manifest has a checksum of each of its files."""

Figures = dict[str, dict[str, list[str]]]
"""Of each service, of each table: how many rows, and a checksum over all of them."""


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class Manifest:
    """One base backup: when, of what, and what must be found in it at its restore point."""

    name: str
    begun_at: AwareDatetime
    witnessed_at: AwareDatetime
    """When the restore point was written: the earliest moment that can be restored from this backup."""
    restore_point: str
    quiet: bool
    """Whether every table was counted at the restore point; else only the events below *horizons* were."""
    horizons: dict[str, int]
    figures: Figures
    postgres: str
    system_identifier: str
    first_wal: str
    last_wal: str
    bytes: int
    schema: dict[str, list[str]]
    vault_secret: str | None
    """A fingerprint of the vault's secret, which is not in the backup and must be the same at a restore."""
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Write the manifest into *folder*, then the checksums in the form that `sha256sum -c` reads."""
        (folder / FILE).write_text(
            json.dumps(asdict(self), ensure_ascii=False, indent=2, default=datetime.isoformat) + "\n",
            encoding="utf-8",
        )
        lines = [f"{_sum(folder / name)}  {name}\n" for name in SUMMED if (folder / name).exists()]
        (folder / SUMS).write_text("".join(lines), encoding="ascii")


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest in *folder*; raises Failed where it is missing, of another format, or damaged."""
    found = read_backed_up(folder, FILE, _FORMAT).format
    if found != FORMAT:
        raise Failed("backup_format_unknown", folder=str(folder), found=found, known=FORMAT)
    return read_backed_up(folder, FILE, _MANIFEST)


def check_sums(folder: Path) -> None:
    """Raise Failed where a file that the manifest covers is another than it was, or gone."""
    try:
        lines = (folder / SUMS).read_text(encoding="ascii").splitlines()
        sums = {name: sum_ for line in lines for sum_, _, name in [line.partition("  ")]}
        there = {name for name in SUMMED if (folder / name).exists()}
        wrong = sorted(name for name in there if _sum(folder / name) != sums.get(name))
    except (OSError, ValueError) as unreadable:
        raise Failed("backup_damaged", folder=str(folder), what=str(unreadable)) from unreadable
    if wrong or sums.keys() != there:
        raise Failed("backup_damaged", folder=str(folder), what=", ".join(wrong) or SUMS)


class _Format(BaseModel):
    format: Any


_MANIFEST = TypeAdapter(Manifest)
_FORMAT = TypeAdapter(_Format)


def fingerprint(secret_file: Path) -> str:
    """Return what tells one vault's secret from another without telling anything of it."""
    return hmac.new(secret_file.read_bytes().strip(), b"kith backup", hashlib.sha256).hexdigest()[:16]


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
