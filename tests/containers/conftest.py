"""One stack for all tests that only look at it, with the example county in it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from kith.demo import EXAMPLE
from kith.exits import Exit
from tests.containers.stack import Stack, running
from tests.crash.counties import CountyYear, example


@dataclass(frozen=True)
class Year:
    """What the example county's year on a stack told, and what is true."""

    told: dict[str, Any]
    true: CountyYear


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    with running() as stack:
        yield stack


@pytest.fixture(scope="session")
def year(stack: Stack) -> Year:
    """Run the example county's year through the gateway."""
    county = example()
    days = ("--filed-on", str(county.filed_on), "--until", str(county.until))
    done = stack.kith("year", "--elsewhere", "--papers", str(EXAMPLE), *days, "--json")
    assert done.returncode == Exit.OK, f"{done.stderr}\n{stack.logs()}"
    return Year(json.loads(done.stdout), county)
