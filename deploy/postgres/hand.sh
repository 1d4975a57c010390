#!/bin/sh
# hand.sh FOLDER: the hand of `kith backup` and `kith restore` in PostgreSQL's image, since only that has PostgreSQL's
# programs. It runs one at a time: the words in FOLDER/asked, until the program ends or FOLDER/stop appears; then
# FOLDER/ended has its exit code and FOLDER/said its output. FOLDER/ready is touched as long as the hand lives;
# FOLDER/leave sends it away, and so does a later hand in the same folder: it would work on the volumes of another.
set -u
mkdir -p "$1" && cd "$1" || exit 1
[ ! -O . ] || chmod 0700 .   # in Kubernetes a folder of this pod alone, which is root's
me=$(cat /proc/sys/kernel/random/uuid)
echo "$me" > owner
rm -f asked stop ended leave
export PGPASSFILE="$PWD/pgpass"
umask 077
trap 'rm -f ready; exit 0' TERM INT

while [ ! -e leave ]; do
    [ "$(cat owner)" = "$me" ] || exit 0
    touch ready
    if [ -e asked ]; then
        mv asked words
        sh -c "exec $(cat words)" > said 2>&1 &
        child=$!
        while kill -0 "$child" 2> /dev/null; do
            touch ready
            [ ! -e stop ] || { rm -f stop; kill -INT "$child"; }
            sleep 0.2
        done
        wait "$child"
        echo $? > code
        mv code ended
    fi
    sleep 0.2
done
rm -f leave ready
