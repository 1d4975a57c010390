"""Files that must be closed, and the certificate that must not run out."""

import stat
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kith.doctor.finding import Finding, bad, doubtful, well
from shared import clock

WARN_DAYS, LATE_DAYS = 30, 7
OTHERS = stat.S_IRWXG | stat.S_IRWXO
NOBODY_ELSE = ("signing-key.json",)
"""What no container gets: closed by itself, not only by its folder."""


def look_at_secrets(folder: Path) -> list[Finding]:
    """Return whether the folder of secrets is closed to everybody but its owner, and whose the files are."""
    found = folder.stat()
    if stat.S_IMODE(found.st_mode) & OTHERS:
        mode = f"{stat.S_IMODE(found.st_mode):04o}"
        return [bad("doctor_secrets_open", str(folder), mode=mode)]
    files = [path for path in folder.rglob("*") if path.is_file()]
    wrong = [path.name for path in files if path.stat().st_uid != found.st_uid]
    wrong += [path.name for path in files if path.name in NOBODY_ELSE and path.stat().st_mode & OTHERS]
    wrong += [path.name for path in files if path.stat().st_mode & stat.S_IWOTH]
    if wrong:
        return [bad("doctor_secret_file_open", str(folder), names=", ".join(sorted({*wrong})))]
    return [well("doctor_secrets", str(folder), count=len(files))]


def look_at_certificate(file: Path, key_file: Path) -> list[Finding]:
    """Return how long the gateway's certificate still holds, and whether *key_file* is its key."""
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError) as unreadable:
        return [bad("doctor_certificate_unreadable", str(file), why=str(unreadable))]
    return [*_in_time(file, certificate), *_of_the_certificate(key_file, certificate)]


def _of_the_certificate(key_file: Path, certificate: x509.Certificate) -> list[Finding]:
    try:
        key = load_pem_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as unreadable:
        return [bad("doctor_key_unreadable", str(key_file), why=str(unreadable))]
    if key.public_key() != certificate.public_key():
        return [bad("doctor_key_of_another", str(key_file))]
    return []


def _in_time(file: Path, certificate: x509.Certificate) -> list[Finding]:
    left = certificate.not_valid_after_utc - clock.now()
    told = {"until": certificate.not_valid_after_utc.date(), "days": left.days}
    if certificate.not_valid_before_utc > clock.now():
        return [bad("doctor_certificate_early", str(file), since=certificate.not_valid_before_utc.date())]
    if left < timedelta(days=LATE_DAYS):
        return [bad("doctor_certificate_late", str(file), **told)]
    if left < timedelta(days=WARN_DAYS):
        return [doubtful("doctor_certificate_soon", str(file), **told)]
    return [well("doctor_certificate", str(file), **told)]
