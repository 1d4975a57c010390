"""PostgreSQL and NATS from the images that docker-compose.yml names, with the configurations of deploy/."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from kith import bus_permissions
from kith.container_files import make_container_files
from kith.deployment import deployment_of
from kith.embedded.kept_secrets import bus_password
from kith.embedded.ports import LOOPBACK, kept_port

testcontainers_config.ryuk_disabled = True  # another image to carry; context managers clean up

DEPLOY = Path(__file__).parent.parent / "deploy"
POSTGRES_IMAGE = os.environ.get("POSTGRES_IMAGE", "postgres:17")
NATS_IMAGE = os.environ.get("NATS_IMAGE", "nats:2-alpine")
START_SECONDS_MAX = 60
SUPERUSER_PASSWORD = "of the tests"  # noqa: S105 - on loopback, for as long as the tests run


@dataclass(frozen=True)
class PostgresInContainer:
    """A PostgreSQL server in a container."""

    port: int
    password: str = SUPERUSER_PASSWORD
    """The superuser's."""

    @property
    def admin_dsn(self) -> str:
        """The address for the superuser."""
        return self.dsn("postgres", self.password, "postgres")

    def dsn(self, role: str, secret: str, database: str) -> str:
        """Return the address of *database* for *role*."""
        return f"postgresql://{quote(role)}:{quote(secret)}@{LOOPBACK}:{self.port}/{quote(database)}"


@contextmanager
def postgres_in_container() -> Iterator[PostgresInContainer]:
    """Run PostgreSQL with the configuration of deploy/postgres."""
    configuration = "/etc/postgresql/postgresql.conf"
    container = PostgresContainer(
        POSTGRES_IMAGE, username="postgres", password=SUPERUSER_PASSWORD, dbname="postgres", driver=None
    )
    container.with_volume_mapping(DEPLOY / "postgres" / "postgresql.conf", configuration, "ro")
    container.with_env(
        "POSTGRES_INITDB_ARGS", "--no-locale --locale-provider=builtin --builtin-locale=C.UTF-8"
    )
    container.with_command(
        f"postgres -c config_file={configuration} -c archive_mode=on -c archive_command=true"
    )
    with container:
        yield PostgresInContainer(int(container.get_exposed_port(5432)))


@dataclass
class NatsInContainer:
    """A NATS server in a container."""

    port: int
    _data: Path
    _container: DockerContainer
    _gone: bool = False

    @property
    def url(self) -> str:
        """The address with the operator's rights, which are all."""
        return self.url_for(bus_permissions.OPERATOR)

    def url_for(self, user: str) -> str:
        """Return the address with the rights of *user*, a service or the operator."""
        return f"nats://{user}:{bus_password(self._data, user)}@{LOOPBACK}:{self.port}"

    def stop(self) -> None:
        """Stop in good order; once it is gone, nothing."""
        if not self._gone:
            self._container.get_wrapped_container().stop()
            self._remove()

    def kill(self) -> None:
        """End it as a power cut would."""
        self._container.get_wrapped_container().kill()
        self._remove()

    def _remove(self) -> None:
        self._container.stop()
        self._gone = True


@contextmanager
def nats_in_container(data: Path) -> Iterator[NatsInContainer]:
    """Run NATS with the configuration of deploy/nats on the folder and the port that *data* keeps."""
    data.mkdir(parents=True, exist_ok=True)
    make_container_files(deployment_of(data))
    store = data / "store"
    store.mkdir(exist_ok=True)
    port = kept_port(data, "nats")
    container = DockerContainer(NATS_IMAGE, user=f"{os.getuid()}:{os.getgid()}")
    container.ports["4222/tcp"] = (LOOPBACK, port)  # type: ignore[assignment] # the engine takes an address
    container.with_volume_mapping(DEPLOY / "nats" / "nats.conf", "/etc/nats/nats.conf", "ro")
    container.with_volume_mapping(data / "secrets" / "bus", "/run/kith/bus", "ro")
    container.with_volume_mapping(store, "/data", "rw")
    container.with_command("--config /etc/nats/nats.conf")
    container.waiting_for(LogMessageWaitStrategy("Server is ready").with_startup_timeout(START_SECONDS_MAX))
    running = NatsInContainer(port, data, container.start())
    try:
        yield running
    finally:
        running.stop()
