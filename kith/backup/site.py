"""What is backed up: a running cluster, and the few files beside it that a restore needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kith.backup.cluster import Cluster
from kith.backup.repository import Repository
from kith.deployment import Deployment
from kith.embedded.accounts import Account, account_for_postgres, home_for
from kith.embedded.kept_secrets import password, vault_secret_file
from kith.embedded.ports import LOOPBACK, known_port
from kith.embedded.postgres import ARCHIVE, SUPERUSER, start_postgres
from kith.exits import Failed

ARCHIVE_WAL = Path(__file__).parents[2] / "deploy" / "postgres" / "archive-wal.sh"


@dataclass(frozen=True)
class Site:
    """A deployment as its backup sees it."""

    cluster: Cluster
    account: Account | None
    deployment: Deployment

    @property
    def vault_secret(self) -> Path:
        return vault_secret_file(self.deployment.data)

    def archive_into(self, repository: Repository) -> None:
        """Have the running server archive its WAL into *repository* from now on; raises Failed.

        A server archives into one folder: another one is told, not silently left.
        """
        home = home_for(self.deployment.data, self.account)
        script, link = home / ARCHIVE_WAL.name, home / ARCHIVE
        if link.is_symlink() and link.readlink() != repository.wal:
            raise Failed(
                "archives_elsewhere", folder=str(link.readlink().parent), asked=str(repository.folder)
            )
        script.write_bytes(ARCHIVE_WAL.read_bytes())
        script.chmod(0o755)
        if not link.is_symlink():
            link.symlink_to(repository.wal)


@contextmanager
def site_of(deployment: Deployment) -> Iterator[Site]:
    """Give the site of *deployment*: the server that runs on it, or else one started for as long as needed."""
    data = deployment.data
    if not (data / "secrets").is_dir():
        raise Failed("never_started", folder=str(data))
    account = account_for_postgres(data)
    secret = password(data, SUPERUSER)
    try:
        started = start_postgres(data)
    except Failed as failed:
        if failed.code != "data_folder_in_use":
            raise
        port = known_port(data, "postgres")
        assert port is not None  # noqa: S101 - kept before the server that runs was started
        yield Site(Cluster(LOOPBACK, port, secret), account, deployment)
    else:
        with started:
            yield Site(Cluster(LOOPBACK, started.port, secret), account, deployment)


def repository_of(deployment: Deployment, told: Path | None) -> Repository:
    """Return the repository that was told, else the one in use, else BACKUPS beside the database's folder."""
    if told is not None:
        return Repository(told.resolve())
    home = home_for(deployment.data, account_for_postgres(deployment.data))
    link = home / ARCHIVE
    return Repository(link.readlink().parent if link.is_symlink() else home.with_name(f"{home.name}.backups"))
