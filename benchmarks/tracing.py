"""What traces cost a request: the doorway and an append's span, with traces on, beside the same with traces off."""

import time
from collections.abc import MutableMapping
from typing import Any
from uuid import UUID

from starlette.types import Receive, Scope, Send

from benchmarks.figure import Figure, Measured, in_turns
from shared.doorway import Doorway
from shared.metrics import Metrics
from shared.spans import Spans
from shared.tracing import OFF, Facts, Tracing, span

NOBODY = "http://127.0.0.1:9"
"""Where spans are sent: they are encoded, and nobody takes them."""
FACTS: Facts = {"db.system.name": "postgresql", "kith.events": 1}


async def tracing(requests: int, repetitions: int) -> list[Figure]:
    """Let *requests* pass with traces off, on but not kept, and kept."""
    dropped = Spans(NOBODY, 0.0, "bench", "0", UUID(int=1))
    kept = Spans(NOBODY, 1.0, "bench", "0", UUID(int=1))
    off, unkept, all_kept = await in_turns(
        repetitions, *(_passing(one, requests) for one in (OFF, dropped, kept))
    )
    for one in (dropped, kept):
        one.close()
    return [
        Figure(f"request, traces {name}", ours, off, "requests/s", None, _microseconds(ours, off))
        for name, ours in (("on, not kept", unkept), ("on and kept", all_kept))
    ]


def _microseconds(ours: float, off: float) -> str:
    return f"{(1 / ours - 1 / off) * 1e6:+.0f} µs beside traces off, which takes {1e6 / off:.0f} µs"


def _passing(tracing: Tracing, requests: int) -> Measured:
    doorway = Doorway(_appends, metrics=Metrics(), tracing=tracing, upload_bytes_max=1)
    scope = {"type": "http", "method": "POST", "path": "/children", "headers": []}

    async def measure() -> float:
        begun = time.perf_counter()
        for _ in range(requests):
            await doorway({**scope}, _nothing_comes, _taken)
        return requests / (time.perf_counter() - begun)

    return measure


async def _appends(_scope: Scope, _receive: Receive, send: Send) -> None:
    with span("append", "client", FACTS):
        await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _nothing_comes() -> MutableMapping[str, Any]:
    return {"type": "http.disconnect"}


async def _taken(_message: MutableMapping[str, Any]) -> None:
    return
