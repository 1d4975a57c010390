"""Who is calling: signed tokens with a role and areas, the keys that prove them, and how they end early."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache, partial
from os.path import commonprefix
from pathlib import Path
from typing import Annotated, Generic, TypeVar
from uuid import UUID

import structlog
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, OKPKey
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from shared import clock
from shared.contracts.event import AreaCode

log = structlog.get_logger(__name__)

Content = TypeVar("Content")

ALGORITHM = "Ed25519"
"""EdDSA by its name of RFC 9864; no other algorithm is accepted."""

CLOCK_SKEW_SECONDS = 60
"""How far the clocks of who issues and who checks may be apart."""

TOKEN_LENGTH_MAX = 4096
AREAS_MAX = 50
PROVEN_MAX = 1_000
"""Tokens whose signatures are not proven again while the file of keys stays the same."""
RELOAD_SECONDS = 1.0
"""A file of keys or of revoked tokens is looked at again at most this often."""


class Role(StrEnum):
    """Who a caller is in the care network, or beside it."""

    VILLAGE = "village"
    TEACHER = "teacher"
    TOWNSHIP = "township"
    COUNTY = "county"
    OPERATOR = "operator"
    SERVICE = "service"


class Permission(StrEnum):
    """What a caller may do."""

    READ = "read"
    RECORD = "record"
    MANAGE = "manage"
    IMPORT = "import"
    ADVANCE = "advance"
    OPERATE = "operate"
    UNMASK = "unmask"


_FIELD_WORK = frozenset({Permission.READ, Permission.RECORD})
_DESK_WORK = _FIELD_WORK | {Permission.MANAGE, Permission.IMPORT, Permission.UNMASK}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VILLAGE: _FIELD_WORK | {Permission.MANAGE, Permission.UNMASK},
    Role.TEACHER: _FIELD_WORK,
    Role.TOWNSHIP: _DESK_WORK,
    Role.COUNTY: _DESK_WORK | {Permission.ADVANCE},
    Role.OPERATOR: frozenset({Permission.OPERATE, Permission.ADVANCE}),
    Role.SERVICE: _FIELD_WORK | {Permission.IMPORT, Permission.ADVANCE},
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, and for which areas (prefixes of 6, 9 or 12 digits)."""

    sub: str
    role: Role
    areas: tuple[str, ...]
    token_id: str

    def may(self, permission: Permission) -> bool:
        """Return whether the caller's role has *permission*."""
        return permission in ROLE_PERMISSIONS[self.role]

    @property
    def areas_begin(self) -> str:
        """What the codes of all the caller's areas begin with, maybe nothing: the range of an index they lie in."""
        return commonprefix(self.areas)  # noqa: RUF071 - digits, compared one by one as meant

    def covers(self, area: str) -> bool:
        """Return whether *area* is one of the caller's areas or lies inside one."""
        return area.startswith(self.areas)

    def asking_about(self, area: str) -> "Caller":
        """Return the caller with only those of the areas that hold *area*: the others say nothing about it.

        Each row that is seen is compared with every area of who sees it.
        """
        return replace(self, areas=tuple(one for one in self.areas if area.startswith(one)))


class TokenRefused(Exception):
    """The token proves nothing; *code* says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Claims(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    sub: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,63}$")]
    role: Annotated[Role, Field(strict=False)]
    areas: list[AreaCode] = Field(max_length=AREAS_MAX)
    iat: int
    exp: int
    jti: Annotated[str, StringConstraints(min_length=1, max_length=64)]


Jwk = dict[str, str | list[str]]
"""A key as RFC 8037 writes it."""


class _KeyFile(BaseModel):
    keys: list[Jwk] = Field(min_length=1)


_TOKEN_IDS = TypeAdapter(list[str])


def new_signing_key(key_id: str) -> OKPKey:
    """Return a new Ed25519 key whose kid is *key_id*."""
    return OKPKey.generate_key("Ed25519", parameters={"kid": key_id, "use": "sig"})


def signing_key_of(jwk: Jwk) -> OKPKey:
    """Return the signing key in *jwk*; raises ValueError where it is no private Ed25519 key with a kid."""
    key = _ed25519(jwk)
    if not (key.is_private and key.kid):
        raise ValueError("no private Ed25519 key with a kid")
    return key


def private_jwk(key: OKPKey) -> str:
    """Return the signing key as JSON, for the file that only the issuer reads."""
    return json.dumps(key.as_dict(private=True))


def public_jwks(*keys: OKPKey) -> str:
    """Return the public halves as a JWKS; with the old and the new key in it, both kinds of token hold."""
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]})


def issue(
    key: OKPKey,
    *,
    sub: str,
    role: Role,
    areas: tuple[str, ...],
    token_id: UUID,
    issued: datetime,
    lifetime: timedelta,
) -> str:
    """Return a token signed with *key*; raises ValidationError where a claim is not well formed."""
    claims = _Claims(
        sub=sub,
        role=role,
        areas=list(areas),
        iat=int(issued.timestamp()),
        exp=int((issued + lifetime).timestamp()),
        jti=str(token_id),
    )
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid}, claims.model_dump(), key, algorithms=[ALGORITHM])


class Verifier:
    """Tells callers by their tokens; the files of keys and of revoked tokens may change while it works."""

    def __init__(self, keys_file: Path, revoked_file: Path | None = None) -> None:
        """Read both files at once; raises OSError or ValueError where one cannot be read."""
        self._prove = _Watched(keys_file, _prover)
        self._revoked = None if revoked_file is None else _Watched(revoked_file, _revoked_ids)

    def verify(self, token: str, moment: datetime) -> Caller:
        """Return who *token* speaks for at *moment*.

        Raises TokenRefused with token_malformed, token_unknown_key, token_bad_signature, token_expired,
        token_not_yet_valid, token_revoked or token_without_areas.
        """
        claims = self._prove.content()(token)
        seconds = moment.timestamp()
        if seconds >= claims.exp + CLOCK_SKEW_SECONDS:
            raise TokenRefused("token_expired")
        if seconds < claims.iat - CLOCK_SKEW_SECONDS:
            raise TokenRefused("token_not_yet_valid")
        if self._revoked is not None and claims.jti in self._revoked.content():
            raise TokenRefused("token_revoked")
        if not claims.areas:
            raise TokenRefused("token_without_areas")
        return Caller(claims.sub, claims.role, tuple(claims.areas), claims.jti)


def _claims(keys: KeySet, token: str) -> _Claims:
    if len(token) > TOKEN_LENGTH_MAX:
        raise TokenRefused("token_malformed")
    try:
        decoded = jwt.decode(token, keys, algorithms=[ALGORITHM])
        if "kid" not in decoded.header:
            raise TokenRefused("token_unknown_key")
        return _Claims.model_validate(decoded.claims)
    except InvalidKeyIdError:
        raise TokenRefused("token_unknown_key") from None
    except BadSignatureError:
        raise TokenRefused("token_bad_signature") from None
    except (JoseError, ValidationError, ValueError, TypeError):
        raise TokenRefused("token_malformed") from None


class _Watched(Generic[Content]):
    """A file that is read again when it changes; while it cannot be read, what was last read holds."""

    def __init__(self, path: Path, read: Callable[[str], Content]) -> None:
        self._path = path
        self._read = read
        self._changed = path.stat().st_mtime_ns
        self._content = read(path.read_text(encoding="utf-8"))
        self._looked = clock.elapsed()

    def content(self) -> Content:
        if clock.elapsed() - self._looked >= RELOAD_SECONDS:
            self._looked = clock.elapsed()
            self._look_again()
        return self._content

    def _look_again(self) -> None:
        try:
            changed = self._path.stat().st_mtime_ns
            if changed != self._changed:
                self._content = self._read(self._path.read_text(encoding="utf-8"))
                self._changed = changed
        except (OSError, ValueError) as unreadable:
            log.warning("token_file_unreadable", error=type(unreadable).__name__)


def _prover(content: str) -> Callable[[str], _Claims]:
    """Return what proves tokens by these keys, each once."""
    return lru_cache(PROVEN_MAX)(partial(_claims, _key_set(content)))


def _key_set(content: str) -> KeySet:
    try:
        return KeySet([_ed25519(jwk) for jwk in _KeyFile.model_validate_json(content).keys])
    except ValueError:
        raise ValueError("a file of token keys is a JWKS with at least one Ed25519 key") from None


def _revoked_ids(content: str) -> frozenset[str]:
    try:
        return frozenset(_TOKEN_IDS.validate_json(content))
    except ValidationError:
        raise ValueError("a file of revoked tokens is a JSON list of token ids") from None


def _ed25519(jwk: Jwk) -> OKPKey:
    """Return the key that *jwk* is; raises ValueError where it is none, or no Ed25519 key."""
    if (jwk.get("kty"), jwk.get("crv")) != ("OKP", "Ed25519"):
        raise ValueError("no Ed25519 key")
    try:
        key = OKPKey.import_key(jwk)
        key.public_key  # noqa: B018 - what stands in it is read only when it is used
    except (JoseError, TypeError, KeyError) as wrong:
        raise ValueError("no Ed25519 key") from wrong
    return key
