"""The contact service, put together."""

import sys
from collections.abc import Sequence

from fastapi import APIRouter, FastAPI

from services.contact import api
from services.contact.domain.policy import PolicyFaulty
from services.contact.following import readers
from services.contact.policy_file import DEFAULTS, load_policy
from shared.running import Running
from shared.service import ServiceSpec, create_app
from shared.settings import EXIT_CONFIG


def routers(running: Running) -> Sequence[APIRouter]:
    """Return the routes under the county's policy; raises PolicyFaulty where it cannot be used."""
    return api.routers(load_policy(running.settings.policy_file))


MENDING = f"put right what is named, or begin anew with a copy of {DEFAULTS}, which says what each rule means"

SPEC = ServiceSpec(name="contact", routers=routers, readers=lambda running: readers(running.vault))


def create() -> FastAPI:
    """Return the app, with the settings of the environment; a faulty policy ends the process like a setting."""
    try:
        return create_app(SPEC)
    except PolicyFaulty as faulty:
        sys.stderr.write(f"the policy (KITH_POLICY_FILE) cannot be used: {faulty}\n{MENDING}\n")
        raise SystemExit(EXIT_CONFIG) from None
