"""Everything that pairing answers over HTTP."""

from collections.abc import Sequence

from fastapi import APIRouter

from services.pairing.carers_api import carers_router
from services.pairing.pairs_api import pairs_router, suggestions_router, unpaired_router
from services.pairing.papers_api import day_router, papers_router
from shared.running import Running


def routers(running: Running) -> Sequence[APIRouter]:
    """Return the routers of the service."""
    return (
        carers_router(running),
        pairs_router(running),
        unpaired_router(),
        suggestions_router(running),
        papers_router(running),
        day_router(running),
    )
