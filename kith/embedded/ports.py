"""TCP ports on loopback that a data folder keeps, so that addresses stay the same from run to run."""

import json
import secrets
import socket
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from kith.kept_files import read_kept

LOOPBACK = "127.0.0.1"
ATTEMPTS_MAX = 50
PORTS = range(20_000, 32_000)
"""Below those that the kernel gives to outgoing connections (Linux: from 32768, others higher): a server that
was killed finds its port free again, not taken by a client that was just looking for it there."""
KEPT = TypeAdapter(dict[str, Annotated[int, Field(ge=1, le=65535)]])


def kept_port(data: Path, name: str) -> int:
    """Return the port *data* keeps for *name*: a new free one at first, or when another program has it."""
    kept = _read(data)
    port = kept.get(name)
    if port is None or not _is_free(port):
        port = _free_port(taken=set(kept.values()))
        kept[name] = port
        data.mkdir(parents=True, exist_ok=True)
        _file(data).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    return port


def known_port(data: Path, name: str) -> int | None:
    """Return the port *data* keeps for *name*, or None where nothing was ever started."""
    return _read(data).get(name)


def _file(data: Path) -> Path:
    return data / "ports.json"


def _read(data: Path) -> dict[str, int]:
    if not _file(data).exists():
        return {}
    return read_kept(_file(data), KEPT)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _free_port(taken: set[int]) -> int:
    for _ in range(ATTEMPTS_MAX):
        port = PORTS[secrets.randbelow(len(PORTS))]
        if port not in taken and _is_free(port):
            return port
    raise OSError("no free port on loopback")
