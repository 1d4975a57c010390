"""A county whose contact service speaks, for the systems that listen: a log, its relay and the bus."""

import asyncio
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid5

import nats
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from kith.deployment import Deployment, deployment_of
from kith.embedded.nats import RunningNats
from kith.subscribers import subscriber_of
from kith.subscribing import Subscription, provision, write_down
from shared.contracts.contact import ContactMadeGood, ContactMissed
from shared.contracts.event import ContactKind
from shared.event_store import Append, NewEvent, Pool, append
from shared.relay import Relay
from tests.integration.house import until
from tests.integration.test_event_store import META, SPACE

YUELIANG, SHUANGJIANG = "431299210", "431299101"
"""Two townships of the county."""
STREAM = "KITH_CONTACT"
FIRST = date(2026, 1, 1)


@dataclass
class County:
    """What contact has said, and to whom."""

    pool: Pool
    bus: RunningNats
    data: Path
    said: int = 0
    _clients: list[Client] = field(default_factory=list)

    async def relay(self) -> Relay:
        """Return a relay of contact's log; run() publishes it."""
        holder = uuid5(SPACE, "contact's relay")
        return Relay(self.pool, await self.client("contact"), "contact", asyncio.Event(), holder)

    async def client(self, user: str, denied: list[str] | None = None) -> Client:
        """Connect as *user*; what the server says it may not do is added to *denied*."""

        async def note(error: Exception) -> None:
            if denied is not None:
                denied.append(str(error))

        inbox = f"_INBOX_{user}".encode()
        client = await nats.connect(self.bus.url_for(user), inbox_prefix=inbox, error_cb=note)
        self._clients.append(client)
        return client

    async def close(self) -> None:
        for client in self._clients:
            await client.close()

    async def miss(self, count: int, township: str = YUELIANG) -> None:
        """Say that *count* contacts were missed in *township*, each made good afterwards."""
        async with self.pool.acquire() as connection:
            for _ in range(count):
                self.said += 1
                await append(connection, Append(f"miss-{self.said}", _missed(self.said, township)), META)

    async def missed_in(self, township: str) -> list[str]:
        """Return the ids of the misses of *township* in the order of the log."""
        rows = await self.pool.fetch(
            "SELECT event_id FROM kernel.events WHERE event_type = 'ContactMissed'"
            " AND data->>'area' LIKE $1 ORDER BY tx, position",
            f"{township}%",
        )
        return [str(row["event_id"]) for row in rows]

    async def published(self) -> None:
        """Wait until the stream holds all that was said."""
        operator = (await self.client("operator")).jetstream()

        async def all_there() -> bool:
            try:
                return (await operator.stream_info(STREAM)).state.messages == 2 * self.said
            except NotFoundError:
                return False

        await until(all_there)

    async def subscribe(self, name: str, *areas: str) -> list[Subscription]:
        """Let a system *name* read the misses of *areas*."""
        subscriber = subscriber_of(name, areas, ["ContactMissed"])
        await asyncio.to_thread(write_down, self.deployment, subscriber)
        return await provision(self.deployment, [subscriber])

    @property
    def deployment(self) -> Deployment:
        return deployment_of(self.data)


def _missed(n: int, township: str) -> list[NewEvent]:
    """Return a miss, and that it was made good: who reads the one must not hear the other."""
    of_it: dict[str, Any] = {
        "area": f"{township}200",
        "on": FIRST + timedelta(days=n),
        "recorded_on": FIRST + timedelta(days=n),
        "child_id": uuid5(SPACE, f"child {n}"),
        "kind": ContactKind.HOME_VISIT,
        "opens": FIRST,
    }
    missed = ContactMissed(due=FIRST + timedelta(days=n), pairs=(), **of_it)
    made_good = ContactMadeGood(visit_id=uuid5(SPACE, f"visit {n}"), **of_it)
    return [
        NewEvent(uuid5(SPACE, f"missed {n}"), missed),
        NewEvent(uuid5(SPACE, f"made good {n}"), made_good),
    ]
