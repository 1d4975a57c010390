"""Real servers for every test: one PostgreSQL a session with a template a service, one NATS a test."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from kith.embedded.databases import owner_of, prepare_databases
from kith.embedded.kept_secrets import password
from shared.event_store import Pool
from shared.migrate import migrate
from shared.scope import WHOLE_SCOPE
from shared.subjects import SERVICES
from tests.crash.power import ON_A_DISK, obstacle
from tests.folders import data_folder
from tests.servers import BusServer, DatabaseServer, start_bus, start_database

TEMPLATE = "template_"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first: where two work at once, neither waits in the end for a year of the other's."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/system/"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in the last lines what this run does not prove."""
    if (why := obstacle()) is not None:
        terminalreporter.section("UNPROVEN ON THIS MACHINE", red=True)
        for file, proof in ON_A_DISK.items():
            terminalreporter.line(f"{proof}: tests/system/{file} was not run")
        terminalreporter.line(
            f"No disk of its own can be mounted and cut here ({why}); docs/operations.md, Power loss"
        )


@dataclass(frozen=True)
class ServiceDatabase:
    """A fresh database of one service, migrated, with the addresses of its two roles."""

    service: str
    name: str
    dsn: str
    owner_dsn: str


@pytest.fixture(scope="session")
def postgres() -> Iterator[DatabaseServer]:
    with data_folder() as folder, start_database(folder) as running:
        yield running


@pytest.fixture(scope="session")
def passwords(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("secrets")
    roles = [role for service in SERVICES for role in (service, owner_of(service))]
    return {role: password(folder, role) for role in roles}


@pytest.fixture(scope="session")
async def templates(postgres: DatabaseServer, passwords: dict[str, str]) -> set[str]:
    """Prepare the four template databases; each is migrated when it is first needed."""
    await prepare_databases(postgres.admin_dsn, passwords, SERVICES, prefix=TEMPLATE)
    return set()


ServiceDatabases = Callable[[str], Awaitable[ServiceDatabase]]


@pytest.fixture
async def service_database(
    postgres: DatabaseServer, passwords: dict[str, str], templates: set[str]
) -> AsyncIterator[ServiceDatabases]:
    """Give a function that makes a fresh, migrated database of a service by copying its template."""
    made: list[str] = []
    admin = await asyncpg.connect(postgres.admin_dsn)

    async def make(service: str) -> ServiceDatabase:
        owner = owner_of(service)
        template = f"{TEMPLATE}{service}"
        if service not in templates:
            await migrate(postgres.dsn(owner, passwords[owner], template), service)
            templates.add(service)
        name = f"test_{service}_{next(_NUMBERS)}"
        await admin.execute(
            f'CREATE DATABASE "{name}" OWNER "{owner}" TEMPLATE "{template}" STRATEGY file_copy'
        )
        made.append(name)
        return ServiceDatabase(
            service,
            name,
            postgres.dsn(service, passwords[service], name),
            postgres.dsn(owner, passwords[owner], name),
        )

    yield make
    for name in made:
        await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await admin.close()


_NUMBERS = itertools.count(1)

ServicePools = Callable[[str], Awaitable[Pool]]


@pytest.fixture
async def service_pool(service_database: ServiceDatabases) -> AsyncIterator[ServicePools]:
    """Give a function that opens a pool, with the service's own role, on a fresh database."""
    pools: list[Pool] = []

    async def open_pool(service: str) -> Pool:
        database = await service_database(service)
        pool = await asyncpg.create_pool(database.dsn, min_size=1, max_size=10, server_settings=WHOLE_SCOPE)
        pools.append(pool)
        return pool

    yield open_pool
    for pool in pools:
        await pool.close()


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[BusServer]:
    with start_bus(tmp_path / "bus") as running:
        yield running
