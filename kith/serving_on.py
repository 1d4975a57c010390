"""Serving on until somebody stops it: what dies is started again, and Ctrl-C is the way it should end."""

from kith.console import Console
from kith.runtime import Runtime


def serve_until_stopped(runtime: Runtime, console: Console) -> None:
    """Watch over *runtime* until Ctrl-C or SIGTERM, and return; raises Failed where something dies too often."""
    console.say("until_ctrl_c")
    try:
        for restarted in runtime.watch():
            console.say("restarted", names=", ".join(restarted))
    except KeyboardInterrupt:
        console.say("stopping")
