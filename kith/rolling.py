"""Replacing the containers of a service while people ask: the new ones start beside the old, which go afterwards."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from kith.client import Client
from kith.embedded.spawning import wait_until
from kith.engine import Compose, docker
from kith.exits import Failed
from kith.states import states_of

GATEWAY = "gateway"
KNOWN_SECONDS = 6.0
"""The gateway asks for the addresses behind a name every five seconds."""
ANSWERS_SECONDS_MAX = 60.0
"""Until services have found a server again that was replaced."""

Step = tuple[str, Callable[[], object]]
"""What is told before it is done (a code of the catalogues, and what it is done to), and the doing."""


@dataclass(frozen=True)
class Roll:
    """The containers under *stack*, whose new ones are of *image*, or of the one that the settings name."""

    stack: Compose
    image: str | None = None

    def containers(self, service: str) -> list[str]:
        return self.stack.run("ps", "--all", "--quiet", service, image=self.image).split()

    def replace(self, service: str, old: Collection[str]) -> None:
        """Put new containers in the place of *old* ones of *service*, once they are ready; else the old serve on.

        The new ones start beside the old, which go once the gateway knows both. Old ones that are not healthy go
        first: the engine waits for all that there are. Others that are there are counted for new. Raises Failed
        where the new ones do not become ready.
        """
        there = self.containers(service)
        if not old:
            return
        wanted = len(old) + max(len(old), len(there) - len(old))
        if sick := [one for one in old if not _is_healthy(one)]:
            docker("rm", "--force", *sick)
        well = [one for one in old if one not in sick]
        try:
            self.up("--no-recreate", "--scale", f"{service}={wanted - len(sick)}", service)
        except (Failed, KeyboardInterrupt):
            if begun := [one for one in self.containers(service) if one not in there]:
                docker("rm", "--force", *begun)
            raise
        if well:
            self._let_go(well)

    def _let_go(self, old: Collection[str]) -> None:
        """End *old* containers; whoever interrupts this finds none of them left."""
        try:
            time.sleep(KNOWN_SECONDS)
            docker("stop", *old)
        finally:
            docker("rm", "--force", *old)
        time.sleep(KNOWN_SECONDS)  # the next to start may be given the old one's address

    def up(self, *words: str) -> None:
        """Start containers without those they depend on, and wait until they are healthy."""
        self.stack.run("up", "--detach", "--no-deps", "--wait", "--pull", "never", *words, image=self.image)


def _is_healthy(container: str) -> bool:
    return docker("inspect", "--format", "{{.State.Health.Status}}", container).strip() == "healthy"


def silent_services(client: Client) -> list[str]:
    """Return the services that do not answer *client*, after a while in which they may come back."""
    return [] if wait_until(lambda: not _silent(client), ANSWERS_SECONDS_MAX) else _silent(client)


def _silent(client: Client) -> list[str]:
    return [state.service for state in states_of(client) if state.problem]
