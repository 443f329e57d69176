#!/usr/bin/env bats
# Signals: which end it, what they leave behind, and which do no harm.

# shellcheck disable=SC2030,SC2031,SC2034,SC2094,SC2154,SC2016 # variables come from run and test_helper, each test is a
# subshell, and $ in single quotes is for inner shells
load test_helper

# The shell starts background jobs with INT ignored; here nothing is, as on a terminal.
signals=(INT:130 TERM:143 HUP:129)
unignored=(env --default-signal=INT --default-signal=HUP --default-signal=TERM)


# killed_by NAME SIGNAL:STATUS
killed_by() {
    kill -"${2%:*}" "${pid[$1]}"
    finish -t 5 "$1" "${2#*:}"
}

@test "INT, TERM and HUP while listening: ends by that signal, and the socket is gone" {
    local signal
    for signal in "${signals[@]}"; do
        start listener "${unignored[@]}" ductworks listen --address-file name "$T/a.sock"
        wait_until test -s name
        killed_by listener "$signal"
        [[ ! -e a.sock ]]
        rm name
        start listener "${unignored[@]}" ductworks listen --address-file name
        wait_until test -s name
        killed_by listener "$signal"
        equal "$(ls -A "$XDG_RUNTIME_DIR")" ''
        rm name
    done
}

@test "INT, TERM and HUP while waiting for a listener" {
    local signal
    for signal in "${signals[@]}"; do
        start client "${unignored[@]}" ductworks connect "$T/a.sock"
        wait_until test -s client.err
        killed_by client "$signal"
    done
}

@test "INT, TERM and HUP while idle, with stdin open: what came is printed" {
    local signal
    for signal in "${signals[@]}"; do
        peer_serve peer "$T/a.sock" script 'send 1; wait-eof'
        hold in
        stdin=in start client "${unignored[@]}" ductworks connect "$T/a.sock"
        wait_until test -s client.out
        killed_by client "$signal"
        holds client.out 1
        finish peer
        release
        rm in
    done
}

@test "INT, TERM and HUP while sending to a peer that does not read" {
    local signal
    seq 1000000 >many
    for signal in "${signals[@]}"; do
        peer_serve peer "$T/a.sock" script "wait-data; mark blocked; await $T/stop"
        stdin=many start client "${unignored[@]}" ductworks connect "$T/a.sock"
        wait_until test -e blocked
        killed_by client "$signal"
        touch stop
        wait_until gone peer
        rm blocked stop
    done
}

@test "a signal takes CMD with it" {
    local signal child
    for signal in "${signals[@]}"; do
        start listener "${unignored[@]}" ductworks listen --address-file name "$T/a.sock" -- \
            sh -c 'echo $$; exec sleep 300'
        wait_until test -s name
        converse client ductworks connect "$T/a.sock"
        reply
        child=$REPLY
        kill -0 "$child"
        killed_by listener "$signal"
        wait_until -t 5 run ! kill -0 "$child"
        finish client
        release
        rm name client.in client.out
    done
}

@test "a second signal kills at once, though CMD will not go" {
    start listener "${unignored[@]}" ductworks listen --address-file name "$T/a.sock" -- \
        sh -c 'trap "" TERM INT; echo $$; while :; do sleep 0.1; done'
    wait_until test -s name
    converse client ductworks connect "$T/a.sock"
    reply
    kill "${pid[listener]}"
    sleep 0.1
    kill "${pid[listener]}" 2>/dev/null || true
    finish -t 2 listener 143
    [[ ! -e a.sock ]]
    kill -KILL "$REPLY" 2>/dev/null || true
    wait_until gone client
}

@test "what was ignored when we started stays ignored" {
    local signal
    for signal in HUP INT; do
        start listener env --ignore-signal="$signal" ductworks listen --address-file name "$T/a.sock"
        wait_until test -s name
        kill -"$signal" "${pid[listener]}"
        ductworks connect -m 1 "$T/a.sock"
        finish listener
        holds listener.out 1
        rm name
    done
    start listener nohup "$BIN" listen --address-file name "$T/a.sock"
    wait_until test -s name
    kill -HUP "${pid[listener]}"
    ductworks connect -m 1 "$T/a.sock"
    finish listener
}

@test "SIGPIPE that was ignored: a closed stdout is 74 or 141, and never 0" {
    peer_serve peer "$T/a.sock" script "send 1; await $T/go; send 2; drain"
    hold in
    stdin=in start client env --ignore-signal=PIPE bash -c \
        '{ ductworks connect "$1" 2>said; echo $? >status; } | { read -r; exec <&-; touch go; }' - "$T/a.sock"
    finish client
    [[ $(<status) == @(74|141) ]] || fail "ended with $(<status)"
    wait_until gone peer
}

@test "STOP and CONT in the middle of a stream: nothing is lost" {
    local _
    seq 2000000 >many
    serve listener -f raw "$T/a.sock"
    stdin=many start client ductworks connect -f raw "$T/a.sock"
    for _ in {1..20}; do
        kill -STOP "${pid[client]}" 2>/dev/null || break
        kill -STOP "${pid[listener]}"
        kill -CONT "${pid[client]}"
        kill -CONT "${pid[listener]}"
    done
    finish client
    finish listener
    same listener.out many
}

@test "10,000 signals while messages flow: nothing is lost" {
    seq 1000000 >many
    serve listener -f raw "$T/a.sock"
    stdin=many start client ductworks connect -f raw "$T/a.sock"
    "$PYTHON" -c 'import os, signal, sys
for number in range(10000):
    for pid in sys.argv[1:]:
        try:
            os.kill(int(pid), (signal.SIGWINCH, signal.SIGURG, signal.SIGCONT)[number % 3])
        except ProcessLookupError:
            pass' "${pid[client]}" "${pid[listener]}"
    finish client
    finish listener
    same listener.out many
}

@test "our death by SIGKILL: the peer sees the end, CMD the end of its stdin" {
    serve listener "$T/a.sock" -- sh -c 'echo $$; cat >/dev/null; touch ended'
    converse client ductworks connect "$T/a.sock"
    reply
    kill -KILL "${pid[listener]}"
    finish listener 137
    wait_until test -e ended
    wait_until gone client
    release
}
