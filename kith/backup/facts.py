"""The few files beside the databases that a restore needs: what a folder knows of itself, and who may call."""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from kith.backup.repository import Repository
from kith.kept_files import read_backed_up

DEPLOYMENT = "deployment.json"
TOKENS = "tokens"
KEYS, REVOKED = "token-keys.json", "revoked-tokens.json"
TOKEN_IDS = TypeAdapter(list[str])


@dataclass(frozen=True)
class Facts:
    """What stands beside the databases of a deployment; of the vault's secret only a fingerprint is kept."""

    deployment: Mapping[str, str]
    tokens: Path
    """The folder of what checks tokens."""
    vault_secret: Path

    def copy(self, into: Path) -> None:
        """Copy them into a backup."""
        (into / DEPLOYMENT).write_text(json.dumps(dict(self.deployment), indent=2) + "\n", encoding="ascii")
        (into / TOKENS).mkdir()
        for name in (KEYS, REVOKED):
            shutil.copy(self.tokens / name, into / TOKENS / name)


def bring_facts(repository: Repository, backup: Path, data: Path) -> None:
    """Bring them back into *data*. A token that any backup knows as revoked stays revoked."""
    shutil.copy(backup / DEPLOYMENT, data / DEPLOYMENT)
    (data / TOKENS).mkdir(mode=0o755, exist_ok=True)
    shutil.copy(backup / TOKENS / KEYS, data / TOKENS / KEYS)
    revoked = sorted({*_revoked(repository)})
    (data / TOKENS / REVOKED).write_text(json.dumps(revoked, indent=2) + "\n", encoding="ascii")


def _revoked(repository: Repository) -> Iterator[str]:
    for path, _ in repository.backups():
        yield from read_backed_up(path, f"{TOKENS}/{REVOKED}", TOKEN_IDS)
