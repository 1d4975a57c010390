#!/bin/sh
# restore_command = 'sh fetch-wal.sh "%f" "%p" ARCHIVE': one piece of WAL back from the archive; 1 where it has none.
set -eu
kept=$3/$1.gz
[ -e "$kept" ] || exit 1
gzip -dc "$kept" > "$2"
