#!/usr/bin/env bats
# pair: joins two ends, each an address or a command, and carries messages between them.

# shellcheck disable=SC2030,SC2031,SC2034,SC2094,SC2154,SC2016 # variables come from run and test_helper, each test is a
# subshell, and $ in single quotes is for inner shells
load test_helper

# pair_up starts pair and waits for the two addresses that it prints.
pair_up() {
    start pair ductworks pair
    wait_until eval '(($(wc -l <pair.out) == 2))'
    { read -r one && read -r two; } <pair.out
}

@test "pair alone prints two addresses at once, and what connects to them talks, in either order" {
    local order
    for order in 'one two' 'two one'; do
        pair_up
        [[ $one == unix:* && $two == unix:* && $one != "$two" ]]
        eval "set -- \$${order% *} \$${order#* }"
        converse first ductworks connect "$1"
        echo 1 >&9
        run -0 --separate-stderr ductworks connect -m 2 -n 1 "$2"
        equal "$output" 1
        reply
        equal "$REPLY" 2
        release
        finish first
        finish pair
        rm first.*
        equal "$(ls -A "$XDG_RUNTIME_DIR")" ''
    done
}

@test "each one's half-close reaches the other, and the other direction goes on" {
    pair_up
    start first peer connect "$one" script 'half-close; recv 3; wait-eof'
    start second peer connect "$two" script 'wait-eof; send 1; send 2; send 3; half-close'
    finish first
    finish second
    finish pair
    holds first.out 1 2 3
}

guessing_game() {
    cat >guesser <<'END'
low=1 high=100
while :; do
    guess=$(((low + high) / 2))
    echo "$guess"
    read -r answer
    case $answer in
    *more*) low=$((guess + 1)) ;;
    *less*) high=$((guess - 1)) ;;
    *) exit 0 ;;
    esac
done
END
    cat >keeper <<'END'
while read -r guess; do
    if [ "$guess" -lt 37 ]; then echo '"more"'
    elif [ "$guess" -gt 37 ]; then echo '"less"'
    else echo '"yes"' && exit 0; fi
done
END
}

@test "a guessing game between two scripts runs to its end, and a tap shows every message" {
    guessing_game
    run -0 --separate-stderr ductworks pair --record - sh guesser :: sh keeper </dev/null
    printf '%s\n' "$output" >tap
    equal "$(jq -c '[.direction, .message]' tap | head -n 3)" $'["send",50]\n["recv","less"]\n["send",25]'
    equal "$(jq -c '.message' tap | tail -n 1)" '"yes"'
    equal "$(jq -r 'select(.direction == "send").message' tap | tail -n 1)" 37
    jq -e '(.time | test("^[0-9-]+T[0-9:]+[.][0-9]+(Z|[+-]..:..)$")) and .size > 0' tap >/dev/null
}

@test "the same game without a tap, over each --via" {
    guessing_game
    run -0 --separate-stderr ductworks pair sh guesser :: sh keeper </dev/null
    equal "$output" ''
    local via
    for via in fd address; do
        ductworks pair --via "$via" sh -c 'exec "$DUCTWORKS" connect -- sh guesser' :: \
            sh -c 'exec "$DUCTWORKS" connect -- sh keeper' </dev/null
    done
}

@test "--via fd: two commands get the two ends of one socket pair" {
    linux
    ductworks pair --via fd sh -c 'printf "T\0\0\0\0011" >&3; cat <&3 >one' :: sh -c 'head -c 6 <&3 >two; printf 22 >&3' </dev/null
    # Nothing is relayed, so that not even a frame is needed.
    equal "$(<one)" 22
    equal "$(hex <two)" 540000000131
}

@test "--via pipe: standard streams carry frames" {
    ductworks pair --via pipe sh -c 'printf "T\0\0\0\0011"; exec >&-; cat >one' :: cat </dev/null
    equal "$(hex <one)" 540000000131
}

@test "a pair in front of a server changes nothing that either side sees" {
    local transport
    for transport in unix tcp; do
        fresh "$transport"
        peer_serve server "$at" script 'recv; send {"reply": 1}; bytes 540000000200ff; wait-eof; send "late"; half-close'
        start pair ductworks pair --record - --listen "$T/front-$transport.sock" --connect "$address"
        wait_until test -S "front-$transport.sock"
        run -0 peer connect "$T/front-$transport.sock" script \
            'send {"ask": "é"}; recv; half-close; dump'
        finish server
        finish pair
        holds server.out '{"ask": "\u00e9"}'
        equal "$output" "{\"reply\": 1}"$'\n'"540000000200ff5400000006$(printf '"late"' | hex)"
        equal "$(jq -c '[.direction, .message // .base64]' pair.out)" \
            $'["send",{"ask":"é"}]\n["recv",{"reply":1}]\n["recv","AP8="]\n["recv","late"]'
        [[ ! -e front-$transport.sock ]]
    done
}

@test "--connect dials once the other end has its peer" {
    start server peer --ready name listen "$T/server.sock" script 'mark accepted; recv; send 2'
    wait_until test -s name
    start pair ductworks pair --listen "$T/front.sock" --connect "$T/server.sock"
    wait_until test -S front.sock
    sleep 0.2
    [[ ! -e accepted ]]
    run -0 --separate-stderr ductworks connect "$T/front.sock" <<<1
    equal "$output" 2
    finish server
    finish pair
}

@test "payloads of every edge size pass a pair unharmed, both ways" {
    local size
    for size in 0 1 255 65536 1048575 1048576 1048577 20000000; do
        "$PYTHON" -c 'import os, struct, sys
size = int(sys.argv[1])
sys.stdout.buffer.write(struct.pack(">cI", b"T", size) + os.urandom(size))' "$size"
    done >frames
    pair_up
    stdin=frames start first ductworks connect -f frame "$one"
    ductworks connect -f frame "$two" <frames >got
    finish first
    finish pair
    same got frames
    same first.out frames
}

@test "a torn frame on one side is not passed on as a whole one" {
    pair_up
    start first peer connect "$one" script 'send 1; bytes 5400000009616263; close'
    start second peer connect "$two" script 'dump'
    finish -t 5 pair 76
    wait_until gone second
    # Either nothing of it came, or it is torn here, too.
    [[ 540000000131 == "$(<second.out)" || $(<second.out) == 5400000001315400000009* ]] || fail "$(<second.out)"
    run ! grep -q '616263.' second.out
    finish first
    wait "${pid[second]}" || true
    unset 'pid[second]'
}

@test "a Unix peer that goes away ends the pair, and the other side sees the end" {
    pair_up
    start first peer connect "$one" script 'send 1; kill'
    start second peer connect "$two" script 'recv; wait-eof'
    finish -t 5 pair
    finish second
    finish first 137
}

@test "statuses: the first command's if it is not 0, else the second's" {
    run -0 ductworks pair true :: true
    run -3 ductworks pair sh -c 'exit 3' :: sh -c 'exit 4'
    run -4 ductworks pair true :: sh -c 'exit 4'
    run -127 --separate-stderr ductworks pair no-such-command :: true </dev/null
    refused 127 no-such-command
    run -127 --separate-stderr ductworks pair true :: no-such-command </dev/null
    refused 127 no-such-command
}

@test "one command: the missing end is a fresh address" {
    start pair ductworks pair cat
    wait_until test -s pair.out
    equal "$(wc -l <pair.out)" 1
    run -0 --separate-stderr ductworks connect "$(<pair.out)" < <(seq 3)
    equal "$output" $'1\n2\n3'
    finish pair
}

@test "more than two ends are 64" {
    run --separate-stderr ductworks pair cat :: cat :: cat </dev/null
    refused 64
    run --separate-stderr ductworks pair --listen "$T/a.sock" --connect "$T/b.sock" cat </dev/null
    refused 64
    run --separate-stderr ductworks pair cat :: </dev/null
    refused 64
    [[ ! -e a.sock ]]
}

@test "a signal ends both commands and removes what was made" {
    start pair ductworks pair sh -c 'echo $$ >one; exec sleep 300' :: sh -c 'echo $$ >two; exec sleep 300'
    wait_until test -s one
    wait_until test -s two
    kill "${pid[pair]}"
    finish -t 15 pair 143
    wait_until -t 5 run ! kill -0 "$(<one)"
    wait_until -t 5 run ! kill -0 "$(<two)"
    pair_up
    kill "${pid[pair]}"
    finish pair 143
    equal "$(ls -A "$XDG_RUNTIME_DIR")" ''
}
