"""The reporting service, put together."""

from fastapi import FastAPI

from services.reporting.api import json_routers
from services.reporting.figures_api import figures_router
from services.reporting.pages.changes import Changes
from services.reporting.pages.router import pages_router
from services.reporting.pages.sessions import problem_page
from services.reporting.readers import readers
from services.reporting.rebuilding import Rebuilding
from shared.service import ServiceSpec, create_app
from shared.settings import Settings


def spec() -> ServiceSpec:
    """Return what makes the service; its open pages and its rebuilds belong to one app."""
    changes, rebuilding = Changes(), Rebuilding()
    return ServiceSpec(
        name="reporting",
        # What is asked most is found first; lists and events have pages of the same addresses, which come before them.
        routers=lambda running: (
            figures_router(),
            pages_router(changes),
            *json_routers(running, rebuilding),
        ),
        readers=lambda _running: readers(),
        tasks=lambda running: {
            "changes": lambda: changes.look_for_ever(running.pool),
            "rebuild": lambda: rebuilding.rebuild_when_asked(running.pool),
        },
        vault=False,
        problem_page=problem_page,
    )


def create(settings: Settings | None = None) -> FastAPI:
    """Return the app, with the settings of the environment where none are given."""
    return create_app(spec(), settings)
