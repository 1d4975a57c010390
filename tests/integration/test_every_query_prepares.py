"""Every named query of the repository is accepted by PostgreSQL on a migrated database of its service."""

from pathlib import Path

import asyncpg
import pytest

from kith.embedded.postgres import SUPERUSER, RunningPostgres
from shared.sql import Queries
from tests.conftest import ServiceDatabases

ROOT = Path(__file__).parents[2]
KERNEL_RUNS_IN = "contact"
SEARCH_PATHS = {"reporting": "side_a, app, kernel"}
OF_A_BACKUP = Path("kith", "backup")
BACKUP_RUNS_IN = {"kept": "reporting", "children": "registry"}
"""Queries of backups run as superuser, in every database except these."""


QUERY_FILES = sorted(
    path
    for folder in ("shared", "kith", "services")
    for path in (ROOT / folder).rglob("*.sql")
    if path.parent.name != "migrations"
)


def service_of(path: Path) -> str:
    """Return whose database a query file belongs to; the kernel's queries run in every one."""
    parts = path.relative_to(ROOT).parts
    if path.relative_to(ROOT).parent == OF_A_BACKUP:
        return BACKUP_RUNS_IN.get(path.stem, KERNEL_RUNS_IN)
    return parts[1] if parts[0] == "services" else KERNEL_RUNS_IN


@pytest.mark.parametrize("path", QUERY_FILES, ids=lambda path: str(path.relative_to(ROOT)))
async def test_every_query_prepares(
    postgres: RunningPostgres, service_database: ServiceDatabases, path: Path
) -> None:
    service = service_of(path)
    database = await service_database(service)
    as_superuser = path.relative_to(ROOT).parent == OF_A_BACKUP
    dsn = postgres.dsn(SUPERUSER, postgres.password, database.name) if as_superuser else database.dsn
    connection = await asyncpg.connect(dsn)
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
