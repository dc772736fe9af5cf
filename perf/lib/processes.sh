# shellcheck shell=bash
# The servers of a sample, by name. Only what was started here is ended, by its process id.

declare -A SERVER_PID=() SERVER_PORT=()

declare -A RECORDED=()

# For RESULTS.md: the command without the paths of this machine, its free port as PORT, its server as PID.
record_command() {
    local label=$1 text='' word pid
    shift
    for word in "$@"; do
        for pid in "${SERVER_PID[@]}"; do
            [[ $word != "$pid" ]] || word=PID
        done
        word=${word//"$ROOT/"/}
        word=${word//"$SCRATCH/"/}
        if [[ $word =~ ^(.*(127\.0\.0\.1:|PORT=))[1-9][0-9]*$ ]]; then
            word=${BASH_REMATCH[1]}PORT
        fi
        [[ $word =~ ^[][A-Za-z0-9_./:=,@%+-]+$ ]] || word=${word@Q}
        text+=" $word"
    done
    text="$label: \`${text# }\`"
    [[ -z ${RECORDED[$text]:-} ]] || return 0
    RECORDED[$text]=yes
    printf '%s\n' "$text" >>"$SCRATCH/commands"
}

# start_server NAME CORE COMMAND...: CORE is a number, or "any". What the server says goes to a file.
start_server() {
    local name=$1 core=$2
    shift 2
    [[ -z ${SERVER_PID[$name]:-} ]] || fail 1 "there is already a server named $name"
    if [[ $core == any ]]; then
        record_command "server" "$@"
        "$@" >"$SCRATCH/$name.log" 2>&1 </dev/null &
    else
        record_command "server, core $core" "$@"
        taskset -c "$core" "$@" >"$SCRATCH/$name.log" 2>&1 </dev/null & # taskset becomes the server: the same process id
    fi
    SERVER_PID[$name]=$!
}

# wait_for_port NAME [udp]: until it listens on TCP, or is bound to a UDP port; SERVER_PORT[NAME] is where. The kernel is asked, not the server, so that it
# is the same for all and no server must be made to talk.
wait_for_port() {
    local name=$1 pid=${SERVER_PID[$1]} protocol=${2:-tcp} state=0A inodes port try
    [[ $protocol == tcp ]] || state=07
    for ((try = 0; try < 1000; try++)); do
        kill -0 "$pid" 2>/dev/null || fail 1 "$name ended instead of listening: $(tail -n 3 "$SCRATCH/$name.log")"
        inodes=$(find "/proc/$pid/fd" -lname 'socket:*' -printf '%l ' 2>/dev/null || true)
        # Sockets that listen (0A) come first in that file; the tens of thousands in TIME_WAIT after them are not read.
        port=$(awk -v inodes=" $inodes" -v state="$state" 'NR > 1 && $4 != state { if (state == "0A") exit; next }
            index(inodes, " socket:[" $10 "] ") { split($2, part, ":"); print part[2]; exit }' "/proc/net/$protocol")
        if [[ -n $port ]]; then
            SERVER_PORT[$name]=$((16#$port))
            return
        fi
        sleep 0.01
    done
    fail 1 "$name does not listen: $(tail -n 3 "$SCRATCH/$name.log")"
}

stop_server() {
    local name=$1 pid=${SERVER_PID[$1]:-} try
    [[ -n $pid ]] || return 0
    unset "SERVER_PID[$name]" "SERVER_PORT[$name]"
    kill "$pid" 2>/dev/null || true
    kill -CONT "$pid" 2>/dev/null || true # one that is stopped would not end
    for ((try = 0; try < 1500; try++)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.01
    done
    kill -KILL "$pid" 2>/dev/null && say "warning: $name did not end within 15 s of SIGTERM"
    wait "$pid" 2>/dev/null || true
}

stop_servers() {
    local name
    for name in "${!SERVER_PID[@]}"; do
        stop_server "$name"
    done
}

# client CORE PROGRAM ARGUMENTS...: one of the project's C programs; what it prints goes to SAMPLE.
client() {
    local core=$1 program=$2
    shift 2
    if [[ $core == any ]]; then
        record_command "client" "$BIN/$program" "$@"
        SAMPLE=$("$BIN/$program" "$@")
    else
        record_command "client, core $core" "$BIN/$program" "$@"
        SAMPLE=$(taskset -c "$core" "$BIN/$program" "$@")
    fi
}

# bench_client CORE NAME ARGUMENTS...: the library's program; what it prints goes to SAMPLE.
bench_client() {
    local core=$1
    shift
    record_command "client, core $core" "$BENCH" "$@"
    SAMPLE=$(taskset -c "$core" "$BENCH" "$@")
}

show_server_logs() {
    local name
    for name in "${!SERVER_PID[@]}"; do
        [[ ! -s $SCRATCH/$name.log ]] || say "the last words of $name:" "$(tail -n 5 "$SCRATCH/$name.log")"
    done
}
