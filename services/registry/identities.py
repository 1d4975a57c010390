"""How children are called, for who may know it: masked unless asked otherwise, and each look logged."""

from collections.abc import Sequence
from uuid import UUID

from shared.contracts.asks import Identity
from shared.event_store import Connection
from shared.problems import Forbidden, Refused
from shared.scope import narrow
from shared.sql import queries
from shared.tokens import Caller, Permission
from shared.vault import Vault

SQL = queries(__file__)


async def look_at(
    connection: Connection, vault: Vault, caller: Caller, ids: Sequence[UUID], reason: str, *, unmask: bool
) -> list[Identity]:
    """Return who *ids* are, of those in the caller's areas that were not forgotten.

    It runs in a transaction of its own, which it narrows to the caller's areas. Raises Forbidden where
    the caller may not see them whole, Refused(reason_missing) where no reason is given.
    """
    if unmask and not caller.may(Permission.UNMASK):
        raise Forbidden(Permission.UNMASK)
    if not reason.strip():
        raise Refused("reason_missing")
    await narrow(connection, caller)
    visible = [row["child_id"] for row in await connection.fetch(SQL.visible, list(ids))]
    kept = await vault.look(connection, visible, caller, reason, unmask=unmask)
    return [
        Identity(
            child_id=child_id,
            name=kept[child_id].get("name", ""),
            masked=not unmask,
            details={field: value for field, value in kept[child_id].items() if field != "name"},
        )
        for child_id in ids
        if child_id in kept
    ]
