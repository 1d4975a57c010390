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

rm -f "$receiving/at-work"

put_away() {
    for piece in "$receiving"/*; do
        case ${piece##*/} in
            '*' | at-work | *.partial | *.tmp) continue ;;
            *.history) ;;
            *) tell_of_a_gap "${piece##*/}" ;;
        esac
        sh "$here/archive-wal.sh" "$piece" "${piece##*/}" "$archive" || exit 1
        rm "$piece"
    done
}

tell_of_a_gap() { # before a new segment, where the archive has some, and the one before on no timeline
    set -- "$1" "$archive"/????????????????????????.gz
    [ -e "$2" ] && [ ! -e "$archive/$1.gz" ] || return 0
    before=$((0x$(echo "$1" | cut -c9-16) * 256 + 0x$(echo "$1" | cut -c17-24) - 1))
    set -- "$1" "$archive"/????????"$(printf '%08X%08X' $((before / 256)) $((before % 256)))".gz
    [ -e "$2" ] || echo "the archive has a gap before $1: make a backup now; no moment in the gap can be restored" >&2
}

ask() { # in the words of replication: a role that may do nothing else may enter no database
    psql "$connection replication=true" -w -Atq -v ON_ERROR_STOP=1 -c "$1"
}

have_slot() { # one that the server has not, or keeps no WAL for any more, is made anew
    found=$(ask "READ_REPLICATION_SLOT $slot") || return 1
    case $found in
        physical\|[0-9A-F]*) return 0 ;;
        physical*) ask "DROP_REPLICATION_SLOT $slot" || return 1 ;;
    esac
    echo "the server has no WAL kept for slot $slot: it keeps it from now on" >&2
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
    rm -f "$receiving"/*.partial "$receiving"/*.tmp
    if have_slot; then
        pg_receivewal --dbname "$connection" --no-password --slot "$slot" --no-loop --directory "$receiving" &
        listener=$!
        sleep 1 &
        wait $!
        while kill -0 "$listener" 2> /dev/null; do
            touch "$receiving/at-work"
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
