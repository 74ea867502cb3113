# shellcheck shell=bash
# Finds a port for a server of the tests. To be sourced by what starts one, which has `fail`.

# Below the ports the kernel hands out by itself, so that no client takes it between two starts.
free_port() {
    local attempt port
    for ((attempt = 0; attempt < 200; attempt++)); do
        port=$((15000 + RANDOM % 15000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            printf '%s\n' "$port"
            return
        fi
    done
    fail "found no free port between 15000 and 30000 on 127.0.0.1"
}
