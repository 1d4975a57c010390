"""The forget lists of the vaults: read from any copy of the databases, and applied again after a restore."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal
from uuid import UUID

from pydantic import TypeAdapter

from kith.backup.cluster import Cluster
from kith.backup.repository import Repository
from kith.kept_files import read_backed_up
from shared.sql import queries

SQL = queries(__file__)

FILE = "forgotten.json"

VAULTS = ("registry", "pairing", "contact")
"""The services that keep a vault."""

ForgetLists = dict[str, list[str]]
"""Of each service, the ids of who was forgotten: they are derived, and tell nobody who it was."""

LISTS = TypeAdapter(dict[Literal["registry", "pairing", "contact"], list[UUID]])


async def forgotten_in(cluster: Cluster) -> ForgetLists:
    """Return the forget lists of a running cluster."""
    lists = {}
    for service in VAULTS:
        async with cluster.of(service) as connection:
            lists[service] = [row["subject"] for row in await connection.fetch(SQL.forgotten)]
    return lists


async def forget_again(cluster: Cluster, lists: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Apply *lists* to the vaults; return of each service how many were not on its list before."""
    new = {}
    for service in VAULTS:
        async with cluster.of(service) as connection:
            row = await connection.fetchrow(SQL.forget_again, list(lists.get(service, ())))
            assert row is not None  # noqa: S101 - two counts always come
            new[service] = row["listed"]
    return new


def joined(lists: Iterable[Mapping[str, Sequence[str]]]) -> ForgetLists:
    """Return who is on any of *lists*: a forgetting is never taken back."""
    everybody: dict[str, set[str]] = {service: set() for service in VAULTS}
    for one in lists:
        for service, subjects in one.items():
            everybody[service] |= set(subjects)
    return {service: sorted(subjects) for service, subjects in everybody.items()}


def known_lists(repository: Repository) -> ForgetLists:
    """Return who is on the list of any backup in *repository*."""
    kept = [path for path, _ in repository.backups() if (path / FILE).exists()]
    return joined(
        {service: [str(subject) for subject in subjects] for service, subjects in lists.items()}
        for lists in (read_backed_up(path, FILE, LISTS) for path in kept)
    )
