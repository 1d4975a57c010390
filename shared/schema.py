"""Whether a database's schema and this release fit each other: what the one had beside what the other knows.

A migration only adds (expands), so that the release before runs on the new schema. One that takes something
away (contracts) comes a release after the last code that used it, and says so in its first line:
`-- contract: needs <owner>/<migration>`; a release that does not know that migration must not run on it.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import asyncpg

from shared.event_store import Connection
from shared.sql import queries

SQL = queries(__file__)

_ROOT = Path(__file__).parent
_CONTRACT = re.compile(r"^-- contract: needs ([a-z]+/\d{4}_\w+)$")


@dataclass(frozen=True)
class Migration:
    """One step of a schema; *needs* names the migration that a release must know to run after this one."""

    name: str
    text: str
    needs: str | None

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class Applied:
    """What the ledger of a database says of one migration."""

    checksum: str
    needs: str | None


@dataclass(frozen=True)
class Fit:
    """How a schema and a release fit: by name, what stands between them."""

    missing: tuple[str, ...] = ()
    """Migrations that the release needs and the database has not had: the schema is too old."""
    changed: tuple[str, ...] = ()
    """Migrations that were applied with another text than the release has."""
    contracted: tuple[str, ...] = ()
    """Migrations that took away what this release still uses: the schema is too new."""
    newer: tuple[str, ...] = ()
    """Migrations of a later release that this one can live with."""

    @property
    def runs(self) -> bool:
        """Whether the release may work on the schema."""
        return not (self.missing or self.changed or self.contracted)

    def __str__(self) -> str:
        """Say what is wrong and how to mend it, empty where the release runs."""
        if self.contracted:
            return (
                f"the schema is too new, {self._named(self.contracted)}: run the release that it was made for"
            )
        if self.changed:
            return f"migrations have another text than was applied, {self._named(self.changed)}: restore it"
        if self.missing:
            return f"the schema is too old, without {self._named(self.missing)}: run `kith migrate`"
        return ""

    @staticmethod
    def _named(names: tuple[str, ...]) -> str:
        return ", ".join(names)


class SchemaUnfit(Exception):
    """This release must not run, or migrate, on the schema of this database."""

    def __init__(self, service: str, fit: Fit) -> None:
        super().__init__(f"{service}: {fit}")
        self.service = service
        self.fit = fit


def migrations_of(service: str) -> Iterator[Migration]:
    """Yield the migrations of *service*, the kernel's first, in order."""
    for owner, folder in (
        ("kernel", _ROOT / "migrations"),
        (service, _ROOT.parent / "services" / service / "migrations"),
    ):
        for path in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql")):
            yield migration(f"{owner}/{path.stem}", path.read_text(encoding="utf-8"))


def migration(name: str, text: str) -> Migration:
    """Return the migration that a file holds."""
    contract = _CONTRACT.match(text.partition("\n")[0])
    return Migration(name, text, contract[1] if contract else None)


@cache
def known_by_release(service: str) -> Mapping[str, str]:
    """Return the name and checksum of each migration this release has for *service*."""
    return {one.name: one.checksum for one in migrations_of(service)}


def fit_of(known: Mapping[str, str], applied: Mapping[str, Applied]) -> Fit:
    """Return how a release that knows *known* fits a database that had *applied*."""
    newer = [name for name in applied if name not in known]
    contracted = [name for name in newer if (needs := applied[name].needs) and needs not in known]
    return Fit(
        missing=tuple(name for name in known if name not in applied),
        changed=tuple(name for name in known if name in applied and applied[name].checksum != known[name]),
        contracted=tuple(sorted(contracted)),
        newer=tuple(sorted(set(newer) - set(contracted))),
    )


async def applied_to(connection: Connection) -> dict[str, Applied]:
    """Return what the database of *connection* has had; nothing where it was never migrated."""
    try:
        rows = await connection.fetch(SQL.applied)
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError, asyncpg.InsufficientPrivilegeError):
        return {}
    return {row["name"]: Applied(row["checksum"], row["needs"]) for row in rows}


async def schema_fit(connection: Connection, service: str) -> Fit:
    """Return how this release of *service* fits the database of *connection*."""
    return fit_of(known_by_release(service), await applied_to(connection))
