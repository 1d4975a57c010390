"""After a restore, with the services at work: everybody takes everything, and log, stream and reader agree."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID, uuid5

import nats

from kith.backup.children import forgotten_unsaid
from kith.backup.cluster import Cluster
from kith.backup.comparing import Compared
from kith.backup.kept import compare_kept
from kith.backup.readers import counts
from kith.backup.streams import compare_streams, wait_until_filled
from kith.client import Client
from kith.states import wait_until_all_taken
from shared.tokens import Role

FORGOTTEN_AGAIN = UUID("6a5b6c0e-9d0c-5b3e-8a94-1f1f6f0f7d11")
"""Space of the keys under which a child is forgotten again, so that a second restore says the same."""
API_SECONDS_MAX = 20.0


@dataclass(frozen=True)
class Agreement:
    """What the databases hold, and each log beside its stream and beside what reporting keeps of it."""

    counts: Mapping[str, Mapping[str, int]]
    streams: Mapping[str, Compared]
    kept: Mapping[str, Compared]
    children_forgotten_again: int = 0

    @property
    def agrees(self) -> bool:
        """Whether every event of every log is everywhere once, in order."""
        return all(found.same for found in (*self.streams.values(), *self.kept.values()))

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"agrees": self.agrees}


def reconcile(client: Client, cluster: Cluster, nats_url: str) -> Agreement:
    """Say again who was forgotten, wait until everything is published and taken, compare event for event.

    Raises Failed where a service does not answer, or a relay or a reader stands still.
    """
    children = asyncio.run(forgotten_unsaid(cluster))
    _forget(client, children)
    wait_until_all_taken(client)
    return asyncio.run(_agreement(cluster, nats_url, len(children)))


def _forget(client: Client, children: Sequence[str]) -> None:
    """Have the registry forget as it did before: it says so, and who keeps words about the child hears it."""
    for child_id in children:
        key = str(uuid5(FORGOTTEN_AGAIN, child_id))
        client.post("registry", f"/children/{child_id}/forget", {}, role=Role.OPERATOR, key=key)


async def _agreement(cluster: Cluster, nats_url: str, children: int) -> Agreement:
    bus = await nats.connect(nats_url, inbox_prefix=b"_INBOX_operator")
    try:
        js = bus.jetstream(timeout=API_SECONDS_MAX)
        await wait_until_filled(cluster, js)
        streams = await compare_streams(cluster, js)
    finally:
        await bus.close()
    return Agreement(await counts(cluster), streams, await compare_kept(cluster), children)
