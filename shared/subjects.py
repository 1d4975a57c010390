"""Every name on the bus: streams, subjects, durables, doorbells, questions, and who has to do with whom."""

from collections.abc import Mapping, Sequence

SERVICES = ("registry", "pairing", "contact", "reporting")

SOURCES: Mapping[str, Sequence[str]] = {
    "registry": (),
    "pairing": ("registry",),
    "contact": ("registry", "pairing"),
    "reporting": ("registry", "pairing", "contact"),
}
"""Whose events each service reads."""

ASKED: Mapping[str, Sequence[str]] = {
    "registry": (),
    "pairing": (),
    "contact": ("registry",),
    "reporting": ("registry", "pairing"),
}
"""Whom each service asks questions."""


def stream_of(service: str) -> str:
    """Return the JetStream stream that holds what *service* says."""
    return f"KITH_{service.upper()}"


def subjects_of(service: str) -> str:
    """Return the subjects that *service* alone may publish: every county, township and event type."""
    return f"kith.*.*.{service}.>"


def reader_of(service: str, source: str) -> str:
    """Return the reader in *service* of the events of *source*; its durable consumer has the same name."""
    return f"{service}-from-{source}"


def readers_of(source: str) -> list[str]:
    """Return every reader of the events of *source*."""
    return [reader_of(service, source) for service, sources in SOURCES.items() if source in sources]


def doorbell_of(service: str) -> str:
    """Return the core subject that is rung after a commit; losing a ring is harmless."""
    return f"bell.kith.{service}"


def question_subject(service: str, question: str) -> str:
    """Return the core subject on which *service* answers *question*; no stream captures it."""
    return f"ask.kith.{service}.{question}"
