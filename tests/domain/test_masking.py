"""How identities look to whom they are no business of."""

from datetime import date

import pytest

from shared.masking import mask, mask_citizen_id, mask_name, mask_phone
from shared.vault import Vault, WeakSecret

VAULT = Vault(b"a secret that is for tests alone, and long enough", "registry")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("王小明", "王*明"),
        ("王明", "王*"),
        ("欧阳小明", "欧**明"),
        ("王", "*"),
        ("", ""),
        ("阿依古丽·买买提", "阿******提"),
    ],
)
def test_a_name_keeps_its_ends(name: str, shown: str) -> None:
    assert mask_name(name) == shown


def test_numbers_keep_their_ends_and_short_ones_nothing() -> None:
    assert mask_citizen_id("431299201503070996") == "4312**********0996"
    assert mask_citizen_id("4312") == "***"
    assert mask_phone("13900000134") == "139****0134"
    assert mask_phone("07451234567") == "074****4567"
    assert mask_phone("1234567") == "***"


def test_a_field_without_a_mask_of_its_own_is_hidden_whole() -> None:
    identity = {
        "name": "王小明",
        "father_name": "王大",
        "mother_phone": "13900000134",
        "address": "东村3号",
        "n": 5,
    }
    assert mask({**identity, "note": None, "home": ""}) == {
        "name": "王*明",
        "father_name": "王*",
        "mother_phone": "139****0134",
        "address": "***",
        "n": "***",
        "note": None,
        "home": "",
    }


def test_what_is_derived_is_the_same_again_and_tells_its_kind_apart() -> None:
    assert VAULT.keyed("东村小学") == VAULT.keyed("东村小学")
    assert len({VAULT.keyed("ab", "c"), VAULT.keyed("a", "bc"), VAULT.keyed("abc")}) == 3
    assert VAULT.claim_key("citizen_id", "x") != VAULT.claim_key("who", "x")
    assert VAULT.claim_key("citizen_id", "x").startswith("citizen_id:")
    assert VAULT.subject_id("child", "x") != VAULT.subject_id("carer", "x")
    assert VAULT.subject_id("child", "x").variant == "specified in RFC 4122"
    assert VAULT.subject_id("child", "x").version == 8


def test_ids_of_one_day_begin_with_it_and_those_of_a_later_day_come_behind_them() -> None:
    first, next_day = date(2026, 1, 1), date(2026, 1, 2)
    ids = [VAULT.subject_id("child", f"{n}", day=first) for n in range(50)]
    later = [VAULT.subject_id("child", f"{n}", day=next_day) for n in range(50)]
    assert {int(one.hex[:6], 16) for one in ids} == {first.toordinal()}
    assert max(ids) < min(later)
    assert len({one.hex[6:] for one in ids}) == 50
    assert {(one.version, one.variant) for one in ids} == {(8, "specified in RFC 4122")}
    assert VAULT.subject_id("child", "1", day=first) == ids[1]


def test_another_secret_derives_something_else() -> None:
    other = Vault(b"another secret for tests alone, long enough too", "registry")
    assert VAULT.subject_id("child", "x") != other.subject_id("child", "x")


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(WeakSecret):
        Vault(b"short", "registry")
