"""Upgrading a deployment in containers: nothing is touched before it was examined and backed up, then one by one."""

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kith.client import Client
from kith.container_files import lead_compose
from kith.deployment import Deployment
from kith.doctor.finding import Finding, Level
from kith.doctor.from_outside import examine_containers
from kith.engine import Compose, docker, image_id
from kith.exits import Exit, Failed
from kith.rolling import GATEWAY, Roll, Step, silent_services
from kith.upgrading_servers import Servers
from shared.subjects import SERVICES

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


@dataclass(frozen=True)
class Upgrade:
    """From the image that runs to *image*, which is on this machine, with the compose files in *project*."""

    project: Path
    deployment: Deployment
    image: str

    def steps(self, client: Client, tell: Callable[[list[Finding]], object]) -> Iterator[Step]:
        """Yield the name and the doing of each step; each may raise Failed, and then the rest is not done.

        Up to the roll the services that run are untouched, and after it the former image still runs on the
        schema: `KITH_IMAGE` of before and `docker compose up --wait` lead back. What the doctor finds bad
        goes to *tell*.
        """
        yield "upgrade_examine", lambda: self._examine(tell)
        yield "upgrade_back_up", self._back_up
        yield "upgrade_migrate", lambda: self._compose("run", "--rm", "--no-deps", "migrate")
        yield "upgrade_bus", self._renew_the_bus
        for service in ROLLED:
            yield f"upgrade_roll {service}", lambda service=service: self._renew(service)  # type: ignore[misc]
        yield "upgrade_servers", self._replace_servers
        yield "upgrade_look", lambda: self._look(client)
        yield "upgrade_keep", self._keep_image

    def _examine(self, tell: Callable[[list[Finding]], object]) -> None:
        """Have the doctor look, with the release that runs: it knows the schema that is there."""
        found = examine_containers(self.deployment, self.project)
        if ill := [one for one in found if one.level is Level.BAD]:
            tell(ill)
            raise Failed("upgrade_ill", Exit.REFUSED)
        self._servers.need_fitting()

    def _back_up(self) -> None:
        """Back up beside the servers as they are: a new release's files may have others, which come last."""
        self._compose("up", "--detach", "--no-deps", "--pull", "never", "hand")
        self._compose("run", "--rm", "--no-deps", "backup")

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
            self._roll.up("--no-recreate", BUS)
        elif (data / BUS_USERS).read_bytes() != before:
            for _ in range(RELOADS):
                self._compose("kill", "--signal", "HUP", BUS)
                time.sleep(RELOAD_SECONDS)

    def _former_streams(self, *words: str) -> str:
        return self._compose(
            "run", "--rm", "--no-deps", "migrate", "take-over-streams", STREAMS, "--json", *words
        )

    def _renew(self, service: str) -> None:
        """Replace all containers of one service and wait until they are ready; else the old ones serve on.

        The gateway has its ports from the machine, which gives them to one at a time: it is away for a moment.
        Containers of the new image from an upgrade that was broken off are counted, not replaced.
        """
        if service == GATEWAY:
            self._roll.up(service)
        else:
            self._roll.replace(
                service, [one for one in self._roll.containers(service) if not self._is_new(one)]
            )

    def _replace_servers(self) -> None:
        """Replace those servers that are others in the new release; compose by itself would replace all."""
        if others := self._servers.others():
            self._roll.up(*others)

    def _is_new(self, container: str) -> bool:
        return docker("inspect", "--format", "{{.Image}}", container).strip() == image_id(self.image)

    def _look(self, client: Client) -> None:
        """See that every container is of the new image, and that every service answers through the gateway."""
        for service in ROLLED:
            containers = self._compose("ps", "--quiet", service).split()
            if not containers or not all(map(self._is_new, containers)):
                raise Failed("upgrade_image_differs", Exit.REFUSED, service=service, image=self.image)
        if silent := silent_services(client):
            raise Failed("upgrade_silent", Exit.UNREACHABLE, services=", ".join(silent))

    def _keep_image(self) -> None:
        """Have the deployment's settings name the new image from now on."""
        self._stack.keep_image(self.image)
        lead_compose(self.deployment, self.project)

    @property
    def _stack(self) -> Compose:
        return Compose(self.project, self.deployment.data)

    @property
    def _roll(self) -> Roll:
        return Roll(self._stack, self.image)

    @property
    def _servers(self) -> Servers:
        return Servers(self._stack, self.image)

    def _compose(self, *words: str) -> str:
        """Run compose with the new image."""
        return self._stack.run(*words, image=self.image)
