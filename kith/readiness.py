"""Asking a service of this container whether it is ready: the health check of compose."""

import http.client
import os
import sys

ASK_SECONDS_MAX = 4.0
READY = 200


def healthcheck(path: str = "/readyz") -> int:
    """Ask *path* of the service on KITH_HTTP_PORT; return 0 where it is ready, else tell why not and return 1."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", int(os.environ.get("KITH_HTTP_PORT", "8080")), timeout=ASK_SECONDS_MAX
    )
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        told = answer.read().decode()
    except (OSError, http.client.HTTPException) as lost:
        sys.stdout.write(f"does not answer: {lost}\n")
        return 1
    finally:
        connection.close()
    sys.stdout.write(f"{told}\n")
    return 0 if answer.status == READY else 1
