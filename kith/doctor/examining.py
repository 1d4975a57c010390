"""The examination: every look at once, each bounded in time, what does not answer told as away."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from kith.doctor import backups, bus, databases, disks, files, services
from kith.doctor.finding import Check, Finding, Level, bad
from kith.doctor.place import Place

CHECK_SECONDS_MAX = 15.0
"""The longest that one look may take; all are taken at once, so the whole takes no longer."""


async def examine(place: Place) -> list[Finding]:
    """Return all findings about *place*, the worst first; within CHECK_SECONDS_MAX, whatever is away."""
    looks = _looks(place)
    taken = await asyncio.gather(*(_bounded(name, look) for name, look in looks.items()))
    order = [Level.BAD, Level.WARNING, Level.WELL]
    return sorted((finding for found in taken for finding in found), key=lambda one: order.index(one.level))


def _looks(place: Place) -> Mapping[str, Check]:
    looks: dict[str, Check] = {"folders": _at_once(lambda: disks.look_at_disks(place.folders))}
    if (secrets := place.secrets) is not None:
        looks["secrets"] = _at_once(lambda: files.look_at_secrets(secrets))
    if (certificate := place.certificate) is not None:
        looks["certificate"] = _at_once(lambda: files.look_at_certificate(certificate, place.key))
    if (repository := place.backups) is not None:
        looks["backups"] = _at_once(lambda: backups.look_at_backups(repository))
    first = next(iter(place.databases.values()))
    looks["PostgreSQL"] = lambda: databases.look_at_server(first)
    looks["NATS"] = lambda: bus.look_at_bus(place.bus)
    for service in place.databases:
        looks[f"kith_{service}"] = _of(databases.look_at_schema, service, place.databases[service])
        looks[f"readers of {service}"] = _of(databases.look_at_readers, service, place.databases)
        looks[service] = _of(services.look_at_service, service, place.services[service])
    return looks


def _of(look: Callable[..., Awaitable[list[Finding]]], *arguments: object) -> Check:
    return lambda: look(*arguments)


def _at_once(look: Callable[[], list[Finding]]) -> Check:
    async def looked() -> list[Finding]:
        return await asyncio.to_thread(look)

    return looked


async def _bounded(name: str, look: Check) -> list[Finding]:
    try:
        async with asyncio.timeout(CHECK_SECONDS_MAX):
            return await look()
    except Exception as failure:  # noqa: BLE001 - a doctor tells what is ill, whatever it is
        return [bad("doctor_away", name, why=str(failure) or type(failure).__name__)]
