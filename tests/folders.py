"""Data folders for tests: pytest's own are closed to everybody else, and PostgreSQL never runs as root."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def data_folder() -> Iterator[Path]:
    """Give an empty data folder, and delete it with everything in it."""
    folder = Path(tempfile.mkdtemp(prefix="kith-test-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
