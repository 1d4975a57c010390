"""What one account of the bus may ask in another's, as the server's configuration says it.

Whoever may ask JetStream anything names the subject of the answer, and the server looks at no permission there.
An answer goes to the account that asked: where nobody else's streams are in it, it can reach none.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from shared.subjects import stream_of

API, API_ELSEWHERE = "$JS.API", "KITH.API"
"""The second is what asks in another account: under its own name, the account that asks would answer too."""


@dataclass(frozen=True)
class May:
    """A subject that may be asked in another account, and whether one answer comes or as many as were asked for."""

    subject: str
    answers: Literal["singleton", "stream"] = "singleton"

    @property
    def elsewhere(self) -> str:
        """Its name in the account that asks."""
        return self.subject.replace(API, API_ELSEWHERE, 1)


def consuming(service: str, consumer: str) -> list[May]:
    """Return what it takes to read the stream of *service* by a consumer that is there."""
    place = f"{stream_of(service)}.{consumer}"
    return [
        May(f"{API}.CONSUMER.INFO.{place}"),
        May(f"{API}.CONSUMER.RESET.{place}"),
        May(f"{API}.CONSUMER.MSG.NEXT.{place}", "stream"),
        May(f"$JS.ACK.{place}.>"),
    ]


def imports(source: str, wanted: Iterable[May]) -> list[dict[str, Any]]:
    """Return the `imports` of an account that asks *wanted* in the account *source*."""
    return [{"service": {"account": source, "subject": one.subject}, "to": one.elsewhere} for one in wanted]


def exports(wanted: Mapping[str, Sequence[May]]) -> list[dict[str, Any]]:
    """Return the `exports` of an account in which the accounts that are the keys ask what they want."""
    return [
        {"service": one.subject, "response_type": one.answers, "accounts": [*who]}
        for one, who in _together(wanted)
    ]


def _together(wanted: Mapping[str, Sequence[May]]) -> Iterator[tuple[May, list[str]]]:
    who: dict[May, list[str]] = {}
    for account, some in wanted.items():
        for one in some:
            who.setdefault(one, []).append(account)
    yield from who.items()
