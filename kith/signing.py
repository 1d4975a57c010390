"""The deployment's signing key, the public keys services check with, and the list of revoked tokens."""

import json
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from joserfc.jwk import OKPKey
from pydantic import TypeAdapter

from kith.embedded.kept_secrets import secrets_folder, write_once
from kith.exits import Exit, Failed
from kith.kept_files import read_kept
from shared import clock
from shared.tokens import Jwk, Role, issue, new_signing_key, private_jwk, public_jwks, signing_key_of

PUBLIC = 0o644
LIFETIME_MAX = timedelta(days=366)

KEY = TypeAdapter(Jwk)
REVOKED = TypeAdapter(list[str])


@dataclass(frozen=True)
class Keys:
    """The files of one deployment that make and check tokens.

    What checks them is no secret, and changes under running services: it has a folder of its own, which a
    container can be given whole.
    """

    secrets: Path
    public: Path

    @property
    def signing_file(self) -> Path:
        return self.secrets / "signing-key.json"

    @property
    def public_file(self) -> Path:
        return self.public / "token-keys.json"

    @property
    def revoked_file(self) -> Path:
        return self.public / "revoked-tokens.json"

    def signing_key(self) -> OKPKey:
        """Return the key that signs tokens; raises Failed where its file is damaged."""
        kept = read_kept(self.signing_file, KEY)
        try:
            return signing_key_of(kept)
        except ValueError as wrong:
            file = str(self.signing_file)
            raise Failed("kept_file_damaged", Exit.CONFIGURATION, file=file, why=str(wrong)) from None


@dataclass(frozen=True)
class Issued:
    """A token and the id by which it can be revoked."""

    token: str
    token_id: str


def keys_of(data: Path) -> Keys:
    """Return the keys of a data folder, made on first use."""
    keys = Keys(secrets_folder(data), data / "tokens")
    keys.public.mkdir(mode=0o755, exist_ok=True)
    for file in (keys.public_file, keys.revoked_file):
        formerly = keys.secrets / file.name
        if formerly.exists():
            formerly.replace(file)
    if not keys.signing_file.exists():
        write_once(keys.signing_file, private_jwk(new_signing_key(f"kith-{clock.today_in_shanghai()}")))
    if not keys.public_file.exists():
        write_once(keys.public_file, public_jwks(keys.signing_key()))
    write_once(keys.revoked_file, "[]")
    for file in (keys.public_file, keys.revoked_file):
        file.chmod(PUBLIC)
    return keys


def issue_token(data: Path, sub: str, role: Role, areas: tuple[str, ...], lifetime: timedelta) -> Issued:
    """Return a token signed with the deployment's key.

    Raises pydantic's ValidationError where a name or an area is not well formed, ValueError where
    *lifetime* is longer than LIFETIME_MAX.
    """
    if not timedelta() < lifetime <= LIFETIME_MAX:
        raise ValueError("a token holds for at most a year")
    token_id = uuid.uuid4()  # noqa: TID251 - a token's id has no cause but the asking
    key = keys_of(data).signing_key()
    issued = clock.now()
    token = issue(key, sub=sub, role=role, areas=areas, token_id=token_id, issued=issued, lifetime=lifetime)
    return Issued(token, str(token_id))


def revoke_token(data: Path, token_id: str) -> bool:
    """Put *token_id* on the list that services look at every second; return False where it was there."""
    revoked_file = keys_of(data).revoked_file
    revoked = read_kept(revoked_file, REVOKED)
    if token_id in revoked:
        return False
    unfinished = revoked_file.with_suffix(".unfinished")
    unfinished.write_text(json.dumps([*revoked, token_id], indent=2) + "\n", encoding="ascii")
    unfinished.chmod(PUBLIC)
    unfinished.replace(revoked_file)
    return True
