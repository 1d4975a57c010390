"""A disk whose power can be cut: a file system in a file, stopped at once without writing what was not synced."""

import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

ON_A_DISK = {
    "test_power_cut.py": "that nothing acknowledged is lost when the power goes",
    "test_full_disk.py": "that everything goes on by itself after the streams' disk was full",
}
"""The files of tests/system that mount a disk of their own, and what they prove."""

EXT4_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2
"""Not even the journal is written out: what was not synced is gone."""
IMAGE_BYTES = 768 * 1024**2
TRIAL_BYTES = 16 * 1024**2


@dataclass
class Disk:
    """An ext4 file system on a loop device; *folder* is where it is mounted."""

    image: Path
    folder: Path

    def cut(self) -> None:
        """Stop the file system where it is; every later access fails until plug_in()."""
        root = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(root, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(root)

    def plug_in(self) -> None:
        """Mount it again, when whoever had files open on it has ended; the journal is replayed.

        Mounted is a copy of the file: a container that was started meanwhile holds every mount of its time, and
        with it the file system that was stopped, which the old file would lead to for as long.
        """
        _run("umount", self.folder)
        former, self.image = self.image, self.image.with_suffix(f"{self.image.suffix}+")
        _run("cp", "--sparse=always", former, self.image)
        former.unlink()
        self._mount()

    def _mount(self) -> None:
        _run("mount", "-o", "loop", self.image, self.folder)
        self.folder.chmod(0o755)


@contextmanager
def disk(below: Path, size: int = IMAGE_BYTES) -> Iterator[Disk]:
    """Make a disk whose files are in *below*, mount it, and unmount it in the end."""
    made = Disk(below / "disk.image", below / "disk")
    made.folder.mkdir()
    with made.image.open("wb") as image:
        image.truncate(size)
    _run("mkfs.ext4", "-q", "-F", made.image)
    made._mount()
    try:
        yield made
    finally:
        _run("umount", made.folder)


@cache
def obstacle() -> str | None:
    """Return what keeps the power of a disk from being cut on this machine, None where one was cut for real."""
    return tried_to_cut()


def tried_to_cut() -> str | None:
    """Make a small disk, cut its power and plug it in again; return what does not work, None where all does."""
    with TemporaryDirectory() as folder:
        try:
            with disk(Path(folder), TRIAL_BYTES) as made:
                made.cut()
                made.plug_in()
        except subprocess.CalledProcessError as refused:
            last = (
                refused.stderr.decode(errors="replace").strip().splitlines() or [str(refused.returncode)]
            )[-1]
            return f"{Path(refused.cmd[0]).name}: {last}"
        except OSError as missing:
            return f"{missing.filename or 'ioctl'}: {missing.strerror}"
    return None


def _run(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True, timeout=60)
