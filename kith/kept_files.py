"""JSON that Kith once wrote into a data folder or a backup, read again as what it must be, or refused."""

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from kith.exits import Exit, Failed

Content = TypeVar("Content")


class NotAsWritten(ValueError):
    """The file holds something else; the message says what and where, and repeats nothing of the content."""


def parsed(path: Path, kind: TypeAdapter[Content]) -> Content:
    """Return what *path* holds; raises OSError, or NotAsWritten where that is not of *kind*."""
    try:
        return kind.validate_json(path.read_bytes())
    except ValidationError as wrong:
        raise NotAsWritten(told(wrong)) from None


def read_kept(path: Path, kind: TypeAdapter[Content]) -> Content:
    """Return what *path*, a file of a data folder, holds; raises Failed where that is not of *kind*."""
    try:
        return parsed(path, kind)
    except (OSError, NotAsWritten) as unreadable:
        raise Failed("kept_file_damaged", Exit.CONFIGURATION, file=str(path), why=str(unreadable)) from None


def read_backed_up(folder: Path, name: str, kind: TypeAdapter[Content]) -> Content:
    """Return what the file *name* of the backup in *folder* holds; raises Failed where that is not of *kind*."""
    try:
        return parsed(folder / name, kind)
    except (OSError, NotAsWritten) as unreadable:
        raise Failed("backup_damaged", folder=str(folder), what=f"{name}: {unreadable}") from None


def told(wrong: ValidationError) -> str:
    """Return the first fault with its place, without what stands there: it may be a secret."""
    fault = wrong.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(map(str, fault["loc"]))
    return f"{place}: {fault['msg']}" if place else fault["msg"]
