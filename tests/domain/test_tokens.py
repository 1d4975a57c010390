"""Tokens: who they speak for, and each way in which they prove nothing."""

import base64
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey
from pydantic import ValidationError

from shared import tokens
from shared.tokens import (
    ALGORITHM,
    CLOCK_SKEW_SECONDS,
    ROLE_PERMISSIONS,
    Caller,
    Permission,
    Role,
    TokenRefused,
    Verifier,
    issue,
    new_signing_key,
    public_jwks,
)

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOKEN_ID = UUID("3c1f4a6e-8f0e-5d47-9c06-2f6f6a1d7b10")
KEY = new_signing_key("first")


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    path.write_text(public_jwks(KEY))
    return path


def token(key: OKPKey = KEY, *, areas: tuple[str, ...] = ("431299200",)) -> str:
    return issue(
        key,
        sub="township-1",
        role=Role.TOWNSHIP,
        areas=areas,
        token_id=TOKEN_ID,
        issued=NOON,
        lifetime=HOUR,
    )


def signed(claims: dict[str, Any], **header: str) -> str:
    return jwt.encode({"alg": ALGORITHM, "kid": "first", **header}, claims, KEY, algorithms=[ALGORITHM])


def refusal(verifier: Verifier, presented: str, moment: datetime = NOON) -> str:
    with pytest.raises(TokenRefused) as refused:
        verifier.verify(presented, moment)
    return refused.value.code


CLAIMS: dict[str, Any] = {
    "sub": "township-1",
    "role": "township",
    "areas": ["431299200"],
    "iat": int(NOON.timestamp()),
    "exp": int((NOON + HOUR).timestamp()),
    "jti": str(TOKEN_ID),
}


def test_a_token_speaks_for_its_caller(keys_file: Path) -> None:
    expected = Caller("township-1", Role.TOWNSHIP, ("431299200",), str(TOKEN_ID))
    assert Verifier(keys_file).verify(token(), NOON) == expected


def test_a_token_holds_from_its_issue_to_its_end_by_either_clock(keys_file: Path) -> None:
    verifier, skew = Verifier(keys_file), timedelta(seconds=CLOCK_SKEW_SECONDS)
    assert verifier.verify(token(), NOON - skew)
    assert verifier.verify(token(), NOON + HOUR)
    assert refusal(verifier, token(), NOON + HOUR + skew) == "token_expired"
    assert refusal(verifier, token(), NOON - skew - timedelta(seconds=1)) == "token_not_yet_valid"


def test_a_token_of_another_key_is_refused(keys_file: Path) -> None:
    verifier = Verifier(keys_file)
    assert refusal(verifier, token(new_signing_key("second"))) == "token_unknown_key"
    assert refusal(verifier, token(new_signing_key("first"))) == "token_bad_signature"
    head, body, _ = token().split(".")
    assert (
        refusal(verifier, f"{head}.{body}.{token(areas=('431299',)).split('.')[2]}") == "token_bad_signature"
    )


def test_during_a_rotation_both_keys_hold(keys_file: Path) -> None:
    second = new_signing_key("second")
    keys_file.write_text(public_jwks(KEY, second))
    verifier = Verifier(keys_file)
    assert verifier.verify(token(), NOON)
    assert verifier.verify(token(second), NOON)


def test_changed_files_are_read_again_and_broken_ones_change_nothing(
    keys_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "RELOAD_SECONDS", 0.0)
    revoked = tmp_path / "revoked.json"
    revoked.write_text("[]")
    verifier = Verifier(keys_file, revoked)
    assert verifier.verify(token(), NOON)
    for content, later in (("{", 1), (json.dumps([str(TOKEN_ID)]), 2)):
        revoked.write_text(content)
        os.utime(revoked, (later, later))
        if content == "{":
            assert verifier.verify(token(), NOON)
    assert refusal(verifier, token()) == "token_revoked"
    revoked.unlink()
    assert refusal(verifier, token()) == "token_revoked"


@pytest.mark.parametrize(
    "presented",
    ["", "nonsense", "a.b.c", "é.é.é", "x" * 5000, token()[:-10], token().replace(".", "", 1)],
)
def test_what_is_no_token_is_malformed(keys_file: Path, presented: str) -> None:
    assert refusal(Verifier(keys_file), presented) in {"token_malformed", "token_bad_signature"}


@pytest.mark.parametrize(
    "change",
    [
        {"role": "emperor"},
        {"areas": ["43"]},
        {"areas": "431299200"},
        {"exp": "tomorrow"},
        {"sub": ""},
        {"sub": "王小兰"},
        {"jti": None},
    ],
)
def test_a_claim_that_is_not_well_formed_makes_a_token_malformed(
    keys_file: Path, change: dict[str, Any]
) -> None:
    assert refusal(Verifier(keys_file), signed({**CLAIMS, **change})) == "token_malformed"


def test_a_token_without_areas_is_refused(keys_file: Path) -> None:
    assert refusal(Verifier(keys_file), signed({**CLAIMS, "areas": []})) == "token_without_areas"


def test_no_other_algorithm_is_taken(keys_file: Path) -> None:
    unsigned = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "none", "kid": "first"}, CLAIMS)
    )
    assert refusal(Verifier(keys_file), f"{unsigned}.") == "token_malformed"
    shared_secret = OctKey.import_key(keys_file.read_bytes())
    confused = jwt.encode({"alg": "HS256", "kid": "first"}, CLAIMS, shared_secret, algorithms=["HS256"])
    assert refusal(Verifier(keys_file), confused) == "token_malformed"


def test_a_token_with_an_impossible_claim_is_not_issued() -> None:
    with pytest.raises(ValidationError):
        token(areas=("43",))


def test_files_that_are_no_keys_stop_a_service_at_its_start(tmp_path: Path) -> None:
    wrong = tmp_path / "keys.json"
    for content in ("{}", "[]", '{"keys": []}', "nonsense"):
        wrong.write_text(content)
        with pytest.raises(ValueError, match=r"JWKS|JSON|Expecting|key"):
            Verifier(wrong)


def test_an_area_covers_what_lies_inside_it_and_nothing_else() -> None:
    caller = Caller("x", Role.VILLAGE, ("431299200", "431299201003"), "t")
    assert caller.covers("431299200")
    assert caller.covers("431299200001")
    assert caller.covers("431299201003")
    assert not caller.covers("431299201")
    assert not caller.covers("431299")
    assert not Caller("x", Role.VILLAGE, (), "t").covers("431299")


def test_who_asks_about_an_area_is_seen_as_having_those_that_hold_it_and_no_others() -> None:
    caller = Caller("x", Role.COUNTY, ("431299", "431299200", "520103"), "t")
    assert caller.asking_about("431299200001") == Caller("x", Role.COUNTY, ("431299", "431299200"), "t")
    assert caller.asking_about("520103") == Caller("x", Role.COUNTY, ("520103",), "t")
    assert caller.asking_about("520102").areas == ()
    assert caller.asking_about("43").areas == ()


def test_a_role_may_do_its_own_work_and_no_more() -> None:
    assert Permission.OPERATE not in ROLE_PERMISSIONS[Role.COUNTY]
    assert ROLE_PERMISSIONS[Role.OPERATOR] == {Permission.OPERATE, Permission.ADVANCE}
    assert ROLE_PERMISSIONS[Role.TEACHER] == {Permission.READ, Permission.RECORD}
    assert set(ROLE_PERMISSIONS) == set(Role)
