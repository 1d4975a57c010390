"""`python -m benchmarks.probe reporting`: the service as it is, and beside it a route with one indexed SELECT."""

import importlib
import sys
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from shared.service import serve

SELECT = "SELECT event_type, area, version FROM kept.received WHERE arrival = $1"


def reporting() -> FastAPI:
    """Return reporting's app with the route /bench/select?arrival=."""
    return probed("reporting")


def probed(service: str) -> FastAPI:
    """Return the app of *service* with the route beside."""
    app: FastAPI = importlib.import_module(f"services.{service}.app").create()

    async def select(request: Request) -> JSONResponse:
        arrival = int(request.query_params["arrival"])
        row: Any = await app.state.running.pool.fetchrow(SELECT, arrival)
        return JSONResponse(dict(row))

    # Found first, as what is asked for most is: the limit waits for no route before it.
    app.router.routes.insert(0, Route("/bench/select", select))
    return app


if __name__ == "__main__":
    name = sys.argv[1]
    serve("benchmarks.probe:reporting" if name == "reporting" else f"services.{name}.app:create")
