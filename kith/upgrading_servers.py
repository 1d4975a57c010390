"""PostgreSQL and NATS at an upgrade: whether the images of the new release fit what is there, and which are others."""

import json
import re
from dataclasses import dataclass

from kith.engine import Compose, docker, image_id
from kith.exits import Exit, Failed

SETTINGS_LABEL = "com.docker.compose.config-hash"
"""Where compose keeps what it made a container by."""


@dataclass(frozen=True)
class Server:
    """One of the two servers: the program in its image, and the variable that names the image."""

    name: str
    program: str
    variable: str


POSTGRES = Server("postgres", "postgres", "POSTGRES_IMAGE")
NATS = Server("nats", "nats-server", "NATS_IMAGE")
SERVERS = (POSTGRES, NATS)

Release = tuple[int, int]
RELEASE = re.compile(r"(\d+)\.(\d+)")


def fits(server: Server, new: Release, there: Release) -> bool:
    """Return whether release *new* of *server* goes on with the files of release *there*.

    PostgreSQL starts on files of its own major release alone; what a newer NATS wrote an older may not read.
    """
    return new[0] == there[0] if server is POSTGRES else new >= there


def release_in(told: str) -> Release:
    """Return the first two numbers of what a program says its version is; raises Failed where there are none."""
    found = RELEASE.search(told)
    if found is None:
        raise Failed("upgrade_server_untold", Exit.REFUSED, told=told.strip())
    return int(found[1]), int(found[2])


@dataclass(frozen=True)
class Servers:
    """The two servers under *stack*, which with Kith's *image* is the new release's."""

    stack: Compose
    image: str

    def need_fitting(self) -> None:
        """Raise Failed where an image is not here, or could not go on with the files that are there."""
        for server in SERVERS:
            image = self._named(server)
            told = {"server": server.name, "image": image, "variable": server.variable}
            try:
                image_id(image)
            except Failed:
                raise Failed("upgrade_server_missing", Exit.CONFIGURATION, **told) from None
            there, new = self._release_that_runs(server), _release_of(server, image)
            if not fits(server, new, there):
                releases = {"new": ".".join(map(str, new)), "there": ".".join(map(str, there))}
                raise Failed("upgrade_server_unfit", Exit.REFUSED, **told, **releases)

    def others(self) -> list[str]:
        """Return those whose settings or image are not those that they run with."""
        return [server.name for server in SERVERS if self._is_other(server)]

    def _is_other(self, server: Server) -> bool:
        settings = self.stack.run("config", "--hash", server.name, image=self.image).split()[-1]
        form = f'{{{{index .Config.Labels "{SETTINGS_LABEL}"}}}} {{{{.Image}}}}'
        running = [docker("inspect", "--format", form, one).split() for one in self._containers(server)]
        return running != [[settings, image_id(self._named(server))]]

    def _named(self, server: Server) -> str:
        told = json.loads(self.stack.run("config", "--format", "json", image=self.image))
        image: str = told["services"][server.name]["image"]
        return image

    def _containers(self, server: Server) -> list[str]:
        return self.stack.run("ps", "--all", "--quiet", server.name).split()

    def _release_that_runs(self, server: Server) -> Release:
        return release_in(self.stack.run("exec", "-T", server.name, server.program, "--version"))


def _release_of(server: Server, image: str) -> Release:
    return release_in(
        docker("run", "--rm", "--network", "none", "--entrypoint", server.program, image, "--version")
    )
