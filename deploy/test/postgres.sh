#!/bin/sh
# A private PostgreSQL with PgBouncer (transaction mode) in front of it, for tests:
#
#   eval "$(deploy/test/postgres.sh start DIR)"    starts both, sets LAKEFRONT_TEST_POSTGRES and LAKEFRONT_TEST_PGBOUNCER,
#                                                  and LAKEFRONT_TEST_POSTGRES_CA, who signed the server's certificate
#   deploy/test/postgres.sh stop DIR               ends both and removes DIR
#
# Members of the role `scram` sign in with a password, everybody else without. Both listen on loopback only and run as the user postgres when started by root. fsync is off: for tests only.
set -eu

usage() {
    echo "usage: $0 start|stop DIR" >&2
    exit 2
}

[ $# -eq 2 ] || usage
action=$1
dir=$2
bin=${POSTGRES_BIN:-/usr/lib/postgresql/15/bin}
pgbouncer=${PGBOUNCER:-/usr/sbin/pgbouncer}

as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
    else
        "$@"
    fi
}

# A port nobody listens on, at or after $1.
free_port() {
    port=$1
    while "$bin/pg_isready" -q -t 1 -h 127.0.0.1 -p "$port" || ss -Hltn "sport = :$port" 2>/dev/null | grep -q .; do
        port=$((port + 1))
    done
    echo "$port"
}

wait_for() {
    for _ in $(seq 100); do
        "$bin/pg_isready" -q -h 127.0.0.1 -p "$1" && return
        sleep 0.1
    done
    echo "nothing answers on port $1; see the logs in $dir" >&2
    exit 1
}

# An authority made for this one start, and the server's certificate.
certificate() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=Lakefront's tests" -keyout "$dir/ca.key" -out "$dir/ca.pem" 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout "$dir/data/server.key" -out "$dir/request.pem" 2>/dev/null
    printf 'subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' >"$dir/extensions"
    openssl x509 -req -in "$dir/request.pem" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days 2 \
        -extfile "$dir/extensions" -out "$dir/data/server.crt" 2>/dev/null
    chmod 600 "$dir/data/server.key"
    if [ "$(id -u)" -eq 0 ]; then chown postgres: "$dir/data/server.key" "$dir/data/server.crt"; fi
}

start() {
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    if [ "$(id -u)" -eq 0 ]; then chown postgres: "$dir"; fi
    cd "$dir"

    port=$(free_port $((20000 + $$ % 20000)))
    as_postgres "$bin/initdb" -D "$dir/data" -U lakefront -A trust -E UTF8 --locale=C --no-sync >"$dir/initdb.log" 2>&1
    certificate
    sed -i '1i host all +scram 127.0.0.1/32 scram-sha-256' "$dir/data/pg_hba.conf"
    cat >>"$dir/data/postgresql.conf" <<CONF
ssl = on
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = ''
max_connections = 200
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 32MB
CONF
    as_postgres "$bin/pg_ctl" -D "$dir/data" -l "$dir/postgres.log" -w start >/dev/null
    psql -X -q "postgres://lakefront@127.0.0.1:$port/postgres" -c 'CREATE ROLE scram'

    pooler=$(free_port $((port + 1)))
    echo '"lakefront" ""' >"$dir/users.txt"
    cat >"$dir/pgbouncer.ini" <<CONF
[databases]
* = host=127.0.0.1 port=$port
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $pooler
unix_socket_dir =
auth_type = trust
auth_file = $dir/users.txt
pool_mode = transaction
default_pool_size = 5
max_client_conn = 400
logfile = $dir/pgbouncer.log
pidfile = $dir/pgbouncer.pid
CONF
    if [ "$(id -u)" -eq 0 ]; then chown postgres: "$dir"/*; fi
    as_postgres "$pgbouncer" -q -d "$dir/pgbouncer.ini" >/dev/null
    wait_for "$pooler"

    echo "export LAKEFRONT_TEST_POSTGRES=postgres://lakefront@127.0.0.1:$port/postgres"
    echo "export LAKEFRONT_TEST_POSTGRES_CA=$dir/ca.pem"
    echo "export LAKEFRONT_TEST_PGBOUNCER=postgres://lakefront@127.0.0.1:$pooler/postgres"
}

stop() {
    [ -d "$dir" ] || return 0
    dir=$(cd "$dir" && pwd)
    if [ -f "$dir/pgbouncer.pid" ]; then kill "$(cat "$dir/pgbouncer.pid")" 2>/dev/null || true; fi
    if [ -f "$dir/data/postmaster.pid" ]; then
        (cd "$dir" && as_postgres "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null) || true
    fi
    if [ -f "$dir/pgbouncer.ini" ]; then rm -rf "$dir"; fi
}

case $action in
start) start ;;
stop) stop ;;
*) usage ;;
esac
