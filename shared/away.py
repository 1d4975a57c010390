"""Failures of the database that pass by themselves and say nothing about what was asked."""

import asyncpg

LOST_RACE = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
)
"""The same again has a good chance."""

DATABASE_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.IdleInTransactionSessionTimeoutError,  # this process, or the way to the database, stood still
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg calls an answer that was cut off at an unlucky byte
    OSError,
)
"""It has to come back first: TimeoutError and ConnectionError are OSErrors."""
