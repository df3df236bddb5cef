#!/bin/sh
# The part of the official postgres image that callers rely on: POSTGRES_USER, POSTGRES_PASSWORD and
# POSTGRES_DB make a superuser and a database at the first start, POSTGRES_INITDB_ARGS go to initdb,
# PGDATA may name another directory; the arguments are those of `postgres`.
set -eu

case "${1:-}" in "" | -*) set -- postgres "$@" ;; esac
[ "$1" = postgres ] || exec "$@"

if [ -z "${POSTGRES_PASSWORD:-}" ]; then
    echo "POSTGRES_PASSWORD is not set: a server without a password is not started; pass -e POSTGRES_PASSWORD=..." >&2
    exit 1
fi
: "${POSTGRES_USER:=postgres}"
: "${POSTGRES_DB:=$POSTGRES_USER}"

if [ "$(id -u)" = 0 ]; then # initdb and postgres refuse to run as root
    mkdir -p "$PGDATA"
    chown -R postgres:postgres "$PGDATA"
    chmod 700 "$PGDATA"
    exec start-stop-daemon -S -q -c postgres:postgres -x "$0" -- "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    printf '%s\n' "$POSTGRES_PASSWORD" >/tmp/password
    initdb --pgdata="$PGDATA" --username="$POSTGRES_USER" --pwfile=/tmp/password --no-sync \
        --encoding=UTF8 --locale="$LANG" --auth-local=trust --auth-host=scram-sha-256 ${POSTGRES_INITDB_ARGS:-}
    rm /tmp/password
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    if [ "$POSTGRES_DB" != postgres ]; then
        # Without TCP: whoever waits for the port must not meet this server.
        pg_ctl --pgdata="$PGDATA" --options="-c listen_addresses='' -c fsync=off" --wait --silent start
        psql --no-psqlrc --username="$POSTGRES_USER" --dbname=postgres -v ON_ERROR_STOP=1 -v name="$POSTGRES_DB" <<'SQL'
CREATE DATABASE :"name";
SQL
        pg_ctl --pgdata="$PGDATA" --mode=fast --wait --silent stop
    fi
fi

shift
exec postgres -c listen_addresses='*' "$@"
