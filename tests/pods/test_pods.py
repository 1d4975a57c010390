"""What runs in a pod has the rights, the files and the places to write that its YAML gives it, and no others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from kith.manifests.workloads import Workload
from shared.subjects import SERVICES
from tests.pods.conftest import LASTING, Pods
from tests.pods.podman import Podman
from tests.pods.probing import answers
from tests.pods.translating import pod_of, workload_of

pytestmark = pytest.mark.timeout(900)

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
OF_THE_KERNEL = ("/proc", "/sys", "/dev")
OF_PODMAN = {"/run", "/tmp", "/var/tmp"}  # noqa: S108 - looked at, not used
"""Where podman lets a pod write although its root is read-only, and a kubelet does not."""


@dataclass(frozen=True)
class Container:
    """A container as podman calls it, and as its manifest tells of it."""

    name: str
    told: Mapping[str, Any]

    @property
    def mounts(self) -> dict[str, bool]:
        """Each place where the manifest mounts a volume, and whether it may be written; /var/run is a link to /run."""
        places = {one["mountPath"]: not one.get("readOnly", False) for one in self.told["volumeMounts"]}
        return {place.replace("/var/run/", "/run/"): may for place, may in places.items()}


def containers_of(workload: Workload) -> list[Container]:
    return [Container(f"{pod_of(workload.name)}-{one['name']}", one) for one in workload.containers]


def container_of(pods: Pods, name: str) -> Container:
    [container] = containers_of(workload_of(pods.manifests, name))
    return container


def mounts_of(podman: Podman, container: Container) -> dict[str, bool]:
    """Return each place where something is mounted, and whether it is mounted to be written."""
    lines = podman.run("cat", f"/proc/{podman.state(container.name)['Pid']}/mounts").splitlines()
    return {line.split()[1]: "rw" in line.split()[3].split(",") for line in lines}


def writable_beside(podman: Podman, container: Container) -> set[str]:
    """Return where *container* may write beside its volumes, the kernel's own and podman's places left out."""
    writable = {path for path, may in mounts_of(podman, container).items() if may}
    return {
        path for path in writable - set(container.mounts) - OF_PODMAN if not path.startswith(OF_THE_KERNEL)
    }


@pytest.mark.parametrize("name", LASTING)
def test_a_pod_runs_as_the_account_of_its_manifest_without_any_right(pods: Pods, name: str) -> None:
    told = workload_of(pods.manifests, name).pod["securityContext"]
    assert told["runAsUser"] == (999 if name == "postgres" else 10001)
    assert_has_no_right(pods.podman.status(container_of(pods, name).name), told)


def assert_has_no_right(status: Mapping[str, str], told: Mapping[str, Any]) -> None:
    """See by its *status* that a process has the account that was *told*, no capability, and gets none."""
    assert status["Uid"].split() == [str(told["runAsUser"])] * 4
    assert status["Gid"].split() == [str(told["runAsGroup"])] * 4
    assert set(status["Groups"].split()) <= {str(told["fsGroup"])}
    assert {int(status[kind], 16) for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


@pytest.mark.parametrize("name", LASTING)
def test_a_pod_can_write_in_its_own_volumes_alone(pods: Pods, name: str) -> None:
    container = container_of(pods, name)
    mounts = mounts_of(pods.podman, container)
    assert not mounts["/"]
    assert {path: mounts[path] for path in container.mounts} == container.mounts
    assert not writable_beside(pods.podman, container)


@pytest.mark.parametrize("name", LASTING)
def test_no_pod_needs_a_place_that_only_podman_gives(pods: Pods, name: str) -> None:
    container = container_of(pods, name)
    root = pods.podman.root(container.name)
    account = str(workload_of(pods.manifests, name).pod["securityContext"]["runAsUser"])
    for place in OF_PODMAN - set(container.mounts):
        assert not pods.podman.run("find", f"{root}{place}", "-xdev", "-mindepth", "1", "-uid", account), (
            place
        )


@pytest.mark.parametrize("name", LASTING)
def test_a_pod_answers_what_its_probes_ask_and_was_never_started_anew(pods: Pods, name: str) -> None:
    workload = workload_of(pods.manifests, name)
    assert {probe: answers(pods.podman, workload, probe) for probe in PROBES} == dict.fromkeys(PROBES, True)
    assert pods.podman.inspected(container_of(pods, name).name)["RestartCount"] == 0


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_without_database_and_bus_is_alive_and_not_ready(pods: Pods, name: str) -> None:
    assert pods.alone[name] == {"livenessProbe": True, "readinessProbe": False}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_finds_its_own_secrets_closed_to_others_and_no_more(pods: Pods, name: str) -> None:
    folder = f"{pods.podman.root(container_of(pods, name).name)}/run/secrets/kith"
    found = pods.podman.run("find", folder, "-type", "f", "-printf", "%f %m %U %G\n").splitlines()
    sources = workload_of(pods.manifests, name).volumes["secrets"]["projected"]["sources"]
    files = [item["path"] for source in sources for item in source["secret"]["items"]]
    assert sorted(found) == sorted(f"{file} 440 0 10001" for file in files)
    assert ("vault.secret" in files) == (name != "reporting")


def test_the_database_lies_in_a_folder_of_its_own_on_a_disk_that_is_its_groups(pods: Pods) -> None:
    disk = f"{pods.podman.root('postgres-0-postgres')}/var/lib/postgresql/data"
    found = pods.podman.run("stat", "--format", "%a %u %g", disk, f"{disk}/pgdata").splitlines()
    assert found == ["2775 0 999", "2700 999 999"]
