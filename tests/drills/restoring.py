"""The drill of a disaster: everything is lost while people work, and brought back to a moment from a backup."""

import json
import time
from datetime import timedelta

from kith.deployment import Deployment
from kith.embedded.spawning import wait_until
from kith.signing import issue_token
from shared import clock
from shared.tokens import Role
from tests.containers.engine import run
from tests.containers.stack import Stack
from tests.drills.at_work import AtWork, small_county_at_work
from tests.drills.releases import WITH_BACKUP

LOST = ("postgres", "nats")
"""The volumes that are gone; the backups lie elsewhere."""
DONE_SECONDS_MAX = 120.0


def restored() -> None:
    """databases and streams lost, and brought back to a moment, while people work"""
    with small_county_at_work() as work:
        stack = work.stack
        work.pace.allow(0.3)
        stack.compose(*WITH_BACKUP, "run", "--rm", "backup", "make")
        work.work_on(0.5)
        moment = clock.now().isoformat()
        work.pace.allow(0.7)
        assert wait_until(lambda: work.pace.waiting, DONE_SECONDS_MAX)  # there is something to leave behind
        _archive_what_is_there(stack)
        work.pace.allow(0.9)
        _lose_everything(work)
        _bring_back(work, moment)
        work.pace.allow(0.9)


def _archive_what_is_there(stack: Stack) -> None:
    stack.compose(
        *("exec", "-T", "--user", "postgres", "postgres"),
        *("psql", "--username", "postgres", "--command", "SELECT pg_switch_wal()"),
    )


def _lose_everything(work: AtWork) -> None:
    runs, stack = work.clerk.runs, work.stack
    stack.compose(*WITH_BACKUP, "--profile", "backup", "down", "--timeout", "20")
    for volume in LOST:
        run("docker", "volume", "rm", f"{stack.settings['COMPOSE_PROJECT_NAME']}_{volume}")
    # The clerk sees that what was done is lost, and goes through the papers from the beginning.
    assert wait_until(lambda: work.clerk.runs > runs, DONE_SECONDS_MAX)
    work.pace.allow(0.0)  # nobody writes while it is brought back and compared


def _bring_back(work: AtWork, moment: str) -> None:
    stack, began = work.stack, time.monotonic()
    words = ("run", "--rm", "restore", "--time", moment, "--json")
    back = json.loads(stack.compose(*WITH_BACKUP, *words))
    assert sum(back["left_behind"].values()), "nothing was done after the moment"
    stack.compose("up", "--wait", "--pull", "never")
    took = time.monotonic() - began
    seconds_of_agreement = _reconcile(stack)
    left = ", ".join(f"{service} {events}" for service, events in back["left_behind"].items() if events)
    work.tell(
        f"restored to {moment} and ready in {took:.0f} s, logs, streams and readers compared in "
        f"{seconds_of_agreement:.0f} s; left behind, and done again: {left}"
    )


def _reconcile(stack: Stack) -> float:
    """See that logs, streams and readers agree, and return after how many seconds."""
    began = time.monotonic()
    county = Deployment(stack.data).county or ""
    token = issue_token(stack.data, "restoring", Role.OPERATOR, (county,), timedelta(hours=1)).token
    (stack.data / "secrets" / "restoring.token").write_text(token, encoding="ascii")
    told = stack.compose(*WITH_BACKUP, "run", "--rm", "reconcile", "--json")
    assert json.loads(told)["agrees"], told
    return time.monotonic() - began
