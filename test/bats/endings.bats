#!/usr/bin/env bats
# How a conversation ends: who ends first, how, and in the middle of what.

# shellcheck disable=SC2030,SC2031,SC2094,SC2154 # variables come from run and test_helper, each test is a subshell
load test_helper

# The start of a frame that promises 9 bytes.
half_a_frame='bytes 5400000009616263'

# meet ROLE TRANSPORT STEPS starts the program in ROLE and a peer in the other; stdin and $flags are the caller's.
meet() {
    fresh "$2"
    local input=$stdin
    stdin=/dev/null
    if [[ $1 == connect ]]; then
        peer_serve peer "$at" script "$3"
        stdin=$input start ours ductworks connect "${flags[@]}" "$address"
    else
        stdin=$input serve ours "${flags[@]}" "$at"
        start peer peer connect "$address" script "$3"
    fi
    stdin=$input
}

# parted STATUS: the program ends with STATUS, and so does the peer, however it does.
parted() {
    finish -t 5 ours "$1"
    wait_until gone peer
    wait "${pid[peer]}" || true
    unset 'pid[peer]'
    [[ $1 == 0 ]] || complaint ours.err
    rm -f ours.* peer.*
}

# Prints what was tried if the test fails in it.
cell() { printf 'cell: %s\n' "$*"; }

everywhere() {
    local role transport
    for role in connect listen; do
        for transport in unix tcp; do
            "$1" "$role" "$transport"
        done
    done
}

# --- Stdin ends first: the peer has our message and the end, and then does its own.

stdin_first() {
    local action
    printf '1\n' >one
    stdin=one
    for action in half-close close kill; do
        cell "$@" idle "$action"
        meet "$@" "recv; wait-eof; send 2; $action"
        wait_until gone ours
        holds ours.out 2
        parted 0
    done
    cell "$@" idle reset
    meet "$@" 'wait-data; send 2; reset'
    wait_until gone ours
    holds ours.out 2
    parted 74
}

stdin_first_mid_frame() {
    local action
    printf '1\n' >one
    stdin=one
    for action in half-close close kill; do
        cell "$@" mid-frame "$action"
        meet "$@" "recv; wait-eof; send 2; $half_a_frame; $action"
        wait_until gone ours
        holds ours.out 2
        parted 76
    done
    cell "$@" mid-frame reset
    meet "$@" "wait-data; send 2; $half_a_frame; reset"
    wait_until gone ours
    holds ours.out 2
    parted 76
}

@test "stdin first, then the peer half-closes, closes, is killed (0) or resets (74)" {
    everywhere stdin_first
}

@test "stdin first, then the peer's stream ends in the middle of a frame, in each way (76)" {
    everywhere stdin_first_mid_frame
}

# --- The peer ends first: stdin stays open until the end of the test.

@test "peer first, half-close: sending goes on until stdin ends, and that is 0" {
    local role transport
    for role in connect listen; do
        for transport in unix tcp; do
            cell "$role" "$transport"
            rm -f in.*
            hold "in.$role$transport"
            stdin=in.$role$transport
            meet "$role" "$transport" 'send 1; half-close; mark closed; drain'
            wait_until test -e closed
            wait_until test -s ours.out
            printf '2\n3\n' >&9
            wait_until grep -q 3 peer.out
            running ours
            release
            finish ours
            finish peer
            holds peer.out 2 3
            holds ours.out 1
            rm -f closed ours.* peer.*
        done
    done
}

# peer_leaves STATUS TRANSPORT STEPS: however stdin stands, the program ends by itself.
peer_leaves() {
    local role
    for role in connect listen; do
        cell "$role" "$2" "$3"
        rm -f in
        hold in
        stdin=in
        # That a message of ours has come shows that both sides are connected.
        echo 0 >&9
        meet "$role" "$2" "recv; send 1; $3"
        wait_until gone ours
        holds ours.out 1
        parted "$1"
        release
    done
}

@test "peer first, a Unix peer closes or is killed: ends at once with 0, though stdin is open" {
    peer_leaves 0 unix close
    peer_leaves 0 unix kill
}

@test "peer first, a reset: ends at once with 74, though stdin is open" {
    peer_leaves 74 tcp reset
}

@test "peer first, a Unix peer leaves with our message unread: 74, and its own last message is printed" {
    local role
    printf '"unread"\n' >one
    for role in connect listen; do
        cell "$role"
        stdin=one
        meet "$role" unix 'wait-data; send 1; close'
        wait_until gone ours
        holds ours.out 1
        contains "$(<ours.err)" 1
        parted 74
    done
}

@test "peer first, in the middle of a frame, in each way: 76 at once, though stdin is open" {
    local transport
    for transport in unix tcp; do
        peer_leaves 76 "$transport" "$half_a_frame; close"
        peer_leaves 76 "$transport" "$half_a_frame; kill"
        peer_leaves 76 "$transport" "$half_a_frame; half-close; drain"
    done
    peer_leaves 76 tcp "$half_a_frame; reset"
}

@test "peer first, a TCP peer closes: the next message finds out, and that is 74" {
    local role
    for role in connect listen; do
        cell "$role"
        rm -f in
        hold in
        stdin=in
        meet "$role" tcp 'send 1; close'
        finish peer
        wait_until test -s ours.out
        # The first write is answered by the reset, which the next one or the reading side sees.
        printf '2\n' >&9
        wait_until -t 5 gone ours
        release
        finish ours 74
        holds ours.out 1
        rm -f ours.* peer.*
    done
}

@test "peer first with our data unsent: half-close lets it all through (0)" {
    bulk >many
    local role transport
    for role in connect listen; do
        for transport in unix tcp; do
            cell "$role" "$transport"
            stdin=many
            meet "$role" "$transport" 'half-close; wait-data; drain'
            finish ours
            finish peer
            same peer.out many
        done
    done
}

leaves_unsent() {
    local action
    bulk >many
    stdin=many
    for action in close reset kill; do
        cell "$@" "$action"
        meet "$@" "wait-data; send 1; $action"
        wait_until gone ours
        holds ours.out 1
        contains "$(<ours.err)" message
        parted 74
        cell "$@" mid-frame "$action"
        meet "$@" "wait-data; send 1; $half_a_frame; $action"
        wait_until gone ours
        holds ours.out 1
        parted 76
    done
}

@test "peer first with our data unsent: close, reset and kill are 74, and 76 inside a frame" {
    leaves_unsent connect unix
    leaves_unsent listen unix
}

@test "peer first with our data unsent, over TCP: a reset is 74" {
    bulk >many
    stdin=many
    local role
    for role in connect listen; do
        meet "$role" tcp 'wait-data; reset'
        parted 74
    done
}

# --- Both at once.

both_at_once() {
    local action
    for action in half-close close kill; do
        cell "$@" "$action"
        meet "$@" "send 1; $action"
        wait_until gone ours
        holds ours.out 1
        parted 0
        cell "$@" mid-frame "$action"
        meet "$@" "send 1; $half_a_frame; $action"
        wait_until gone ours
        holds ours.out 1
        parted 76
    done
}

@test "both at once: an empty stdin and a peer that half-closes, closes or is killed is 0, inside a frame 76" {
    everywhere both_at_once
}

# --- What goes on after the end of stdin.

@test "a request that is piped in gets its reply even if that comes 3 s later" {
    peer_serve peer "$T/a.sock" script 'recv; wait-eof; sleep 3; send {"reply": true}'
    run -0 --separate-stderr ductworks connect "$T/a.sock" < <(echo '"request"')
    equal "$output" '{"reply": true}'
    finish peer
}

@test "an empty stdin still receives" {
    peer_serve peer tcp:127.0.0.1:0 script 'wait-eof; send 1; send 2'
    run -0 --separate-stderr ductworks connect "$address" </dev/null
    equal "$output" $'1\n2'
    finish peer
}

# --- Flags.

@test "-n: ends with 0 once so many have come, and prints no more" {
    # In one write: a third one by itself might find us gone.
    peer_serve peer "$T/a.sock" script "bytes 540000000131 540000000132 540000000133; await $T/stop"
    hold in
    stdin=in start ours ductworks connect -n 2 "$T/a.sock"
    finish ours
    holds ours.out 1 2
    touch stop
    finish peer
}

@test "-n: a peer that ends before is 69, and what came is printed" {
    peer_serve peer "$T/a.sock" script 'send 1; send 2; half-close; wait-eof'
    run --separate-stderr ductworks connect -n 3 "$T/a.sock" </dev/null
    equal "$status" 69
    equal "$output" $'1\n2'
    printf '%s\n' "$stderr" >said
    complaint said
    finish peer
}

@test "-n: unprintable messages count, and leave their mark on the status" {
    peer_serve peer "$T/a.sock" script "raw oops; bytes 540000000132 540000000133; await $T/stop"
    run --separate-stderr ductworks connect -n 2 "$T/a.sock" </dev/null
    equal "$output" 2
    # Whoever reads stdout alone must not take the second reply for the first one.
    equal "$status" 65
    printf '%s\n' "$stderr" >said
    complaint said
    touch stop
    finish peer
}

@test "-n: every -m is written, even if the answer comes early" {
    peer_serve peer "$T/a.sock" script 'send "early"; drain'
    run -0 --separate-stderr ductworks connect -m 1 -m 2 -m 3 -n 1 "$T/a.sock"
    equal "$output" '"early"'
    finish peer
    holds peer.out 1 2 3
}

@test "-n 0 and a count that is no number are 64" {
    run --separate-stderr ductworks connect -n 0 "$T/a.sock" </dev/null
    refused 64
    run --separate-stderr ductworks connect -n few "$T/a.sock" </dev/null
    refused 64
}

@test "-q: after the end of stdin waits so long for the peer to end, then 0" {
    peer_serve peer "$T/a.sock" script "recv; send 2; await $T/stop"
    run -0 --separate-stderr inside ductworks connect -q 0.3 "$T/a.sock" < <(echo 1)
    equal "$output" 2
    touch stop
    finish peer
    rm stop
    peer_serve peer "$T/a.sock" script "drain; await $T/stop"
    run -0 --separate-stderr inside ductworks connect -q 0 "$T/a.sock" < <(echo 1)
    touch stop
    finish peer
    holds peer.out 1
}

@test "-q does not begin before stdin has ended" {
    peer_serve peer "$T/a.sock" echo
    converse ours ductworks connect -q 100ms "$T/a.sock"
    echo 1 >&9
    reply
    sleep 0.5
    echo 2 >&9
    reply
    equal "$REPLY" 2
    release
    finish ours
    finish peer
}

@test "--no-shutdown: the peer sees no end, and still has its say" {
    peer_serve peer "$T/a.sock" script 'recv; quiet 0.3; send 2; close'
    run -0 --separate-stderr ductworks connect --no-shutdown "$T/a.sock" < <(echo 1)
    equal "$output" 2
    finish peer
    holds peer.out 1
}

@test "-E: ends as soon as the peer ends" {
    peer_serve peer tcp:127.0.0.1:0 script "send 1; half-close; await $T/stop"
    hold in
    stdin=in start ours ductworks connect -E "$address"
    finish ours
    holds ours.out 1
    touch stop
    finish peer
}

@test "-E: ends as soon as stdin ends, with everything sent" {
    peer_serve peer "$T/a.sock" script "drain; await $T/stop"
    run -0 --separate-stderr inside ductworks connect -E "$T/a.sock" < <(seq 1000)
    touch stop
    finish peer
    seq 1000 >expected
    same peer.out expected
}

@test "--send-only: prints nothing, reads what comes, over once everything is sent" {
    bulk >many
    # A peer that sends more than fits in any buffer before it reads would block if nobody read.
    peer_serve peer "$T/a.sock" script "fill 8000000; drain"
    run -0 --separate-stderr ductworks connect --send-only "$T/a.sock" <many
    equal "$output" ''
    equal "$stderr" ''
    finish peer
    same peer.out many
}

@test "--recv-only: reads no stdin, half-closes nothing, over when the peer ends" {
    peer_serve peer "$T/a.sock" script 'quiet 0.3; send 1; send 2; close'
    echo '"left alone"' >text
    {
        ductworks connect --recv-only "$T/a.sock" >got
        cat >rest
    } <text
    holds got 1 2
    holds rest '"left alone"'
    finish peer
}

@test "--send-only and --recv-only contradict each other" {
    run --separate-stderr ductworks connect --send-only --recv-only "$T/a.sock" </dev/null
    refused 64
}

@test "-n with --recv-only, --no-shutdown and -E, reached and missed" {
    local flag
    for flag in --recv-only --no-shutdown -E; do
        cell "$flag" reached
        peer_serve peer "$T/a.sock" script "send 1; send 2; await $T/stop"
        hold in
        stdin=in start ours ductworks connect -n 2 "$flag" "$T/a.sock"
        finish ours
        holds ours.out 1 2
        touch stop
        finish peer
        rm stop
        cell "$flag" missed
        peer_serve peer "$T/a.sock" script "send 1; close"
        stdin=in start ours ductworks connect -n 2 "$flag" "$T/a.sock"
        finish ours 69
        holds ours.out 1
        finish peer
        release
        rm in
    done
}

@test "-n with --send-only, reached and missed: what is thrown away counts" {
    hold in
    peer_serve peer "$T/a.sock" script "send 1; send 2; await $T/stop"
    stdin=in start ours ductworks connect -n 2 --send-only "$T/a.sock"
    finish ours
    holds ours.out
    touch stop
    finish peer
    peer_serve peer "$T/a.sock" script "send 1; close"
    stdin=in start ours ductworks connect -n 2 --send-only "$T/a.sock"
    finish ours 69
    holds ours.out
    finish peer
    release
}

@test "-i: 124 when nothing has moved for so long" {
    peer_serve peer "$T/a.sock" script "send 1; await $T/stop"
    hold in
    stdin=in start ours ductworks connect -i 0.3 "$T/a.sock"
    finish -t 5 ours 124
    holds ours.out 1
    complaint ours.err
    touch stop
    finish peer
}

@test "-i: never fires while bytes move, not even inside a frame" {
    local step steps='bytes 540000000b22;'
    for step in {1..9}; do steps+="sleep 0.2; bytes 3$step;"; done
    peer_serve peer "$T/a.sock" script "$steps sleep 0.2; bytes 22"
    run -0 --separate-stderr ductworks connect -i 1 "$T/a.sock" </dev/null
    equal "$output" '"123456789"'
    finish peer
}

@test "--timeout: 124 after so long in all, whatever moves" {
    local _ steps=
    for _ in {1..50}; do steps+='send 1; sleep 0.1; '; done
    peer_serve peer "$T/a.sock" script "$steps"
    start ours ductworks connect --timeout 0.5 "$T/a.sock"
    finish -t 4 ours 124
    complaint ours.err
    wait_until gone peer
}

@test "a timeout of 0 is none, and one that is no duration is 64" {
    peer_serve peer "$T/a.sock" script 'sleep 0.3; send 1'
    run -0 --separate-stderr ductworks connect -i 0 --timeout 0 "$T/a.sock" </dev/null
    equal "$output" 1
    finish peer
    run --separate-stderr ductworks connect -i soon "$T/a.sock" </dev/null
    refused 64
}

# --- Standard streams that are not there.

@test "stdout's reader goes away: 141, silently" {
    peer_serve peer "$T/a.sock" script "send 1; await $T/go; send 2; send 3; wait-eof"
    hold in
    # shellcheck disable=SC2016 # for the inner shell
    stdin=in start ours bash -c '{ ductworks connect "$1" 2>said; echo $? >status; } | { read -r; exec <&-; touch go; }' - "$T/a.sock"
    finish ours
    holds status 141
    holds said
    wait_until gone peer
}

@test "a full disk under stdout: 74" {
    linux
    local ended=0
    peer_serve peer "$T/a.sock" script 'send 1; send 2; wait-data'
    ductworks connect "$T/a.sock" </dev/null 2>said >/dev/full || ended=$?
    equal "$ended" 74
    complaint said
    wait_until gone peer
}

@test "no stdout at all: a socket never lands on descriptor 1" {
    peer_serve peer "$T/a.sock" script 'send "mine"; dump'
    ductworks connect "$T/a.sock" >&- </dev/null
    finish peer
    # The message that came must not have been written back.
    holds peer.out ''
    peer_serve peer "$T/a.sock" script 'send "mine"; dump'
    ductworks connect "$T/a.sock" >&- <&- 2>&-
    finish peer
    holds peer.out ''
}

@test "a conversation in which all went well says nothing on stderr" {
    serve ours "$T/a.sock"
    run -0 --separate-stderr ductworks connect "$T/a.sock" <<<1
    equal "$stderr" ''
    finish ours
    holds ours.err
}
