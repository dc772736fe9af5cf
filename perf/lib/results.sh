# shellcheck shell=bash
# perf/RESULTS.md: one table of all rows, under it a section for each row. A row that is measured again replaces its lines and its section; the others stay as they are, with their own date and machine.

RESULTS=$PERF/RESULTS.md

# figure NUMBER UNIT: with the digits that mean something.
figure() {
    awk -v x="$1" -v unit="$2" 'BEGIN {
        a = x < 0 ? -x : x
        format = a >= 100 ? "%.0f" : a >= 10 ? "%.1f" : "%.2f"
        if (unit != "") format = format " "
        printf format "%s", x, unit
    }'
}

# sorted FIELD FILE: the numbers of a field; "ratio" is that of the first two, pair by pair.
sorted() {
    awk -v field="$1" '{ printf "%.9g\n", field == "ratio" ? $1 / $2 : $field }' "$2" | sort -g
}

median() {
    sorted "$1" "$2" | awk '{ v[NR] = $1 } END { printf "%.9g", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

ratio_figure() {
    awk -v x="$1" 'BEGIN { format = x >= 10 ? "%.1f" : x >= 2 ? "%.2f" : "%.3f"; printf format, x }'
}

# write_line WORK PEER UNIT BETTER TARGET LIMIT REJECTED FILE: a line of FILE is a round: two figures and their ratio.
write_line() {
    local work=$1 peer=$2 unit=$3 better=$4 target=$5 limit=$6 rejected=$7 file=$8
    local rounds ratio='' spread='' mine='' other='' wanted='-' verdict='info' sign='≥' value bound
    rounds=$(wc -l <"$file")
    [[ $better == higher ]] || sign='≤'
    if [[ $rounds -gt 0 ]]; then
        ratio=$(median 3 "$file")
        mine=$(median 1 "$file")
        other=$(figure "$(median 2 "$file")" "$unit")
        spread="$(ratio_figure "$(sorted 3 "$file" | head -n 1)") .. $(ratio_figure "$(sorted 3 "$file" | tail -n 1)")"
    fi
    [[ $rounds -gt 0 ]] || verdict='not measured'
    if [[ -n $target$limit ]]; then
        wanted="$sign ${target:-$limit $unit}"
        value=$ratio
        [[ -z $limit ]] || value=$mine
        bound=${target:-$limit}
        if [[ $rounds -eq 0 ]]; then
            :
        elif [[ $rounds -lt 7 ]]; then
            verdict='unsure'
        elif awk -v value="$value" -v bound="$bound" -v better="$better" \
            'BEGIN { exit !(better == "higher" ? value >= bound : value <= bound) }'; then
            verdict=pass
        else
            verdict=miss
        fi
    fi
    if [[ $rounds -gt 0 ]]; then
        ratio=$(ratio_figure "$ratio")
        mine=$(figure "$mine" "$unit")
    fi
    printf '| %s ' "$ROW" "$work" "$peer" "${ratio:--}" "${spread:--}" "$wanted" "$verdict" "${mine:--}" "${other:--}" \
        "$rounds" "$rejected" >>"$OUTPUT/$ROW.lines"
    printf '|\n' >>"$OUTPUT/$ROW.lines"
    say "   ratio ${ratio:--} (${spread:--}), target $wanted: $verdict"
}

machine() {
    local cpu memory system
    cpu=$(awk -F': *' '/^model name/ { print $2; exit }' /proc/cpuinfo)
    memory=$(awk '/^MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)
    system=$(. /etc/os-release && echo "${PRETTY_NAME:-}")
    echo "${cpu:-$(uname -m)}, $(getconf _NPROCESSORS_ONLN) cores, $memory, Linux $(uname -r), ${system:-}"
}

# What the hypervisor took of the time since the row began, in percent of all cores' time.
stolen() {
    awk '/^cpu / { all = 0; for (i = 2; i <= 9; i++) all += $i; if (NR == FNR) { all0 = all; steal0 = $9 } }
        END { printf "%.1f", (all > all0 ? 100 * ($9 - steal0) / (all - all0) : 0) }' "$SCRATCH/stat" <(grep '^cpu ' /proc/stat)
}

write_section() {
    local name
    {
        printf '### %s\n\n' "$ROW"
        # shellcheck disable=SC2016 # Markdown, no command
        printf -- '- Measured %s with `%s`.\n' "$(date -u '+%Y-%m-%d %H:%M UTC')" "$COMMAND"
        printf -- '- Machine: %s. Cores %s and %s; the hypervisor took %s %% of the time\n  (steal).\n' \
            "$(machine)" "$CORE_A" "$CORE_B" "$(stolen)"
        printf -- '- Versions: %s' "$(version_of parley)"
        # shellcheck disable=SC2154 # set by the row
        for name in cc ${row_needs:-}; do
            printf '; %s' "$(version_of "$name")"
        done
        printf '.\n- Commands:\n'
        awk '{ print "  - " $0 }' "$SCRATCH/commands"
        awk '{ print "- " $0 }' "$SCRATCH/notes"
    } >"$OUTPUT/$ROW.section"
}

# old_lines ROW, old_section ROW: what RESULTS.md says now.
old_lines() {
    [[ ! -f $RESULTS ]] || awk -v start="| $1 | " 'index($0, start) == 1' "$RESULTS"
}

old_section() {
    [[ ! -f $RESULTS ]] || awk -v heading="### $1" '/^##/ { inside = $0 == heading } inside' "$RESULTS"
}

# write_results ROW: puts what was just measured into RESULTS.md.
write_results() {
    local row
    for row in $(all_rows); do
        if [[ $row != "$1" ]]; then
            old_lines "$row" >"$OUTPUT/$row.lines"
            old_section "$row" >"$OUTPUT/$row.section"
        fi
    done
    {
        cat <<'TEXT'
# Results

Written by `perf/run.sh`; [README.md](README.md) says how it measures. Only ratios count: the absolute figures of a
machine drift, those of two commands that take turns drift together.

Ratio: parley's figure over the peer's, the median of all rounds; spread: the round with the smallest and the one with the
largest. Target: what the ratio must be, or parley's figure where a unit stands. Verdict: pass, miss, info (no target), unsure
(fewer than 7 rounds). Rejected: samples that the canary threw away, of all that were taken.

| row | work | peer | ratio | spread | target | verdict | parley | peer's | rounds | rejected |
|---|---|---|---|---|---|---|---|---|---|---|
TEXT
        for row in $(all_rows); do
            cat "$OUTPUT/$row.lines"
        done
        printf '\n## How each row was measured\n'
        for row in $(all_rows); do
            if [[ -s $OUTPUT/$row.section ]]; then
                printf '\n'
                # Without the empty lines at its end that the next section brought.
                sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' "$OUTPUT/$row.section"
            fi
        done
    } >"$RESULTS.new"
    mv "$RESULTS.new" "$RESULTS"
}

show_rows() {
    local row
    for row in "$@"; do
        old_lines "$row"
    done | awk -F ' *[|] *' '{ printf "%-12s %-44s %-22s %8s  %-15s %-9s %s\n", $2, $3, $4, $5, $6, $7, $8 }'
}

all_passed() {
    local row
    for row in "$@"; do
        old_lines "$row"
    done | awk -F ' *[|] *' '$8 != "pass" && $8 != "info" { bad = 1 } END { exit bad }'
}
