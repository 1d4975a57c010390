"""What must be done to restored databases before any service sees them."""

from collections.abc import Mapping
from dataclasses import dataclass

from kith.backup.cluster import Cluster
from kith.backup.epochs import begin_epochs
from kith.backup.forget_lists import ForgetLists, forget_again
from kith.backup.readers import counts, readers_ahead
from kith.embedded.databases import SQL as DATABASES_SQL
from kith.embedded.postgres import SUPERUSER
from kith.exits import Exit, Failed


@dataclass(frozen=True)
class Mended:
    """What the databases held when they came back, and what had to be forgotten again."""

    events: Mapping[str, int]
    forgotten_again: Mapping[str, int]
    """Of each vault, how many were forgotten after the moment that was restored to."""


async def mend(cluster: Cluster, lists: ForgetLists, superuser_password: str | None = None) -> Mended:
    """Forget again whom *lists* name, begin a new epoch of each log, and free the leases of who is gone.

    Raises Failed where a reader is ahead of its source's log: its tables hold what never happened.
    """
    if ahead := await readers_ahead(cluster):
        one = ahead[0]
        raise Failed("reader_ahead", Exit.REFUSED, reader=one.reader, source=one.source, service=one.service)
    if superuser_password is not None:
        async with cluster.connected() as connection:
            statement = await connection.fetchval(DATABASES_SQL.set_password, SUPERUSER, superuser_password)
            await connection.execute(statement)
    again = await forget_again(cluster, lists)
    await begin_epochs(cluster)
    events = {service: found["events"] for service, found in (await counts(cluster)).items()}
    return Mended(events, again)
