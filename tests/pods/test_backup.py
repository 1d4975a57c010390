"""The pod of the nightly backup: with its hand beside it, a backup that is proved, and WAL archived from then on."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from kith.embedded.spawning import wait_until
from tests.pods.conftest import Pods
from tests.pods.test_pods import assert_has_no_right, containers_of, writable_beside
from tests.pods.translating import pod_of, workload_of

pytestmark = pytest.mark.timeout(900)

POD = pod_of("backup")
ENDS_SECONDS_MAX = 600
ARCHIVED_SECONDS_MAX = 180
"""Three times archive_timeout."""


@pytest.fixture(scope="module")
def backup(pods: Pods, figures: Mapping[str, int]) -> Pods:
    """Let the pod of the CronJob run as it would tonight, with a county to back up; it is left as it ended."""
    pods.play("backup")
    code = pods.podman.ended(POD, "backup", ENDS_SECONDS_MAX)
    assert code == 0, pods.podman.logs(POD)
    return pods


def again(pods: Pods, *words: str) -> Any:
    """Run a pod of the same form with other words, and return what it answered."""
    pods.podman.end(POD)
    pods.play("backup", "backup", *words, "--json")
    code = pods.podman.ended(POD, "backup", ENDS_SECONDS_MAX)
    assert code == 0, pods.podman.logs(POD)
    return json.loads(pods.podman.output(f"{POD}-backup"))


def test_the_backup_is_proved_and_its_hand_leaves_with_it(backup: Pods) -> None:
    assert "made and proved" in backup.podman.output(f"{POD}-backup")
    assert backup.podman.ended(POD, "hand", ENDS_SECONDS_MAX) == 0


def test_the_backup_is_there_and_can_be_proved_again(backup: Pods) -> None:
    [listed] = again(backup, "list")
    proved = again(backup, "verify")
    assert proved["backup"] == listed["name"]
    assert proved["tables"] > 100
    assert proved["rows"] > 1000


def test_the_hand_ends_at_the_kubelets_word(backup: Pods) -> None:
    again(backup, "list")  # which asks nothing of the hand, and so does not send it away
    assert backup.podman.state(f"{POD}-hand")["Status"] == "running"
    backup.podman.run("podman", "stop", f"{POD}-hand")
    assert backup.podman.ended(POD, "hand", ENDS_SECONDS_MAX) == 0


def test_the_hand_has_no_right_and_no_place_to_write_beside_its_volumes(backup: Pods) -> None:
    again(backup, "list")
    workload = workload_of(backup.manifests, "backup")
    hand, _ = containers_of(workload)
    assert_has_no_right(backup.podman.status(hand.name), workload.pod["securityContext"])
    assert not writable_beside(backup.podman, hand)


def test_the_database_archives_its_log_since_the_first_backup(backup: Pods) -> None:
    archive = f"{backup.podman.root('postgres-0-postgres')}/backups/wal"

    def archived() -> set[str]:
        return set(backup.podman.run("find", archive, "-name", "*.gz").split())

    before = archived()
    switch = (
        "psql",
        "--username",
        "postgres",
        "--command",
        "SELECT pg_create_restore_point('tonight'), pg_switch_wal()",
    )
    backup.podman.run("podman", "exec", "postgres-0-postgres", *switch)
    assert wait_until(lambda: bool(archived() - before), ARCHIVED_SECONDS_MAX)
