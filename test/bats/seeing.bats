#!/usr/bin/env bats
# Seeing what happens: --progress, -v, -x, --record, --stats.

# shellcheck disable=SC2030,SC2031,SC2034,SC2094,SC2154 # variables come from run and test_helper, each test is a subshell
load test_helper

@test "progress shows what has passed and the share of a file, and leaves nothing behind" {
    seq 1000 >numbers
    ductworks exec --via pipe --progress always cat <numbers >out 2>err
    same numbers out
    contains "$(<err)" '  sent '
    contains "$(<err)" '%  0:0'
    [[ $(tail -c 4 err) == $'\r\e[K' ]]
    holds <(tr -cd '\n' <err)
}

@test "progress is for terminals by default, and never with --quiet" {
    ductworks exec --via pipe sleep 0.6 </dev/null >out 2>err
    holds err
    ductworks exec --via pipe --progress always --quiet cat <<<1 >out 2>err
    holds err
    run --separate-stderr ductworks exec --progress sometimes true
    refused 64 'auto, always or never'
}
