#!/usr/bin/env bats
# connect: waits for a listener that is not there yet, and for nothing else.

# shellcheck disable=SC2030,SC2031,SC2034,SC2094,SC2154 # variables come from run and test_helper, each test is a subshell
load test_helper

@test "a missing socket is waited for, and after a second stderr says so" {
    echo '"patient"' >text
    stdin=text start client ductworks connect "$T/a.sock"
    wait_until -t 5 grep -q a.sock client.err
    running client
    equal "$(wc -l <client.err)" 1
    contains "$(<client.err)" 'ductworks: '
    serve listener "$T/a.sock"
    finish client
    finish listener
    holds listener.out '"patient"'
}

@test "who need not wait says nothing" {
    start client ductworks connect -m 1 "$T/a.sock"
    serve listener "$T/a.sock"
    finish client
    finish listener
    holds client.err
}

@test "a refused TCP port is waited for" {
    local free
    free=$("$PYTHON" -c 'import socket
sock = socket.socket()
sock.bind(("127.0.0.1", 0))
print(sock.getsockname()[1])')
    start client ductworks connect -m 1 ":$free"
    peer_serve peer "127.0.0.1:$free" recv
    finish client
    finish peer
    holds peer.out 1
}

@test "a stale socket file is waited for, and so is its successor" {
    "$PYTHON" -c 'import socket; socket.socket(socket.AF_UNIX).bind("a.sock")'
    start client ductworks connect -m 1 "$T/a.sock"
    serve listener "$T/a.sock"
    finish client
    finish listener
    holds listener.out 1
}

@test "a full backlog is waited for" {
    "$PYTHON" -c 'import os, socket, time
listener = socket.socket(socket.AF_UNIX)
listener.bind("a.sock")
listener.listen(0)
fillers = [socket.socket(socket.AF_UNIX) for _ in range(3)]
for filler in fillers:
    filler.setblocking(False)
    try:
        filler.connect("a.sock")
    except BlockingIOError:
        break
open("full", "w").close()
while not os.path.exists("go"):
    time.sleep(0.01)
for filler in fillers:
    filler.close()
while True:
    peer, _ = listener.accept()
    peer.settimeout(10)
    data = peer.recv(100)
    if data:
        print(data.hex(), flush=True)
        break' >server.out 2>server.err 3>&- &
    pid[server]=$!
    wait_until test -e full
    start client ductworks connect -m 1 "$T/a.sock"
    wait_until -t 5 test -s client.err
    running client
    touch go
    finish server
    finish client
    holds server.out 540000000131
}

@test "--wait: over after so long, with 69" {
    run --separate-stderr inside ductworks connect --wait 0.3 "$T/a.sock" </dev/null
    refused 69 a.sock
    run --separate-stderr inside ductworks connect --wait 300ms 127.0.0.1:1 </dev/null
    refused 69 127.0.0.1:1
}

@test "--wait 0 is one try" {
    run --separate-stderr inside ductworks connect -w 0 "$T/a.sock" </dev/null
    refused 69 a.sock
}

@test "what is not a socket fails at once, whatever --wait says" {
    echo data >file
    mkdir folder
    local name
    for name in file folder; do
        run --separate-stderr inside ductworks connect --wait 30 "$T/$name" </dev/null
        refused 69 "$name"
    done
    run --separate-stderr inside ductworks connect --wait 30 "$T/file/a.sock" </dev/null
    refused 69 file/a.sock
    holds file data
}

@test "no permission fails at once with 77" {
    ((EUID)) || command -v setpriv >/dev/null || skip 'nobody else can be had here'
    "$PYTHON" -c 'import socket, os
sock = socket.socket(socket.AF_UNIX)
sock.bind("a.sock")
os.chmod("a.sock", 0)
sock.listen()
open("bound", "w").close()
sock.accept()' 3>&- 2>/dev/null &
    pid[server]=$!
    wait_until test -e bound
    cp "$(realpath "$BIN")" "$BATS_RUN_TMPDIR/ductworks-$$"
    chmod 0755 "$BATS_RUN_TMPDIR/ductworks-$$" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$T"
    local as_nobody=()
    ((EUID)) || as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    run --separate-stderr inside "${as_nobody[@]}" "$BATS_RUN_TMPDIR/ductworks-$$" connect --wait 30 "$T/a.sock" </dev/null
    rm "$BATS_RUN_TMPDIR/ductworks-$$"
    refused 77 a.sock
}

@test "stdin is left alone until there is a connection" {
    echo '"kept"' >text
    {
        run --separate-stderr ductworks connect --wait 0 "$T/nowhere"
        cat >rest
    } <text
    refused 69
    holds rest '"kept"'
}

@test "exactly one address" {
    run --separate-stderr ductworks connect "$T/a.sock" "$T/b.sock" </dev/null
    refused 64
    run --separate-stderr ductworks listen "$T/a.sock" "$T/b.sock" </dev/null
    refused 64
    [[ ! -e a.sock ]]
}
