"""Whether a text is the address of a server: its scheme, its host and its port."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

HTTP = frozenset({"http", "https"})
BUS = frozenset({"nats", "tls"})
DATABASE = frozenset({"postgresql", "postgres"})

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_:-]|\.(?!\.)){0,252}|[0-9a-fA-F:.]+")


def is_address(told: str, schemes: Collection[str]) -> bool:
    """Return whether *told* is an address of one of *schemes*, with a host and without anything unprintable.

    Of the bus it may be several, separated by commas.
    """
    if schemes == BUS:
        return all(_is_one(one.strip(), schemes) for one in told.split(","))
    return _is_one(told, schemes)


def _is_one(told: str, schemes: Collection[str]) -> bool:
    try:
        parts = urlsplit(told)
        well_formed = parts.port is None or parts.port > 0
    except ValueError:
        return False
    names_host = _HOST.fullmatch(parts.hostname or "") or (schemes == DATABASE and "host=" in parts.query)
    return bool(
        well_formed and parts.scheme in schemes and names_host and told.isprintable() and " " not in told
    )
