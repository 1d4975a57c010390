"""How many cases a fuzz tries: the same ones each time, or as many times new ones as a longer run asks for."""

import os
from collections.abc import Sequence
from typing import Final

from hypothesis import HealthCheck, Phase, settings

TIMES: Final = int(os.environ.get("KITH_FUZZ_TIMES", "1"))
"""How many times the cases of a short run are to be tried, each time with new chance."""


def cases(examples: int, phases: Sequence[Phase] = tuple(Phase)) -> settings:
    """Return settings for so many cases in a short run: no deadline, since the machine is shared."""
    return settings(
        max_examples=examples * TIMES,
        derandomize=TIMES == 1,
        deadline=None,
        phases=phases,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
