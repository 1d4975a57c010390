"""As whom PostgreSQL runs: it refuses root, so root hands its folder to an unprivileged account."""

import os
import pwd
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

ACCOUNT_NAMES = ("postgres", "nobody")
"""Tried in this order; every Linux has the second."""

STATE_ROOT = Path("/var/lib/kith")
"""Where root keeps what the account must reach when the data folder or the checkout is closed to it."""


class PopenArguments(TypedDict, total=False):
    """What subprocess.Popen needs to start a process as another account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """An unprivileged account of this machine."""

    name: str
    uid: int
    gid: int

    def may_enter(self, folder: Path) -> bool:
        """Return whether this account may pass through *folder* and every folder on the way to it."""
        return all(self._may_pass(step) for step in (folder, *folder.parents))

    def _may_pass(self, folder: Path) -> bool:
        found = folder.stat()
        if found.st_uid == self.uid:
            return bool(found.st_mode & stat.S_IXUSR)
        if found.st_gid == self.gid:
            return bool(found.st_mode & stat.S_IXGRP)
        return bool(found.st_mode & stat.S_IXOTH)


def running_as(account: Account | None) -> PopenArguments:
    """Return what Popen needs to start a process as *account*; nothing for ourselves."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def account_for_postgres(data: Path) -> Account | None:
    """Return the account PostgreSQL is to run as on *data*: None (our own) unless we are root.

    A cluster that is there keeps its owner, whatever accounts the machine got since.
    """
    if os.geteuid() != 0:
        return None
    cluster = _home_of(data) / "cluster"
    if cluster.exists() and cluster.stat().st_uid != 0:
        entry = pwd.getpwuid(cluster.stat().st_uid)
    else:
        known = {entry.pw_name: entry for entry in pwd.getpwall()}
        entry = next(known[name] for name in ACCOUNT_NAMES if name in known)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _home_of(data: Path) -> Path:
    """Return where home_for has put, or would first put, the database folder of *data*."""
    moved = data / "postgres.moved"
    return Path(moved.read_text(encoding="utf-8").strip()) if moved.exists() else data / "postgres"


def home_for(data: Path, account: Account | None) -> Path:
    """Return the folder that holds the database of *data*, made and owned by *account*.

    It is DATA/postgres, except where the account cannot reach DATA (a checkout in root's closed home): then
    a folder below STATE_ROOT, whose path DATA/postgres.moved keeps, so that nobody's home has to be opened.
    """
    data.mkdir(parents=True, exist_ok=True)
    moved = data / "postgres.moved"
    home = _home_of(data)
    if not moved.exists() and account is not None and not _reachable_data(data, account):
        home = STATE_ROOT / f"{data.name}-{secrets.token_hex(6)}"
        STATE_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
        moved.write_text(f"{home}\n", encoding="utf-8")
    home.mkdir(mode=0o700, exist_ok=True)
    if account is not None:
        os.chown(home, account.uid, account.gid)
    return home


def _reachable_data(data: Path, account: Account) -> bool:
    """Let everybody pass through the data folder itself, which is Kith's own; its parents are left alone."""
    data.chmod(data.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return account.may_enter(data)


def binaries_for(installed: Path, account: Account | None) -> Path:
    """Return *installed*, or a copy of it below STATE_ROOT where *account* cannot reach it.

    The wheel's libraries come along, to the same place beside it: the binaries look for them there.
    """
    if account is None or account.may_enter(installed / "bin"):
        return installed
    wheel = installed.parent
    copied = STATE_ROOT / f"{wheel.name}-{int(installed.stat().st_mtime)}"
    if not copied.exists():
        STATE_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
        unfinished = copied.with_name(f"{copied.name}.{secrets.token_hex(4)}")
        for part in (Path(wheel.name, installed.name), Path(f"{wheel.name}.libs")):
            shutil.copytree(wheel.parent / part, unfinished / part, symlinks=True)
        _let_everybody_read(unfinished)
        unfinished.replace(copied)
    return copied / wheel.name / installed.name


def _let_everybody_read(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if executable else 0o644)


def forget_home(data: Path) -> None:
    """Delete the database folder of *data*, wherever home_for put it."""
    shutil.rmtree(_home_of(data), ignore_errors=True)
    (data / "postgres.moved").unlink(missing_ok=True)
