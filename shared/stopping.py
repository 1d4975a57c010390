"""Stopping a task for certain, also where a library has swallowed its cancellation."""

import asyncio


def stop_if_cancelled() -> None:
    """Raise CancelledError in a task that was told to stop.

    Before Python 3.12 asyncio.wait_for drops a cancellation that meets its result, and the bus
    client waits by it; a loop that calls this each round stops all the same.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
