"""A disk without one block left, and with room again."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

SYNC_SECONDS_MAX = 60


@contextmanager
def no_room_on(folder: Path) -> Iterator[None]:
    """Leave not one block on the disk of *folder* for as long as the context lasts."""
    with ExitStack() as stack:
        for n in range(2):  # the second takes what deleted files give back once the first is on the disk
            ballast = folder / f"ballast-{n}"
            stack.callback(ballast.unlink)
            with ballast.open("wb") as file:
                _grow(file)
            subprocess.run(["sync", "--file-system", str(folder)], check=True, timeout=SYNC_SECONDS_MAX)
        yield


def _grow(file: BinaryIO) -> None:
    """Let *file* take every byte that is to be had."""
    room = os.fstatvfs(file.fileno())
    size, held = room.f_bfree * room.f_frsize, 0
    while size:
        try:
            os.posix_fallocate(file.fileno(), held, size)
            held += size
        except OSError:
            size //= 2
