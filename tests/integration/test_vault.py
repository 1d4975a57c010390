"""The identity vault: apart from the service's own rights, masked, logged, and forgetting for good."""

from uuid import UUID, uuid5

import asyncpg
import pytest

from shared.event_store import Pool
from shared.tokens import Caller, Role
from shared.vault import Vault
from tests.conftest import ServicePools

VAULT = Vault(b"a secret that is for tests alone, and long enough", "registry")
SPACE = UUID("e6cf6e0e-0f5c-5a5f-9c35-6d2b1f3f5a11")
LAN, MING = uuid5(SPACE, "lan"), uuid5(SPACE, "ming")
LAN_IS = {
    "name": "王小兰",
    "id_number": "431299201503070017",
    "guardian_phone": "13900000134",
    "school": "东村小学",
}
CALLER = Caller("township-1", Role.TOWNSHIP, ("431299200",), "token")


@pytest.fixture
async def pool(service_pool: ServicePools) -> Pool:
    return await service_pool("registry")


async def test_a_service_reaches_its_vault_only_by_the_vaults_role(pool: Pool) -> None:
    async with pool.acquire() as connection:
        for reach in (
            "SELECT 1 FROM vault.identities",
            "DELETE FROM vault.looks",
            "SELECT 1 FROM vault.forgotten",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(reach)


async def test_an_identity_is_shown_masked_and_each_look_is_logged(pool: Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        assert (
            await VAULT.put(connection, [(LAN, {"name": "wrong"}), (MING, {"name": "王明"})]) == frozenset()
        )
        await VAULT.put(connection, [(LAN, LAN_IS)])
    async with pool.acquire() as connection, connection.transaction():
        masked = await VAULT.look(connection, [LAN, MING, SPACE], CALLER, "worklist")
        whole = await VAULT.look(connection, [LAN], CALLER, "home visit", unmask=True)
        looks = await VAULT.looks_at(connection, LAN)
        role = await connection.fetchval("SELECT current_user")
    assert masked == {
        LAN: {
            "name": "王*兰",
            "id_number": "4312**********0017",
            "guardian_phone": "139****0134",
            "school": "***",
        },
        MING: {"name": "王*"},
    }
    assert whole == {LAN: LAN_IS}
    assert [(look["reason"], look["unmasked"], look["caller"]) for look in looks] == [
        ("home visit", True, "township-1"),
        ("worklist", False, "township-1"),
    ]
    assert role == "registry"


async def test_who_was_forgotten_stays_forgotten_after_a_restore(pool: Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await VAULT.put(connection, [(LAN, LAN_IS), (MING, {"name": "王明"})])
        assert await VAULT.forget(connection, LAN)
        assert not await VAULT.forget(connection, LAN)
        assert await VAULT.put(connection, [(LAN, LAN_IS), (MING, {"name": "王明"})]) == {LAN}
        assert await VAULT.read(connection, [LAN, MING]) == {MING: {"name": "王明"}}
        listed = await VAULT.forgotten(connection)
        assert listed == [LAN]

    async with pool.acquire() as connection, connection.transaction():
        assert await VAULT.apply_forgotten(connection, [MING]) == 1
        assert await VAULT.forgotten(connection) == sorted([LAN, MING])
        assert await VAULT.read(connection, [LAN, MING]) == {}


async def test_a_failed_transaction_leaves_no_role_behind(pool: Pool) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(asyncpg.PostgresError):
            async with connection.transaction():
                await VAULT.put(connection, [(LAN, LAN_IS), (LAN, LAN_IS)])
        assert await connection.fetchval("SELECT current_user") == "registry"
        async with connection.transaction():
            with pytest.raises(asyncpg.PostgresError):
                async with connection.transaction():
                    await VAULT.put(connection, [(LAN, LAN_IS), (LAN, LAN_IS)])
            assert await connection.fetchval("SELECT current_user") == "registry"
        with pytest.raises(RuntimeError, match="transaction"):
            await VAULT.read(connection, [LAN])


async def test_a_look_cannot_go_unlogged_in_a_reading(pool: Pool) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            async with connection.transaction(readonly=True):
                await VAULT.look(connection, [LAN], CALLER, "worklist")
