#!/usr/bin/env bats
# The wire: the frames that Python's ductworks would read and write, byte for byte.
# Both sides must not be the same code, so one of them is a Python program.

# shellcheck disable=SC2030,SC2031,SC2094,SC2154 # variables come from run and test_helper, each test is a subshell
load test_helper

# What json.dumps writes of these is what they are already, so that both sides can be compared line by line.
documents() {
    cat <<'END'
"hi"
""
0
-12.5
1e+100
12345678901234567890123
true
null
[]
{}
[1, [2, [3, {"four": [5, null, false]}]]]
{"caf\u00e9": "\u65e5\u672c \ud83d\ude00", "tab": "a\tb", "quote": "\"\\"}
END
}

# The same, as a peer that does not escape writes it.
unescaped() { printf '%s\n' '"é日本😀"' '{"ключ":["значение"]}'; }

# The original's own test of size: a list whose document is about 1.2 MB.
long_list() { "$PYTHON" -c 'import json; print(json.dumps(list(range(170000))))'; }

python_sends_to_listen() {
    fresh "$1"
    serve listener "$at"
    start python peer connect "$address" send "$2"
    finish python
    finish listener
    same listener.out "$2"
}

python_sends_to_connect() {
    fresh "$1"
    peer_serve python "$at" send "$2"
    run -0 --separate-stderr ductworks connect "$address" </dev/null
    equal "$stderr" ''
    printf '%s\n' "$output" >got
    same got "$2"
    finish python
}

listen_sends_to_python() {
    fresh "$1"
    stdin=$2 serve listener "$at"
    start python peer connect "$address" recv
    finish python
    finish listener
    same python.out "$2"
}

connect_sends_to_python() {
    fresh "$1"
    peer_serve python "$at" recv
    ductworks connect "$address" <"$2"
    finish python
    same python.out "$2"
}

every_way() {
    local transport
    for transport in unix tcp; do
        python_sends_to_listen "$transport" "$1"
        python_sends_to_connect "$transport" "$1"
        listen_sends_to_python "$transport" "$1"
        connect_sends_to_python "$transport" "$1"
    done
}

@test "documents of every kind travel both ways, in both roles, over Unix and TCP" {
    documents >documents
    every_way documents
}

@test "a list of 1.2 MB travels both ways, in both roles, over Unix and TCP" {
    long_list >list
    ((1100000 < $(wc -c <list)))
    every_way list
}

@test "non-ASCII text that nobody escaped travels byte for byte" {
    unescaped >documents
    peer_serve python "$T/a.sock" recv --raw
    ductworks connect "$T/a.sock" <documents
    finish python
    same python.out documents
    serve listener "$T/b.sock"
    peer connect "$T/b.sock" send --raw documents
    finish listener
    same listener.out documents
}

@test "100 round trips with a Python echo, over Unix and TCP" {
    local transport number
    for transport in unix tcp; do
        fresh "$transport"
        peer_serve python "$at" echo
        converse "client-$transport" ductworks connect "$address"
        for ((number = 1; number <= 100; number++)); do
            printf '{"ping": %d}\n' "$number" >&9
            reply
            equal "$REPLY" "{\"ping\": $number}"
        done
        release
        finish "client-$transport"
        finish python
    done
}

@test "100 round trips from Python to a child of listen" {
    local number steps=
    for ((number = 1; number <= 100; number++)); do steps+="send [$number]; recv; "; done
    serve listener "$T/a.sock" -- cat
    peer connect "$T/a.sock" script "$steps half-close; wait-eof" >got
    finish listener
    printf '[%d]\n' {1..100} >expected
    same got expected
}

@test "a null ends a Python echo as it ends the original's" {
    peer_serve python "$T/a.sock" echo
    run -0 --separate-stderr ductworks connect "$T/a.sock" < <(printf '1\nnull\n')
    equal "$output" $'1\nnull'
    finish python
}

@test "frames are a T, a big-endian length and the payload, and nothing else travels" {
    peer_serve python "$T/a.sock" script dump
    printf '"hi"\n{}' | ductworks connect "$T/a.sock"
    finish python
    holds python.out 5400000004226869225400000002"$(printf '{}' | hex)"
}

@test "a listener sends nothing of its own accord" {
    serve listener "$T/a.sock"
    peer connect "$T/a.sock" script 'half-close; dump' >got
    finish listener
    holds got ''
}

@test "payloads of every edge size pass unharmed, both ways" {
    local size
    for size in 0 1 255 256 65535 65536 1048575 1048576 1048577; do
        "$PYTHON" -c 'import os, struct, sys
size = int(sys.argv[1])
sys.stdout.buffer.write(struct.pack(">cI", b"T", size) + os.urandom(size))' "$size"
    done >frames
    payloads frames >payloads
    peer_serve receiver "$T/a.sock" recv --hex
    ductworks connect -f frame "$T/a.sock" <frames
    finish receiver
    same receiver.out payloads
    serve listener "$T/b.sock" -f frame
    "$PYTHON" -c 'import socket, sys
with socket.socket(socket.AF_UNIX) as sock:
    sock.connect(sys.argv[1])
    sock.sendall(open(sys.argv[2], "rb").read())' "$T/b.sock" frames
    finish listener
    same listener.out frames
}

@test "1,000 frames in one write are 1,000 messages in their order" {
    through raw frame < <(seq 1000)
    hex <through.out >digits
    peer_serve python "$T/a.sock" script "bytes $(<digits)"
    run -0 --separate-stderr ductworks connect -f raw "$T/a.sock" </dev/null
    finish python
    equal "$output" "$(seq 1000)"
}

@test "every split of three messages into two writes, and one byte a write" {
    run -0 sweep splits "$BIN" "$T"
}

@test "each of the 255 wrong first bytes, as the first frame's and a later one's, is 76 and ends the reading" {
    run -0 sweep first-bytes "$BIN" "$T"
    contains "$output" '510 runs, 0 wrong'
}

@test "the end of the stream after each byte: 76 inside a frame, 0 between two" {
    run -0 sweep truncations "$BIN" "$T"
}

@test "a last frame followed at once by the end is printed, again and again" {
    run -0 sweep last-frames "$BIN" "$T"
    contains "$output" "${TEST_TIMES:-1000} runs, 0 wrong"
}

# looks_like NAME DIGITS: the complaint about these bytes names what they look like.
looks_like() {
    peer_serve python "$T/a.sock" script "bytes $2; wait-eof"
    run --separate-stderr ductworks connect "$T/a.sock" </dev/null
    refused 76 "$1"
    [[ $stderr =~ (byte|offset)\ 0[^0-9] ]] || fail "no offset in: $stderr"
    finish python
}

@test "what talks something else is named: TLS, HTTP, JSON text" {
    looks_like TLS 160301020001
    looks_like HTTP "$(printf 'HTTP/1.1 400 Bad Request\r\n' | hex)"
    looks_like JSON "$(printf '{"a":1}\n' | hex)"
}

@test "what an HTTP client says to listen is named, too" {
    serve listener tcp:127.0.0.1:0
    peer connect "$address" script "bytes $(printf 'GET / HTTP/1.1\r\n\r\n' | hex); wait-eof"
    finish listener 76
    contains "$(<listener.err)" HTTP
}

@test "a header that promises more than the limit is 76 at once and costs no memory" {
    local before after
    hold in
    peer_serve python "$T/a.sock" script "send 1; await $T/go; bytes 54ffffffff; await $T/stop"
    stdin=in start client ductworks connect "$T/a.sock"
    wait_until test -s client.out
    before=$(peak "${pid[client]}")
    touch go
    finish -t 2 client 76
    holds client.out 1
    complaint client.err 4294967295
    # The same promise where the limit allows it: nothing is wrong yet, and nothing may be taken for it.
    touch stop
    finish python
    rm go stop
    peer_serve python "$T/b.sock" script "send 1; await $T/go; bytes 54ffffffff61; mark $T/sent; await $T/stop"
    stdin=in start client ductworks connect --max-message-size 4294967295 -f raw "$T/b.sock"
    wait_until test -s client.out
    before=$(peak "${pid[client]}")
    touch go
    wait_until test -e sent
    # It has the header as soon as it has taken what follows it.
    wait_until waits_in_read "${pid[client]}"
    after=$(peak "${pid[client]}")
    ((after - before < 1024)) || fail "memory grew from $before to $after KiB"
    touch stop
    finish client 76
    finish python
}

@test "a thousand peers that promise as much as they may, and send nothing, cost no memory" {
    local where before after
    for where in "$T/a.sock" tcp:127.0.0.1:0; do
        serve listener -k --max-conns 1000 "$where"
        hold in
        stdin=in start peers "$PYTHON" -I -S -c 'import os, resource, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
kind, _, rest = sys.argv[1].partition(":")
peers = []
for _ in range(1000):
    peers.append(socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET))
    peers[-1].connect(rest if kind == "unix" else (rest.partition(":")[0], int(rest.partition(":")[2])))
    peers[-1].sendall(b"T\0\0\0\1" + b"1")
sys.stdin.readline()
for peer in peers:
    peer.sendall(b"T\4\0\0\0")
open("promised", "w").close()
sys.stdin.read()' "$address"
        wait_until served 1000
        before=$(peak "${pid[listener]}")
        echo >&9
        wait_until test -e promised
        wait_until waits_in_read "${pid[listener]}"
        after=$(peak "${pid[listener]}")
        ((after - before < 4096)) || fail "memory grew from $before to $after KiB"
        release
        finish peers
        kill "${pid[listener]}"
        finish listener 143
        rm in promised
    done
}

served() { [[ $(wc -l <listener.out) == "$1" ]]; }

# Whoever has used no processor time for a while waits.
waits_in_read() {
    local before
    before=$(cut -d ' ' -f 14,15 "/proc/$1/stat")
    sleep 0.1
    [[ $before == "$(cut -d ' ' -f 14,15 "/proc/$1/stat")" ]]
}

@test "an urgent byte on TCP does no harm to the process" {
    peer_serve python tcp:127.0.0.1:0 script 'send 1; urgent; send 2'
    run --separate-stderr ductworks connect "$address" </dev/null
    # Without SO_OOBINLINE the byte is not part of the stream.
    equal "$status" 0
    equal "$output" $'1\n2'
    finish python
}
