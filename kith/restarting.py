"""Starting a deployment in containers anew while people ask, so that it goes by settings and a certificate of now."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from kith.client import Client
from kith.exits import Exit, Failed
from kith.rolling import GATEWAY, Roll, Step, silent_services


@dataclass(frozen=True)
class Restart:
    """The containers of *names*, services and the gateway, under *roll*."""

    roll: Roll
    names: Collection[str]

    def steps(self, client: Client) -> Iterator[Step]:
        """Yield the name and the doing of each step; each may raise Failed, and then the rest is not done.

        The gateway keeps its container, to which the machine gave the port of people's address, and loses no
        connection: its certificate is read anew, its settings are not.
        """
        for name in self.names:
            if name == GATEWAY:
                yield "restart_reload", self._reload
            else:
                yield f"restart_roll {name}", lambda name=name: self._replace(name)  # type: ignore[misc]
        yield "restart_look", lambda: self._look(client)

    def _reload(self) -> None:
        self.roll.stack.run("exec", "-T", GATEWAY, "kith", "gateway", "--reload")

    def _replace(self, service: str) -> None:
        old = self.roll.containers(service)
        if not old:
            raise Failed("restart_nothing_runs", Exit.REFUSED, service=service)
        self.roll.replace(service, old)

    def _look(self, client: Client) -> None:
        if silent := silent_services(client):
            raise Failed("restart_silent", Exit.UNREACHABLE, services=", ".join(silent))
