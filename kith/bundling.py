"""A bundle: the images and files that a county without internet needs, in one file whose damage is seen.

An uncompressed tar. SHA256SUMS comes first and covers everything behind it, so that `sha256sum --check` and
`docker load` do the same by hand where no Kith is installed yet.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from pydantic import TypeAdapter

from kith.engine import docker, image_id
from kith.exits import Exit, Failed
from shared.service import VERSION

SUMS = "SHA256SUMS"
MANIFEST = "MANIFEST.json"
IMAGES = "images.tar"
FILES = (
    "docker-compose.yml",
    "compose.backup.yml",
    "README.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "LICENSE",
)
MORE_FILES = "compose.*.yml"
FOLDERS = ("deploy", "docs")
CHUNK_BYTES = 1024**2
SMALL_PART_BYTES_MAX = 1024**2
"""Of the sums and of the manifest, which are read whole."""


@dataclass(frozen=True)
class Bundle:
    """What a bundle holds: the version of Kith and the id of each image, by name."""

    version: str
    images: dict[str, str]

    def as_json(self) -> str:
        """Return the manifest's text."""
        return json.dumps({"version": self.version, "images": self.images}, indent=2) + "\n"


_MANIFEST = TypeAdapter(Bundle)


def make_bundle(project: Path, images: Sequence[str], into: Path) -> Bundle:
    """Write the bundle of *images* and of the project's files into the file *into*.

    Raises Failed where an image is not there, or *project* is no checkout of Kith.
    """
    if not (project / FILES[0]).exists():
        raise Failed("bundle_needs_project", Exit.USAGE, folder=str(project))
    bundle = Bundle(VERSION, {image: image_id(image) for image in sorted(set(images))})
    into.parent.mkdir(parents=True, exist_ok=True)
    saved = into.with_suffix(".images")
    unfinished = into.with_suffix(".unfinished")
    try:
        docker("save", "--output", str(saved), *bundle.images)
        parts = {IMAGES: saved, **{str(path.relative_to(project)): path for path in _files_of(project)}}
        sums = {MANIFEST: hashlib.sha256(bundle.as_json().encode()).hexdigest()}
        sums |= {name: _sum_of(path) for name, path in parts.items()}
        with tarfile.open(unfinished, "w") as tar:
            _add(tar, SUMS, "".join(f"{digest}  {name}\n" for name, digest in sums.items()))
            _add(tar, MANIFEST, bundle.as_json())
            for name, path in parts.items():
                tar.add(path, name, filter=_of_nobody)
        unfinished.replace(into)
    finally:
        saved.unlink(missing_ok=True)
        unfinished.unlink(missing_ok=True)
    return bundle


def load_bundle(bundle_file: Path, into: Path) -> Bundle:
    """Check all of *bundle_file*, then write its files into the folder *into* and load its images.

    Raises Failed where a byte is not as it was made, before anything is written or loaded.
    """
    bundle = _checked(bundle_file)
    images = into / IMAGES
    try:
        _unpack(bundle_file, into)
        docker("load", "--input", str(images))
    finally:
        with suppress(OSError):
            images.unlink()
    for image, expected in bundle.images.items():
        if image_id(image) != expected:
            raise Failed("bundle_image_differs", Exit.REFUSED, image=image)
    return bundle


def _files_of(project: Path) -> Iterator[Path]:
    yield from (project / name for name in FILES)
    yield from sorted(project.glob(MORE_FILES))
    for folder in FOLDERS:
        yield from (
            path
            for path in sorted((project / folder).rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        )


def _add(tar: tarfile.TarFile, name: str, text: str) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(text.encode())
    tar.addfile(member, io.BytesIO(text.encode()))


def _of_nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out who packed the bundle, and when."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


def _checked(bundle_file: Path) -> Bundle:
    """Return what a bundle that is whole holds; raises Failed with the first part that is not as it was made."""
    seen: set[str] = set()
    sums: dict[str, str] = {}
    try:
        with tarfile.open(bundle_file, "r:") as tar:
            for member in tar:
                if not member.isreg() or member.issparse():  # which could pretend to be of any size
                    raise _damaged(bundle_file, member.name)
                if not seen:
                    sums = _sums_in(bundle_file, _small(bundle_file, tar, member).decode("utf-8"))
                elif member.name in seen or _sum(_content(tar, member)) != sums.get(member.name):
                    raise _damaged(bundle_file, member.name)
                elif member.name == MANIFEST:
                    bundle = _MANIFEST.validate_json(_small(bundle_file, tar, member))
                seen.add(member.name)
    except (OSError, EOFError, ValueError, OverflowError, RecursionError, tarfile.TarError) as unreadable:
        raise _damaged(bundle_file, type(unreadable).__name__) from unreadable
    if missing := {*sums, SUMS, IMAGES, MANIFEST} - seen:
        raise _damaged(bundle_file, min(missing))
    return bundle


def _sums_in(bundle_file: Path, text: str) -> dict[str, str]:
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in text.splitlines())}
    for name in sums:
        path = PurePosixPath(name)
        inside = {str(folder) for folder in path.parents} & sums.keys()
        if path.is_absolute() or ".." in path.parts or str(path) != name or name in {"", "."} or inside:
            raise _damaged(bundle_file, name)
    return sums


def _unpack(bundle_file: Path, into: Path) -> None:
    """Write the files of a bundle that was found whole; raises Failed where the disk does not take them."""
    try:
        into.mkdir(parents=True, exist_ok=True)
        with tarfile.open(bundle_file, "r:") as tar:
            for member in tar:
                if member.name != SUMS:
                    _write(_content(tar, member), into / member.name)
    except OSError as refused:
        raise Failed("bundle_not_written", folder=str(into), why=refused.strerror) from refused


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(member)
    assert content is not None  # noqa: S101 - it is a file
    return content


def _small(bundle_file: Path, tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    """Return a part that is read whole; raises Failed where it is larger than any such part."""
    if member.size > SMALL_PART_BYTES_MAX:
        raise _damaged(bundle_file, member.name)
    return _content(tar, member).read()


def _damaged(bundle_file: Path, part: str) -> Failed:
    return Failed("bundle_damaged", Exit.REFUSED, file=str(bundle_file), part=part)


def _sum_of(path: Path) -> str:
    with path.open("rb") as file:
        return _sum(file)


def _sum(content: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := content.read(CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def _write(content: IO[bytes], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        while chunk := content.read(CHUNK_BYTES):
            file.write(chunk)
