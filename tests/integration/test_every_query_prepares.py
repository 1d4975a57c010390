"""Every named query of the repository is accepted by PostgreSQL on a migrated database of its service."""

from pathlib import Path

import asyncpg
import pytest

from shared.sql import Queries
from tests.conftest import ServiceDatabases

ROOT = Path(__file__).parents[2]
KERNEL_RUNS_IN = "contact"
SEARCH_PATHS = {"reporting": "side_a, app, kernel"}


QUERY_FILES = sorted(
    path
    for folder in ("shared", "kith", "services")
    for path in (ROOT / folder).rglob("*.sql")
    if path.parent.name != "migrations"
)


def service_of(path: Path) -> str:
    """Return whose database a query file belongs to; the kernel's queries run in every one."""
    parts = path.relative_to(ROOT).parts
    return parts[1] if parts[0] == "services" else KERNEL_RUNS_IN


@pytest.mark.parametrize("path", QUERY_FILES, ids=lambda path: str(path.relative_to(ROOT)))
async def test_every_query_prepares(service_database: ServiceDatabases, path: Path) -> None:
    service = service_of(path)
    database = await service_database(service)
    connection = await asyncpg.connect(database.dsn)
    if service in SEARCH_PATHS:
        await connection.execute(f"SET search_path = {SEARCH_PATHS[service]}")
    if path.stem == "vault":
        await connection.execute(f"SET ROLE {service}_vault")
    texts = Queries(path).by_name.values()
    assert texts
    for text in texts:
        await connection.prepare(text)
    await connection.close()


@pytest.mark.parametrize("path", QUERY_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_query_file_has_a_module_beside_it(path: Path) -> None:
    assert path.with_suffix(".py").exists()
