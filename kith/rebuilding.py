"""Rebuilding a projection of reporting, and waiting until it is swapped in."""

import time

from kith.client import Client, Json
from kith.console import Console
from kith.exits import Exit, Failed
from shared.tokens import Role

LOOK_SECONDS = 0.5
STANDSTILL_SECONDS_MAX = 120.0


def rebuild(client: Client, console: Console, projection: str) -> Json:
    """Have *projection* rebuilt and return its end; Ctrl-C only stops the waiting, the rebuild goes on.

    Raises Failed where it fails, or does not move for STANDSTILL_SECONDS_MAX.
    """
    path = f"/rebuild/{projection}"
    state = client.post("reporting", path, role=Role.OPERATOR)
    with console.progress("rebuilding", total=state["total"] or 1) as step:
        done, moved = 0, time.monotonic()
        while state["state"] not in {"done", "failed"}:
            time.sleep(LOOK_SECONDS)
            state = client.get("reporting", path, Role.OPERATOR)
            if state["done"] != done:
                step(state["done"] - done)
                done, moved = state["done"], time.monotonic()
            if time.monotonic() - moved > STANDSTILL_SECONDS_MAX:
                raise Failed("rebuild_failed", Exit.UNREACHABLE, projection=projection, error=state["state"])
    if state["state"] == "failed":
        raise Failed("rebuild_failed", Exit.REFUSED, projection=projection, error=state["error"])
    return state
