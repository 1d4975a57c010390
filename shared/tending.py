"""Background work of a service: begun again when it fails, with a pause that grows, and said in the log."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog

from shared import clock
from shared.stopping import stop_if_cancelled

PAUSE_SECONDS_MIN = 0.5
PAUSE_SECONDS_MAX = 30.0
CALM_SECONDS = 60.0
"""Work that went well for so long is begun again at once when it fails."""

STOP_SECONDS_MAX = 8.0

log = structlog.get_logger()

Work = Callable[[], Awaitable[None]]


async def keep_going(task: str, work: Work) -> None:
    """Do *work* until cancelled; whenever it ends or fails, begin it again."""
    pause = PAUSE_SECONDS_MIN
    while True:
        began = clock.elapsed()
        try:
            await work()
        except Exception as failure:
            # Work that fails while it puts its things away was told to stop all the same.
            stop_if_cancelled()
            log.error("task_failed", task=task, seconds=round(pause, 1), exc_info=failure)  # noqa: TRY400 - with it
        if clock.elapsed() - began > CALM_SECONDS:
            pause = PAUSE_SECONDS_MIN
        await asyncio.sleep(pause)
        pause = min(pause * 2, PAUSE_SECONDS_MAX)


async def stop(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel *tasks* and wait until they have ended, at most STOP_SECONDS_MAX."""
    ending = {task for task in tasks if not task.done()}
    for task in ending:
        task.cancel()
    if not ending:
        return
    _, late = await asyncio.wait(ending, timeout=STOP_SECONDS_MAX)
    if late:
        log.error("tasks_left_behind", count=len(late))
