"""Copying a base backup to where a server is to work on it."""

import os
import subprocess
from pathlib import Path

from kith.embedded.accounts import Account


def copy_base(base: Path, cluster: Path, account: Account | None = None) -> None:
    """Copy *base* to *cluster*, an empty folder or none yet, ready to be recovered by *account*."""
    cluster.mkdir(mode=0o700, exist_ok=True)
    subprocess.run(["cp", "-a", "--reflink=auto", f"{base}/.", str(cluster)], check=True)  # noqa: S603, S607
    (cluster / "recovery.signal").touch(mode=0o600)
    if account is not None:
        for path in (cluster, *cluster.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
    cluster.chmod(0o700)
