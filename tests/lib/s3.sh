#!/usr/bin/env bash
# Throw-away servers that speak S3, for the tests: `tests/lib/s3.sh help`.
set -euo pipefail

usage() {
    cat <<'END'
Throw-away servers that speak S3, each with a directory for its log. They keep everything in memory.

usage: tests/lib/s3.sh COMMAND

  create DIR      start a server that keeps its log in DIR (absent or empty), print its URL
  stop DIR        stop it; what it kept is gone
  start DIR       start it again, on the same port
  destroy DIR     stop it and remove DIR
  url DIR         print its URL
  help            print this

A server listens on 127.0.0.1, makes buckets for whoever asks, and takes every key for a good one. It is moto_server, which must
be on the PATH (tests/lib/tools.sh installs it).
END
}

fail() {
    printf 's3.sh: %s\n' "$*" >&2
    exit 1
}

# shellcheck source=tests/lib/ports.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/ports.sh"

is_server() {
    [[ -f $1/port && -f $1/server.log ]]
}

url() {
    is_server "$1" || fail "$1 holds no server made by this script"
    printf 'http://127.0.0.1:%s\n' "$(<"$1/port")"
}

answers() {
    (exec 3<>"/dev/tcp/127.0.0.1/$(<"$1/port")") 2>/dev/null
}

launch() {
    local directory=$1 waited
    # Its programs are started from there, so that nothing else holds the directory of the caller.
    (cd / && exec setsid moto_server --host 127.0.0.1 --port "$(<"$directory/port")") \
        </dev/null >>"$directory/server.log" 2>&1 &
    printf '%s\n' $! >"$directory/pid"
    for ((waited = 0; waited < 300; waited++)); do
        if answers "$directory"; then return; fi
        kill -0 "$(<"$directory/pid")" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}

create() {
    local directory=$1 attempt
    command -v moto_server >/dev/null || fail "moto_server is not on the PATH: see tests/lib/tools.sh"
    if [[ -d $directory && -n $(ls --almost-all -- "$directory") ]]; then fail "$directory is not empty"; fi
    mkdir -p -- "$directory"
    directory=$(cd -- "$directory" && pwd)
    : >"$directory/server.log"
    for ((attempt = 1; ; attempt++)); do
        free_port >"$directory/port"
        if launch "$directory"; then break; fi
        if ((attempt == 5)); then
            tail -n 20 -- "$directory/server.log" >&2
            fail "moto_server does not start (its last words are above)"
        fi
    done
    url "$directory"
}

start() {
    is_server "$1" || fail "$1 holds no server made by this script"
    launch "$1" || fail "moto_server does not start again in $1"
}

# Ends the server by its own process id and waits until it is gone.
stop() {
    local directory=$1 pid waited
    is_server "$directory" || fail "$directory holds no server made by this script"
    [[ -f $directory/pid ]] || return 0
    pid=$(<"$directory/pid")
    # A server that was killed leaves its number behind, which may be someone else's by now.
    [[ $(ps -o args= -p "$pid" 2>/dev/null) == *moto_server* ]] || return 0
    kill -TERM "$pid" 2>/dev/null || return 0
    for ((waited = 0; waited < 50; waited++)); do
        if ! kill -0 "$pid" 2>/dev/null; then return 0; fi
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
}

destroy() {
    local directory=$1
    [[ -d $directory ]] || return 0
    is_server "$directory" || fail "$directory holds no server made by this script; it is left alone"
    stop "$directory"
    rm -rf -- "$directory"
}

command=${1:-help}
case $command in
    help | -h | --help)
        usage
        ;;
    create | start | stop | destroy | url)
        [[ $# -eq 2 && -n $2 ]] || fail "'$command' takes one directory; see 'help'"
        "$command" "$2"
        ;;
    *)
        fail "no command is named '$command'; see 'help'"
        ;;
esac
