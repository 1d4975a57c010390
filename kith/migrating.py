"""Databases on a server that is somebody else's to run: roles, databases and schemas, as far as they are missing."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from kith.embedded.databases import owner_of, prepare_databases
from kith.environment import secret_in
from kith.exits import Exit, Failed
from shared.migrate import migrate
from shared.schema import SchemaUnfit
from shared.subjects import SERVICES

LOOK_SECONDS = 0.5
CONNECT_SECONDS_MAX = 5.0

NOT_YET = (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError)
"""What a server says that is starting, or a name that is not known yet."""


@dataclass(frozen=True)
class DatabaseServer:
    """A PostgreSQL server that runs elsewhere, and the folder with the passwords of the services' roles.

    *url* names the server; with *is_admin* it is of a role that may make roles and databases, else these
    must be there. *secrets* holds `<role>.password` of each service and of each owner.
    """

    url: str
    is_admin: bool
    password_file: Path | None
    secrets: Path

    async def bring_up_to_date(self, wait_seconds: float) -> dict[str, list[str]]:
        """Make what is missing and bring every database to the present schema; return what was applied.

        Raises Failed where a password is missing or the server takes no connection within *wait_seconds*.
        """
        passwords = {role: self._password(role) for one in SERVICES for role in (one, owner_of(one))}
        dsns = {
            service: _with_login(self.url, owner_of(service), passwords[owner_of(service)], f"kith_{service}")
            for service in SERVICES
        }
        await self._wait(self._admin_dsn() if self.is_admin else dsns[SERVICES[0]], wait_seconds)
        if self.is_admin:
            await prepare_databases(self._admin_dsn(), passwords)
        return {service: await migrated(dsn, service) for service, dsn in dsns.items()}

    def _admin_dsn(self) -> str:
        if self.password_file is None:
            return self.url
        user = urlsplit(self.url).username or "postgres"
        return _with_login(self.url, user, secret_in(self.password_file))

    def _password(self, role: str) -> str:
        return secret_in(self.secrets / f"{role}.password")

    async def _wait(self, dsn: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS_MAX)
            except NOT_YET as away:
                if time.monotonic() > deadline:
                    where = urlsplit(self.url).hostname
                    raise Failed("database_away", Exit.UNREACHABLE, host=where, why=repr(away)) from away
                await asyncio.sleep(LOOK_SECONDS)
            else:
                await connection.close()
                return


async def migrated(owner_dsn: str, service: str) -> list[str]:
    """Bring one database to the present schema; raises Failed where a release must not run on what is there."""
    try:
        return await migrate(owner_dsn, service)
    except SchemaUnfit as unfit:
        code, names = (
            ("schema_too_new", unfit.fit.contracted)
            if unfit.fit.contracted
            else ("migration_changed", unfit.fit.changed)
        )
        raise Failed(code, Exit.CONFIGURATION, service=service, names=", ".join(names)) from unfit


def _with_login(url: str, user: str, password: str, database: str | None = None) -> str:
    parts = urlsplit(url)
    where = parts.netloc.rpartition("@")[2]
    path = parts.path if database is None else f"/{database}"
    return urlunsplit(parts._replace(netloc=f"{quote(user)}:{quote(password, safe='')}@{where}", path=path))
