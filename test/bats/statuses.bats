#!/usr/bin/env bats
# Exit statuses: each that listen and connect can give, with one line on stderr that says what failed and where.

# shellcheck disable=SC2030,SC2031,SC2094,SC2154,SC2016 # variables come from run and test_helper, each test is a
# subshell, and $ in single quotes is for inner shells
load test_helper

@test "0: all done" {
    serve listener "$T/a.sock"
    run -0 --separate-stderr ductworks connect -m 1 "$T/a.sock"
    finish listener 0
}

@test "64: unknown flags and commands, contradictory flags, bad values" {
    local words
    for words in 'connect --no-such-flag' 'no-such-command' 'connect -Z' 'listen --wait soon' 'listen --mode' \
        'connect --max-message-size lots' 'connect --max-message-size 4294967296' 'connect -0 -d x' \
        'connect -f json -f'; do
        printf '%s\n' "$words"
        # shellcheck disable=SC2086 # words
        run --separate-stderr ductworks $words </dev/null
        refused 64
    done
}

@test "64: an unknown flag is named" {
    run --separate-stderr ductworks connect --no-such-flag a.sock </dev/null
    refused 64 no-such-flag
    run --separate-stderr ductworks lisen a.sock </dev/null
    refused 64 lisen
}

@test "65: stdin, -m and a received payload" {
    peer_serve peer "$T/a.sock" script 'wait-eof'
    run --separate-stderr ductworks connect "$T/a.sock" <<<'{'
    refused 65 'line '
    finish peer
    run --separate-stderr ductworks connect -m '{' "$T/a.sock" </dev/null
    refused 65
    peer_serve peer "$T/a.sock" script 'raw {'
    run --separate-stderr ductworks connect "$T/a.sock" </dev/null
    refused 65 1
    finish peer
}

@test "66: a file that a flag names cannot be read" {
    run --separate-stderr ductworks connect --config "$T/missing.yaml" "$T/a.sock" </dev/null
    refused 66 missing.yaml
}

@test "69: no connection, no binding, a peer that ends before --count" {
    run --separate-stderr ductworks connect --wait 0 "$T/a.sock" </dev/null
    refused 69 a.sock
    echo data >file
    run --separate-stderr ductworks listen "$T/file" </dev/null
    refused 69 file
    peer_serve peer "$T/a.sock" script ''
    run --separate-stderr ductworks connect -n 1 "$T/a.sock" </dev/null
    refused 69
    finish peer
}

@test "74: the connection broke" {
    peer_serve peer tcp:127.0.0.1:0 script 'recv; reset'
    hold in
    echo 1 >&9
    stdin=in start client ductworks connect "$address"
    finish client 74
    complaint client.err
    finish peer
}

@test "74: says how many messages were written, and that the last may not have been read" {
    peer_serve peer "$T/a.sock" script 'recv; recv; wait-data; reset'
    hold in
    stdin=in start client ductworks connect "$T/a.sock"
    printf '1\n2\n3\n' >&9
    finish client 74
    complaint client.err 3
    finish peer
}

@test "74 wins over 65" {
    peer_serve peer "$T/a.sock" script 'raw oops; wait-data; reset'
    hold in
    stdin=in start client ductworks connect "$T/a.sock"
    wait_until test -s client.err
    echo 1 >&9
    finish client 74
    finish peer
}

@test "76: a wrong first byte, a torn frame, a message over the limit" {
    local steps
    for steps in 'bytes 00' 'bytes 5400' 'bytes 540000000131540000000' 'bytes 5400000009'; do
        steps=${steps%0000000}
        peer_serve peer "$T/a.sock" script "$steps"
        run --separate-stderr ductworks connect --max-message-size 8 "$T/a.sock" </dev/null
        equal "$status" 76
        printf '%s\n' "$stderr" >said
        complaint said
        finish peer
    done
}

@test "76 wins over 74 and over 65" {
    peer_serve peer "$T/a.sock" script 'raw oops; wait-data; bytes 5400; reset'
    hold in
    stdin=in start client ductworks connect "$T/a.sock"
    wait_until test -s client.err
    echo 1 >&9
    finish client 76
    finish peer
}

@test "78: the configuration file or an environment variable is wrong" {
    echo 'no-such-key: 1' >config.yaml
    run --separate-stderr ductworks connect --config config.yaml "$T/a.sock" </dev/null
    refused 78 no-such-key
    DUCTWORKS_FORMAT=xml run --separate-stderr ductworks connect "$T/a.sock" </dev/null
    refused 78 DUCTWORKS_FORMAT
}

@test "124: a timeout, and nobody came" {
    run --separate-stderr ductworks listen --wait 0.1 "$T/a.sock" </dev/null
    refused 124 a.sock
    run --separate-stderr ductworks listen --timeout 0.1 "$T/a.sock" </dev/null
    refused 124
    [[ ! -e a.sock ]]
}

@test "126 and 127: CMD cannot be executed, is not found" {
    echo data >file
    run --separate-stderr ductworks connect "$T/a.sock" -- "$T/file" </dev/null
    refused 126 file
    run -127 --separate-stderr ductworks connect "$T/a.sock" -- no-such-command </dev/null
    refused 127 no-such-command
}

@test "no failure shows a stack, a usage text or a second line" {
    local words
    for words in 'connect --format' 'listen x y z' 'frobnicate' 'connect -n -1 a.sock'; do
        # shellcheck disable=SC2086 # words
        run --separate-stderr ductworks $words </dev/null
        refused 64
    done
}

@test "help and version are on stdout, with 0" {
    run -0 --separate-stderr ductworks --help
    contains "$output" listen
    contains "$output" connect
    equal "$stderr" ''
    run -0 --separate-stderr ductworks connect --help
    contains "$output" --format
    run -0 --separate-stderr ductworks version
    [[ $output ]]
    equal "$stderr" ''
}

@test "completion for each shell" {
    local shell
    for shell in bash zsh fish powershell; do
        run -0 --separate-stderr ductworks completion "$shell"
        contains "$output" ductworks
        equal "$stderr" ''
    done
    ductworks completion bash >completion
    bash -n completion
    run --separate-stderr ductworks completion tcsh
    refused 64
}

@test "a full stdout is noticed by help, version and completion, too" {
    linux
    local words ended
    for words in --help version 'completion bash'; do
        ended=0
        # shellcheck disable=SC2086 # words
        ductworks $words >/dev/full 2>said || ended=$?
        printf '%s\n' "$words"
        equal "$ended" 74
        complaint said
    done
}
