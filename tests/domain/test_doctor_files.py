"""What the doctor finds in folders and files: disks, secrets, a certificate, the age of backups."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from kith.deployment import deployment_of
from kith.doctor.clocks import skew_of
from kith.doctor.disks import look_at_disks
from kith.doctor.files import look_at_certificate, look_at_secrets
from kith.doctor.finding import Finding, Level
from kith.doctor.place import place_of
from kith.doctor.services import look_at_service
from kith.embedded.kept_secrets import secrets_folder
from kith.embedded.ports import kept_port
from kith.exits import Failed
from shared import clock
from shared.service import VERSION
from shared.subjects import SERVICES

GIB = 1024**3


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
    """Write a certificate into *folder*, and its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
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
    assert codes(look_at_certificate(file, tmp_path / "key.pem")) == [found]


def test_a_certificate_of_tomorrow_and_a_file_that_is_none_are_bad(tmp_path: Path) -> None:
    file = certificate(tmp_path, clock.now() + timedelta(days=1), clock.now() + timedelta(days=90))
    key = tmp_path / "key.pem"
    assert codes(look_at_certificate(file, key)) == [("doctor_certificate_early", Level.BAD)]
    file.write_text("not a certificate", encoding="ascii")
    assert codes(look_at_certificate(file, key)) == [("doctor_certificate_unreadable", Level.BAD)]


def test_a_key_that_is_missing_or_locked_or_of_another_certificate_is_bad(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    since, until = clock.now() - timedelta(days=1), clock.now() + timedelta(days=90)
    file, other = certificate(tmp_path, since, until), certificate(tmp_path / "other", since, until)
    well = ("doctor_certificate", Level.WELL)
    of_another = look_at_certificate(file, other.with_name("key.pem"))
    assert codes(of_another) == [well, ("doctor_key_of_another", Level.BAD)]
    missing = look_at_certificate(file, tmp_path / "nowhere.pem")
    assert codes(missing) == [well, ("doctor_key_unreadable", Level.BAD)]
    key = ec.generate_private_key(ec.SECP256R1())
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
    (tmp_path / "key.pem").write_bytes(locked)
    assert codes(look_at_certificate(file, tmp_path / "key.pem"))[1:] == [
        ("doctor_key_unreadable", Level.BAD)
    ]


def test_backups_beside_the_data_are_told(tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    found = codes(look_at_disks({"data": tmp_path, "backups": tmp_path / "backups"}))
    assert ("doctor_one_disk", Level.WARNING) in found


@pytest.mark.parametrize(
    ("total", "free", "found"),
    [
        (1000 * GIB, 40 * GIB, ("doctor_disk", Level.WELL)),  # four percent, and room for years
        (20 * GIB, 4 * GIB, ("doctor_disk", Level.WELL)),
        (20 * GIB, 2 * GIB, ("doctor_disk_low", Level.WARNING)),
        (20 * GIB, GIB - 1, ("doctor_disk_full", Level.BAD)),
        (20 * GIB, 0, ("doctor_disk_full", Level.BAD)),
    ],
)
def test_a_disk_is_told_before_it_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, total: int, free: int, found: tuple[str, Level]
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(total=total, free=free))
    assert codes(look_at_disks({"data": tmp_path})) == [found]


@pytest.mark.parametrize(
    ("seconds", "found"),
    [
        (0, ("doctor_clock", Level.WELL)),
        (-20, ("doctor_clock_off", Level.WARNING)),
        (20, ("doctor_clock_off", Level.WARNING)),
        (90, ("doctor_clock_wrong", Level.BAD)),
    ],
)
def test_clocks_that_differ_are_told_by_how_much(seconds: int, found: tuple[str, Level]) -> None:
    moment = clock.now()
    finding = skew_of("PostgreSQL", moment, moment + timedelta(seconds=seconds))
    assert (finding.code, finding.level) == found
    assert finding.params["seconds"] == pytest.approx(abs(seconds), abs=1)


@contextmanager
def saying(status: int, told: dict[str, Any]) -> Iterator[str]:
    """Serve one answer to every question; give the address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


PARTS = {
    "database": {"ok": True},
    "schema": {"ok": False, "why": "the schema is too old"},
    "bus": {"ok": False},
}


@pytest.mark.parametrize(
    ("status", "told", "found"),
    [
        (200, {"version": VERSION, "parts": {}}, [("doctor_service", Level.WELL)]),
        (
            200,
            {"version": "0.0.9", "parts": {}},
            [("doctor_service", Level.WELL), ("doctor_release_differs", Level.WARNING)],
        ),
        (503, {"version": VERSION, "parts": PARTS}, [("doctor_service_unready", Level.BAD)]),
        (502, {"code": "gateway_away"}, [("doctor_service_away", Level.BAD)]),
    ],
)
async def test_a_service_tells_whether_it_is_ready_and_of_which_release(
    status: int, told: dict[str, Any], found: list[tuple[str, Level]]
) -> None:
    with saying(status, told) as address:
        findings = await look_at_service("contact", address)
    assert codes(findings) == found
    if status == 503:
        assert findings[0].params["parts"] == "schema (the schema is too old), bus"


def test_the_doctor_makes_no_secret_that_is_missing(tmp_path: Path) -> None:
    for name in ("postgres", "nats", *SERVICES):
        kept_port(tmp_path, name)
    folder = secrets_folder(tmp_path)
    with pytest.raises(Failed, match="secret_unreadable"):
        place_of(deployment_of(tmp_path))
    assert list(folder.iterdir()) == []
