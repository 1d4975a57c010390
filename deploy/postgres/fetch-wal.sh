#!/bin/sh
# restore_command = 'sh fetch-wal.sh "%f" "%p" ARCHIVE': one piece of WAL back from the archive; 1 where it has none,
# 126 where it, or the archive, cannot be read: by any lower number PostgreSQL would take the archive for ended there, and start.
set -eu
kept=$3/$1.gz
[ -x "$3" ] || exit 126
[ -e "$kept" ] || exit 1
gzip -dc "$kept" > "$2" || exit 126
