# shellcheck shell=bash
# Comparing two things: in turns, with a warm-up, and with the canary around each sample.

SAMPLE= # where a sample function leaves its number

# In percent: two threads of one physical core take nearly twice as long together for what takes two cores as long as one.
MOST_SHARED=150

# canary: does a flag take as long from core to core as it should, and are they two? CANARY is what it took, the fastest of its batches.
canary() {
    local readings slowest shared
    readings=$("$BIN/canary" "$CORE_A" "$CORE_B") || fail 1 "the canary failed"
    read -r CANARY slowest shared <<<"$readings"
    [[ $CANARY -ge $CANARY_SEEN_LOW ]] || CANARY_SEEN_LOW=$CANARY
    [[ $slowest -le $CANARY_SEEN_HIGH ]] || CANARY_SEEN_HIGH=$slowest
    [[ $CANARY -ge $CANARY_LOW && $slowest -le $CANARY_HIGH && $shared -le $MOST_SHARED ]]
}

# take_pair: a sample of parley and one of the peer, as compare's arrays "parley" and "other" say, to MINE and OTHER, with
# the canary before, between and after. The pair is thrown away and taken again if one of the three is out of bounds, or
# if they differ by more than a half: the virtual cores were moved, and the two samples are not of one machine. TAKEN is
# yes, or no when there was no such pair in the time. Not a function for an "if": bash would switch off "set -e" in it,
# and a failed check of the data would be measured.
take_pair() {
    local low high refused=0
    TAKEN=no
    while [[ $SECONDS -lt $GIVE_UP_AT && $REJECTED -lt $MOST_REJECTED ]]; do
        if ! canary; then
            sleep 0.01
            [[ $((++refused % 40)) -ne 0 ]] || rest_busy
            continue
        fi
        low=$CANARY
        high=$CANARY

        "${parley[@]}"
        MINE=$SAMPLE
        SAMPLES=$((SAMPLES + 1))
        if ! canary; then
            REJECTED=$((REJECTED + 1))
            continue
        fi
        low=$((CANARY < low ? CANARY : low))
        high=$((CANARY > high ? CANARY : high))

        "${other[@]}"
        OTHER=$SAMPLE
        SAMPLES=$((SAMPLES + 1))
        if ! canary || [[ $((CANARY < low ? CANARY : low)) -lt $((2 * (CANARY > high ? CANARY : high) / 3)) ]]; then
            REJECTED=$((REJECTED + 2))
            continue
        fi
        TAKEN=yes
        return 0
    done
}

# take_plain_pair: the same for what the canary does not matter to.
take_plain_pair() {
    "${parley[@]}"
    MINE=$SAMPLE
    "${other[@]}"
    OTHER=$SAMPLE
}

BUSY=()

# keep_busy: where PERF_BUSY asks for it. A hypervisor leaves virtual cores that are never idle where they are, which mostly is apart from each other. Whoever
# sleeps wakes up sooner beside these loops, for the core is not idle, and whoever yields loses milliseconds to them.
keep_busy() {
    local core
    for core in "$CORE_A" "$CORE_B"; do
        "$BIN/busy" "$core" &
        BUSY+=($!)
    done
}

end_busy() {
    [[ ${#BUSY[@]} -gt 0 ]] || return 0
    kill "${BUSY[@]}"
    wait "${BUSY[@]}" 2>/dev/null || true
    BUSY=()
}

# rest_busy: also where the canary does not want them. After a rest they may be put elsewhere.
rest_busy() {
    [[ ${#BUSY[@]} -gt 0 ]] || return 0
    end_busy
    sleep 1
    keep_busy
}

# compare: one comparison of a row, and a line of RESULTS.md.
#   --work TEXT           what is done
#   --peer TEXT           what parley is compared with
#   --unit TEXT           of the samples
#   --better higher|lower which way is good
#   --target N            of the ratio, parley's figure to the peer's; without it the line is for information
#   --limit N             instead: of parley's figure itself
#   --parley "FUNCTION ARGUMENTS..."  takes a sample of parley: sets SAMPLE
#   --other "FUNCTION ARGUMENTS..."   takes a sample of the peer
#   --pairs N             short samples of each in a round, in turns (15); the round's ratio is the median of theirs
#   --begin "FUNCTION ARGUMENTS...", --end "FUNCTION..."   around each round: new servers
#   --no-canary           for what does not depend on the cores' speed: memory; one sample a round
#   --no-busy             for what sleeps or yields: PERF_BUSY does not hold
#   --one-core            both are on one: no PERF_BUSY, and how near the other is does not matter
compare() {
    local work='' peer='' unit='' better='' target='' limit='' pairs=15 take=take_pair busy=$KEEPS_BUSY CANARY_LOW=$CANARY_LOW
    local -a parley=() other=() begin=() end=()
    while [[ $# -gt 0 ]]; do
        case $1 in
        --work) work=$2 ;;
        --peer) peer=$2 ;;
        --unit) unit=$2 ;;
        --better) better=$2 ;;
        --target) target=$2 ;;
        --limit) limit=$2 ;;
        --pairs) pairs=$2 ;;
        --parley) read -ra parley <<<"$2" ;;
        --other) read -ra other <<<"$2" ;;
        --begin) read -ra begin <<<"$2" ;;
        --end) read -ra end <<<"$2" ;;
        --no-canary)
            take=take_plain_pair
            pairs=1
            shift
            continue
            ;;
        --no-busy)
            busy=no
            shift
            continue
            ;;
        --one-core)
            busy=no
            CANARY_LOW=0
            shift
            continue
            ;;
        *) fail 1 "compare: what is '$1'?" ;;
        esac
        shift 2
    done
    say "-- $work, beside $peer"

    local round pair rejected=-
    [[ $busy == no ]] || keep_busy
    : >"$SCRATCH/rounds"
    SAMPLES=0
    REJECTED=0
    TAKEN=yes
    CANARY_SEEN_LOW=999999
    CANARY_SEEN_HIGH=0
    MOST_REJECTED=$((20 * ROUNDS * pairs))
    local patience=$PATIENCE
    [[ -n $target$limit ]] || patience=$((PATIENCE / 4))
    GIVE_UP_AT=$((SECONDS + patience))
    for ((round = 1; round <= ROUNDS; round++)); do
        "${begin[@]}"
        if [[ $round -eq 1 || ${#begin[@]} -gt 0 ]]; then
            "${parley[@]}" # the warm-up
            "${other[@]}"
        fi
        : >"$SCRATCH/pairs"
        for ((pair = 1; pair <= pairs; pair++)); do
            $take
            [[ $TAKEN == yes ]] || break
            echo "$MINE $OTHER" >>"$SCRATCH/pairs"
        done
        "${end[@]}"
        [[ $TAKEN == yes ]] || break
        MINE=$(median 1 "$SCRATCH/pairs")
        OTHER=$(median 2 "$SCRATCH/pairs")
        echo "$MINE $OTHER $(median ratio "$SCRATCH/pairs")" >>"$SCRATCH/rounds"
        say "   $round/$ROUNDS: parley $(figure "$MINE" "$unit"), $peer $(figure "$OTHER" "$unit")," \
            "ratio $(ratio_figure "$(median ratio "$SCRATCH/pairs")")"
    done
    end_busy
    if [[ $TAKEN == no ]]; then
        say "   gave up: the canary rejected $REJECTED of $SAMPLES samples. A flag takes $CANARY_SEEN_LOW to $CANARY_SEEN_HIGH ns" \
            "from core to core here; PERF_CANARY sets other bounds than $CANARY_LOW,$CANARY_HIGH."
    fi
    [[ $take == take_plain_pair ]] || rejected="$REJECTED of $SAMPLES"
    write_line "$work" "$peer" "$unit" "$better" "$target" "$limit" "$rejected" "$SCRATCH/rounds"
}
