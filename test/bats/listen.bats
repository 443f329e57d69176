#!/usr/bin/env bats
# listen: makes its address known, takes one peer, leaves nothing behind.

# shellcheck disable=SC2030,SC2031,SC2094,SC2154 # variables come from run and test_helper, each test is a subshell
load test_helper

@test "the first thing anybody tries: two lines appear, both end with 0, the socket is gone" {
    start listener ductworks listen "$T/a.sock"
    printf '"hi"\n{"n":1}\n' | ductworks connect "$T/a.sock"
    finish listener
    holds listener.out '"hi"' '{"n":1}'
    holds listener.err
    [[ ! -e a.sock ]]
}

@test "both sides talk" {
    echo '"from listen"' >text
    stdin=text serve listener "$T/a.sock"
    run -0 --separate-stderr ductworks connect "$T/a.sock" <<<'"from connect"'
    equal "$output" '"from listen"'
    finish listener
    holds listener.out '"from connect"'
}

@test "one peer is taken, and the socket is gone while it is served" {
    serve listener "$T/a.sock"
    converse first ductworks connect "$T/a.sock"
    echo 1 >&9
    wait_until test -s listener.out
    [[ ! -e a.sock ]]
    run --separate-stderr ductworks connect --wait 0 "$T/a.sock" </dev/null
    refused 69
    release
    finish first
    finish listener
}

@test "over TCP, a second peer is refused while the first is served" {
    serve listener tcp:127.0.0.1:0
    converse first ductworks connect "$address"
    echo 1 >&9
    wait_until test -s listener.out
    run --separate-stderr ductworks connect --wait 0 "$address" </dev/null
    refused 69
    release
    finish first
    finish listener
}

@test "--address-file: the address, absolute, and a newline, once it can be connected to" {
    local _
    for _ in {1..20}; do
        serve listener --wait 10 a.sock
        # One try has to be enough.
        ductworks connect --wait 0 -m 1 "$T/a.sock"
        finish listener
        holds listener.addr "unix:$T/a.sock"
    done
}

@test "--address-file: a regular file that is there is replaced, never written into" {
    echo old >name
    ln name other
    start listener ductworks listen --address-file name "$T/a.sock"
    wait_until grep -q unix: name
    ductworks connect -m 1 "$T/a.sock"
    finish listener
    holds other old
    holds name "unix:$T/a.sock"
    equal "$(find . -maxdepth 1 -name '*name*' | sort)" ./name
}

@test "--address-file: - is stdout, /dev/fd/N a descriptor" {
    start listener ductworks listen --address-file - "$T/a.sock"
    wait_until test -s listener.out
    ductworks connect -m 1 "$T/a.sock"
    finish listener
    holds listener.out "unix:$T/a.sock" 1
    # shellcheck disable=SC2016 # for the inner shell
    start listener bash -c 'exec ductworks listen --address-file /dev/fd/5 "$1" 5>name' - "$T/b.sock"
    wait_until test -s name
    ductworks connect -m 1 "$T/b.sock"
    finish listener
    holds name "unix:$T/b.sock"
    holds listener.out 1
}

@test "--address-file: a FIFO is written to" {
    mkfifo name
    start listener ductworks listen --address-file name "$T/a.sock"
    run -0 head -n 1 name
    equal "$output" "unix:$T/a.sock"
    ductworks connect -m 1 "$T/a.sock"
    finish listener
    [[ -p name ]]
}

@test "--address-file that cannot be written ends it, and no socket stays" {
    run --separate-stderr ductworks listen --address-file "$T/missing/name" "$T/a.sock" </dev/null
    [[ $status -gt 63 ]]
    refused "$status" missing/name
    [[ ! -e a.sock ]]
}

@test "the address is on stderr where we chose any part of it, and not otherwise" {
    serve listener
    equal "$(<listener.err)" "ductworks: listening on $address"
    ductworks connect -m 1 "$address"
    finish listener
    serve listener "$T/a.sock"
    ductworks connect -m 1 "$T/a.sock"
    finish listener
    holds listener.err
}

@test "--quiet leaves errors alone on stderr" {
    serve listener --quiet tcp:127.0.0.1:0
    ductworks connect -m 1 "$address"
    finish listener
    holds listener.err
    run --separate-stderr ductworks connect --quiet --wait 0 "$T/nowhere" </dev/null
    refused 69
}

@test "-v says on stderr who came, how it ended and how much was carried" {
    serve listener -v "$T/a.sock"
    seq 7 | ductworks connect "$T/a.sock"
    finish listener
    contains "$(<listener.err)" 7
    run ! grep -v '^ductworks: ' listener.err
}

@test "--wait: nobody came is 124, and the socket is gone" {
    run --separate-stderr inside ductworks listen --wait 0.2 "$T/a.sock" </dev/null
    refused 124
    [[ ! -e a.sock ]]
}

@test "--wait is over once the peer is there" {
    serve listener --wait 1 "$T/a.sock"
    run -0 --separate-stderr peer connect "$T/a.sock" script 'sleep 1.3; send 1'
    finish listener
    holds listener.out 1
}

@test "a wildcard address without TLS works and is warned about" {
    serve listener tcp:0.0.0.0:0
    ductworks connect -m 1 "tcp:127.0.0.1:${address##*:}"
    finish listener
    holds listener.out 1
    grep -v '^ductworks: listening on ' listener.err >warning
    complaint warning
}

@test "the listener's stdin is not read before the peer is there" {
    hold in
    stdin=in serve listener "$T/a.sock"
    echo '"early"' >&9
    peer connect "$T/a.sock" script 'recv; half-close' >got
    holds got '"early"'
    release
    finish listener
}

@test "no descriptor, socket or folder stays behind, however it ends" {
    local before
    before=$(find "$XDG_RUNTIME_DIR" "$TMPDIR")
    serve one
    kill "${pid[one]}"
    finish one 143
    start two ductworks listen --wait 0.1
    finish two 124
    serve three
    peer connect "${address#unix:}" script 'bytes 55'
    finish three 76
    equal "$(find "$XDG_RUNTIME_DIR" "$TMPDIR")" "$before"
}
