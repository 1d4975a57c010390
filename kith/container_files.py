"""What the containers of one deployment get as files: secrets, the bus's users, keys, a place for a certificate."""

import json
import os
from pathlib import Path

from kith import bus_permissions, bus_routes
from kith.deployment import Deployment
from kith.embedded.kept_secrets import bus_password, password, secrets_folder
from kith.embedded.postgres import SUPERUSER
from kith.engine import FILES, SETTINGS_FILE
from kith.signing import keys_of
from kith.subscribers import subscribers_of
from shared.subjects import SERVICES

READABLE = 0o444
"""For user 10001 of a container, in a folder that is closed to everybody else on this machine: an engine mounts
single files with the mode and owner they have here."""

ARCHIVE_ROLE = "archive"
"""Who listens to the stream of WAL of a database that an operator runs."""

SETTINGS = """\
# Settings of docker-compose.yml for this deployment: docker compose --env-file {file} up --wait,
# without --env-file where `.env` beside docker-compose.yml leads here.
# All variables and their defaults are in docs/operations.md, In containers.
KITH_DATA={folder}
"""


def make_container_files(deployment: Deployment) -> None:
    """Make what is missing below the data folder; secrets are made once, the bus's users are written anew.

    A container never gets the key that signs tokens, which stays closed.
    """
    deployment.prepare()
    data = deployment.data
    (data / "tls").mkdir(mode=0o755, exist_ok=True)
    for role in (SUPERUSER, ARCHIVE_ROLE):
        password(data, role)
    for user in (*SERVICES, bus_permissions.OPERATOR):
        bus_password(data, user)
    write_bus_users(data)
    write_bus_routes(data)
    signing_file = keys_of(data).signing_file
    for secret in secrets_folder(data).iterdir():
        if secret.is_file() and secret != signing_file:
            secret.chmod(READABLE)
    settings = data / SETTINGS_FILE
    if not settings.exists():
        settings.write_text(SETTINGS.format(file=settings, folder=data), encoding="utf-8")


def lead_compose(deployment: Deployment, project: Path) -> None:
    """Have compose, run by hand in the folder *project*, go by the settings of a data folder within it.

    Without that it would start the default image again after an upgrade. A `.env` that is there stays.
    """
    lead, settings = project.resolve() / ".env", deployment.data.resolve() / SETTINGS_FILE
    within = (project / FILES[0]).exists() and settings.is_relative_to(lead.parent)
    if within and not (lead.exists() or lead.is_symlink()):
        lead.symlink_to(settings.relative_to(lead.parent))


def write_bus_users(data: Path) -> None:
    """Write who may say and hear what: rights may change with a release or a subscriber, passwords do not.

    In a folder of its own, which the server is given whole: it reads the new file at a reload (SIGHUP).
    """
    secrets_folder(data)
    users = _bus_users(data)
    users.parent.mkdir(mode=0o755, exist_ok=True)
    accounts = bus_permissions.accounts(lambda user: bus_password(data, user), subscribers_of(data))
    _write(users, json.dumps({"accounts": accounts}, indent=2))


def has_bus_users(data: Path) -> bool:
    """Return whether containers take who may say and hear what from the data folder; nothing in it is touched."""
    return _bus_users(data).exists()


def _bus_users(data: Path) -> Path:
    return data / "secrets" / "bus" / "accounts.json"


def write_bus_routes(data: Path) -> None:
    """Write how several servers of the bus reach each other, for where there are several."""
    _write(
        secrets_folder(data) / "bus" / "routes.conf", bus_routes.routes(bus_password(data, bus_routes.USER))
    )


def _write(path: Path, content: str) -> None:
    """Write *content* whole or not at all, readable in a container."""
    unfinished = path.with_suffix(".unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, READABLE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    unfinished.replace(path)
