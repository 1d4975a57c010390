"""Rebuilding a projection of reporting, and waiting until it is swapped in."""

import time

from kith.client import Client, Json
from kith.console import Console
from kith.exits import Exit, Failed
from shared.tokens import Role

LOOK_SECONDS = 0.5
BEGIN_LOOK_SECONDS = 0.05
START_SECONDS_MAX = 10.0
"""How long a rebuild may take to count what it has before it; with nothing to count it says zero."""
STANDSTILL_SECONDS_MAX = 120.0


def rebuild(client: Client, console: Console, projection: str) -> Json:
    """Have *projection* rebuilt and return its end; Ctrl-C only stops the waiting, the rebuild goes on.

    Raises Failed where it fails, or does not move for STANDSTILL_SECONDS_MAX.
    """
    path = f"/rebuild/{projection}"
    state = _begun(client, path)
    with console.progress("rebuilding", total=max(state["total"], 1)) as step:
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


def _begun(client: Client, path: str) -> Json:
    """Ask for the rebuild, and return its state once it says of how many events, at most START_SECONDS_MAX."""
    state = client.post("reporting", path, role=Role.OPERATOR)
    deadline = time.monotonic() + START_SECONDS_MAX
    while state["state"] in {"asked", "running"} and not state["total"] and time.monotonic() < deadline:
        time.sleep(BEGIN_LOOK_SECONDS)
        state = client.get("reporting", path, Role.OPERATOR)
    return state
