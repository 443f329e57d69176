#!/usr/bin/env bats
# listen and connect with `-- CMD`: a program's stdin and stdout take the place of ours.

# shellcheck disable=SC2030,SC2031,SC2094,SC2154,SC2016 # variables come from run and test_helper, each test is a
# subshell, and $ in single quotes is for inner shells
load test_helper

@test "each message is written to CMD's stdin, each record that it prints is sent" {
    serve listener "$T/a.sock" -- sed -u 's/^/[/; s/$/]/'
    run -0 --separate-stderr ductworks connect "$T/a.sock" < <(seq 3)
    equal "$output" $'[1]\n[2]\n[3]'
    finish listener
    holds listener.out
}

@test "connect can hand its end to a program, too" {
    peer_serve peer tcp:127.0.0.1:0 script 'recv; send 2; recv'
    run -0 --separate-stderr ductworks connect "$address" -- sh -c 'echo 1; read -r two; echo "[$two]"' </dev/null
    equal "$output" ''
    finish peer
    holds peer.out 1 '[2]'
}

@test "formats hold for CMD's stdin and stdout" {
    serve listener -f text "$T/a.sock" -- tr a-z A-Z
    run -0 --separate-stderr ductworks connect "$T/a.sock" <<<'"loud \u0021"'
    equal "$output" '"LOUD !"'
    finish listener
}

@test "CMD's arguments are what was given, byte for byte, flags and empty ones too" {
    serve listener -f raw "$T/a.sock" -- printf '%s\n' -v --in 'a b' '' $'\xff' '--' '*'
    run -0 --keep-empty-lines --separate-stderr ductworks connect -f raw "$T/a.sock" </dev/null
    equal "$output" $'-v\n--in\na b\n\n\xff\n--\n*\n'
    finish listener
}

@test "CMD's stderr is ours" {
    serve listener "$T/a.sock" -- sh -c 'echo aside >&2; cat'
    ductworks connect -m 1 "$T/a.sock"
    finish listener
    holds listener.err aside
}

@test "CMD's status is ours" {
    local code
    for code in 0 1 7 255; do
        serve listener "$T/a.sock" -- sh -c "exit $code"
        ductworks connect "$T/a.sock" </dev/null
        finish listener "$code"
    done
    serve listener "$T/a.sock" -- sh -c 'kill -TERM $$'
    ductworks connect "$T/a.sock" </dev/null
    finish listener 143
    peer_serve peer "$T/b.sock" script 'wait-eof'
    run -9 ductworks connect "$T/b.sock" -- sh -c 'exit 9' </dev/null
    finish peer
}

@test "CMD is looked up before anything is bound: 127 and 126" {
    echo data >file
    run -127 --separate-stderr ductworks listen "$T/a.sock" -- no-such-command </dev/null
    refused 127 no-such-command
    run -127 --separate-stderr ductworks listen "$T/a.sock" -- "$T/missing" </dev/null
    refused 127 missing
    run --separate-stderr ductworks listen "$T/a.sock" -- "$T/file" </dev/null
    refused 126 file
    run --separate-stderr ductworks listen "$T/a.sock" -- "$T" </dev/null
    refused 126
    run -127 --separate-stderr inside ductworks connect "$T/a.sock" -- no-such-command </dev/null
    refused 127 no-such-command
    [[ ! -e a.sock ]]
}

@test "-- without a command is 64" {
    run --separate-stderr ductworks listen "$T/a.sock" -- </dev/null
    refused 64
}

@test "CMD is started when the peer arrives, not before" {
    serve listener "$T/a.sock" -- sh -c 'touch started; cat'
    # The address is known, so that everything that comes before the peer has been done.
    sleep 0.2
    [[ ! -e started ]]
    ductworks connect -m 1 "$T/a.sock"
    [[ -e started ]]
    finish listener
}

@test "CMD ends first: what it printed is sent, the duct is closed, unread messages are dropped and counted" {
    # More than fits in the pipe to CMD, so that not all of it can even be handed over.
    serve listener -f raw -v "$T/a.sock" -- sh -c 'head -c 1 >/dev/null; echo 1; exit 5'
    peer connect "$T/a.sock" script 'fill 300000; recv; wait-data' >got
    finish -t 5 listener 5
    holds got 1
    grep -Eiq 'drop|unread' listener.err
}

@test "CMD ends first: the listener ends, though the peer does not" {
    serve listener "$T/a.sock" -- sh -c 'echo 1; exit 0'
    start peer peer connect "$T/a.sock" script "recv; await $T/stop"
    finish -t 5 listener
    touch stop
    finish peer
    holds peer.out 1
}

@test "the duct ends first: CMD's stdin is closed, and it is waited for" {
    serve listener "$T/a.sock" -- sh -c 'cat >got; echo done >&2; sleep 0.3; exit 4'
    ductworks connect --send-only "$T/a.sock" < <(seq 3)
    finish listener 4
    holds got 1 2 3
    holds listener.err 'done'
}

@test "CMD gets its standard streams alone" {
    linux
    serve listener -f raw "$T/a.sock" -- sh -c 'ls -l /proc/self/fd | grep -c "socket:"; exit 0'
    run -0 --separate-stderr ductworks connect -f raw "$T/a.sock" </dev/null
    equal "$output" 0
    finish listener
    serve listener -f raw "$T/a.sock" -- sh -c 'cd /proc/self/fd && echo [0-9]*'
    run -0 --separate-stderr ductworks connect -f raw "$T/a.sock" </dev/null
    # One of them is the shell's own, for the folder or the script, or none.
    contains "$output" '0 1 2'
    [[ ! $output =~ [4-9] ]] || fail "$output"
    finish listener
}

@test "CMD's stdout that does not fit the format is 65, and CMD is not left behind" {
    serve listener "$T/a.sock" -- sh -c 'echo 1; echo oops; echo 2; cat >/dev/null'
    run -0 --separate-stderr ductworks connect "$T/a.sock" </dev/null
    equal "$output" 1
    finish listener 65
    contains "$(<listener.err)" 'line 2: '
}

@test "our own failure wins over CMD's status" {
    serve listener "$T/a.sock" -- sh -c 'cat >/dev/null; exit 3'
    peer connect "$T/a.sock" script 'send 1; bytes 5400'
    finish listener 76
}

@test "a grandchild that keeps CMD's stdout open does not keep us" {
    serve listener "$T/a.sock" -- sh -c 'setsid sleep 300 & echo $!; exit 0'
    peer connect "$T/a.sock" script 'recv; half-close' >got
    finish -t 10 listener
    kill "$(<got)"
}

@test "a CMD that ignores its closed stdin and a large answer lose nothing" {
    serve listener -f raw "$T/a.sock" -- seq 200000
    ductworks connect -f raw "$T/a.sock" </dev/null >got
    finish listener
    seq 200000 >expected
    same got expected
}
