"""The identity vault: who a subject is, kept apart, shown masked, each look logged, forgotten for good."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from shared.contracts.event import Keyed
from shared.dated_ids import dated_bits, marked
from shared.event_store import Connection
from shared.masking import mask
from shared.sql import queries
from shared.tokens import Caller

SQL = queries(__file__)

SECRET_BYTES_MIN = 32
ROWS_MAX = 5_000
"""Subjects put or looked at in one call."""
REASON_LENGTH_MAX = 200
LOOKS_MAX = 500


class WeakSecret(ValueError):
    """The vault's secret is too short to keep anything from being guessed."""


class Vault:
    """The vault of one service, and the secret from which every keyed name, claim and id is derived.

    Every call runs in the caller's transaction and takes the vault's role only while it lasts.
    """

    def __init__(self, secret: bytes, service: str) -> None:
        """Raise WeakSecret for a secret of less than SECRET_BYTES_MIN bytes."""
        if len(secret) < SECRET_BYTES_MIN:
            raise WeakSecret(f"the vault's secret needs at least {SECRET_BYTES_MIN} bytes")
        self._secret = secret
        self._role = f"{service}_vault"

    @classmethod
    def from_file(cls, path: Path, service: str) -> "Vault":
        """Read the secret from *path*; raises OSError or WeakSecret."""
        return cls(path.read_bytes().rstrip(b"\r\n"), service)

    def keyed(self, *parts: str) -> Keyed:
        """Return a name that can be compared but not read: the same for the same parts, 16 hex digits."""
        return self._digest("keyed", parts).hex()[:16]

    def claim_key(self, kind: str, *parts: str) -> str:
        """Return the key of a claim, "<kind>:<64 hex digits>", which nobody can guess the parts from."""
        return f"{kind}:{self._digest(f'claim:{kind}', parts).hex()}"

    def subject_id(self, kind: str, *parts: str, day: date | None = None) -> UUID:
        """Return the id of a person or thing of *kind*, the same whenever the same parts come again.

        With *day* it begins with that day.
        """
        drawn = int.from_bytes(self._digest(f"subject:{kind}", parts)[:16], "big")
        return UUID(int=marked(drawn) if day is None else dated_bits(drawn, day))

    async def put(
        self, connection: Connection, rows: Sequence[tuple[UUID, Mapping[str, Any]]]
    ) -> frozenset[UUID]:
        """Keep each subject's identity in place of what was kept before; at most ROWS_MAX, subjects distinct.

        Returns the subjects that were not kept because they are on the forget list.
        """
        _bounded(rows)
        # As bytes: the refused rows of a long paper are 10 MB, and as a text of Chinese twice that.
        bodies = [orjson.dumps(data) for _, data in rows]
        async with self._as_vault(connection):
            refused = await connection.fetch(SQL.put, [subject for subject, _ in rows], bodies)
        return frozenset(row["subject_id"] for row in refused)

    async def look(
        self,
        connection: Connection,
        ids: Sequence[UUID],
        caller: Caller,
        reason: str,
        *,
        unmask: bool = False,
    ) -> dict[UUID, dict[str, Any]]:
        """Return the identities of *ids*, masked unless *unmask*, and log each look in this transaction.

        Who is unknown or forgotten is left out. The transaction must not be read-only. Whether the caller
        may see these subjects, or see them unmasked, is for who calls this to decide.
        """
        _bounded(ids)
        async with self._as_vault(connection):
            rows = await connection.fetch(
                SQL.look, list(ids), caller.sub, caller.role, reason[:REASON_LENGTH_MAX], unmask
            )
        found = {row["subject_id"]: orjson.loads(row["data"]) for row in rows}
        return found if unmask else {subject: mask(data) for subject, data in found.items()}

    async def read(self, connection: Connection, ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
        """Return identities whole and unlogged, for the service's own comparing: none may leave it."""
        _bounded(ids)
        async with self._as_vault(connection):
            rows = await connection.fetch(SQL.look_unlogged, list(ids))
        return {row["subject_id"]: orjson.loads(row["data"]) for row in rows}

    async def looks_at(self, connection: Connection, subject: UUID) -> list[dict[str, Any]]:
        """Return the latest LOOKS_MAX looks at *subject*, the newest first."""
        async with self._as_vault(connection):
            rows = await connection.fetch(SQL.looks_at, subject, LOOKS_MAX)
        return [dict(row) for row in rows]

    async def forget(self, connection: Connection, subject: UUID) -> bool:
        """Delete who *subject* is and put it on the forget list; return whether anything was there."""
        return await self.apply_forgotten(connection, (subject,)) > 0

    async def apply_forgotten(self, connection: Connection, also: Sequence[UUID] = ()) -> int:
        """Delete whoever is on the forget list or in *also*, a list kept outside; return how many were there.

        It is run after every restore.
        """
        async with self._as_vault(connection):
            await connection.execute(SQL.note_forgotten, list(also))
            return len(await connection.fetch(SQL.delete_forgotten))

    async def forgotten(self, connection: Connection) -> list[UUID]:
        """Return the forget list, so that it can be kept where no restore turns it back."""
        async with self._as_vault(connection):
            return [row["subject_id"] for row in await connection.fetch(SQL.forgotten)]

    @asynccontextmanager
    async def _as_vault(self, connection: Connection) -> AsyncIterator[None]:
        if not connection.is_in_transaction():
            raise RuntimeError("the vault is opened inside a transaction, so that its role ends with it")
        await connection.execute(SQL.take_role, self._role)
        yield
        # Only after success: a failed transaction, or its savepoint, takes the role back by itself.
        await connection.execute(SQL.take_role, "none")

    def _digest(self, domain: str, parts: Sequence[str]) -> bytes:
        message = b"".join(
            len(part).to_bytes(4, "big") + part for part in (p.encode() for p in ("kith", domain, *parts))
        )
        return hmac.new(self._secret, message, hashlib.sha256).digest()


def _bounded(rows: Sequence[object]) -> None:
    if len(rows) > ROWS_MAX:
        raise ValueError(f"the vault takes at most {ROWS_MAX} subjects at once: split the call")
