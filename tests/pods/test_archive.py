"""The archive and the backup beside an operator's cluster, by the YAML of the larger county, of the database here."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from kith.embedded.spawning import wait_until
from kith.manifests.reading import read
from tests.manifests.rendering import rendered
from tests.pods.conftest import Pods
from tests.pods.probing import answers, wait_until_ready
from tests.pods.test_pods import assert_has_no_right, containers_of, writable_beside
from tests.pods.translating import pod_of, workload_of

pytestmark = pytest.mark.timeout(900)

ARCHIVED_SECONDS_MAX = 60
ROLE = "CREATE ROLE kith_archive LOGIN REPLICATION PASSWORD '{}'"
"""What the operator does by the roles that the cluster's manifest lists."""


def sql(pods: Pods, statement: str) -> str:
    """Have the database answer *statement* to its superuser."""
    words = ("psql", "--username", "postgres", "--tuples-only", "--no-align", "--command", statement)
    return pods.podman.run("podman", "exec", "postgres-0-postgres", *words).strip()


@pytest.fixture(scope="module")
def larger(pods: Pods, figures: Mapping[str, int]) -> Pods:
    """Start the archive of the larger county, on a claim of its own: the database here archives on the other."""
    assert figures
    told = read(rendered("county-ha").replace("claimName: backups", "claimName: backups-of-the-cluster"))
    larger = replace(pods, manifests=told)
    larger.play("archive")
    archive = workload_of(told, "archive")
    assert wait_until(lambda: answers(pods.podman, archive, "livenessProbe"), ARCHIVED_SECONDS_MAX)
    assert not answers(pods.podman, archive, "readinessProbe"), "nobody lets it listen yet"
    sql(pods, ROLE.format((pods.data / "secrets" / "archive.password").read_text(encoding="ascii")))
    wait_until_ready(pods.podman, [archive])
    return larger


def test_the_archive_has_each_segment_that_the_database_closes(larger: Pods) -> None:
    segment = sql(larger, "SELECT pg_walfile_name(pg_switch_wal())")
    kept = f"{larger.podman.root('archive-0-archive')}/backups/wal/{segment}.gz"
    assert wait_until(lambda: larger.podman.succeeds("test", "-e", kept), ARCHIVED_SECONDS_MAX)


def test_the_archive_has_no_right_and_no_place_to_write_beside_its_volumes(larger: Pods) -> None:
    workload = workload_of(larger.manifests, "archive")
    [archive] = containers_of(workload)
    assert_has_no_right(larger.podman.status(archive.name), workload.pod["securityContext"])
    assert not writable_beside(larger.podman, archive)


def test_the_backup_is_proved_by_what_was_heard(larger: Pods) -> None:
    assert "made and proved" in larger.run("backup")
    larger.podman.end(pod_of("backup"))


def test_the_archive_ends_at_the_kubelets_word(larger: Pods) -> None:
    larger.podman.run("podman", "stop", "archive-0-archive")
    assert larger.podman.state("archive-0-archive")["ExitCode"] == 0
    larger.podman.end(pod_of("archive"))
    sql(larger, "SELECT pg_drop_replication_slot('kith_archive')")
