"""A service at work: what its routes, readers and answers are given to work with."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from faststream.nats import NatsBroker
from structlog.typing import FilteringBoundLogger

from shared.checkpoint import caught_up
from shared.event_store import Pool, Position
from shared.metrics import Metrics
from shared.paper_turns import PaperTurns
from shared.pulse import Pulses
from shared.receiving import Receiving
from shared.relay import Relay
from shared.settings import Settings
from shared.tokens import Verifier
from shared.tracing import OFF, Tracing
from shared.vault import Vault


class NotStarted(Exception):
    """The service has no pool yet, or no longer: it is being made or has stopped."""


class NoVault(Exception):
    """The service was made without a vault (ServiceSpec.vault is False): nothing in it may ask for one."""


@dataclass(eq=False)
class Running:
    """One replica of a service between its start and its stop.

    It exists as soon as the app is made, so that routes can be built from it; *pool* only while the
    service runs. *bell* is rung after a commit, so that the relay need not wait for its next look. *relay* and
    *receivings* are there once the bus was reached for the first time.
    """

    name: str
    version: str
    replica: UUID
    settings: Settings
    broker: NatsBroker
    verifier: Verifier
    bell: asyncio.Event
    log: FilteringBoundLogger
    metrics: Metrics
    pulses: Pulses
    doorbell: asyncio.Event = field(default_factory=asyncio.Event)
    paper_turns: PaperTurns = field(default_factory=PaperTurns)
    schema_unfit: str = ""
    """What is wrong with the database's schema for this release, empty where nothing is."""
    kept: Vault | None = None
    tracing: Tracing = OFF
    connections: Pool | None = None
    readers: Sequence[str] = ()
    relay: Relay | None = None
    receivings: list[Receiving] = field(default_factory=list)

    def ring(self) -> None:
        """Wake the relay after a commit, in this replica or whichever has the lease; to forget it costs little."""
        self.bell.set()
        self.doorbell.set()

    async def caught_up(self, reader: str, position: Position, timeout_seconds: float) -> bool:
        """Wait until *reader* has taken *position*; return whether it came in time."""
        for receiving in self.receivings:
            if receiving.reader.name == reader:
                return await receiving.caught_up(position, timeout_seconds)
        return await caught_up(self.pool, reader, position, timeout_seconds)

    @property
    def pool(self) -> Pool:
        """The service's connections; raises NotStarted outside its lifespan."""
        if self.connections is None:
            raise NotStarted(self.name)
        return self.connections

    @property
    def vault(self) -> Vault:
        """The service's vault; raises NoVault where it has none."""
        if self.kept is None:
            raise NoVault(self.name)
        return self.kept
