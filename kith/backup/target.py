"""How far recovery goes, and what the recovering server is told."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kith.embedded.postgres import SETTINGS
from kith.exits import Exit, Failed

SOCKET_PORT = 5432
"""The number in the socket's name; no port of the machine is taken."""
HBA_FILE = "pg_hba.conf"
CONFIG_FILE = "recovery.conf"
BEFORE_TARGET = "recovery ended before configured recovery target was reached"


@dataclass(frozen=True)
class Target:
    """A named restore point, or a moment, or, with neither, the archive's end."""

    restore_point: str | None = None
    time: datetime | None = None

    @property
    def settings(self) -> dict[str, str]:
        if self.restore_point is not None:
            return {"recovery_target_name": self.restore_point}
        if self.time is not None:
            return {"recovery_target_time": self.time.astimezone(UTC).isoformat(sep=" ")}
        return {}

    def failure(self, said: str) -> Failed:
        """Return why recovery failed, by what the server said last."""
        if BEFORE_TARGET in said:
            return Failed("time_after_archive", Exit.REFUSED, target=self.time or self.restore_point)
        return Failed("recovery_failed", Exit.REFUSED, last=said)


def furnish(closed: Path) -> None:
    """Write what the recovering server reads in the folder *closed*: who may connect, and an empty configuration.

    The file of the backup is for where it was made: an operator's names certificates and folders of its own.
    """
    (closed / HBA_FILE).write_text("local all all trust\n", encoding="ascii")
    (closed / CONFIG_FILE).write_text("# Everything is told on the command line.\n", encoding="ascii")


def recovery_settings(closed: Path, fetch_wal: str, target: Target) -> dict[str, str]:
    """Return the settings of a server that recovers up to *target*, reached by a socket in *closed* alone.

    *fetch_wal* is the restore_command, which brings a segment from the archive.
    """
    return SETTINGS | {
        "listen_addresses": "",
        "unix_socket_directories": str(closed),
        "config_file": str(closed / CONFIG_FILE),
        "hba_file": str(closed / HBA_FILE),
        "archive_mode": "off",
        "hot_standby": "off",  # no connection before the end of recovery
        "restore_command": fetch_wal,
        "recovery_target_action": "promote",
        **target.settings,
    }
