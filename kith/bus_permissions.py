"""Who may say and hear what on the bus: each service has an account with its own stream and nobody else's."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kith.bus_imports import API, API_ELSEWHERE, May, consuming, exports, imports
from kith.bus_subscribers import account_of, reading
from kith.subscribers import Subscriber
from shared.subjects import (
    ASKED,
    SERVICES,
    SOURCES,
    doorbell_of,
    question_subject,
    reader_of,
    stream_of,
    subjects_of,
)

OPERATOR = "operator"
RESPONSES_MAX = 1
RESPONSE_SECONDS = 30

KITH = "KITH"
"""The account of the operator; each service and each subscriber has one of its own, with the name of its user."""


def accounts(password_of: Callable[[str], str], subscribers: Sequence[Subscriber] = ()) -> dict[str, Any]:
    """Return the `accounts` of a NATS configuration: every user with its password and its rights."""
    services = {service: _account_of(service, password_of(service), subscribers) for service in SERVICES}
    others = {each.user: account_of(each, password_of(each.user)) for each in subscribers}
    return services | {KITH: _account_of_the_operator(password_of(OPERATOR))} | others


def inbox_of(user: str) -> str:
    """Return the prefix of the inboxes of *user*: of several users of an account, none hears another's answers."""
    return f"_INBOX_{user}"


def _account_of(service: str, password: str, subscribers: Sequence[Subscriber]) -> dict[str, Any]:
    """Return the account of *service*, with its stream in it.

    Others ask there what they need to read that stream, and questions; it asks the same in theirs. What a
    service writes as $JS.API leads to the account that has the stream.
    """
    abroad = {source: _reading(service, source) for source in SERVICES}
    asked_here = {other: _reading(other, service) for other in SERVICES}
    asked_here |= {each.user: reading(each, service) for each in subscribers}
    asked_here[KITH] = _operating(service)
    return {
        "jetstream": "enabled",
        "users": [_user_of(service, password, abroad)],
        "exports": exports(asked_here),
        "imports": [one for source, wanted in abroad.items() for one in imports(source, wanted)],
        "mappings": {
            one.subject: one.elsewhere
            for wanted in abroad.values()
            for one in wanted
            if one.elsewhere != one.subject
        },
    }


def _user_of(service: str, password: str, abroad: Mapping[str, Sequence[May]]) -> dict[str, Any]:
    """Return the user of *service*.

    It publishes its own events, makes its own stream and the consumers of those who read it, and asks
    *abroad* what its account imports. It deletes nothing and changes nothing that is there.
    """
    stream = stream_of(service)
    return {
        "user": service,
        "password": password,
        "permissions": {
            "publish": {
                "allow": [
                    subjects_of(service),
                    doorbell_of(service),
                    f"{API}.STREAM.INFO.{stream}",
                    f"{API}.STREAM.CREATE.{stream}",
                    f"{API}.STREAM.MSG.GET.{stream}",
                    f"{API}.CONSUMER.INFO.{stream}.*",
                    f"{API}.CONSUMER.CREATE.{stream}.*",
                    *(one.elsewhere for wanted in abroad.values() for one in wanted),
                ]
            },
            "subscribe": {
                "allow": [f"{inbox_of(service)}.>", question_subject(service, "*"), doorbell_of(service)]
            },
            "allow_responses": {"max": RESPONSES_MAX, "expires": f"{RESPONSE_SECONDS}s"},
        },
    }


def _reading(service: str, source: str) -> list[May]:
    """Return what *service* may ask in the account of *source*."""
    wanted = []
    if source in SOURCES[service]:
        stream = stream_of(source)
        wanted += [May(f"{API}.STREAM.INFO.{stream}"), May(f"{API}.STREAM.MSG.GET.{stream}")]
        wanted += consuming(source, reader_of(service, source))
    if source in ASKED[service]:
        wanted.append(May(question_subject(source, "*")))
    return wanted


def _account_of_the_operator(password: str) -> dict[str, Any]:
    """Return the account of the command line and of tests, which reach every stream from here."""
    return {
        "users": [
            {"user": OPERATOR, "password": password, "permissions": {"publish": ">", "subscribe": ">"}}
        ],
        "imports": [one for service in SERVICES for one in imports(service, _operating(service))],
        "mappings": {f"{API}.>": f"{API_ELSEWHERE}.>"},
    }


def _operating(service: str) -> list[May]:
    """Return what the operator may ask in the account of *service*: all that leads to its stream."""
    stream = stream_of(service)
    return [
        May(f"{API}.STREAM.*.{stream}"),
        May(f"{API}.STREAM.MSG.*.{stream}"),
        May(f"{API}.STREAM.LEADER.STEPDOWN.{stream}"),
        May(f"{API}.STREAM.PEER.REMOVE.{stream}"),
        May(f"{API}.DIRECT.GET.{stream}"),
        May(f"{API}.CONSUMER.*.{stream}"),
        May(f"{API}.CONSUMER.*.{stream}.>"),
        May(f"{API}.CONSUMER.DURABLE.CREATE.{stream}.*"),
        May(f"{API}.CONSUMER.LEADER.STEPDOWN.{stream}.*"),
        May(f"{API}.CONSUMER.MSG.NEXT.{stream}.*", "stream"),
        May(f"$JS.ACK.{stream}.>"),
        May(subjects_of(service)),
        May(question_subject(service, "*")),
    ]
