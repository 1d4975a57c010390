"""Every name on the bus: streams, subjects, durables, doorbells, questions."""

SERVICES = ("registry", "pairing", "contact", "reporting")


def stream_of(service: str) -> str:
    """Return the JetStream stream that holds what *service* says."""
    return f"KITH_{service.upper()}"


def subjects_of(service: str) -> str:
    """Return the subjects that *service* alone may publish: every county, township and event type."""
    return f"kith.*.*.{service}.>"


def doorbell_of(service: str) -> str:
    """Return the core subject that is rung after a commit; losing a ring is harmless."""
    return f"bell.kith.{service}"


def question_subject(service: str, question: str) -> str:
    """Return the core subject on which *service* answers *question*; no stream captures it."""
    return f"ask.kith.{service}.{question}"
