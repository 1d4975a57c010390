"""Every file of a data folder and of a backup that a hand or a bad disk may have changed: read, or refused."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kith.backup.base_files import bytes_of, check_files, system_identifier_of
from kith.backup.facts import bring_facts
from kith.backup.forget_lists import known_lists
from kith.backup.manifest import SUMMED, SUMS, Manifest, check_sums, read_manifest
from kith.backup.repository import Repository, found_at
from kith.deployment import deployment_of
from kith.embedded.kept_secrets import password, vault_secret_file
from kith.embedded.ports import kept_port, known_port
from kith.exits import Failed
from kith.signing import issue_token, keys_of, revoke_token
from kith.subscribers import keep_subscribers, subscriber_of, subscribers_of
from shared.messages import Language, text
from shared.tokens import Role, TokenRefused, Verifier
from tests.fuzz.cases import cases
from tests.fuzz.scraps import NO_SENSE, in_place_of

CASES = cases(60)
DAY, NOON = date(2026, 3, 1), datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Kept:
    """A file that Kith wrote, and everything that reads it; *plain* text is all that some must be."""

    name: str
    read: Callable[[Path], object]
    plain: bool = False


def token(data: Path) -> str:
    return issue_token(data, "li.min", Role.COUNTY, ("431299",), timedelta(days=1)).token


OF_DATA = (
    Kept("deployment.json", lambda data: deployment_of(data).facts),
    Kept("ports.json", lambda data: known_port(data, "nats")),
    Kept("subscribers.json", subscribers_of),
    Kept("tokens/revoked-tokens.json", lambda data: revoke_token(data, "another")),
    Kept("secrets/signing-key.json", token),
    Kept("secrets/registry.password", lambda data: password(data, "registry"), plain=True),
    Kept("secrets/vault.secret", vault_secret_file, plain=True),
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with every file that Kith keeps in one."""
    folder = tmp_path / "data"
    deployment_of(folder).keep(clock="advanced", county="431299")
    kept_port(folder, "nats")
    keep_subscribers(folder, [subscriber_of("school", ("431299",), ("ContactMissed",))])
    for kept in OF_DATA:
        kept.read(folder)
    return folder


def refused(read: Callable[[Path], object], folder: Path) -> str | None:
    """Return in what words *read* refuses, None where it reads; they name the file or its folder."""
    try:
        read(folder)
    except Failed as failed:
        told = [text(f"cli.{failed.code}", language, **failed.params) for language in Language]
        assert all(str(folder) in words for words in told), told
        return told[-1]
    return None


@pytest.mark.parametrize("kept", OF_DATA, ids=[kept.name for kept in OF_DATA])
@CASES
@given(drawn=st.data())
def test_whatever_stands_in_a_file_of_a_data_folder_is_read_or_refused(
    data: Path, kept: Kept, drawn: st.DataObject
) -> None:
    file = data / kept.name
    whole = file.read_bytes()
    try:
        file.write_bytes(drawn.draw(in_place_of(whole)))
        told = refused(kept.read, data)
        assert told is None or whole.decode().strip() not in told
    finally:
        file.write_bytes(whole)


@pytest.mark.parametrize("kept", OF_DATA, ids=[kept.name for kept in OF_DATA])
def test_what_makes_no_sense_in_a_file_of_a_data_folder_is_refused(data: Path, kept: Kept) -> None:
    shapes = {b"[]", b"{}"}  # an empty list or object may be right
    for content in NO_SENSE:
        (data / kept.name).write_bytes(content)
        readable = content in shapes or (
            kept.plain and content.decode(errors="replace").strip().isprintable()
        )
        assert refused(kept.read, data) or (readable and content.strip()), content[:40]


BACKUP = "20260301T040000Z"


@pytest.fixture
def backup(tmp_path: Path, data: Path) -> Path:
    """Return a backup as small as one can be, whole."""
    folder = tmp_path / "backups" / BACKUP
    (folder / "tokens").mkdir(parents=True)
    (folder / "base").mkdir()
    for name in ("deployment.json", "tokens/revoked-tokens.json", "tokens/token-keys.json"):
        (folder / name).write_bytes((data / name).read_bytes())
    (folder / "forgotten.json").write_text('{"registry": ["6f1c2f5e-7f3a-4c62-9d0e-1f1d3a5b7c90"]}')
    (folder / "base" / "PG_VERSION").write_text("17\n")
    (folder / "base" / "backup_manifest").write_text(of_postgres(folder / "base" / "PG_VERSION"))
    manifest().write(folder)
    return folder


def of_postgres(*files: Path) -> str:
    """Return a manifest as PostgreSQL writes it."""
    listed = [
        {
            "Path": file.name,
            "Size": file.stat().st_size,
            "Checksum": hashlib.sha256(file.read_bytes()).hexdigest(),
        }
        for file in files
    ]
    body = json.dumps({"System-Identifier": 1, "Files": listed})[:-1] + ', "Manifest-Checksum"'
    digest = hashlib.sha256(body.removesuffix('"Manifest-Checksum"').encode()).hexdigest()
    return f'{body}: "{digest}"}}'


def manifest() -> Manifest:
    return Manifest(
        name=BACKUP,
        begun_at=NOON,
        witnessed_at=NOON,
        restore_point="kith",
        quiet=True,
        horizons={"registry": 9},
        figures={"registry": {"kernel.events": ["9", "abc"]}},
        postgres="17",
        system_identifier="1",
        first_wal="000000010000000000000002",
        last_wal="000000010000000000000003",
        bytes=100,
        schema={"registry": ["kernel/0001_kernel"]},
        vault_secret=None,
    )


def brought(backup: Path) -> None:
    into = backup.parent / "restored"
    into.mkdir(exist_ok=True)
    bring_facts(Repository(backup.parent), backup, into)


OF_BACKUP: Mapping[str, tuple[Callable[[Path], object], ...]] = {
    "manifest.json": (read_manifest, lambda backup: found_at(backup.parent, NOON)),
    SUMS: (check_sums,),
    "base/backup_manifest": (
        lambda backup: check_files(backup / "base"),
        lambda backup: bytes_of(backup / "base"),
        lambda backup: system_identifier_of(backup / "base"),
    ),
    "forgotten.json": (lambda backup: known_lists(Repository(backup.parent)),),
    "tokens/revoked-tokens.json": (brought,),
}


@pytest.mark.parametrize("name", OF_BACKUP)
@CASES
@given(drawn=st.data())
def test_whatever_stands_in_a_file_of_a_backup_is_read_or_refused(
    backup: Path, name: str, drawn: st.DataObject
) -> None:
    file = backup / name
    whole = file.read_bytes()
    try:
        file.write_bytes(drawn.draw(in_place_of(whole)))
        for read in OF_BACKUP[name]:
            refused(read, backup)
    finally:
        file.write_bytes(whole)


@pytest.mark.parametrize("name", [*OF_BACKUP, *sorted({*SUMMED} - OF_BACKUP.keys())])
@CASES
@given(drawn=st.data())
def test_no_changed_file_passes_the_checksums_of_a_backup(
    backup: Path, name: str, drawn: st.DataObject
) -> None:
    check_sums(backup)
    check_files(backup / "base")
    file = backup / name
    whole = file.read_bytes()
    try:
        file.write_bytes(changed := drawn.draw(in_place_of(whole)))
        same = changed.splitlines() == whole.splitlines() if name == SUMS else changed == whole
        assert same or refused(check_sums, backup)
    finally:
        file.write_bytes(whole)


def test_sums_lead_to_no_file_but_those_of_the_backup(backup: Path) -> None:
    (backup / SUMS).write_text((backup / SUMS).read_text() + f"{'0' * 64}  /dev/zero\n")
    assert refused(check_sums, backup)


@CASES
@given(drawn=st.data())
def test_whatever_stands_in_the_files_of_tokens_a_service_takes_them_or_says_why_not(
    data: Path, drawn: st.DataObject
) -> None:
    keys = keys_of(data)
    good, valid = token(data), datetime.now(UTC)  # noqa: TID251 - a token of now
    for file in (keys.public_file, keys.revoked_file):
        whole = file.read_bytes()
        try:
            file.write_bytes(drawn.draw(in_place_of(whole)))
            Verifier(keys.public_file, keys.revoked_file).verify(good, valid)
        except (ValueError, TokenRefused):
            continue  # the words are those of the settings: test_environment.py
        finally:
            file.write_bytes(whole)
    Verifier(keys.public_file, keys.revoked_file).verify(good, valid)
