#!/bin/sh
# Before a restore, as root: both volumes must be empty, then PostgreSQL's is opened to the backups' containers.
# A stream that is ahead of the restored log would bring back what was left behind; an empty one is filled again.
set -eu
for volume in /volumes/postgres /volumes/nats; do
    if [ -n "$(ls -A "$volume")" ]; then
        echo "The volume of ${volume##*/} is not empty. A restore never writes over anything: remove it, or choose a new" \
             "COMPOSE_PROJECT_NAME, whose volumes are new." >&2
        exit 1
    fi
done
chown 10001:10001 /volumes/postgres /volumes/nats
chmod 0700 /volumes/postgres
