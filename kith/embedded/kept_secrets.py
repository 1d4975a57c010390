"""The secrets of one deployment, each made once and kept in DATA/secrets for nobody but its owner."""

import os
import secrets
from pathlib import Path

from kith.exits import Exit, Failed

VAULT_SECRET_BYTES = 32


def secrets_folder(data: Path) -> Path:
    """Return DATA/secrets, made for its owner alone."""
    folder = data / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def password(data: Path, role: str) -> str:
    """Return the password of *role* (of a database or of the bus) in this deployment."""
    return _kept(secrets_folder(data) / f"{role}.password", secrets.token_urlsafe(24))


def bus_password(data: Path, user: str) -> str:
    """Return the password of *user* of the bus in this deployment."""
    return password(data, f"nats-{user}")


def bus_password_file(data: Path, user: str) -> Path:
    """Return the file that keeps the password of *user* of the bus."""
    return secrets_folder(data) / f"nats-{user}.password"


def vault_secret_file(data: Path) -> Path:
    """Return the file of the secret that keys names and id numbers; losing it orphans every claim."""
    path = secrets_folder(data) / "vault.secret"
    _kept(path, secrets.token_hex(VAULT_SECRET_BYTES))
    return path


def write_once(path: Path, text: str) -> None:
    """Write *text* for its owner alone, unless *path* is there; a crash leaves nothing or the whole."""
    if path.exists():
        return
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(unfinished, path)
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()


def _kept(path: Path, made: str) -> str:
    """Return the secret in *path*, which is *made* where there was none; raises Failed where it is damaged."""
    write_once(path, made)
    try:
        kept = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as unreadable:
        why = type(unreadable).__name__
        raise Failed("secret_damaged", Exit.CONFIGURATION, file=str(path), why=why) from None
    if not kept or not kept.isprintable():
        raise Failed("secret_damaged", Exit.CONFIGURATION, file=str(path), why="no printable text")
    return kept
