"""The pairing service, put together."""

from fastapi import FastAPI

from services.pairing.api import routers
from services.pairing.asks import carers_question
from services.pairing.from_registry import READER
from shared.service import ServiceSpec, create_app

SPEC = ServiceSpec(
    name="pairing",
    routers=routers,
    readers=lambda _running: (READER,),
    answers=lambda running: (carers_question(running),),
)


def create() -> FastAPI:
    """Return the app, with the settings of the environment."""
    return create_app(SPEC)
