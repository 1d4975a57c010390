"""A restore in the cluster, as docs/kubernetes.md tells it: all scaled to none, new claims, then up again."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from kith.demo import EXAMPLE
from kith.embedded.spawning import wait_until
from shared import clock
from shared.subjects import SERVICES
from tests.manifests.rendering import with_component
from tests.pods.conftest import ENDS_SECONDS_MAX, FILED_ON, SERVERS, Pods, figures_today
from tests.pods.probing import wait_until_ready
from tests.pods.translating import pod_of, workload_of

pytestmark = [pytest.mark.timeout(1200), pytest.mark.usefixtures("backup")]

ARCHIVED_SECONDS_MAX = 180
"""Three times archive_timeout."""
WORDS = ("restore", "--from", "/backups", "--to", "/var/lib/postgresql/data/pgdata", "--json")
NEXT_TOWNSHIP = "431299111"
POD = pod_of("restore")


def archive_all(pods: Pods) -> None:
    """Have the database archive what it has written so far, and see it do so."""
    told = ("psql", "--username", "postgres", "--tuples-only", "--no-align", "--command")
    switch = "SELECT pg_walfile_name(pg_switch_wal())"
    segment = pods.podman.run("podman", "exec", "postgres-0-postgres", *told, switch).strip()
    kept = f"{pods.podman.root('postgres-0-postgres')}/backups/wal/{segment}.gz"
    assert wait_until(lambda: pods.podman.succeeds("test", "-e", kept), ARCHIVED_SECONDS_MAX), segment


@pytest.fixture(scope="module")
def restored(pods: Pods) -> dict[str, Any]:
    """Take the papers of another township, then bring the databases back to the moment before they came."""
    moment = clock.now().isoformat()
    [roster] = (EXAMPLE / "花名册").glob(f"{NEXT_TOWNSHIP}_*")
    pods.told("import", "roster", "--filed-on", FILED_ON, str(roster))
    archive_all(pods)
    pods.podman.end(pod_of("backup"))
    pods.run("backup", "backup", "list")  # whose hand is left over: the restore has one of its own
    for name in ("gateway", *SERVICES, *SERVERS, "migrate"):
        pods.podman.end(pod_of(name))
    for name in SERVERS:
        pods.podman.run("podman", "volume", "rm", f"data-{pod_of(name)}")
    told: dict[str, Any] = json.loads(pods.run("restore", *WORDS, "--time", moment))
    pods.podman.end(POD)
    pods.start()
    return told


def test_a_restore_into_a_database_that_runs_is_refused(pods: Pods) -> None:
    pods.play("restore")
    assert pods.podman.ended(POD, "restore", ENDS_SECONDS_MAX) != 0
    assert "postgres:5432" in pods.podman.logs(POD)
    pods.podman.end(POD)


def test_what_came_after_the_moment_is_left_behind_and_all_else_is_there(
    pods: Pods, figures: Mapping[str, int], restored: dict[str, Any]
) -> None:
    assert restored["left_behind"]["registry"] > 0
    assert figures_today(pods) == figures


def test_logs_streams_and_readers_agree_after_the_restore(pods: Pods, restored: dict[str, Any]) -> None:
    database = f"postgresql://postgres@{pods.door('postgres')}/postgres"
    assert pods.told("reconcile", "--admin-url", database)["agrees"]


@pytest.mark.usefixtures("restored")
def test_a_new_cluster_can_copy_what_was_restored(pods: Pods) -> None:
    larger = replace(pods, manifests=with_component("cnpg-restored"))
    pods.podman.end(pod_of("postgres"))
    larger.play("restored")
    wait_until_ready(pods.podman, [workload_of(larger.manifests, "restored")])
    secret = (pods.data / "secrets" / "postgres.password").read_text(encoding="ascii")
    copy = ("pg_basebackup", "--host", "restored", "--username", "postgres", "--no-password")
    kept = ("--pgdata", "-", "--format", "tar", "--wal-method", "fetch", "--checkpoint", "fast")
    inside = ("podman", "exec", "--env", f"PGPASSWORD={secret}", "restored-0-restored")
    listed = f"{' '.join((*inside, *copy, *kept))} | tar --list"
    assert "global/pg_control" in pods.podman.run("sh", "-c", listed).split()
    pods.podman.end(pod_of("restored"))
    pods.play("postgres")
    wait_until_ready(pods.podman, [workload_of(pods.manifests, "postgres")])
