"""Whether there is room, and whether the backups lie on another disk than what they are of."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from kith.doctor.finding import Finding, bad, doubtful, well

LOW_SHARE, LOW_BYTES = 0.15, 5 * 1024**3
FULL_SHARE, FULL_BYTES = 0.05, 1024**3
"""Below both the share and the bytes a disk is low, or as good as full."""


def look_at_disks(folders: Mapping[str, Path]) -> list[Finding]:
    """Return how much room each folder's disk has left."""
    findings = [_room(holds, folder) for holds, folder in folders.items()]
    data, backups = folders.get("data") or folders.get("postgres"), folders.get("backups")
    if data is not None and backups is not None and data.stat().st_dev == backups.stat().st_dev:
        findings.append(doubtful("doctor_one_disk", str(backups), data=str(data)))
    return findings


def _room(holds: str, folder: Path) -> Finding:
    usage = shutil.disk_usage(folder)
    share = usage.free / usage.total
    told = {"holds": holds, "free": usage.free // 1024**2, "percent": round(share * 100)}
    if share < FULL_SHARE and usage.free < FULL_BYTES:
        return bad("doctor_disk_full", str(folder), **told)
    if share < LOW_SHARE and usage.free < LOW_BYTES:
        return doubtful("doctor_disk_low", str(folder), **told)
    return well("doctor_disk", str(folder), **told)
