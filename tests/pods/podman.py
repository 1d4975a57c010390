"""A podman of its own in a container of the engine: pods are started in it and looked at from beside them.

KITH_PODMAN_IMAGE names an image with podman 5, crun, netavark, aardvark-dns, catatonit, nftables and curl;
docs/kubernetes.md says how one is made. `python -m tests.pods.podman` looks whether it is there.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from tests.containers.engine import BASES, KITH_IMAGE, run
from tests.pods.translating import Played

PODMAN_IMAGE = os.environ.get("KITH_PODMAN_IMAGE", "podman:5")
IMAGES = {"kith": KITH_IMAGE, "nats": BASES["NATS_IMAGE"], "postgres": BASES["POSTGRES_IMAGE"]}
"""What stands for each image of the manifests, by its name without the tag."""

NETWORK = "kith"
FOLDER = "/pods"
DOORS = (80, 443, 4222, 5432, 8081, 8082, 8083, 8084)
"""What this machine reaches: the ports of the gateway's Service, and what an operator has forwarded to him."""
OUTPUT_LINES = "60"

ALLOWED = (
    *("--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE"),
    *("--security-opt", "seccomp=unconfined"),
    *("--security-opt", "apparmor=unconfined"),
    *("--security-opt", "systempaths=unconfined"),
    *("--volume", "/var/lib/containers"),  # on a file system that podman can lay its own layers over
)
"""What the outer container may, so that podman can take it from the inner ones."""

SETTINGS = """\
[containers]
pids_limit = 0
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
image_volume_mode = "ignore"
"""
"""A kubelet knows no volumes of images; groups of processes are this machine's, which podman leaves alone."""

PREPARE = f"""
set -e
mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null || true
mkdir -p /etc/containers
cp {FOLDER}/containers.conf /etc/containers/
podman load --quiet --input {FOLDER}/images.tar
podman network create --ignore {NETWORK}
"""
FILL = f"""
set -e
podman volume rm "$1" 2>/dev/null || true
folder=$(podman volume inspect --format '{{{{.Mountpoint}}}}' "$(podman volume create "$1")")
tar -x --preserve-permissions --numeric-owner -f "{FOLDER}/$1.tar" -C "$folder"
"""


@dataclass(frozen=True)
class Podman:
    """The running podman, and the folder that it shares with the tests."""

    container: str
    folder: Path

    def run(self, *words: str, check: bool = True) -> str:
        """Run a command beside podman and return what it wrote."""
        return run("docker", "exec", self.container, *words, check=check).stdout

    def succeeds(self, *words: str) -> bool:
        """Return whether a command beside podman ends well."""
        return run("docker", "exec", self.container, *words, check=False).returncode == 0

    def play(self, pod: Played) -> None:
        """Fill the volumes of *pod* and start it; a claim that is there already keeps what it holds."""
        for each in pod.volumes:
            if not (each.lasting and self.succeeds("podman", "volume", "exists", each.volume)):
                self._fill(each.volume, each.tar)
        (self.folder / f"{pod.name}.yaml").write_text(pod.text, encoding="utf-8")
        network = ":".join([NETWORK, ",".join(f"alias={alias}" for alias in pod.aliases)]).rstrip(":")
        ports = [word for outer, inner in pod.ports for word in ("--publish", f"{outer}:{inner}")]
        self.run("podman", "kube", "play", "--network", network, *ports, f"{FOLDER}/{pod.name}.yaml")

    def end(self, pod: str) -> None:
        """Stop *pod* and take it away; its claims stay."""
        self.run("podman", "pod", "stop", pod)
        self.run("podman", "pod", "rm", pod)

    def ended(self, pod: str, container: str, seconds: float) -> int:
        """Wait until *container* of *pod* has ended, and return its exit code."""
        name = f"{pod}-{container}"
        over = self.succeeds("timeout", f"{seconds:.0f}", "podman", "wait", name)
        assert over, f"{name} goes on after {seconds:.0f} s\n{self.logs(pod)}"
        return int(self.state(name)["ExitCode"])

    def state(self, container: str) -> dict[str, Any]:
        """Return what podman knows of the state of *container*."""
        return dict(self.inspected(container)["State"])

    def inspected(self, container: str) -> dict[str, Any]:
        """Return all that podman knows of *container*."""
        [told] = json.loads(self.run("podman", "inspect", "--type", "container", container))
        return dict(told)

    def address(self, pod: str) -> str:
        """Return the address of *pod* in the network of the pods."""
        infra = self.run("podman", "pod", "inspect", pod, "--format", "{{.InfraContainerID}}").strip()
        address: str = self.inspected(infra)["NetworkSettings"]["Networks"][NETWORK]["IPAddress"]
        return address

    def status(self, container: str) -> dict[str, str]:
        """Return what the kernel says of the first process of *container*: accounts, capabilities, seccomp."""
        told = self.run("cat", f"/proc/{self.state(container)['Pid']}/status")
        return dict(line.split(":\t", 1) for line in told.splitlines() if ":\t" in line)

    def root(self, container: str) -> str:
        """Return the path by which the root of *container* is seen from beside podman."""
        return f"/proc/{self.state(container)['Pid']}/root"

    def door(self, port: int) -> int:
        """Return the loopback port of this machine that leads to *port*, one of DOORS."""
        told = run("docker", "port", self.container, str(port)).stdout.split()[0]
        return int(told.rpartition(":")[2])

    def output(self, container: str) -> str:
        """Return what *container* wrote to its standard output."""
        return self.run("podman", "logs", container)

    def logs(self, pod: str) -> str:
        """Return the last lines of all containers of *pod*, errors too."""
        words = ("podman", "pod", "logs", "--tail", OUTPUT_LINES, pod)
        told = run("docker", "exec", self.container, *words, check=False)
        return told.stdout + told.stderr

    def _fill(self, volume: str, tar: bytes) -> None:
        (self.folder / f"{volume}.tar").write_bytes(tar)
        self.run("sh", "-c", FILL, "sh", volume)


@contextmanager
def running_podman(folder: Path, images: Iterable[str]) -> Iterator[Podman]:
    """Start podman with *images* of the manifests in it; afterwards it is gone with all its pods."""
    run("docker", "save", *IMAGES.values(), "--output", str(folder / "images.tar"))
    (folder / "containers.conf").write_text(SETTINGS, encoding="utf-8")
    container = f"kith-pods-{token_hex(4)}"
    doors = [word for port in DOORS for word in ("--publish", f"127.0.0.1::{port}")]
    shared = ("--volume", f"{folder}:{FOLDER}")
    run(
        "docker",
        "run",
        "--detach",
        "--name",
        container,
        *ALLOWED,
        *doors,
        *shared,
        PODMAN_IMAGE,
        "sleep",
        "infinity",
    )
    try:
        run("docker", "exec", container, "sh", "-c", PREPARE)
        for image in images:
            run("docker", "exec", container, "podman", "tag", IMAGES[image.partition(":")[0]], image)
        yield Podman(container, folder)
    finally:
        run("docker", "rm", "--force", "--volumes", container)


if __name__ == "__main__" and run("docker", "image", "inspect", PODMAN_IMAGE, check=False).returncode:
    sys.exit(
        f"The image {PODMAN_IMAGE} is not here. Make it as docs/kubernetes.md says, or name another with"
        " KITH_PODMAN_IMAGE."
    )
