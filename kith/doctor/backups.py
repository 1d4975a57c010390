"""Whether a backup was made and proved lately."""

from datetime import timedelta

from kith.backup.making import age_of_newest
from kith.backup.repository import Repository
from kith.doctor.finding import Finding, bad, doubtful, well

AGE_MAX = timedelta(hours=26)
"""A nightly one, and two hours for it; the alert BackupTooOld has the same limit."""


def look_at_backups(repository: Repository) -> list[Finding]:
    """Return how old the newest backup is."""
    where = str(repository.folder)
    age = age_of_newest(repository)
    if age is None:
        return [doubtful("doctor_no_backup", where)]
    told = {"hours": round(age / timedelta(hours=1), 1)}
    return [
        bad("doctor_backup_old", where, **told) if age > AGE_MAX else well("doctor_backup", where, **told)
    ]
