"""A county is backed up while it works, lives on, and is brought back to an earlier moment in another folder."""

import asyncio
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from kith.advancing import advance
from kith.backup.archive import archive_up_to
from kith.backup.epochs import EPOCH
from kith.backup.local_hand import LocalHand
from kith.backup.making import Made, make
from kith.backup.repository import Repository
from kith.backup.restoring import Restored, restore
from kith.backup.site import repository_of, site_of
from kith.backup.verifying import verify
from kith.client import Client, Tokens
from kith.console import Console
from kith.deployment import Deployment, deployment_of
from kith.doctor.examining import examine
from kith.doctor.finding import Level
from kith.doctor.place import place_of
from kith.embedded.accounts import account_for_postgres
from kith.embedded.postgres import SUPERUSER
from kith.exits import Failed
from kith.importing import import_areas, import_rosters
from kith.papers import Papers, papers_in
from kith.runtime import Runtime, running
from kith.states import wait_until_all_taken
from shared import clock
from shared.messages import Language
from shared.subjects import SERVICES
from shared.tokens import Role
from tests.browser.small_county import FILED_ON, small_county
from tests.folders import data_folder

pytestmark = pytest.mark.timeout(300)

TOWNSHIPS = ("431299210",)
LIVED_UNTIL, LIVED_ON_UNTIL = date(2026, 2, 10), date(2026, 3, 10)
AREA = "431299"


@dataclass(frozen=True)
class Story:
    """What happened, and what came back."""

    data: Path
    made: Made
    repository: Repository
    figures: dict[str, Any]
    """As they were shown at the moment that was restored to."""
    forgotten: str
    """The child that was forgotten after that moment."""
    restored: Restored
    runtime: Runtime
    """What was restored, at work."""
    client: Client

    @property
    def secrets(self) -> Path:
        return self.data / "secrets"

    def admin_dsn(self, service: str) -> str:
        postgres = self.runtime.postgres
        return postgres.dsn(SUPERUSER, postgres.password, f"kith_{service}")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    papers = papers_in(small_county(tmp_path_factory.mktemp("papers"), TOWNSHIPS))
    with data_folder() as data, data_folder() as new:
        deployment = deployment_of(data)
        with running(deployment, "advanced"), _client(deployment) as client:
            _live(client, papers)
            repository = repository_of(deployment, None)
            with site_of(deployment, repository) as site:
                made = make(site, repository)
                figures, moment = _figures(client), clock.now()
                forgotten = client.get("registry", "/children", area=AREA)["items"][0]["child_id"]
                client.post("registry", f"/children/{forgotten}/forget", {}, role=Role.OPERATOR)
                advance(client, LIVED_ON_UNTIL)
                wait_until_all_taken(client)
                asyncio.run(archive_up_to(site.cluster, repository, asyncio.run(_segment(site.cluster))))
        secrets = data / "secrets"
        back = deployment_of(new)
        restored = restore(back, repository.folder, moment, secrets, Language.EN)
        with running(back) as runtime, _client(back) as client:
            yield Story(data, made, repository, figures, forgotten, restored, runtime, client)


def _live(client: Client, papers: Papers) -> None:
    """Take in the township's children and judge what was promised in January."""
    console = Console(as_json=True)
    import_areas(client, console, papers.areas, FILED_ON)
    advance(client, FILED_ON)
    import_rosters(client, console, papers.rosters, FILED_ON)
    advance(client, LIVED_UNTIL)
    wait_until_all_taken(client)


def _client(deployment: Deployment) -> Client:
    return Client(deployment, Tokens(deployment), Language.EN)


def _figures(client: Client) -> dict[str, Any]:
    figures: dict[str, Any] = client.get("reporting", "/figures", area=AREA, as_of=LIVED_UNTIL)["figures"]
    return figures


async def _segment(cluster: Any) -> str:
    async with cluster.connected() as connection:
        segment: str = await connection.fetchval("SELECT pg_walfile_name(pg_current_wal_lsn())")
        return segment


def test_a_backup_counts_once_it_was_restored_and_compared(story: Story) -> None:
    assert story.made.manifest.quiet
    assert story.made.compared["tables"] > 100
    assert story.made.compared["rows"] > 1_000
    assert [manifest.name for _, manifest in story.repository.backups()] == [story.made.manifest.name]
    gauges = (story.repository.folder / "metrics" / "kith_backup.prom").read_text(encoding="utf-8")
    assert "kith_backup_last_success_timestamp_seconds 1." in gauges


def test_a_backup_holds_no_secret(story: Story) -> None:
    secrets = [file.read_bytes() for file in story.secrets.iterdir() if "password" in file.name]
    told = [file for file in story.made.folder.iterdir() if file.is_file()]
    assert secrets
    assert told
    assert not [file for file in told for secret in secrets if secret in file.read_bytes()]
    assert not [path for path in story.made.folder.rglob("*") if path.name == "vault.secret"]


def test_figures_are_those_of_the_moment_and_what_came_later_is_told(story: Story) -> None:
    assert _figures(story.client) == story.figures
    assert story.restored.back.left_behind["contact"] > 0
    assert story.restored.back.left_behind["registry"] > 0


def test_every_event_is_in_its_stream_and_with_reporting_once(story: Story) -> None:
    assert story.restored.agreement.agrees
    for service, found in story.restored.agreement.streams.items():
        assert found.log == found.copy == story.restored.agreement.counts[service]["events"]
    assert story.restored.agreement.kept["contact"].copy > 0


async def test_who_was_forgotten_later_is_forgotten_again_and_said_to_be(story: Story) -> None:
    assert story.restored.back.mended.forgotten_again["registry"] == 1
    assert story.restored.agreement.children_forgotten_again == 1
    connection = await asyncpg.connect(story.admin_dsn("registry"))
    known = await connection.fetch("SELECT subject_id::text FROM vault.identities")
    told = await connection.fetchval(
        "SELECT count(*) FROM kernel.events WHERE event_type = 'ChildForgotten' AND data->>'child_id' = $1",
        story.forgotten,
    )
    await connection.close()
    assert known
    assert story.forgotten not in {row["subject_id"] for row in known}
    assert told == 1


async def test_the_log_goes_on_beyond_every_place_it_ever_gave(story: Story) -> None:
    advance(story.client, LIVED_ON_UNTIL)
    wait_until_all_taken(story.client)
    connection = await asyncpg.connect(story.admin_dsn("contact"))
    newest = await connection.fetchval("SELECT max(tx) FROM kernel.events")
    await connection.close()
    assert newest > EPOCH


def test_the_doctor_finds_what_was_restored_well_but_for_the_backups_it_lacks(story: Story) -> None:
    findings = asyncio.run(examine(place_of(story.runtime.deployment)))
    assert [finding for finding in findings if finding.level is Level.BAD] == []
    assert "doctor_no_backup" in {finding.code for finding in findings}
    assert {finding.where for finding in findings if finding.code == "doctor_service"} == {*SERVICES}


def test_the_doctor_tells_of_secrets_that_lie_open_and_leaves_them_so(story: Story) -> None:
    secrets = story.runtime.deployment.data / "secrets"
    secrets.chmod(0o755)
    findings = asyncio.run(examine(place_of(story.runtime.deployment)))
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o755
    secrets.chmod(0o700)
    assert [finding.code for finding in findings if finding.level is Level.BAD] == ["doctor_secrets_open"]


def test_a_backup_can_be_proved_again_and_a_flipped_byte_is_found(story: Story) -> None:
    backup = story.made.folder
    hand = LocalHand(account_for_postgres(story.data))
    assert verify(story.repository, backup, story.made.manifest, hand) == story.made.compared

    table = max((backup / "base" / "base").rglob("[0-9]*"), key=lambda path: path.stat().st_size)
    whole = table.read_bytes()
    table.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    with pytest.raises(Failed, match="backup_damaged"):
        verify(story.repository, backup, story.made.manifest, hand)
    table.write_bytes(whole)


def test_a_backup_whose_content_is_another_is_not_taken_for_proved(story: Story) -> None:
    manifest = story.made.manifest
    rows, checksum = manifest.figures["contact"]["kernel.events"]
    figures = manifest.figures | {
        "contact": manifest.figures["contact"] | {"kernel.events": [str(int(rows) + 1), checksum]}
    }
    with pytest.raises(Failed, match="backup_differs"):
        verify(
            story.repository,
            story.made.folder,
            replace(manifest, figures=figures),
            LocalHand(account_for_postgres(story.data)),
        )


def test_a_restore_writes_over_nothing(story: Story) -> None:
    with pytest.raises(Failed, match="target_not_empty"):
        restore(deployment_of(story.data), story.repository.folder, None, story.secrets, Language.EN)


def test_a_restore_needs_the_secrets_of_its_backup_and_leaves_nothing_when_it_fails(
    story: Story, tmp_path: Path
) -> None:
    target = deployment_of(tmp_path / "new")
    with pytest.raises(Failed, match="secrets_missing"):
        restore(target, story.repository.folder, None, None, Language.EN)
    others = tmp_path / "others"
    shutil.copytree(story.secrets, others)
    (others / "vault.secret").write_text("0" * 64, encoding="ascii")
    with pytest.raises(Failed, match="other_vault_secret"):
        restore(target, story.repository.folder, None, others, Language.EN)
    assert {path.name for path in target.data.iterdir()} == {"secrets"}


def test_a_moment_before_the_first_backup_or_after_the_archive_is_refused(story: Story) -> None:
    before = story.made.manifest.witnessed_at - timedelta(seconds=1)
    with data_folder() as new:
        for moment, refused in ((before, "no_backup_before"), (clock.now(), "time_after_archive")):
            with pytest.raises(Failed, match=refused):
                restore(deployment_of(new), story.repository.folder, moment, story.secrets, Language.EN)
