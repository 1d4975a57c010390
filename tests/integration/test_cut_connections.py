"""A connection whose other end says nothing: it is given up, and nobody waits for a query that was called off."""

import asyncio
import socket
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from shared.database import UNHEARD_SECONDS_MAX, CutConnection
from tests.conftest import ServiceDatabases
from tests.crash.proxy import Proxy

ANSWER_SECONDS_MAX = 60.0
"""Half of the driver's own wait for the end of a query that was called off, as this test asks for it."""


async def test_a_query_called_off_behind_a_cut_cable_ends_its_connection(
    service_database: ServiceDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.database.CALLED_OFF_SECONDS_MAX", 0.5)
    at = urlsplit((await service_database("registry")).dsn)
    with Proxy() as proxy:
        cable = proxy.link("postgres", lambda: [at.port or 0])
        through = urlunsplit(at._replace(netloc=f"{at.username}:{at.password}@127.0.0.1:{cable.port}"))
        connection = await asyncpg.connect(
            through, connection_class=CutConnection, command_timeout=2 * ANSWER_SECONDS_MAX
        )
        cable.lose()
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            with pytest.raises(TimeoutError):
                await connection.fetchval("SELECT 1", timeout=0.2)
            with pytest.raises((asyncpg.InterfaceError, asyncpg.PostgresConnectionError)):
                await connection.execute("ROLLBACK")
        assert connection.is_closed()


async def test_a_query_called_off_leaves_a_connection_that_answers_as_it_was(
    service_database: ServiceDatabases,
) -> None:
    dsn = (await service_database("registry")).dsn
    connection = await asyncpg.connect(dsn, connection_class=CutConnection)
    with pytest.raises(TimeoutError):
        await connection.execute("SELECT pg_sleep(60)", timeout=0.2)
    assert await connection.fetchval("SELECT 7") == 7
    await connection.close()


async def test_a_machine_that_says_nothing_is_given_up_by_the_system(
    service_database: ServiceDatabases,
) -> None:
    dsn = (await service_database("registry")).dsn
    connection = await asyncpg.connect(dsn, connection_class=CutConnection)
    cable = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined] # of asyncpg
    heard_within = cable.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert (heard_within, cable.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)) == (
        UNHEARD_SECONDS_MAX * 1000,
        1,
    )
    await connection.close()
