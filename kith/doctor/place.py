"""What the doctor looks at: the servers, services and files of one deployment, wherever they are."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from kith.backup.repository import Repository
from kith.backup.site import repository_of
from kith.bus_permissions import OPERATOR
from kith.deployment import Deployment
from kith.embedded.kept_secrets import bus_password, password
from kith.embedded.ports import LOOPBACK, known_port
from kith.environment import address_in, secret_in
from kith.exits import Exit, Failed
from shared.addresses import BUS, DATABASE, HTTP
from shared.subjects import SERVICES

TLS_FILE = Path("/run/kith/tls/certificate.pem")


@dataclass(frozen=True)
class Place:
    """Addresses with their logins, and folders; what there is none of is not looked at."""

    databases: Mapping[str, str]
    """Of each service the address of its database, as the service's own role."""
    bus: str
    services: Mapping[str, str]
    folders: Mapping[str, Path] = field(default_factory=dict)
    """Folders whose disk must not run full, by what they hold."""
    secrets: Path | None = None
    certificate: Path | None = None
    backups: Repository | None = None


def place_of(deployment: Deployment) -> Place:
    """Return the place of a data folder, or of containers where the environment names a database server.

    Raises Failed where the folder never ran.
    """
    if server := address_in("KITH_DATABASE_SERVER_URL", DATABASE):
        return _in_containers(server)
    data = deployment.data
    ports = {name: known_port(data, name) for name in ("postgres", "nats", *SERVICES)}
    if None in ports.values() or not (data / "secrets").is_dir():
        raise Failed("never_started", Exit.UNREACHABLE, folder=str(data))
    postgres, bus = ports["postgres"], ports["nats"]
    backups = repository_of(deployment, _told_folder("KITH_BACKUPS"))
    return Place(
        databases={
            service: f"postgresql://{service}:{quote(password(data, service))}@{LOOPBACK}:{postgres}/kith_{service}"
            for service in SERVICES
        },
        bus=f"nats://{OPERATOR}:{bus_password(data, OPERATOR)}@{LOOPBACK}:{bus}",
        services={service: f"http://{LOOPBACK}:{ports[service]}" for service in SERVICES},
        folders={"data": data, **({"backups": backups.folder} if backups.folder.exists() else {})},
        secrets=data / "secrets",
        certificate=_if_there(data / "tls" / "certificate.pem"),
        backups=backups,
    )


def _in_containers(server: str) -> Place:
    """Return what the environment names: the same variables that the containers of compose and Kubernetes get."""
    secrets = Path(os.environ.get("KITH_SECRETS_FOLDER") or "/run/secrets")
    backups, streams = _told_folder("KITH_BACKUPS"), _told_folder("KITH_NATS_FOLDER")
    return Place(
        databases={
            service: _with_login(server, service, secrets / f"{service}.password", f"kith_{service}")
            for service in SERVICES
        },
        bus=bus_in_containers(),
        services={
            service: address_in(f"KITH_{service.upper()}_URL", HTTP) or f"http://{service}:8080"
            for service in SERVICES
        },
        folders={holds: folder for holds, folder in (("streams", streams), ("backups", backups)) if folder},
        certificate=_if_there(Path(os.environ.get("KITH_TLS_CERTIFICATE_FILE", TLS_FILE))),
        backups=None if backups is None else Repository(backups),
    )


def bus_in_containers() -> str:
    """Return the address of the bus that the environment names, with the operator's rights."""
    secrets = Path(os.environ.get("KITH_SECRETS_FOLDER") or "/run/secrets")
    url = address_in("KITH_NATS_URL", BUS) or "nats://nats:4222"
    return _with_login(url, OPERATOR, secrets / f"nats-{OPERATOR}.password", "")


def _told_folder(variable: str) -> Path | None:
    told = os.environ.get(variable)
    return None if told is None else Path(told)


def _if_there(path: Path) -> Path | None:
    return path if path.exists() else None


def _with_login(url: str, user: str, secret: Path, database: str) -> str:
    word = quote(secret_in(secret), safe="")
    parts = urlsplit(url)
    where = parts.netloc.rpartition("@")[2]
    return urlunsplit(
        parts._replace(netloc=f"{user}:{word}@{where}", path=f"/{database}" if database else "")
    )
