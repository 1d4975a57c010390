"""Upgrading a deployment in containers: nothing is touched before it was examined and backed up, then one by one."""

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kith.client import Client
from kith.deployment import Deployment
from kith.engine import docker, image_id
from kith.exits import Exit, Failed
from kith.states import states_of
from shared.subjects import SERVICES

FILES = ("docker-compose.yml", "compose.backup.yml")
SETTINGS = "compose.env"
IMAGE = "KITH_IMAGE"
GATEWAY = "gateway"
BUS = "nats"
ROLLED = (GATEWAY, *SERVICES)
"""In this order: the gateway hands requests on whatever is behind it, and knows best how to lose none while that
is replaced; then those who are asked before those who ask."""
BUS_USERS = Path("secrets", "bus", "accounts.json")
STREAMS = "/var/lib/kith/nats/jetstream/jetstream"
"""Where the container `migrate` sees what the bus keeps."""
RELOADS = 2
"""A server binds what a new account imports when it reads its configuration for the second time."""
RELOAD_SECONDS = 2.0
KNOWN_SECONDS = 6.0
"""The gateway asks for the addresses behind a name every five seconds."""

Step = tuple[str, Callable[[], object]]


@dataclass(frozen=True)
class Upgrade:
    """From the image that runs to *image*, which is on this machine, with the compose files in *project*."""

    project: Path
    deployment: Deployment
    image: str

    def steps(self, client: Client) -> Iterator[Step]:
        """Yield the name and the doing of each step; each may raise Failed, and then the rest is not done.

        Up to the roll the services that run are untouched, and after it the former image still runs on the
        schema: `KITH_IMAGE` of before and `docker compose up --wait` lead back.
        """
        yield "upgrade_examine", self._examine
        yield "upgrade_back_up", lambda: self._run("backup")
        yield "upgrade_migrate", lambda: self._compose("run", "--rm", "--no-deps", "migrate")
        yield "upgrade_bus", self._renew_the_bus
        for service in ROLLED:
            yield f"upgrade_roll {service}", lambda service=service: self._roll(service)  # type: ignore[misc]
        yield "upgrade_look", lambda: self._look(client)
        yield "upgrade_keep", self._keep_image

    def _examine(self) -> None:
        """Have the doctor look, with the release that runs: it knows the schema that is there."""
        try:
            self._run("doctor", image=None)
        except Failed as ill:
            raise Failed("upgrade_ill", Exit.REFUSED) from ill

    def _run(self, service: str, image: str | None = "") -> None:
        self._compose("run", "--rm", service, image=image)

    def _renew_the_bus(self) -> None:
        """Give the bus the users and rights of the new release, and each service's account its stream.

        The release before works with them too. A server that has nothing to move takes new rights as it
        runs; else it is away for some seconds, and what is said meanwhile follows from the logs.
        """
        data = self.deployment.data.resolve()
        before = (data / BUS_USERS).read_bytes()
        user = f"{os.getuid()}:{os.getgid()}"
        docker(
            *("run", "--rm", "--network", "none", "--user", user, "--volume", f"{data}:{data}"),
            *(self.image, "init", "--containers", "--data", str(data)),
        )
        if json.loads(self._former_streams("--look"))["streams"]:
            self._compose("stop", BUS)
            self._former_streams()
            self._compose("up", "--detach", "--no-deps", "--wait", "--pull", "never", BUS)
        elif (data / BUS_USERS).read_bytes() != before:
            for _ in range(RELOADS):
                self._compose("kill", "--signal", "HUP", BUS)
                time.sleep(RELOAD_SECONDS)

    def _former_streams(self, *words: str) -> str:
        return self._compose(
            "run", "--rm", "--no-deps", "migrate", "take-over-streams", STREAMS, "--json", *words
        )

    def _roll(self, service: str) -> None:
        """Replace one service and wait until it is ready; where it is not, the old one serves on.

        The new one starts beside the old, which goes once the gateway knows both: no request fails. The
        gateway has its ports from the machine, which gives them to one at a time: it is away for a moment.
        """
        if service == GATEWAY:
            self._compose("up", "--detach", "--no-deps", "--wait", "--pull", "never", service)
            return
        old = self._containers(service)
        beside = ("--no-recreate", "--scale", f"{service}={len(old) + 1}")
        try:
            self._compose("up", "--detach", "--no-deps", *beside, "--wait", "--pull", "never", service)
        except Failed:
            new = [container for container in self._containers(service) if container not in old]
            docker("rm", "--force", *new)
            raise
        time.sleep(KNOWN_SECONDS)
        docker("stop", *old)
        docker("rm", *old)
        time.sleep(KNOWN_SECONDS)  # the next to start may be given the old one's address

    def _containers(self, service: str) -> list[str]:
        return self._compose("ps", "--all", "--quiet", service).split()

    def _look(self, client: Client) -> None:
        """See that every container is of the new image, and that every service answers through the gateway."""
        wanted = image_id(self.image)
        for service in ROLLED:
            container = self._compose("ps", "--quiet", service).strip()
            if docker("inspect", "--format", "{{.Image}}", container).strip() != wanted:
                raise Failed("upgrade_image_differs", Exit.REFUSED, service=service, image=self.image)
        if silent := [state.service for state in states_of(client) if state.problem]:
            raise Failed("upgrade_silent", Exit.UNREACHABLE, services=", ".join(silent))

    def _keep_image(self) -> None:
        """Have the deployment's settings name the new image from now on."""
        settings = self.deployment.data / SETTINGS
        others = re.sub(rf"^{IMAGE}=.*\n?", "", settings.read_text(encoding="utf-8"), flags=re.MULTILINE)
        unfinished = settings.with_suffix(".unfinished")
        unfinished.write_text(f"{others.rstrip()}\n{IMAGE}={self.image}\n", encoding="utf-8")
        unfinished.replace(settings)

    def _compose(self, *words: str, image: str | None = "") -> str:
        """Run compose with the new image, or, with None, with the one that the settings name."""
        files = (word for name in FILES for word in ("--file", name))
        settings = str((self.deployment.data / SETTINGS).resolve())
        environment = {} if image is None else {IMAGE: self.image}
        return docker(
            "compose", "--env-file", settings, *files, *words, folder=self.project, environment=environment
        )
