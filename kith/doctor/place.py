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
from kith.embedded.ports import LOOPBACK, known_port
from kith.environment import address_in, secret_in
from kith.exits import Exit, Failed
from shared.addresses import BUS, DATABASE, HTTP
from shared.subjects import SERVICES

TLS_FILE = Path("/run/kith/tls/certificate.pem")
SERVER = "KITH_DATABASE_SERVER_URL"
"""The variable that says: look from within, where the database server has this address."""
BUS_SECRET = f"nats-{OPERATOR}.password"
KEY_NAME = "key.pem"


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
    """The gateway's; its key lies beside it."""
    backups: Repository | None = None

    @property
    def key(self) -> Path:
        return Path() if self.certificate is None else self.certificate.with_name(KEY_NAME)


def place_of(deployment: Deployment) -> Place:
    """Return the place of a data folder, or of containers where the environment names a database server.

    Raises Failed where the folder never ran.
    """
    if server := address_in(SERVER, DATABASE):
        return _in_containers(server)
    data = deployment.data
    ports = {name: known_port(data, name) for name in ("postgres", "nats", *SERVICES)}
    if None in ports.values() or not (data / "secrets").is_dir():
        raise Failed("never_started", Exit.UNREACHABLE, folder=str(data))
    postgres, bus = ports["postgres"], ports["nats"]
    backups = repository_of(deployment, _told_folder("KITH_BACKUPS"))
    secrets = data / "secrets"
    return Place(
        databases=_databases(f"postgresql://{LOOPBACK}:{postgres}", secrets),
        bus=_with_login(f"nats://{LOOPBACK}:{bus}", OPERATOR, secrets / BUS_SECRET, ""),
        services={service: f"http://{LOOPBACK}:{ports[service]}" for service in SERVICES},
        folders={"data": data, **({"backups": backups.folder} if backups.folder.exists() else {})},
        secrets=secrets,
        certificate=_if_there(data / "tls" / "certificate.pem"),
        backups=backups,
    )


def _in_containers(server: str) -> Place:
    """Return what the environment names: the same variables that the containers of compose and Kubernetes get."""
    secrets = Path(os.environ.get("KITH_SECRETS_FOLDER") or "/run/secrets")
    backups = _told_folder("KITH_BACKUPS")
    postgres, streams = _told_folder("KITH_POSTGRES_FOLDER"), _told_folder("KITH_NATS_FOLDER")
    return Place(
        databases=_databases(server, secrets),
        bus=bus_in_containers(),
        services={
            service: address_in(f"KITH_{service.upper()}_URL", HTTP) or f"http://{service}:8080"
            for service in SERVICES
        },
        folders={
            holds: folder
            for holds, folder in (("postgres", postgres), ("streams", streams), ("backups", backups))
            if folder
        },
        certificate=_if_there(Path(os.environ.get("KITH_TLS_CERTIFICATE_FILE", TLS_FILE))),
        backups=None if backups is None else Repository(backups),
    )


def bus_in_containers() -> str:
    """Return the address of the bus that the environment names, with the operator's rights."""
    secrets = Path(os.environ.get("KITH_SECRETS_FOLDER") or "/run/secrets")
    url = address_in("KITH_NATS_URL", BUS) or "nats://nats:4222"
    return _with_login(url, OPERATOR, secrets / BUS_SECRET, "")


def _databases(server: str, secrets: Path) -> dict[str, str]:
    return {
        service: _with_login(server, service, secrets / f"{service}.password", f"kith_{service}")
        for service in SERVICES
    }


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
