#!/bin/sh
# receive-wal.sh CONNECTION PASSWORD_FILE SLOT ARCHIVE RECEIVING: the archive of WAL of a server that an operator runs,
# by its stream. Segments come into RECEIVING and go from there into ARCHIVE as archive-wal.sh says, whole or not at all.
# Whenever it listens again it begins where the server's slot is, on whatever timeline, and not where RECEIVING ended: a
# segment that came whole may be one that the server which took over never saw. RECEIVING/at-work: it listens.
set -eu
connection=$1 slot=$3 archive=$4 receiving=$5
PGPASSWORD=$(cat "$2")
export PGPASSWORD
here=$(dirname "$0")
again_seconds=5
umask 027
mkdir -p "$archive" "$receiving"

put_away() {
    for piece in "$receiving"/*; do
        case ${piece##*/} in
            '*' | at-work | *.partial | *.tmp) continue ;;
        esac
        sh "$here/archive-wal.sh" "$piece" "${piece##*/}" "$archive" || exit 1
        rm "$piece"
    done
}

ask() { # in the words of replication: a role that may do nothing else may enter no database
    psql "$connection replication=true" -w -Atq -v ON_ERROR_STOP=1 -c "$1"
}

have_slot() { # one that the server has not, or keeps no WAL for any more, is made anew: the archive has a gap then
    found=$(ask "READ_REPLICATION_SLOT $slot") || return 1
    case $found in
        physical\|[0-9A-F]*) return 0 ;;
        physical*) ask "DROP_REPLICATION_SLOT $slot" || return 1 ;;
    esac
    echo "archived from now on: of what was written before, only backups can be restored; make one now" >&2
    ask "CREATE_REPLICATION_SLOT $slot PHYSICAL RESERVE_WAL" > /dev/null
}

stop() {
    rm -f "$receiving/at-work"
    [ -z "$listener" ] || kill "$listener" 2> /dev/null || true
    wait
    put_away
    exit 0
}

listener=
trap stop TERM INT
while :; do
    put_away
    rm -f "$receiving"/*
    if have_slot; then
        pg_receivewal --dbname "$connection" --no-password --slot "$slot" --no-loop --directory "$receiving" &
        listener=$!
        touch "$receiving/at-work"
        while kill -0 "$listener" 2> /dev/null; do
            put_away
            sleep 1 &
            wait $!
        done
        listener=
        rm -f "$receiving/at-work"
    fi
    echo "no stream of WAL; trying again in $again_seconds s" >&2
    sleep "$again_seconds" &
    wait $!
done
