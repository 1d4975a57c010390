"""The pods of the county overlay, started once, as they would be in a cluster that has nothing yet."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kith.container_files import make_container_files
from kith.demo import EXAMPLE
from kith.deployment import deployment_of
from kith.exits import Exit
from kith.manifests.reading import Manifests
from kith.signing import issue_token
from shared import clock
from shared.subjects import SERVICES
from shared.tokens import Role
from tests.certificates import certify
from tests.command_line import run_kith
from tests.containers.engine import COMMAND_SECONDS_MAX
from tests.folders import data_folder
from tests.manifests.rendering import with_restore
from tests.pods.podman import Podman, running_podman
from tests.pods.probing import answers, wait_until_ready, wait_until_started
from tests.pods.translating import images_of, played, pod_of, workload_of

SERVERS = ("nats", "postgres")
LASTING = (*SERVERS, *SERVICES, "gateway")
FORWARDED = {
    "nats": (4222, 4222),
    "postgres": (5432, 5432),
    **{service: (port, 8080) for port, service in enumerate(SERVICES, start=8081)},
}
"""What an operator reaches by `kubectl port-forward`: his port, and the pod's."""
ENDS_SECONDS_MAX = 540
COUNTY = "431299"
AREA = "431299210"
FILED_ON = "2026-01-01"


@dataclass(frozen=True)
class Pods:
    """The overlay's pods at work, and what each service said while nothing that it needs was there."""

    podman: Podman
    manifests: Manifests
    data: Path
    alone: dict[str, dict[str, bool]]

    def play(self, name: str, *words: str) -> str:
        """Start the pod of the workload *name*, with other *words* where some are given; return the pod's name."""
        pod = played(self.manifests, name, self.data, words or None)
        forwarded = (FORWARDED[name],) if name in FORWARDED else ()
        self.podman.play(replace(pod, ports=(*pod.ports, *forwarded)))
        return pod_of(name)

    def run(self, name: str, *words: str) -> str:
        """Run the pod of a job to its good end, and return what its container of that name wrote."""
        pod = self.play(name, *words)
        code = self.podman.ended(pod, name, ENDS_SECONDS_MAX)
        assert code == 0, self.podman.logs(pod)
        return self.podman.output(f"{pod}-{name}")

    def start(self) -> None:
        """Start the servers, the migration and the services at once, and the gateway when they are ready."""
        for name in (*SERVERS, "migrate", *SERVICES):
            self.play(name)
        wait_until_ready(self.podman, [workload_of(self.manifests, name) for name in (*SERVERS, *SERVICES)])
        self.play("gateway")
        wait_until_ready(self.podman, [workload_of(self.manifests, "gateway")])

    def door(self, name: str) -> str:
        """Return host and port at which an operator reaches the pod called *name*."""
        return f"localhost:{self.podman.door(FORWARDED[name][0])}"

    def kith(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command line on the county, through the gateway's Service and with its certificate."""
        secrets = self.data / "secrets"
        environment = {
            "KITH_URL": self.address,
            "KITH_CA_FILE": str(self.data / "tls" / "certificate.pem"),
            "KITH_NATS_URL": f"nats://{self.door('nats')}",
            "KITH_DATABASE_SERVER_URL": f"postgresql://{self.door('postgres')}",
            **{f"KITH_{service.upper()}_URL": f"http://{self.door(service)}" for service in SERVICES},
            "KITH_SECRETS_FOLDER": str(secrets),
            "KITH_ADMIN_PASSWORD_FILE": str(secrets / "postgres.password"),
        }
        return run_kith(words, self.data, environment, COMMAND_SECONDS_MAX)

    def told(self, *words: str) -> Any:
        """Return what the command line answers to *words*."""
        done = self.kith(*words, "--json")
        assert done.returncode == Exit.OK, done.stderr
        return json.loads(done.stdout)

    @property
    def address(self) -> str:
        """The gateway's address for people."""
        return f"https://localhost:{self.podman.door(443)}"


@pytest.fixture(scope="session")
def manifests() -> Manifests:
    return with_restore()


@pytest.fixture(scope="session")
def data() -> Iterator[Path]:
    """Make what an operator makes: the folder's secrets, a certificate, a token for the timer."""
    with data_folder() as folder:
        make_container_files(deployment_of(folder))
        certify(folder / "tls")
        issued = issue_token(folder, "advance", Role.OPERATOR, (COUNTY,), timedelta(days=1))
        (folder / "secrets" / "advance.token").write_text(issued.token, encoding="ascii")
        yield folder


@pytest.fixture(scope="session")
def pods(manifests: Manifests, data: Path) -> Iterator[Pods]:
    """Start the services before anything that they need, then the servers and the migration, then the gateway."""
    with data_folder() as folder, running_podman(folder, images_of(manifests)) as podman:
        started = Pods(podman, manifests, data, {})
        for name in SERVICES:
            started.play(name)
        services = [workload_of(manifests, name) for name in SERVICES]
        wait_until_started(podman, services)
        for one in services:
            started.alone[one.name] = {
                probe: answers(podman, one, probe) for probe in ("livenessProbe", "readinessProbe")
            }
        for name in (*SERVERS, "migrate"):
            started.play(name)
        wait_until_started(podman, [workload_of(manifests, name) for name in SERVERS])
        code = podman.ended(pod_of("migrate"), "migrate", ENDS_SECONDS_MAX)
        assert code == 0, podman.logs(pod_of("migrate"))
        wait_until_ready(podman, [workload_of(manifests, name) for name in (*SERVERS, *SERVICES)])
        started.play("gateway")
        wait_until_ready(podman, [workload_of(manifests, "gateway")])
        yield started


@pytest.fixture(scope="session")
def figures(pods: Pods) -> Mapping[str, int]:
    """Import the papers of one township and pair its children; then the timer's pod begins today."""
    [roster] = (EXAMPLE / "花名册").glob(f"{AREA}_*")
    pods.told("import", "areas", str(EXAMPLE / "行政区划.xlsx"))
    pods.told("import", "roster", "--filed-on", FILED_ON, str(roster))
    pods.told("import", "carers", "--on", FILED_ON, str(EXAMPLE / "结对帮扶人员.xlsx"))
    pods.told("pair", "assign", "--area", AREA, "--on", FILED_ON)
    pods.run("advance")
    return figures_today(pods)


@pytest.fixture(scope="session")
def backup(pods: Pods, figures: Mapping[str, int]) -> str:
    """Let the pod of the CronJob run as it would tonight, with a county to back up; return what it wrote."""
    return pods.run("backup")


def figures_today(pods: Pods) -> Mapping[str, int]:
    asked = pods.told("figures", "--area", AREA, "--as-of", str(clock.today_in_shanghai()))
    found: dict[str, int] = asked["figures"]
    return found
