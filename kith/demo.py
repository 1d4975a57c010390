"""The demonstration: the example county's year, then its dashboard."""

import shutil
from datetime import date
from pathlib import Path

from kith.deployment import Deployment
from kith.embedded.accounts import forget_home
from kith.embedded.locking import FolderLock
from kith.exits import Exit, Failed
from kith.opening import Open
from kith.papers import Papers
from kith.runtime import running
from kith.serving_on import serve_until_stopped
from kith.sign_in import sign_in_link
from kith.year import Year
from kith.year_report import tell_year

EXAMPLE = Path(__file__).parent.parent / "examples" / "qingxi"
MARKS = ("deployment.json", "ports.json", "secrets")


def demo_on(open_: Open, papers: Papers, filed_on: date, until: date) -> None:
    """Run the year of *papers*, tell its figures, and serve the dashboard until Ctrl-C."""
    console = open_.console
    console.say("demo_starting", folder=str(open_.deployment.data))
    with running(open_.deployment, "advanced") as runtime:
        tell_year(console, Year(open_.client, console, papers, filed_on, until).run())
        memory = runtime.megabytes()
        console.say("memory", memory=", ".join(f"{name} {mib:.0f} MiB" for name, mib in memory.items()))
        console.line("dashboard_at", link=sign_in_link(open_.deployment))
        serve_until_stopped(runtime, console)


def clean(deployment: Deployment) -> None:
    """Delete the data folder; raises Failed while it is in use, or where it does not look like one of Kith's."""
    data = deployment.data
    if not data.exists():
        return
    if not any((data / mark).exists() for mark in MARKS):
        raise Failed("not_a_data_folder", Exit.USAGE, folder=str(data))
    for name in ("kith", "postgres", "nats"):
        FolderLock(data, name).release()
    forget_home(data)
    shutil.rmtree(data)
