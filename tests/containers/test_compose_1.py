"""The same file under Compose 1.29, which old servers have."""

import json
from typing import Any

import pytest

from kith.embedded.spawning import wait_until
from tests.containers.engine import run
from tests.containers.stack import COMPOSE_1, deployed

pytestmark = pytest.mark.timeout(900)

HEALTHY_SECONDS_MAX = 180


def test_compose_1_29_reads_the_file_and_starts_everything() -> None:
    assert run(*COMPOSE_1, "version", "--short").stdout.startswith("1.29")
    with deployed(COMPOSE_1) as stack:
        stack.compose("config", "--quiet")
        stack.compose("up", "--detach")

        def healthy() -> bool:
            state: dict[str, Any] = stack.inspected("gateway")["State"]
            return bool(state.get("Health", {"Status": "starting"})["Status"] == "healthy")

        assert wait_until(healthy, HEALTHY_SECONDS_MAX), stack.logs()
        states = json.loads(stack.kith("status", "--json").stdout)
        assert [state["answers"] for state in states] == [True] * 4
