# shellcheck shell=bash
# A quorum queue of RabbitMQ: messages sent with confirmations, and received with an acknowledgement each, the library beside RabbitMQ.Client used plainly.
#
# Guards: that what the library adds (a copy until the confirmation, deadlines, reconnection, message ids) costs next to nothing beside the client.
# Ignores: clusters, TLS, latency. The broker is on the first core, the client on the second; one node has nobody to replicate to. Both receive what the plain
# client sent. Samples are long, for each is a process of its own: what the canary rejects is taken again.

row_summary="RabbitMQ: sent with confirmations and received with acknowledgements; beside RabbitMQ.Client"
row_needs="bench rabbitmq-server"

amqp_program=/usr/lib/rabbitmq/bin/rabbitmq-server
amqp_window=256
amqp_warm_up=5000
amqp_count=20000

row_run() {
    amqp_begin
    local size
    for size in 64 1024; do
        amqp_compare "$size B sent, confirmed, window $amqp_window" "amqp_sample_send" "$size"
    done
    for size in 64 1024; do
        amqp_compare "$size B received, acknowledged, prefetch $amqp_window" "amqp_sample_receive" "$size"
    done
    amqp_end
    note "The figures are those of a broker on one core with one node; the ratio is what the library costs beside its client."
}

# amqp_compare TEXT FUNCTION SIZE
amqp_compare() {
    compare --work "$1" --peer "RabbitMQ.Client" --unit /s --better higher --target 0.95 --pairs 3 \
        --parley "$2 parley $3" --other "$2 plain $3"
}

amqp_queue() {
    echo "amqp://127.0.0.1:$amqp_port?queue=perf-$1-$2"
}

amqp_sample_send() {
    amqp_empty sent "$1"
    bench_client "$CORE_B" amqp-send "$1" "$(amqp_queue sent "$1")" "$amqp_count" "$amqp_warm_up" "$2" "$amqp_window"
}

amqp_sample_receive() {
    amqp_empty received "$1"
    bench_client "$CORE_B" amqp-send plain "$(amqp_queue received "$1")" "$amqp_count" "$amqp_warm_up" "$2" "$amqp_window"
    bench_client "$CORE_B" amqp-receive "$1" "$(amqp_queue received "$1")" "$amqp_count" "$amqp_warm_up" "$2" "$amqp_window"
}

# A queue begins every sample empty, whatever became of the one before.
amqp_empty() {
    "$BENCH" amqp-make --again "$(amqp_queue "$1" "$2")"
}

# amqp_begin: a broker of this row's own, with its data in the scratch folder and a name server of its own.
amqp_begin() {
    local names_port distribution_port
    [[ -x $amqp_program ]] || fail 3 "Debian's rabbitmq-server is not there"
    names_port=$("$BIN/free_port")
    distribution_port=$("$BIN/free_port")
    amqp_port=$("$BIN/free_port")
    mkdir -p "$SCRATCH/home"
    echo '[].' >"$SCRATCH/plugins"
    printf 'listeners.tcp.1 = 127.0.0.1:%s\ndisk_free_limit.absolute = 1MB\nvm_memory_high_watermark.absolute = 1GB\n' "$amqp_port" >"$SCRATCH/rabbitmq.conf"
    start_server names any epmd -port "$names_port" -address 127.0.0.1
    start_server broker "$CORE_A" env HOME="$SCRATCH/home" ERL_EPMD_PORT="$names_port" ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_NODENAME="perf-$$@localhost" \
        RABBITMQ_DIST_PORT="$distribution_port" RABBITMQ_MNESIA_BASE="$SCRATCH/data" RABBITMQ_LOG_BASE="$SCRATCH/log" RABBITMQ_CONFIG_FILE="$SCRATCH/rabbitmq" \
        RABBITMQ_ENABLED_PLUGINS_FILE="$SCRATCH/plugins" RABBITMQ_PID_FILE="$SCRATCH/broker.pid" RABBITMQ_CONF_ENV_FILE=/dev/null "$amqp_program"
    local try
    for ((try = 0; try < 1200; try++)); do
        ! (: <"/dev/tcp/127.0.0.1/$amqp_port") 2>/dev/null || break
        kill -0 "${SERVER_PID[broker]}" 2>/dev/null || fail 1 "the broker ended instead of listening: $(tail -n 3 "$SCRATCH/broker.log")"
        sleep 0.1
    done
    local queues=() who
    for who in parley plain; do
        queues+=("$(amqp_queue sent "$who")" "$(amqp_queue received "$who")")
    done
    "$BENCH" amqp-make "${queues[@]}"
}

# The script that starts the broker is not the broker, which ends faster without being asked.
amqp_end() {
    [[ ! -s $SCRATCH/broker.pid ]] || kill -9 "$(<"$SCRATCH/broker.pid")" 2>/dev/null || true
    stop_servers
}
