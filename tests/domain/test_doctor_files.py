"""What the doctor finds in folders and files: disks, secrets, a certificate, the age of backups."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from kith.doctor.clocks import skew_of
from kith.doctor.disks import look_at_disks
from kith.doctor.files import look_at_certificate, look_at_secrets
from kith.doctor.finding import Finding, Level
from shared import clock


def codes(findings: list[Finding]) -> list[tuple[str, Level]]:
    return [(finding.code, finding.level) for finding in findings]


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    for name in ("vault.secret", "signing-key.json", "registry.password"):
        (folder / name).write_text("x", encoding="ascii")
        (folder / name).chmod(0o600)
    return folder


def test_secrets_closed_to_all_but_their_owner_are_well(secrets: Path) -> None:
    assert codes(look_at_secrets(secrets)) == [("doctor_secrets", Level.WELL)]


def test_files_that_containers_read_are_well_in_a_closed_folder(secrets: Path) -> None:
    (secrets / "registry.password").chmod(0o444)
    assert codes(look_at_secrets(secrets)) == [("doctor_secrets", Level.WELL)]


def test_a_folder_of_secrets_that_others_may_enter_is_bad(secrets: Path) -> None:
    secrets.chmod(0o755)
    assert codes(look_at_secrets(secrets)) == [("doctor_secrets_open", Level.BAD)]


@pytest.mark.parametrize(("name", "mode"), [("signing-key.json", 0o444), ("vault.secret", 0o606)])
def test_a_signing_key_others_read_and_a_secret_others_write_are_bad(
    secrets: Path, name: str, mode: int
) -> None:
    (secrets / name).chmod(mode)
    found = look_at_secrets(secrets)
    assert codes(found) == [("doctor_secret_file_open", Level.BAD)]
    assert found[0].params["names"] == name


def certificate(folder: Path, since: datetime, until: datetime) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kith.county.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(since)
        .not_valid_after(until)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(made.public_bytes(Encoding.PEM))
    return file


@pytest.mark.parametrize(
    ("days", "found"),
    [
        (90, ("doctor_certificate", Level.WELL)),
        (20, ("doctor_certificate_soon", Level.WARNING)),
        (3, ("doctor_certificate_late", Level.BAD)),
        (-1, ("doctor_certificate_late", Level.BAD)),
    ],
)
def test_a_certificate_is_told_before_it_runs_out(
    tmp_path: Path, days: int, found: tuple[str, Level]
) -> None:
    file = certificate(tmp_path, clock.now() - timedelta(days=60), clock.now() + timedelta(days=days))
    assert codes(look_at_certificate(file)) == [found]


def test_a_certificate_of_tomorrow_and_a_file_that_is_none_are_bad(tmp_path: Path) -> None:
    file = certificate(tmp_path, clock.now() + timedelta(days=1), clock.now() + timedelta(days=90))
    assert codes(look_at_certificate(file)) == [("doctor_certificate_early", Level.BAD)]
    file.write_text("not a certificate", encoding="ascii")
    assert codes(look_at_certificate(file)) == [("doctor_certificate_unreadable", Level.BAD)]


def test_backups_beside_the_data_are_told(tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    found = codes(look_at_disks({"data": tmp_path, "backups": tmp_path / "backups"}))
    assert ("doctor_one_disk", Level.WARNING) in found


@pytest.mark.parametrize(
    ("seconds", "level"), [(0, Level.WELL), (-20, Level.WARNING), (20, Level.WARNING), (90, Level.BAD)]
)
def test_clocks_that_differ_are_told_by_how_much(seconds: int, level: Level) -> None:
    moment = clock.now()
    finding = skew_of("PostgreSQL", moment, moment + timedelta(seconds=seconds))
    assert finding.level is level
    assert finding.params["seconds"] == pytest.approx(abs(seconds), abs=1)
