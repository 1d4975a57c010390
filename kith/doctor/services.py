"""Whether each service says that it is ready, and if not, which part keeps it."""

import httpx

from kith.doctor.finding import Finding, bad, well

ASK_SECONDS_MAX = 5.0


async def look_at_service(service: str, address: str) -> list[Finding]:
    """Return whether *service* is ready."""
    async with httpx.AsyncClient(timeout=ASK_SECONDS_MAX, trust_env=False) as client:
        try:
            answer = await client.get(f"{address}/readyz")
        except httpx.TransportError as lost:
            return [bad("doctor_service_away", service, address=address, why=type(lost).__name__)]
    if answer.is_success:
        return [well("doctor_service", service)]
    try:
        parts = answer.json()["parts"]
    except (ValueError, KeyError):
        return [bad("doctor_service_away", service, address=address, why=answer.status_code)]
    late = [
        f"{name} ({part['why']})" if part.get("why") else name
        for name, part in parts.items()
        if not part["ok"]
    ]
    return [bad("doctor_service_unready", service, parts=", ".join(late))]
