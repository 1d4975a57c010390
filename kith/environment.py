"""What the environment of a command tells: addresses, secrets and a token, each checked before anything is asked."""

import os
import re
from collections.abc import Collection
from pathlib import Path

import httpx

from kith.exits import Exit, Failed
from shared.addresses import BUS, DATABASE, HTTP, is_address

EXAMPLES = {
    HTTP: "http://127.0.0.1:8080",
    BUS: "nats://127.0.0.1:4222",
    DATABASE: "postgresql://postgres@db:5432",
}

_TOKEN = re.compile(r"[A-Za-z0-9._=-]+")


def address_in(variable: str, schemes: frozenset[str]) -> str | None:
    """Return the address in *variable*, None where there is none; raises Failed where it is no address."""
    told = os.environ.get(variable)
    return checked(told, variable, schemes) if told else None


def checked(told: str, variable: str, schemes: frozenset[str]) -> str:
    """Return *told*, which *variable* names; raises Failed where it is no address. It may hold a password."""
    if not (is_address(told, schemes) and _can_be_asked(told, schemes)):
        example = EXAMPLES[schemes]
        raise Failed("address_not_well_formed", Exit.CONFIGURATION, variable=variable, example=example)
    return told


def secret_in(file: Path) -> str:
    """Return the secret that *file* holds; raises Failed where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as unreadable:
        why = getattr(unreadable, "strerror", None) or "no text"
        raise Failed("secret_unreadable", Exit.CONFIGURATION, file=str(file), why=why) from None


def given_token() -> str | None:
    """Return the token in KITH_TOKEN, or in the file that KITH_TOKEN_FILE names; raises Failed where it is none.

    An empty KITH_TOKEN is as if not told; an empty file is no token.
    """
    file = os.environ.get("KITH_TOKEN_FILE")
    if not file:
        told = os.environ.get("KITH_TOKEN", "").strip()
        return _token(told, "KITH_TOKEN") if told else None
    try:
        return _token(Path(file).read_text(encoding="ascii"), f"KITH_TOKEN_FILE ({file})")
    except (OSError, UnicodeDecodeError) as unreadable:
        why = getattr(unreadable, "strerror", None) or "no text"
        raise Failed("token_file_unreadable", Exit.CONFIGURATION, file=file, why=why) from unreadable


def _token(told: str, where: str) -> str:
    token = told.strip()
    if not _TOKEN.fullmatch(token):
        raise Failed("given_token_malformed", Exit.CONFIGURATION, where=where)
    return token


def _can_be_asked(told: str, schemes: Collection[str]) -> bool:
    if schemes != HTTP:
        return True
    try:
        return bool(httpx.URL(told).host)
    except httpx.InvalidURL:
        return False
