"""Whatever stands in a certificate, its key, or an authority's file: what is wrong is said in words."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kith.doctor.files import look_at_certificate
from kith.doctor.finding import Level
from kith.exits import Failed
from kith.trust import trusted
from shared.messages import Language, text
from tests.certificates import certify
from tests.fuzz.cases import cases
from tests.fuzz.scraps import NO_SENSE, in_place_of

CASES = cases(100)


@pytest.fixture
def tls(tmp_path: Path) -> Path:
    """Return a folder with a certificate that fits its key."""
    certify(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["certificate.pem", "key.pem"])
@CASES
@given(drawn=st.data())
def test_the_doctor_finds_a_changed_certificate_or_key_bad_or_sees_the_same(
    tls: Path, name: str, drawn: st.DataObject
) -> None:
    file = tls / name
    whole, mode = file.read_bytes(), file.stat().st_mode
    before = look_at_certificate(tls / "certificate.pem", tls / "key.pem")
    file.chmod(0o600)
    try:
        file.write_bytes(drawn.draw(in_place_of(whole)))
        found = look_at_certificate(tls / "certificate.pem", tls / "key.pem")
    finally:
        file.write_bytes(whole)
        file.chmod(mode)
    assert found == before or any(one.level is Level.BAD for one in found)
    for one in found:
        assert all(text(f"cli.{one.code}", language, **one.params) for language in Language)


@CASES
@given(drawn=st.data())
def test_an_authority_that_cannot_be_read_is_refused_by_its_file(
    tls: Path, monkeypatch: pytest.MonkeyPatch, drawn: st.DataObject
) -> None:
    file = tls / "certificate.pem"
    whole = file.read_bytes()
    monkeypatch.setenv("KITH_CA_FILE", str(file))
    refused: Failed | None = None
    try:
        file.write_bytes(drawn.draw(in_place_of(whole)))
        authorities = trusted().get_ca_certs()
    except Failed as failed:
        refused = failed
    finally:
        file.write_bytes(whole)
    if refused is None:
        assert authorities
    else:
        assert str(file) in text(f"cli.{refused.code}", Language.ZH, **refused.params)


@pytest.mark.parametrize("content", NO_SENSE)
def test_what_makes_no_sense_is_neither_a_certificate_nor_an_authority(
    tls: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    file = tls / "certificate.pem"
    file.write_bytes(content)
    assert [one.level for one in look_at_certificate(file, tls / "key.pem")] == [Level.BAD]
    monkeypatch.setenv("KITH_CA_FILE", str(file))
    with pytest.raises(Failed):
        trusted()
