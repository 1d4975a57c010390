"""Backup and restore: base backups and archived WAL, each proved by restoring it, and what follows a restore."""
