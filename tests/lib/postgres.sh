#!/usr/bin/env bash
# Throw-away PostgreSQL clusters for the tests: `tests/lib/postgres.sh help`.
set -euo pipefail

usage() {
    cat <<'END'
Throw-away PostgreSQL clusters, each in a directory of its own.

usage: tests/lib/postgres.sh COMMAND

  install         make sure that the PostgreSQL programs are there (by apt-get where they are missing)
  create DIR      make a cluster in DIR (absent or empty), start it, print its URL
  start DIR       start it again after `stop` or `crash`, on the same port
  stop DIR        stop it in order: open sessions are ended, everything is written
  crash DIR       stop it without writing anything: the next start recovers
  destroy DIR     stop it and remove DIR
  url DIR         print its URL
  help            print this

A cluster listens on 127.0.0.1 and on a socket in its directory, trusts whoever connects there, keeps fsync on, and
sorts text by the rules of English instead of by bytes, so that a query that relies on the order of bytes must say so.
As root, it runs as the user `postgres`, who is created where missing. REGISTRY_TEST_POSTGRES_BIN names the directory
of the PostgreSQL programs when they are in an unusual place.
END
}

database=registry_test

fail() {
    printf 'postgres.sh: %s\n' "$*" >&2
    exit 1
}

# The directory of initdb, pg_ctl and psql; the newest where there are several.
find_programs() {
    local candidate directory
    for candidate in \
        "${REGISTRY_TEST_POSTGRES_BIN:-}" \
        "$(pg_config --bindir 2>/dev/null || true)" \
        "$(dirname -- "$(readlink -f -- "$(command -v initdb || echo /nonexistent/initdb)")")"; do
        if [[ -n $candidate && -x $candidate/initdb && -x $candidate/pg_ctl && -x $candidate/psql ]]; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    while IFS= read -r directory; do
        if [[ -x $directory/initdb && -x $directory/pg_ctl && -x $directory/psql ]]; then
            printf '%s\n' "$directory"
            return
        fi
    done < <(printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin | sort --reverse --version-sort)
    return 1
}

install() {
    if find_programs >/dev/null; then return; fi
    local as_root=() log
    command -v apt-get >/dev/null ||
        fail "PostgreSQL is missing and there is no apt-get to install it: install a PostgreSQL server (15 or newer)," \
            "then run this again"
    if [[ $EUID -ne 0 ]]; then
        command -v sudo >/dev/null ||
            fail "PostgreSQL is missing and neither root nor sudo is available: run 'apt-get install postgresql' as root"
        as_root=(sudo)
        [[ -t 0 ]] || as_root+=(--non-interactive)
    fi
    echo "postgres.sh: PostgreSQL is missing; installing it with apt-get" >&2
    log=$(mktemp)
    if ! { "${as_root[@]}" apt-get update &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get install --yes --no-install-recommends postgresql; } >"$log" 2>&1 </dev/null; then
        tail -n 20 -- "$log" >&2
        rm -f -- "$log"
        fail "apt-get could not install PostgreSQL (its last words are above)"
    fi
    rm -f -- "$log"
    find_programs >/dev/null || fail "apt-get installed PostgreSQL, but its initdb was not found"
}

# Runs a command as the user who owns the cluster: PostgreSQL refuses root.
as_owner() {
    if [[ $EUID -eq 0 ]]; then
        runuser --user postgres -- "$@"
    else
        "$@"
    fi
}

ensure_owner() {
    if [[ $EUID -eq 0 ]] && ! id postgres >/dev/null 2>&1; then
        useradd --system --user-group --no-create-home --home-dir / --shell /usr/sbin/nologin postgres
    fi
}

# shellcheck source=tests/lib/ports.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/ports.sh"

is_cluster() {
    [[ -f $1/port && -f $1/data/PG_VERSION ]]
}

url() {
    is_cluster "$1" || fail "$1 holds no cluster made by this script"
    printf 'postgres://postgres@127.0.0.1:%s/%s\n' "$(<"$1/port")" "$database"
}

sql() {
    local directory=$1
    shift
    (cd / && "$programs/psql" --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 \
        --host 127.0.0.1 --port "$(<"$directory/port")" --username postgres "$@")
}

initialise() {
    local directory=$1 locale
    local common=("$programs/initdb" --pgdata "$directory/data" --username postgres --encoding UTF8
        --auth-local trust --auth-host trust)
    if (cd / && as_owner "${common[@]}" --locale C.UTF-8 --locale-provider icu --icu-locale en-US) \
        >"$directory/initdb.log" 2>&1; then
        return
    fi
    # A PostgreSQL without ICU: the locales of the system, a linguistic one first.
    for locale in en_US.UTF-8 C.UTF-8; do
        rm -rf -- "$directory/data"
        if (cd / && as_owner "${common[@]}" --locale "$locale") >"$directory/initdb.log" 2>&1; then
            return
        fi
    done
    tail -n 20 -- "$directory/initdb.log" >&2
    fail "initdb could not make a cluster in $directory (its last words are above)"
}

configure() {
    local directory=$1
    cat >>"$directory/data/postgresql.conf" <<END
listen_addresses = '127.0.0.1'
unix_socket_directories = '$directory'
max_connections = 300
max_locks_per_transaction = 256
fsync = on
synchronous_commit = on
log_line_prefix = '%m [%p] %u@%d '
END
}

launch() {
    local directory=$1
    (cd / && as_owner "$programs/pg_ctl" start --silent --wait --timeout 60 --pgdata "$directory/data" \
        --log "$directory/server.log" --options "-p $(<"$directory/port")") \
        </dev/null >>"$directory/pg_ctl.log" 2>&1
}

create() {
    local directory=$1 attempt
    if [[ -d $directory && -n $(ls --almost-all -- "$directory") ]]; then fail "$directory is not empty"; fi
    mkdir -p -- "$directory"
    directory=$(cd -- "$directory" && pwd)
    # The name of the socket must fit into 107 bytes, and the owner must be able to reach its directory.
    ((${#directory} <= 85)) || fail "the path $directory is too long for a socket; choose a shorter one"
    chmod 0700 -- "$directory"
    if [[ $EUID -eq 0 ]]; then chown postgres: -- "$directory"; fi
    (cd / && as_owner test -w "$directory") || fail "the user postgres cannot reach $directory"
    initialise "$directory"
    configure "$directory"
    for ((attempt = 1; ; attempt++)); do
        free_port >"$directory/port"
        if launch "$directory"; then break; fi
        if ((attempt == 5)); then
            tail -n 20 -- "$directory/server.log" "$directory/pg_ctl.log" >&2 || true
            fail "PostgreSQL does not start (its last words are above)"
        fi
    done
    sql "$directory" --dbname postgres --command "CREATE DATABASE $database"
    if [[ $(sql "$directory" --dbname "$database" --command "SELECT 'a' < 'B'") != t ]]; then
        echo "postgres.sh: warning: this PostgreSQL has no linguistic collation; a query that forgets to ask for the" \
            "order of bytes goes unnoticed here" >&2
    fi
    url "$directory"
}

start() {
    is_cluster "$1" || fail "$1 holds no cluster made by this script"
    if launch "$1"; then return; fi
    tail -n 20 -- "$1/server.log" "$1/pg_ctl.log" >&2 || true
    fail "PostgreSQL does not start again in $1 (its last words are above)"
}

# Ends the server by its own process id with the given signal and waits until it is gone.
halt() {
    local directory=$1 signal=$2 pid waited
    is_cluster "$directory" || fail "$directory holds no cluster made by this script"
    [[ -f $directory/data/postmaster.pid ]] || return 0
    pid=$(head -n 1 -- "$directory/data/postmaster.pid")
    # A server that was killed leaves its number behind, which may be someone else's by now.
    [[ $(ps -o comm= -p "$pid" 2>/dev/null) == *postgres* ]] || return 0
    kill "-$signal" "$pid" 2>/dev/null || return 0
    for ((waited = 0; waited < 300; waited++)); do
        if ! kill -0 "$pid" 2>/dev/null; then return 0; fi
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
}

destroy() {
    local directory=$1
    [[ -d $directory ]] || return 0
    if is_cluster "$directory"; then
        halt "$directory" QUIT
    elif [[ -n $(ls --almost-all -- "$directory") && ! -f $directory/initdb.log ]]; then
        fail "$directory holds no cluster made by this script; it is left alone"
    fi
    rm -rf -- "$directory"
}

command=${1:-help}
case $command in
    help | -h | --help)
        usage
        exit 0
        ;;
    install)
        install
        exit 0
        ;;
    create | start | stop | crash | destroy | url)
        [[ $# -eq 2 && -n $2 ]] || fail "'$command' takes one directory; see 'help'"
        ;;
    *)
        fail "no command is named '$command'; see 'help'"
        ;;
esac

programs=$(find_programs) || fail "PostgreSQL is missing: run 'tests/lib/postgres.sh install'"
if [[ $command == create ]]; then ensure_owner; fi
case $command in
    stop) halt "$2" INT ;;
    crash) halt "$2" QUIT ;;
    *) "$command" "$2" ;;
esac
