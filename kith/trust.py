"""Whose certificates the command line believes: well-known authorities, or the county's own that KITH_CA_FILE names."""

import os
import ssl

import httpx

from kith.exits import Exit, Failed


def trusted() -> ssl.SSLContext:
    """Return what HTTPS is checked by; raises Failed where the file that KITH_CA_FILE names holds no certificate."""
    told = os.environ.get("KITH_CA_FILE")
    if not told:
        return httpx.create_ssl_context(trust_env=False)
    try:
        return ssl.create_default_context(cafile=told)
    except OSError as fault:
        raise Failed("ca_file_unreadable", Exit.CONFIGURATION, file=told, why=str(fault)) from fault


def mistrust(failure: BaseException) -> str | None:
    """Return why a certificate was not believed where *failure* came of that, else None."""
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        cause = cause.__cause__ or cause.__context__
    return None
