# shellcheck shell=bash
# Installs the programs that the checks need and a machine may lack. To be sourced; the caller stands in the repository.
#
# They go to a cache of their own, one directory for each version, so that nothing on the machine changes and a second
# clone finds them again. REGISTRY_TOOLS names another place.
tools=${REGISTRY_TOOLS:-${XDG_CACHE_HOME:-${HOME:-$PWD/target}/.cache}/model-registry-tools}

tools_fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# tools_from_cargo CRATE VERSION: compiles a program from crates.io, quickly rather than well, and puts it on the PATH.
tools_from_cargo() {
    local root=$tools/$1-$2
    if [[ ! -f $root/complete ]]; then
        rm -rf -- "$root"
        echo "installing $1 $2 (once, a few minutes)" >&2
        # Not into the target directory of the workspace: the two would share nothing.
        if ! env --unset=CARGO_TARGET_DIR --unset=CARGO_BUILD_TARGET_DIR CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0 \
            cargo install --quiet --debug --locked --root "$root" --version "=$2" "$1"; then
            tools_fail "cargo could not install $1 $2; without it the checks are not complete"
        fi
        # Last: an installation that was interrupted is done again.
        touch -- "$root/complete"
    fi
    PATH=$root/bin:$PATH
}

# tools_environment NAME REQUIREMENT…: installs packages from PyPI into an environment of their own; its path is in `environment`.
tools_environment() {
    environment=$tools/$1
    if [[ -f $environment/complete ]]; then return; fi
    echo "installing $1" >&2
    rm -rf -- "$environment"
    if ! { python3 -m venv "$environment" && "$environment/bin/pip" install --quiet "${@:2}" && touch "$environment/complete"; }; then
        tools_fail "pip could not install $1 (python3 with venv is needed); without it the checks are not complete"
    fi
}

# tools_from_pip PACKAGE VERSION [EXTRA]: installs a program from PyPI and puts it on the PATH.
tools_from_pip() {
    tools_environment "$1-$2" "$1${3:+[$3]}==$2"
    PATH=$environment/bin:$PATH
}

# tools_from_apt COMMAND PACKAGE…: installs Debian packages when the command is missing.
tools_from_apt() {
    local command=$1 as_root=()
    shift
    if command -v "$command" >/dev/null; then return; fi
    echo "installing $*" >&2
    if [[ $EUID -ne 0 ]]; then as_root=(sudo --non-interactive); fi
    if ! { command -v apt-get && "${as_root[@]}" apt-get update &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"; } \
        >/dev/null </dev/null; then
        tools_fail "$command is missing and apt-get could not install $*: install it, then run this again"
    fi
}

# What speaks S3 in the tests, in memory.
tools_moto() {
    if command -v moto_server >/dev/null; then return; fi
    tools_from_pip moto 5.2.5 server
}

# MLflow's own client, with what it needs to keep a registry in a database. Not on the PATH: REGISTRY_TEST_MLFLOW is its Python.
tools_mlflow() {
    if [[ -n ${REGISTRY_TEST_MLFLOW:-} ]]; then return; fi
    tools_environment mlflow-skinny-3.17.2 mlflow-skinny==3.17.2 sqlalchemy==2.1.9 alembic==1.20.1 'psycopg[binary]==3.3.9'
    export REGISTRY_TEST_MLFLOW=$environment/bin/python
}

# What reads OpenMetrics, which promtool does not: PyPI's client of Prometheus. Not on the PATH: REGISTRY_TEST_OPENMETRICS is its Python.
tools_openmetrics() {
    if [[ -n ${REGISTRY_TEST_OPENMETRICS:-} ]]; then return; fi
    tools_environment prometheus-client-0.26.0 prometheus-client==0.26.0
    export REGISTRY_TEST_OPENMETRICS=$environment/bin/python
}

# grpcurl, from wherever it comes: the tests only speak its command line.
tools_grpcurl() {
    if command -v grpcurl >/dev/null; then return; fi
    tools_from_cargo grpcurl-rs 0.2.1
}

# Prometheus's own checker of metrics and rules, out of Debian's package and nothing else of it: no server is started.
tools_promtool() {
    if command -v promtool >/dev/null; then return; fi
    local root=$tools/promtool
    if [[ ! -f $root/complete ]]; then
        echo "installing promtool" >&2
        rm -rf -- "$root"
        mkdir -p -- "$root/bin"
        if ! (cd -- "$root" && apt-get download prometheus && dpkg-deb --extract prometheus_*.deb package) >/dev/null 2>&1; then
            tools_fail "promtool is missing and apt-get could not download prometheus: install it, then run this again"
        fi
        mv -- "$root/package/usr/bin/promtool" "$root/bin/"
        rm -rf -- "$root/package" "$root"/prometheus_*.deb
        touch -- "$root/complete"
    fi
    PATH=$root/bin:$PATH
}
