"""Whether the clocks agree: tokens are checked, and days begin, by each machine's own."""

from datetime import datetime

from kith.doctor.finding import Finding, bad, doubtful, well
from shared import clock
from shared.tokens import CLOCK_SKEW_SECONDS

SKEW_SECONDS = 5.0


def skew_of(where: str, asked_at: datetime, answered: datetime) -> Finding:
    """Return how far a server's clock is from ours, taking the answer for the middle of the way there and back."""
    now = clock.now()
    seconds = round(abs((answered - (asked_at + (now - asked_at) / 2)).total_seconds()), 1)
    if seconds > CLOCK_SKEW_SECONDS:
        return bad("doctor_clock_wrong", where, seconds=seconds)
    if seconds > SKEW_SECONDS:
        return doubtful("doctor_clock_off", where, seconds=seconds)
    return well("doctor_clock", where, seconds=seconds)
