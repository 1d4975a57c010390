"""The command line in a process of its own, as a person or a timer runs it on a deployment elsewhere."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def run_kith(
    words: tuple[str, ...], data: Path, environment: Mapping[str, str], seconds_max: float
) -> subprocess.CompletedProcess[str]:
    """Run `kith` with *words* on the data folder *data*, told *environment* besides this process's own."""
    return subprocess.run(
        [sys.executable, "-m", "kith", *words, "--data", str(data)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment, "LANG": "C.UTF-8"},
        timeout=seconds_max,
    )
