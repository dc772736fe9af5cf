# shellcheck shell=bash
# Memory of an idle TCP connection, with 10,000 held at once: (resident with 10,000 - resident with 1) / 9,999.
#
# Guards: buffers, tasks and pending reads that a connection keeps while nothing happens. Ignores: what the kernel keeps
# for a socket, which is the same for all.
# HAProxy is a proxy: with a backend each client costs it two sockets (3.4 kB where this was tried), which would flatter
# parley. It is measured in two ways that hold one socket a client, see the two files idle.haproxy-*.cfg; the leaner one
# is the target.

row_summary="memory of an idle connection, 10,000 held; beside HAProxy"
row_needs="haproxy"

idle_count=10000

row_run() {
    ulimit -n 20000 2>/dev/null || fail 3 "idle needs 20,000 descriptors a process: ulimit -Hn says $(ulimit -Hn)"
    compare --work "idle connection, silent" --peer "HAProxy http" --unit B --better lower --target 1.0 --no-canary \
        --parley "idle_parley after" --other "idle_haproxy_http after"
    compare --work "idle connection, silent" --peer "HAProxy tcp" --unit B --better lower --no-canary \
        --parley "idle_parley after" --other "idle_haproxy_tcp after"
    compare --work "idle connection, after one exchange" --peer "HAProxy http" --unit B --better lower --no-canary \
        --parley "idle_parley before" --other "idle_haproxy_http before"
    note "Resident memory (Rss of /proc/PID/smaps_rollup) once it has been the same for a second. After the measurement" \
        "every connection had to answer, so none was only queued. One core for the server, one for the clients."
}

idle_parley() {
    start_server parley "$CORE_A" "$PARLEY" serve tcp://127.0.0.1:0 --echo --backlog 1024
    idle_sample parley "$1" "Client Message" "Client Message"
}

idle_haproxy_http() {
    local port
    port=$("$BIN/free_port")
    start_server haproxy "$CORE_A" env "PORT=$port" haproxy -db -f "$PERF/rows/idle.haproxy-http.cfg"
    idle_sample haproxy "$1" $'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n' "HTTP/1.1 200 OK"
}

idle_haproxy_tcp() {
    local port
    port=$("$BIN/free_port")
    start_server haproxy "$CORE_A" env "PORT=$port" haproxy -db -f "$PERF/rows/idle.haproxy-tcp.cfg"
    idle_sample haproxy "$1" "Client Message" ""
}

# idle_sample SERVER before|after REQUEST REPLY
idle_sample() {
    wait_for_port "$1"
    client "$CORE_B" idle_client "127.0.0.1:${SERVER_PORT[$1]}" "${SERVER_PID[$1]}" "$idle_count" "$2" "$3" "$4"
    stop_server "$1"
}
