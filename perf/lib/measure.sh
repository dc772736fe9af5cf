# shellcheck shell=bash
# Comparing two things: A B A B, with a warm-up, paired ratios, and the canary around each sample.

SAMPLE=   # what a sample function leaves its number in
REJECTED= # samples thrown away in this comparison

# canary: does a flag take as long from core to core as it should?
canary() {
    local readings
    readings=$("$BIN/canary" "$CORE_A" "$CORE_B") || fail 1 "the canary failed"
    CANARY=${readings/ /..}
    [[ ${readings% *} -ge $CANARY_LOW && ${readings#* } -le $CANARY_HIGH ]]
}

# take_sample FUNCTION ARGUMENTS...: sets SAMPLE, and TAKEN to yes or, when the canary would not have it, to no. It is no
# function for an "if": bash would switch off "set -e" in it, and a failed check of the data would be measured.
take_sample() {
    local waits=0 before
    TAKEN=no
    while true; do
        while ! canary; do
            waits=$((waits + 1))
            [[ $waits -lt 400 ]] || return 0
            sleep 0.05
        done
        before=$CANARY
        "$@"
        if canary; then
            SAMPLE_CANARY="$before $CANARY"
            TAKEN=yes
            return 0
        fi
        REJECTED=$((REJECTED + 1))
        [[ $REJECTED -lt $((20 * ROUNDS)) ]] || return 0
    done
}

# compare: one comparison of a row, and a line of RESULTS.md.
#   --work TEXT           what is done
#   --peer TEXT           what parley is compared with
#   --unit TEXT           of the samples
#   --better higher|lower which way is good
#   --target N            of the ratio, parley's sample to the peer's; without it the line is for information
#   --limit N             instead: of parley's sample itself
#   --parley "FUNCTION ARGUMENTS..."  takes a sample of parley: sets SAMPLE
#   --other "FUNCTION ARGUMENTS..."   takes a sample of the peer
#   --no-canary           for what does not depend on the cores' speed: memory
compare() {
    local work='' peer='' unit='' better='' target='' limit='' take=take_sample
    local -a parley=() other=()
    while [[ $# -gt 0 ]]; do
        case $1 in
        --work) work=$2 ;;
        --peer) peer=$2 ;;
        --unit) unit=$2 ;;
        --better) better=$2 ;;
        --target) target=$2 ;;
        --limit) limit=$2 ;;
        --parley) read -ra parley <<<"$2" ;;
        --other) read -ra other <<<"$2" ;;
        --no-canary)
            take=
            shift
            continue
            ;;
        *) fail 1 "compare: what is '$1'?" ;;
        esac
        shift 2
    done
    say "-- $work, beside $peer"

    local round mine before rejected=- pairs=$WORK/pairs
    : >"$pairs"
    REJECTED=0
    TAKEN=yes
    SAMPLE_CANARY=
    "${parley[@]}" # the warm-up
    "${other[@]}"
    for ((round = 1; round <= ROUNDS; round++)); do
        $take "${parley[@]}"
        [[ $TAKEN == yes ]] || break
        mine=$SAMPLE
        before=$SAMPLE_CANARY
        $take "${other[@]}"
        [[ $TAKEN == yes ]] || break
        echo "$mine $SAMPLE" >>"$pairs"
        say "   $round/$ROUNDS: parley $(figure "$mine" "$unit"), $peer $(figure "$SAMPLE" "$unit")${before:+ (canary $before $SAMPLE_CANARY ns)}"
    done
    [[ $TAKEN == yes ]] || say "   the canary gave up: $REJECTED samples rejected, its last reading was $CANARY ns"
    [[ -z $take ]] || rejected=$REJECTED
    write_line "$work" "$peer" "$unit" "$better" "$target" "$limit" "$rejected" "$pairs"
}
