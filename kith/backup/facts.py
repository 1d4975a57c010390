"""The few files beside the databases that a restore needs: what the folder knows of itself, and who may call."""

import json
import shutil
from pathlib import Path

from kith.backup.repository import Repository
from kith.deployment import Deployment
from kith.signing import Keys, keys_of

DEPLOYMENT = "deployment.json"
TOKENS = "tokens"


def copy_facts(deployment: Deployment, into: Path) -> None:
    """Copy what *deployment* knows of itself and what checks its tokens into a backup; no secret is among it."""
    deployment.copy_facts(into / DEPLOYMENT)
    keys = keys_of(deployment.data)
    (into / TOKENS).mkdir()
    for file in (keys.public_file, keys.revoked_file):
        shutil.copy(file, into / TOKENS / file.name)


def bring_facts(repository: Repository, backup: Path, data: Path) -> None:
    """Bring them back into *data*. A token that any backup knows as revoked stays revoked."""
    shutil.copy(backup / DEPLOYMENT, data / DEPLOYMENT)
    (data / TOKENS).mkdir(mode=0o755, exist_ok=True)
    keys = Keys(data / "secrets", data / TOKENS)
    shutil.copy(backup / TOKENS / keys.public_file.name, keys.public_file)
    lists = [path / TOKENS / keys.revoked_file.name for path, _ in repository.backups()]
    revoked = {token for file in lists for token in json.loads(file.read_text(encoding="ascii"))}
    keys.revoked_file.write_text(json.dumps(sorted(revoked), indent=2) + "\n", encoding="ascii")
