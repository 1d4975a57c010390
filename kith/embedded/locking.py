"""One owner a data folder: a lock that the kernel frees when its holder ends, however it ends."""

import fcntl
import os
from pathlib import Path

from kith.exits import Exit, Failed


class FolderLock:
    """Held from construction to release(); raises Failed while another process holds it."""

    def __init__(self, data: Path, name: str) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self._file = (data / f"{name}.lock").open("a+", encoding="ascii")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            self._file.seek(0)
            holder = self._file.read().strip()
            self._file.close()
            raise Failed("data_folder_in_use", Exit.CONFIGURATION, folder=str(data), pid=holder) from taken
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        self._file.close()
