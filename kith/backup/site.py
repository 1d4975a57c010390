"""What is backed up: a running cluster, who works on it, and the few files beside it that a restore needs."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from kith.backup.cluster import Cluster
from kith.backup.container_hand import ContainerHand
from kith.backup.facts import Facts
from kith.backup.hand import Hand
from kith.backup.local_hand import LocalHand
from kith.backup.repository import Repository
from kith.deployment import Deployment
from kith.embedded.accounts import Account, account_for_postgres, home_for
from kith.embedded.kept_secrets import password, vault_secret_file
from kith.embedded.locking import FolderLock
from kith.embedded.nats import start_nats
from kith.embedded.ports import LOOPBACK, known_port
from kith.embedded.postgres import ARCHIVE, SUPERUSER, start_postgres
from kith.environment import checked, secret_in
from kith.exits import Exit, Failed
from shared.addresses import DATABASE

ARCHIVE_WAL = Path(__file__).parents[2] / "deploy" / "postgres" / "archive-wal.sh"
POSTGRES_PORT = 5432
HAND = "hand"
"""The folder in the repository by which the hand of containers is asked."""


@dataclass(frozen=True)
class Site:
    """A deployment as its backup sees it."""

    cluster: Cluster
    hand: Hand
    facts: Facts
    archive_into: Callable[[Repository], None]
    """Have the running server archive into a repository from now on."""


@contextmanager
def site_of(deployment: Deployment, repository: Repository) -> Iterator[Site]:
    """Give the site of a data folder: of the server that runs on it, else of one started meanwhile.

    Where the environment names a server elsewhere (KITH_ADMIN_DATABASE_URL) it is the site of the containers.
    Raises Failed where the folder never ran.
    """
    if url := os.environ.get("KITH_ADMIN_DATABASE_URL"):
        yield from _of_containers(url, repository)
        return
    data = deployment.data
    if not (data / "secrets").is_dir():
        raise Failed("never_started", folder=str(data))
    try:
        started = start_postgres(data)
    except Failed as failed:
        if failed.code != "data_folder_in_use":
            raise
        port = known_port(data, "postgres")
        assert port is not None  # noqa: S101 - kept before the server that runs was started
        yield _of_folder(deployment, port)
    else:
        with started:
            yield _of_folder(deployment, started.port)


@contextmanager
def servers_alone(deployment: Deployment) -> Iterator[tuple[Cluster, str]]:
    """Start the two servers of a data folder and no service; give the cluster, and the operator's bus address.

    Raises Failed while services run on the folder.
    """
    lock = FolderLock(deployment.data, "kith")
    try:
        with start_postgres(deployment.data) as postgres, start_nats(deployment.data) as bus:
            yield Cluster(LOOPBACK, postgres.port, postgres.password), bus.url
    finally:
        lock.release()


def _of_folder(deployment: Deployment, port: int) -> Site:
    data = deployment.data
    account = account_for_postgres(data)
    return Site(
        Cluster(LOOPBACK, port, password(data, SUPERUSER)),
        LocalHand(account),
        Facts(deployment.facts, data / "tokens", vault_secret_file(data)),
        lambda repository: _link_archive(home_for(data, account), account, repository),
    )


def _of_containers(url: str, repository: Repository) -> Iterator[Site]:
    """Give what the backup's container sees."""
    hand = ContainerHand(repository.folder / HAND)
    facts = Facts({}, tokens_in_container(), vault_secret_in_container())
    try:
        yield Site(cluster_at(url), hand, facts, _ask_for_archive)
    finally:
        hand.leave()


def cluster_at(url: str) -> Cluster:
    """Return the cluster that *url* names, as the superuser whose password KITH_ADMIN_PASSWORD_FILE holds."""
    parts = urlsplit(checked(url, "KITH_ADMIN_DATABASE_URL (--admin-url)", DATABASE))
    secret = os.environ.get("KITH_ADMIN_PASSWORD_FILE")
    word = secret_in(Path(secret)) if secret else parts.password
    return Cluster(parts.hostname or LOOPBACK, parts.port or POSTGRES_PORT, word, parts.username or SUPERUSER)


def tokens_in_container() -> Path:
    """Return the folder of what checks tokens, as the services have it."""
    return Path(os.environ.get("KITH_TOKEN_KEYS_FILE", "/run/kith/tokens/token-keys.json")).parent


def vault_secret_in_container() -> Path:
    """Return the file of the vault's secret; raises Failed where it is not there."""
    file = Path(os.environ.get("KITH_VAULT_SECRET_FILE", "/run/secrets/vault.secret"))
    if not file.exists():
        raise Failed("secret_unreadable", Exit.CONFIGURATION, file=str(file), why="not found")
    return file


def _ask_for_archive(repository: Repository) -> None:
    """Have the server archive, as deploy/postgres/archiving.conf says it does once this mark is there."""
    repository.wal.mkdir(mode=0o700, exist_ok=True)
    (repository.folder / "archiving").touch()


def _link_archive(home: Path, account: Account | None, repository: Repository) -> None:
    """Lead the archive of the cluster in *home* to *repository*; raises Failed where it leads elsewhere.

    A server archives into one folder: another one is told, not silently left.
    """
    repository.prepare(account)
    script, link = home / ARCHIVE_WAL.name, home / ARCHIVE
    if link.is_symlink() and link.readlink() != repository.wal:
        raise Failed("archives_elsewhere", folder=str(link.readlink().parent), asked=str(repository.folder))
    script.write_bytes(ARCHIVE_WAL.read_bytes())
    script.chmod(0o755)
    if not link.is_symlink():
        link.symlink_to(repository.wal)


def repository_of(deployment: Deployment, told: Path | None) -> Repository:
    """Return the repository that was told, else the one in use, else a folder beside the database's."""
    if told is not None:
        return Repository(told.resolve())
    home = home_for(deployment.data, account_for_postgres(deployment.data))
    link = home / ARCHIVE
    return Repository(link.readlink().parent if link.is_symlink() else home.with_name(f"{home.name}.backups"))
