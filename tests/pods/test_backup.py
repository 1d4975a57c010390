"""The pod of the nightly backup: with its hand beside it, a backup that is proved, and WAL archived from then on."""

import json
from typing import Any

import pytest

from tests.pods.conftest import ENDS_SECONDS_MAX, Pods
from tests.pods.test_pods import assert_has_no_right, containers_of, writable_beside
from tests.pods.translating import pod_of, workload_of

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("backup")]

POD = pod_of("backup")


def again(pods: Pods, *words: str) -> Any:
    """Run a pod of the same form with other words, and return what it answered."""
    pods.podman.end(POD)
    return json.loads(pods.run("backup", "backup", *words, "--json"))


def test_the_backup_is_proved_and_its_hand_leaves_with_it(pods: Pods, backup: str) -> None:
    assert "made and proved" in backup
    assert pods.podman.ended(POD, "hand", ENDS_SECONDS_MAX) == 0


def test_the_backup_is_there_and_can_be_proved_again(pods: Pods) -> None:
    [listed] = again(pods, "list")
    proved = again(pods, "verify")
    assert proved["backup"] == listed["name"]
    assert proved["tables"] > 100
    assert proved["rows"] > 1000


def test_the_hand_ends_at_the_kubelets_word(pods: Pods) -> None:
    again(pods, "list")  # which asks nothing of the hand, and so does not send it away
    assert pods.podman.state(f"{POD}-hand")["Status"] == "running"
    pods.podman.run("podman", "stop", f"{POD}-hand")
    assert pods.podman.ended(POD, "hand", ENDS_SECONDS_MAX) == 0


def test_the_hand_has_no_right_and_no_place_to_write_beside_its_volumes(pods: Pods) -> None:
    again(pods, "list")
    workload = workload_of(pods.manifests, "backup")
    hand, _ = containers_of(workload)
    assert_has_no_right(pods.podman.status(hand.name), workload.pod["securityContext"])
    assert not writable_beside(pods.podman, hand)
