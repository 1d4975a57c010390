"""One deployment on this machine: its data folder, the addresses in it and what each service is told."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter

from kith.embedded.databases import owner_of
from kith.embedded.kept_secrets import password, vault_secret_file
from kith.embedded.nats import RunningNats
from kith.embedded.ports import LOOPBACK, kept_port, known_port
from kith.embedded.postgres import RunningPostgres
from kith.environment import address_in
from kith.exits import Exit, Failed
from kith.kept_files import read_kept
from kith.signing import keys_of
from shared.addresses import BUS, HTTP
from shared.subjects import SERVICES

Clock = Literal["live", "advanced"]

DEFAULT_DATA = Path(".kith")
NOT_PASSED_ON = re.compile(r"KITH_(?!OTEL_)|PG[A-Z]+$|NATS_")
"""Variables that would contradict what the deployment says."""


class Facts(BaseModel):
    """What a data folder knows about itself, and what a later release may have written beside that."""

    model_config = ConfigDict(extra="allow")

    clock: Clock | None = None
    county: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] | None = None


FACTS = TypeAdapter(Facts)


@dataclass(frozen=True)
class Deployment:
    """A data folder and everything that follows from it."""

    data: Path

    def prepare(self) -> None:
        """Make the secrets that are missing; everything else is made where it is needed."""
        keys_of(self.data)
        vault_secret_file(self.data)
        for role in self.database_passwords():
            password(self.data, role)

    def database_passwords(self) -> dict[str, str]:
        """Return the password of each login role of the databases."""
        roles = [role for service in SERVICES for role in (service, owner_of(service))]
        return {role: password(self.data, role) for role in roles}

    def address(self, service: str) -> str:
        """Return the address of *service*.

        KITH_<SERVICE>_URL, else its place at the gateway KITH_URL, else the loopback port the folder keeps.
        """
        gateway = address_in("KITH_URL", HTTP)
        told = address_in(f"KITH_{service.upper()}_URL", HTTP) or (
            gateway and f"{gateway.rstrip('/')}/{service}"
        )
        port = known_port(self.data, service)
        if told is None and port is None:
            raise Failed("never_started", Exit.UNREACHABLE, folder=str(self.data))
        return told or f"http://{LOOPBACK}:{port}"

    def bus_address(self) -> str:
        """Return the address of the bus: KITH_NATS_URL, else the loopback port the folder keeps."""
        told = address_in("KITH_NATS_URL", BUS)
        port = known_port(self.data, "nats")
        if told is None and port is None:
            raise Failed("never_started", Exit.UNREACHABLE, folder=str(self.data))
        return told or f"nats://{LOOPBACK}:{port}"

    def addresses(self) -> dict[str, str]:
        return {service: self.address(service) for service in SERVICES}

    def owner_dsn(self, postgres: RunningPostgres, service: str) -> str:
        return postgres.dsn(owner_of(service), password(self.data, owner_of(service)), f"kith_{service}")

    def environment_of(
        self, service: str, postgres: RunningPostgres, bus: RunningNats, clock: Clock
    ) -> dict[str, str]:
        """Return the environment of the process of *service*: its own secrets, nobody else's."""
        keys = keys_of(self.data)
        passed_on = {name: value for name, value in os.environ.items() if not NOT_PASSED_ON.match(name)}
        return passed_on | {
            "PYTHONPATH": str(Path(__file__).parent.parent),
            "KITH_DATABASE_URL": postgres.dsn(service, password(self.data, service), f"kith_{service}"),
            "KITH_NATS_URL": bus.url_for(service),
            "KITH_HTTP_HOST": LOOPBACK,
            "KITH_HTTP_PORT": str(kept_port(self.data, service)),
            "KITH_TOKEN_KEYS_FILE": str(keys.public_file),
            "KITH_REVOKED_TOKENS_FILE": str(keys.revoked_file),
            "KITH_VAULT_SECRET_FILE": str(vault_secret_file(self.data)),
            "KITH_CLOCK": clock,
        }

    @property
    def clock(self) -> Clock | None:
        """How the services of this folder learn the day, or None where they were never started."""
        return self._facts().get("clock")  # type: ignore[return-value]

    @property
    def county(self) -> str | None:
        """The county of this folder, or None before its areas were imported."""
        return self._facts().get("county")

    def keep(self, **facts: str) -> None:
        """Write down *facts* (clock, county) about the deployment."""
        self.data.mkdir(parents=True, exist_ok=True)
        unfinished = self._file.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(self._facts() | facts, indent=2) + "\n", encoding="ascii")
        unfinished.replace(self._file)

    @property
    def facts(self) -> dict[str, str]:
        """What the folder knows about itself: clock, county."""
        return self._facts()

    @property
    def _file(self) -> Path:
        return self.data / "deployment.json"

    def _facts(self) -> dict[str, str]:
        if not self._file.exists():
            return {}
        return read_kept(self._file, FACTS).model_dump(exclude_none=True)


def deployment_of(data: Path) -> Deployment:
    """Return the deployment in the folder *data*."""
    return Deployment(data.resolve())
