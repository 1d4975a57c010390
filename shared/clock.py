"""The clock: the only module that reads it, so that everything else is told what time it is."""

import time
from datetime import date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """Return this moment, aware, in Asia/Shanghai."""
    return datetime.now(SHANGHAI)  # noqa: TID251 - this is the module the rule names


def today_in_shanghai() -> date:
    """Return the day it is in Asia/Shanghai."""
    return now().date()


def elapsed() -> float:
    """Return seconds since some fixed moment, never going back: for waits and ages, not for dates."""
    return time.monotonic()
