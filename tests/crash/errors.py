"""What the services' logs say on level error, and which of it breaking things must bring about."""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.crash.checking import Clause
from tests.crash.deployment import House

DATABASE_AWAY = frozenset(
    {
        "AdminShutdownError",  # its postmaster was killed, and the others of its processes ended by themselves
        "CannotConnectNowError",  # it starts, or puts itself in order after a process of it was killed
        "ConnectionDoesNotExistError",  # it went in the middle of a query
        "ConnectionError",  # it went while a connection was made
        "ConnectionRefusedError",  # nobody listens
        "ConnectionResetError",  # the cable was reset
        "CrashShutdownError",  # another of its processes was killed
        "IdleInTransactionSessionTimeoutError",  # the service was frozen with a transaction open
        "InterfaceError",  # the connection was given up meanwhile
        "InternalClientError",  # an answer was cut off at an unlucky byte
        "TimeoutError",  # it is frozen, or its cable is held
    }
)
"""How a database shows that is killed, frozen or cut off; shared/away.py has the same as classes."""


@dataclass(frozen=True)
class Expected:
    """An error that may be told, and why: whatever is not expected is wrong."""

    event: str
    errors: Collection[str | None]
    """Their types, None for a line that bears none."""
    why: str
    logger: str | None = None
    module: str | None = None
    """The one that the line comes from."""

    def means(self, said: Mapping[str, Any]) -> bool:
        module = str(said.get("where")).partition(":")[0]
        return (
            said["event"] == self.event
            and said.get("error") in self.errors
            and self.logger in {None, said.get("logger")}
            and self.module in {None, module}
        )


EXPECTED = (
    Expected("task_failed", DATABASE_AWAY, "work that asks a database which is away is begun again"),
    Expected("answer_failed", DATABASE_AWAY, "the service that asked is told 503, and its caller asks again"),
    Expected(
        "library",
        {"ConnectionDoesNotExistError"},
        "a query whose asker had gone ends with its connection, and asyncio tells that nobody took its end",
        logger="asyncio",
    ),
    Expected(
        "library",
        {None},
        "a transaction whose connection broke while it ended counts as open when asyncpg takes the connection back",
        logger="asyncio",
        module="connection",
    ),
)


@dataclass(frozen=True)
class ToldErrors:
    """Every error that was told, in words, how often, and whether it was expected."""

    expected: Counter[str]
    unexpected: Counter[str]

    def clause(self) -> Clause:
        """Return that nobody told an error but those that breaking things must bring about."""
        wrong = [f"{times} times {told}" for told, times in self.unexpected.most_common()]
        return Clause(
            f"no error was told but {self.expected.total()} that breaking things brings about", wrong
        )


def told_errors(house: House) -> ToldErrors:
    """Return what the services' logs say on level error."""
    logs = sorted((house.deployment.data / "logs").glob("*-[0-9].jsonl*"))
    return told_in({log.name: log.read_text(encoding="utf-8", errors="replace") for log in logs})


def told_in(logs: Mapping[str, str]) -> ToldErrors:
    """Return what *logs* say on level error, by file; a line that is no JSON is an error too."""
    told = ToldErrors(Counter(), Counter())
    for name, written in logs.items():
        service = name.partition("-")[0]
        for line in written.splitlines():
            for words, was_expected in _told_error(line):
                (told.expected if was_expected else told.unexpected)[f"{service}: {words}"] += 1
    return told


def _told_error(line: str) -> Iterator[tuple[str, bool]]:
    try:
        said = json.loads(line)
    except ValueError:
        yield line[:100], False
        return
    if said.get("level") in {"error", "critical"}:
        names = ("event", "task", "question", "route", "logger", "where", "error")
        yield " ".join(str(said[name]) for name in names if said.get(name)), is_expected(said)


def is_expected(said: Mapping[str, Any]) -> bool:
    """Return whether breaking things must bring about what a line of a log says."""
    return said["level"] == "error" and any(one.means(said) for one in EXPECTED)
