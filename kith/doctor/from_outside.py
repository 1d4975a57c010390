"""The doctor of a deployment in containers: the host's own files, then what the container `doctor` sees within."""

import json
import os
from pathlib import Path

from kith.container_files import has_bus_users
from kith.deployment import Deployment
from kith.doctor.disks import look_at_disks
from kith.doctor.files import look_at_secrets
from kith.doctor.finding import Finding, Level
from kith.doctor.place import SERVER
from kith.embedded.ports import known_port
from kith.engine import Compose, need_compose
from kith.exits import Exit


def is_in_containers(deployment: Deployment) -> bool:
    """Return whether the servers of the data folder run in containers, and this process does not."""
    data = deployment.data
    return not os.environ.get(SERVER) and has_bus_users(data) and known_port(data, "postgres") is None


def examine_containers(deployment: Deployment, project: Path) -> list[Finding]:
    """Return all findings about the containers of *project*, the worst first.

    Modes and owners of secrets are seen from outside alone: no container has them all. Raises Failed where the
    container cannot be run.
    """
    need_compose()
    data = deployment.data
    found = [*look_at_secrets(data / "secrets"), *look_at_disks({"data": data}), *_within(data, project)]
    order = list(Level)
    return sorted(found, key=lambda one: order.index(one.level), reverse=True)


def _within(data: Path, project: Path) -> list[Finding]:
    told = Compose(project, data).run("run", "--rm", "-T", "doctor", "--json", fine=(Exit.OK, Exit.REFUSED))
    return [
        Finding(one["code"], Level(one["level"]), one["where"], one["params"]) for one in json.loads(told)
    ]
