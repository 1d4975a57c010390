#!/bin/sh
# Makes /backups what PostgreSQL and the backups' containers need, once, as root: PostgreSQL writes the archive,
# 10001 reads it and lets old WAL go; the rest is 10001's alone.
set -eu
mkdir -p /backups/wal
chown 10001:10001 /backups
chmod 0711 /backups
chown postgres:10001 /backups/wal
chmod 2770 /backups/wal
