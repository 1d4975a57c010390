"""The container engine of this machine: what must be there before the first test, said clearly where it is not.

`python -m tests.containers.engine` looks and fails with what is missing; docs/operations.md names the variables.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

KITH_IMAGE = os.environ.get("KITH_IMAGE", "kith:0.1.0")
BASES = {
    "PYTHON_IMAGE": os.environ.get("PYTHON_IMAGE", "python:3.11-slim"),
    "POSTGRES_IMAGE": os.environ.get("POSTGRES_IMAGE", "postgres:17"),
    "NATS_IMAGE": os.environ.get("NATS_IMAGE", "nats:2-alpine"),
}
COMMAND_SECONDS_MAX = 600


def run(
    *words: str, environment: Mapping[str, str] | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a command of the engine from the project's folder; raises AssertionError with what it said."""
    done = subprocess.run(
        words,
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        timeout=COMMAND_SECONDS_MAX,
    )
    assert not check or done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return done


def make_next_release(name: str) -> None:
    """Make the image of a next release: the same code under another label."""
    make_image(name, KITH_IMAGE, "LABEL org.opencontainers.image.revision=next\n")


def make_image(name: str, base: str, steps: str) -> None:
    """Make the image *name* of *base* and of more steps of a Dockerfile."""
    text = f"FROM {base}\n{steps}"
    command = ["docker", "build", "--quiet", "--tag", name, "-"]
    subprocess.run(command, input=text.encode(), check=True, capture_output=True)


def missing() -> list[str]:
    """Return what keeps these tests from running, each with how to put it right."""
    if shutil.which("docker") is None:
        return ["There is no `docker` command: install a container engine (Debian: docker.io)."]
    if run("docker", "info", check=False).returncode:
        return ["`docker info` fails: start the engine, or let this user use it (group docker)."]
    faults = []
    if run("docker", "compose", "version", check=False).returncode:
        faults.append("`docker compose version` fails: install Compose v2 (docker-compose-plugin).")
    for variable, image in BASES.items():
        present = run("docker", "image", "inspect", image, check=False).returncode == 0
        if not present and run("docker", "pull", "--quiet", image, check=False).returncode:
            faults.append(
                f"The image {image} is neither here nor to be had: load it, or name another with {variable}."
            )
    return faults


if __name__ == "__main__":
    if faults := missing():
        sys.exit("The container tests need more than there is:\n  " + "\n  ".join(faults))
