"""Whether each service is of this release and says that it is ready, and if not, which part keeps it."""

from typing import Any

import httpx

from kith.doctor.finding import Finding, bad, doubtful, well
from shared.service import VERSION

ASK_SECONDS_MAX = 5.0


async def look_at_service(service: str, address: str) -> list[Finding]:
    """Return whether *service* is ready, and of this release."""
    async with httpx.AsyncClient(timeout=ASK_SECONDS_MAX, trust_env=False) as client:
        try:
            answer = await client.get(f"{address}/readyz")
        except httpx.TransportError as lost:
            return [bad("doctor_service_away", service, address=address, why=type(lost).__name__)]
    try:
        told = answer.json()
        late = _late(told["parts"])
    except (ValueError, KeyError, TypeError):
        return [bad("doctor_service_away", service, address=address, why=answer.status_code)]
    findings = [
        well("doctor_service", service)
        if answer.is_success
        else bad("doctor_service_unready", service, parts=", ".join(late))
    ]
    release = told.get("version", VERSION)  # a release before this one did not tell
    if release != VERSION:
        findings.append(doubtful("doctor_release_differs", service, version=release, ours=VERSION))
    return findings


def _late(parts: dict[str, dict[str, Any]]) -> list[str]:
    return [
        f"{name} ({part['why']})" if part.get("why") else name
        for name, part in parts.items()
        if not part["ok"]
    ]
