"""A disk whose power can be cut: a file system in a file, stopped at once without writing what was not synced."""

import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

EXT4_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2
"""Not even the journal is written out: what was not synced is gone."""
IMAGE_BYTES = 768 * 1024**2


@dataclass(frozen=True)
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
        """Mount it again, when whoever had files open on it has ended; the journal is replayed."""
        _run("umount", self.folder)
        self._mount()

    def _mount(self) -> None:
        _run("mount", "-o", "loop", self.image, self.folder)
        self.folder.chmod(0o755)


@contextmanager
def disk(below: Path) -> Iterator[Disk]:
    """Make a disk whose files are in *below*, mount it, and unmount it in the end."""
    made = Disk(below / "disk.image", below / "disk")
    made.folder.mkdir()
    with made.image.open("wb") as image:
        image.truncate(IMAGE_BYTES)
    _run("mkfs.ext4", "-q", "-F", made.image)
    made._mount()
    try:
        yield made
    finally:
        _run("umount", made.folder)


def may_cut_power() -> bool:
    """Return whether this machine lets us mount a file system of our own."""
    return os.geteuid() == 0 and _has_loop_devices() and _may_mount()


def _has_loop_devices() -> bool:
    return Path("/dev/loop-control").exists() and Path("/dev/loop0").exists()


def _may_mount() -> bool:
    capabilities = next(
        line.split()[1]
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        if line.startswith("CapEff:")
    )
    cap_sys_admin = 21
    return bool(int(capabilities, 16) >> cap_sys_admin & 1)


def _run(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True, timeout=60)
