"""Copying a base backup to where a server is to work on it."""

import os
import subprocess
from pathlib import Path

from kith.embedded.accounts import Account
from kith.exits import Failed


def copy_base(base: Path, cluster: Path, account: Account | None = None) -> None:
    """Copy *base* to *cluster*, an empty folder or none yet, ready to be recovered by *account*.

    Raises Failed where that does not succeed, as on a full disk.
    """
    cluster.mkdir(mode=0o700, exist_ok=True)
    command = ["cp", "-a", "--reflink=auto", f"{base}/.", str(cluster)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - the words are ours
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise Failed("backup_copy_failed", folder=str(cluster), last=last)
    (cluster / "recovery.signal").touch(mode=0o600)
    if account is not None:
        for path in (cluster, *cluster.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
    cluster.chmod(0o700)
