"""The registry as a service."""

from fastapi import FastAPI

from services.registry import api_areas, api_children, api_imports, api_judging
from services.registry.asks import questions
from shared.service import ServiceSpec, create_app

SPEC = ServiceSpec(
    name="registry",
    routers=lambda _running: (
        api_imports.router,
        api_areas.router,
        api_judging.router,
        api_children.router,
    ),
    answers=questions,
)


def create() -> FastAPI:
    """Return the registry's app, with the settings of the environment."""
    return create_app(SPEC)
