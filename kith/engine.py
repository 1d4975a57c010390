"""Asking the container engine of this machine, by its own command."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from kith.exits import Exit, Failed

SECONDS_MAX = 1800
"""How long saving or loading all images of a county may take on an old disk."""


def docker(*words: str, folder: Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Run `docker` and return what it printed; raises Failed with its last words where it does not succeed."""
    command = ["docker", *words]
    try:
        done = subprocess.run(  # noqa: S603 - the words are ours
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            timeout=SECONDS_MAX,
        )
    except FileNotFoundError:
        raise Failed("engine_missing", Exit.CONFIGURATION) from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise Failed("engine_refused", Exit.REFUSED, command=" ".join(command[:3]), last=last)
    return done.stdout


def image_id(image: str) -> str:
    """Return the id of *image*, which is the checksum of all that is in it; raises Failed where it is not here."""
    return docker("image", "inspect", "--format", "{{.Id}}", image).strip()


def images_of(project: Path) -> list[str]:
    """Return every image that docker-compose.yml in *project* names, with the settings of this environment."""
    return docker("compose", "config", "--images", folder=project).split()
