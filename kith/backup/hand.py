"""The hand that runs PostgreSQL's own programs: here, from the wheel, or in the container that has them."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from kith.backup.cluster import Cluster
from kith.backup.target import Target


class Hand(Protocol):
    """Who copies a running cluster, and who recovers a copy of it."""

    def copy_base(self, cluster: Cluster, base: Path) -> None:
        """Copy a running cluster to *base*, with the WAL that the copy needs and a checksum of each file.

        Raises Failed with the program's last words.
        """

    def recovered(
        self, base: Path, wal: Path, cluster: Path, target: Target
    ) -> AbstractContextManager[Cluster]:
        """Copy *base* to *cluster*, recover it up to *target*, and give the server while it runs.

        It listens on a socket in a closed folder only, asks for no password there, and archives nothing.
        Afterwards *cluster* is a cluster that was stopped in good order. Raises Failed where it does not
        recover, with time_after_archive where the archive ends before *target*.
        """


BASE_BACKUP = ("--format=plain", "--wal-method=stream", "--checkpoint=fast", "--manifest-checksums=SHA256")
"""What pg_basebackup is told beside where from and where to."""
