"""How much of chance a law is shown: bounded examples, the same ones in continuous integration."""

import os
from typing import Final

from hypothesis import HealthCheck, settings

IN_CI: Final = "CI" in os.environ
TIMES: Final = int(os.environ.get("KITH_LAW_TIMES", "1"))
"""How many times as many examples a longer run shows each law."""


def bounded(examples: int, steps: int = 50) -> settings:
    """Return settings for a law on real servers: no deadline, since the machine is shared."""
    return settings(
        max_examples=examples * TIMES,
        stateful_step_count=steps,
        deadline=None,
        derandomize=IN_CI and TIMES == 1,
        print_blob=True,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,  # each example takes a database of its own
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
        ],
    )
