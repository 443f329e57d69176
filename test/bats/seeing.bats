#!/usr/bin/env bats
# Seeing what happens: --progress, -v, -x, --record, --stats.

# shellcheck disable=SC2030,SC2031,SC2034,SC2094,SC2154 # variables come from run and test_helper, each test is a subshell
load test_helper

# stop NAME ends a service.
stop() {
    kill -TERM "${pid[$1]}"
    finish "$1" 143
}

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

# told NAME EXPRESSION: NAME has shown on stderr what passed over its second connection, and EXPRESSION is true of its --stats.
told() {
    local said
    said=$(<"$1.err")
    contains "$said" 'ductworks: connection 2: recv 1: 9 bytes: "hello 2"'
    contains "$said" $'\nconnection 2: recv 1: 9 bytes\n00000000  54 00 00 00 09 22 68 65  6c 6c 6f 20 32 22'
    contains "$said" $'\nductworks: connection 1 has ended: 1 sent, 1 received\n'
    tail -n 1 "$1.err" | jq -e "$2" >/dev/null || fail "$(tail -n 1 "$1.err")"
}

@test "--record, -x, -vv and --stats tell the connections of a service apart, whoever serves them" {
    local -A service=([command]='' [each]=--each [shared]='-m "welcome"' [envelope]='--envelope -m "welcome"')
    local name number
    for name in "${!service[@]}"; do
        # shellcheck disable=SC2086 # several words
        set -- ${service[$name]}
        [[ $* == *-m* ]] || set -- "$@" -- sh -c 'while read -r _; do echo "\"welcome\""; done'
        serve "$name" -k --record "$name.rec" -x -vv --stats "$T/$name.sock" "$@"
        for number in 1 2; do
            run -0 ductworks connect -f text -m "hello $number" "$T/$name.sock"
            equal "$output" welcome
        done
        stop "$name"
        equal "$(jq -c '[.conn, .direction, .message]' "$name.rec" | sort)" \
            $'[1,"recv","hello 1"]\n[1,"send","welcome"]\n[2,"recv","hello 2"]\n[2,"send","welcome"]'
        told "$name" '.connections == 2 and .sent.messages == 2 and .sent.bytes == 18 and
            .received.messages == 2 and .received.bytes == 18 and .status == 143'
    done
}

@test "a recording that cannot be written ends a service, with 74" {
    local command
    for command in '' '-- cat' '--each -- cat'; do
        # shellcheck disable=SC2086 # several words
        serve server -k --record /dev/full "$T/s.sock" $command
        run ductworks connect -m 1 "$T/s.sock"
        finish server 74
        contains "$(<server.err)" 'cannot write to the recording: no space left on device'
    done
}

# on_terminal CMD… runs CMD with a terminal as its stdout, and prints what it wrote there.
on_terminal() {
    "$PYTHON" -I -S -c '
import os, pty, subprocess, sys
ours, theirs = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=theirs)
os.close(theirs)
written = b""
while True:
    try:
        piece = os.read(ours, 65536)
    except OSError:
        piece = b""
    if not piece:
        break
    written += piece
sys.stdout.buffer.write(written)
sys.exit(child.wait())' "$@"
}

@test "ESC, C1, bidirectional overrides and U+2028 from a peer: escaped on a terminal, untouched in a pipe" {
    local hostile=$'"\e[31m\u009b\u202e\u2066\u2028\u2029"' format digits
    digits=$(printf %s "$hostile" | hex)
    for format in raw text; do
        # As JSON such a string has to be escaped, or rather its ESC.
        [[ $format == raw ]] || digits=$(printf '"\\u001b[31m\u009b\u202e\u2066\u2028\u2029"' | hex)
        peer_serve peer "$T/a.sock" script "bytes 54$(printf %08x $((${#digits} / 2)))$digits"
        on_terminal "$BIN" connect -f "$format" "$T/a.sock" >shown
        finish peer
        grep -qF '\x1b[31m\u009b\u202e\u2066\u2028\u2029' shown
        LC_ALL=C run ! grep -q $'[\e\x80-\xff]' shown
        peer_serve peer "$T/b.sock" script "bytes 54$(printf %08x $((${#digits} / 2)))$digits"
        ductworks connect -f "$format" "$T/b.sock" </dev/null >piped
        finish peer
        grep -qF "$(printf '\e[31m\u009b\u202e\u2066\u2028\u2029')" piped
    done
}

@test "what a peer sends is quoted in errors, so that no terminal obeys it" {
    peer_serve peer "$T/a.sock" script "bytes $(printf '\e[31m\u202e' | hex); wait-eof"
    run --separate-stderr ductworks connect "$T/a.sock" </dev/null
    refused 76
    # shellcheck disable=SC2154 # set by run
    printf '%s' "$stderr" >said
    LC_ALL=C run ! grep -q $'[\e\x80-\xff]' said
    wait_until gone peer
}
