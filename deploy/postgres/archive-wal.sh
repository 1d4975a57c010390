#!/bin/sh
# archive_command = 'sh archive-wal.sh "%p" "%f" ARCHIVE': one finished piece of WAL into the archive, whole or not at all.
# A segment that was closed by archive_timeout is mostly zeros: 16 MiB become some 20 KiB.
set -eu
umask 027   # in containers the archive belongs to the group of who lets old WAL go
segment=$1 name=$2 archive=$3
kept=$archive/$name.gz

if [ ! -d "$archive" ]; then
    echo "the WAL archive $archive is away: WAL is kept in the database's own folder until it is back" >&2
    exit 1
fi
if [ -e "$kept" ]; then
    # After a crash PostgreSQL offers a segment again: the same is done already, another is never written over it.
    gzip -dc "$kept" | cmp -s - "$segment" && exit 0
    echo "$kept is there already, with another content: two databases archive into one folder" >&2
    exit 1
fi
unfinished=$archive/.$name.unfinished
gzip -1 -c "$segment" > "$unfinished"
sync "$unfinished"
mv "$unfinished" "$kept"
sync "$archive"
