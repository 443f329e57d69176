#!/usr/bin/env bats
# listen -k: many peers at once, none of whom harms another.

# shellcheck disable=SC2016,SC2030,SC2031,SC2094,SC2154 # scripts for inner shells; variables come from run and test_helper
load test_helper

EXAMPLES=$BATS_TEST_DIRNAME/../../examples
CROWD=$BATS_TEST_DIRNAME/../peers/crowd.py
crowd() { timeout -s KILL 100 "$PYTHON" -I -S "$CROWD" "$@"; }

# stop NAME [STATUS] ends a service, which leaves no socket behind.
stop() {
    kill -TERM "${pid[$1]}"
    finish "$1" "${2:-143}"
    [[ $address != unix:/* || ! -e ${address#unix:} ]] || fail "${address#unix:} is still there"
}

# lines FILE COUNT: FILE has so many lines.
lines() { [[ $(wc -l <"$1") -eq $2 ]]; }

# entries PID prints how many descriptors a process has.
entries() {
    local -a all=("/proc/$1/fd"/*)
    printf '%d\n' "${#all[@]}"
}
# at_least PID N and at_most PID N judge it, for wait_until.
at_least() { (($(entries "$1") >= $2)); }
at_most() { (($(entries "$1") <= $2)); }

# room SCRIPT joins a script that speaks envelopes to a listener at $T/room.
room() {
    mkfifo talk.pipe
    exec 7<>talk.pipe
    stdin=talk.pipe start room bash -c 'exec "$1" listen -k --envelope "$2" > >(exec "$3" >talk.pipe)' - "$BIN" "$T/room" "$1"
    wait_until test -S room
    address=unix:$T/room
}

@test "--each: 20 clients at once ask 1,000 times, and each gets its own answers in order" {
    serve server -k "$T/s.sock" --each -- jq -c '.n+1'
    crowd ask "$T/s.sock" 20 5 # for each it takes a jq to start
    stop server
    holds server.err
    serve server -k "$T/s.sock" --each -- sh -c 'read -r n; n=${n#*:}; echo "$((${n%\}} + 1))"'
    crowd ask "$T/s.sock" 20 50
    stop server
    holds server.err
}

@test "--each: several records are several replies, none is none, and what fails has none" {
    serve server -k -f text "$T/s.sock" --each -- sh -c 'read -r n; [ "$n" -lt 5 ] || exit 7; seq "$n"'
    run -0 --separate-stderr ductworks connect -f text "$T/s.sock" < <(printf '%s\n' 2 0 9 1)
    equal "$output" $'1\n2\n1'
    stop server
    complaint server.err 'connection 1: message 3 has no reply: the command ended with status 7'
}

@test "--each: a message that the format cannot show starts nothing, and the next one is answered" {
    serve server -k --in text "$T/s.sock" --each -- sh -c 'echo x >>started; cat'
    peer connect "$T/s.sock" script 'raw no JSON; send 1; half-close; drain' >got
    holds got '"1"'
    stop server
    holds started x
    complaint server.err 'connection 1: message 1 has no reply: not JSON'
}

@test "--each: what runs when it is told to stop is answered, and so is what had arrived" {
    hold go
    serve server -k "$T/s.sock" --each -- sh -c 'echo x >>running; read -r _ <"$1"; cat' - "$T/go"
    printf '%s\n' 1 2 >in
    stdin=in start client ductworks connect "$T/s.sock"
    wait_until test -e running
    kill -TERM "${pid[server]}"
    wait_until test ! -e s.sock
    echo >&9
    wait_until lines running 2
    echo >&9
    finish client
    holds client.out 1 2
    finish server 143
}

@test "what does not end within five seconds of the signal to stop is ended" {
    serve server -k "$T/s.sock" --each -- sh -c 'trap "echo ended >ended; exit 1" TERM; : >running; while :; do sleep 0.1; done'
    start client ductworks connect -m 1 "$T/s.sock"
    wait_until test -e running
    inside stop server
    finish client
    holds ended ended
}

@test "--each: -n is for all peers together" {
    serve server -k -n 3 "$T/s.sock" --each -- cat
    local number
    for number in 1 2; do
        run -0 ductworks connect -m "$number" -n 1 "$T/s.sock"
        equal "$output" "$number"
    done
    peer connect "$T/s.sock" script 'bytes 540000000133540000000134; drain' >got
    holds got 3
    finish server
    [[ ! -e s.sock ]]
}

@test "one CMD a connection, all at once, each with its peer in the environment" {
    local script='env | grep -E "^(PROTO|TCP|IPC|DUCTWORKS_CONN)" | sort; read -r line; echo "$line"'
    export PROTO=SSL TCPREMOTEIP=192.0.2.1 TCPREMOTEHOST=elsewhere TCPLOCALPORT=1 IPCREMOTEEUID=12345 DUCTWORKS_CONN=77
    serve unix -k -f text "$T/s.sock" -- sh -c "$script"
    serve tcp -k -f text tcp:127.0.0.1:0 -- sh -c "$script"
    unset PROTO TCPREMOTEIP TCPREMOTEHOST TCPLOCALPORT IPCREMOTEEUID DUCTWORKS_CONN
    converse first ductworks connect -f text "$T/s.sock"
    equal "$(reply && reply && reply && reply && echo "$REPLY")" PROTO=IPC
    run -0 ductworks connect -f text -m bye "$T/s.sock"
    equal "$output" "DUCTWORKS_CONN=2
IPCREMOTEEGID=$(id -g)
IPCREMOTEEUID=$(id -u)
PROTO=IPC
bye"
    run -0 ductworks connect -f text -m bye "$address"
    contains "$output" $'DUCTWORKS_CONN=1\nPROTO=TCP\nTCPREMOTEIP=127.0.0.1\nTCPREMOTEPORT=[1-9]*[0-9]\nbye'
    echo 'still there' >&9
    reply
    equal "$REPLY" 'still there'
    release
    finish first
    kill -TERM "${pid[unix]}"
    finish unix 143
    stop tcp
}

@test "one CMD a connection: the failure of one concerns no other, and its arguments are as given" {
    serve server -k -v "$T/s.sock" -- sh -c 'printf "%s\n" "$@"; exit 3' - '{}' '"a  b"' '"*"'
    local _
    for _ in 1 2; do
        run -0 ductworks connect --recv-only "$T/s.sock"
        equal "$output" $'{}\n"a  b"\n"*"'
    done
    stop server
    grep -q 'connection 2 has ended: the command ended with status 3' server.err
}

@test "one CMD a connection: what it prints wrongly is said once, with the connection" {
    serve server -k "$T/s.sock" -- sh -c 'echo 1; echo two'
    run -0 ductworks connect --recv-only "$T/s.sock"
    equal "$output" 1
    wait_until test -s server.err
    stop server
    complaint server.err 'connection 1: line 2: not JSON'
}

@test "one CMD a connection: at the signal to stop, each has the end of its stdin and its last words" {
    serve server -k -f text "$T/s.sock" -- sh -c 'while read -r line; do echo "$line"; done; echo goodbye'
    converse client ductworks connect -f text "$T/s.sock"
    echo hello >&9
    reply
    stop server
    reply
    equal "$REPLY" goodbye
    release
    finish client
}

@test "shared stdin and stdout: whole messages in each peer's order, and stdin to all" {
    hold in
    stdin=in serve server -k -f raw "$T/s.sock"
    local name
    for name in a b c; do
        seq -f "$name %g" 2000 >"$name.in"
        stdin=$name.in start "$name" ductworks connect -f raw "$T/s.sock"
    done
    wait_until lines server.out 6000
    for name in a b c; do
        grep "^$name " server.out >got
        same got "$name.in"
    done
    seq 2000 >all
    cat all >&9
    release
    for name in a b c; do
        finish "$name"
        same "$name.out" all
    done
    run -0 ductworks connect -f raw -m 'one more' "$T/s.sock" # is told at once that nothing will come
    wait_until lines server.out 6001
    stop server
    holds server.err
}

@test "stdin is not read before somebody is there" {
    echo '"early"' >in
    stdin=in serve server -k "$T/s.sock"
    run -0 ductworks connect -m 1 "$T/s.sock"
    equal "$output" '"early"'
    stop server
}

@test "bad input on stdin ends sending, not the service, whose status is 65" {
    printf '%s\n' 1 two 3 >in
    stdin=in serve server -k -n 2 "$T/s.sock"
    local _
    run -0 ductworks connect -m '"a"' "$T/s.sock"
    equal "$output" 1
    complaint server.err 'line 2: not JSON'
    run -0 ductworks connect -m '"b"' "$T/s.sock"
    finish server 65
    holds server.out '"a"' '"b"'
}

@test "-m greets everybody" {
    serve server -k -m '"hello"' -m 2 "$T/s.sock"
    local _
    for _ in 1 2; do
        run -0 ductworks connect -m '"hi"' "$T/s.sock"
        equal "$output" $'"hello"\n2'
    done
    stop server
    holds server.out '"hi"' '"hi"'
}

@test "a payload that cannot be shown is said with its connection; with -n the status is 65" {
    serve server -k -n 2 "$T/s.sock"
    peer connect "$T/s.sock" script 'send 1; raw no; drain'
    finish server 65
    holds server.out 1
    complaint server.err 'connection 1: message 2, of 2 bytes, cannot be shown as json'
}

@test "whoever reads stdout goes away: it ends silently, with 141" {
    mkfifo out
    start server bash -c 'exec "$1" listen -k "$2" >out' - "$BIN" "$T/s.sock"
    exec 8<out
    wait_until test -S s.sock
    exec 8<&-
    run ductworks connect -m 1 "$T/s.sock"
    finish server 141
    holds server.err
}

@test "--max-conns: the others wait until there is a place" {
    serve server -k --max-conns 1 -f text "$T/s.sock"
    converse first ductworks connect -f text "$T/s.sock"
    echo first >&9
    wait_until lines server.out 1
    start second ductworks connect -f text -m second "$T/s.sock"
    echo 'first again' >&9
    wait_until lines server.out 2
    release
    finish first
    finish second
    holds server.out first 'first again' second
    stop server
}

@test "--wait is over once somebody has come; nobody at all is 124" {
    run --separate-stderr inside ductworks listen -k --wait 0.2 "$T/s.sock" </dev/null
    refused 124 'nobody connected'
    [[ ! -e s.sock ]]
    serve server -k --wait 2 --timeout 3 "$T/s.sock"
    run -0 ductworks connect -m 1 "$T/s.sock"
    finish server 124
    complaint server.err 'the work did not end within 3s'
}

@test "-i is for each connection" {
    serve server -k -i 0.3 "$T/s.sock"
    hold in
    stdin=in start idler ductworks connect "$T/s.sock"
    finish idler
    run -0 ductworks connect -m 1 "$T/s.sock"
    stop server
    complaint server.err 'connection 1: nothing moved in either direction within 300ms'
    holds server.out 1
}

@test "--stall-timeout: a peer that takes nothing is named with -v, closed and reported; the others get all" {
    bulk >in
    stdin=in serve server -k -v --stall-timeout 0.5 -f raw "$T/s.sock"
    hold silent
    stdin=silent start stalled "$PYTHON" -I -S "$CROWD" hold "$T/s.sock" 1 "$T/held"
    wait_until test -e held
    start reader ductworks connect -f raw "$T/s.sock"
    finish reader
    tail -n 1 in | same - <(tail -n 1 reader.out)
    grep -q 'connection 1 takes no byte' server.err
    grep -q 'connection 1: the peer took no byte for the --stall-timeout and is closed: .* left for it' server.err
    release
    finish stalled
    stop server
}

@test "--envelope: who came, what they said, that they went; to one, to all, to nobody" {
    converse server ductworks listen -k --envelope "$T/s.sock"
    address=unix:$T/s.sock
    peer connect "$T/s.sock" script 'send {"a": 1}; raw no JSON; recv 2; half-close; wait-eof' >one.out &
    local one=$!
    reply
    equal "$REPLY" "{\"conn\":1,\"event\":\"open\",\"peer\":\"unix:\",\"uid\":$(id -u)}"
    reply
    equal "$REPLY" '{"conn":1,"message":{"a": 1}}'
    reply
    equal "$REPLY" '{"conn":1,"base64":"bm8gSlNPTg=="}'
    printf '%s\n' '{"conn":1,"message":"to one"}' '{"conn":7,"message":"to nobody"}' '{"base64":"IngiCg=="}' '{"conn":1,"close":true}' >&9
    wait "$one"
    holds one.out '"to one"' '"x"'
    reply
    equal "$REPLY" '{"conn":1,"event":"close","received":2,"sent":2}'
    complaint server.err 'there is no connection 7'
    stop server
}

@test "--envelope: 10,000 messages of a client in Python" {
    local script='exec jq --unbuffered -c "select(has(\"message\")) | .message += 1"'
    printf '#!/bin/sh\n%s\n' "$script" >increment
    chmod +x increment
    room ./increment
    crowd envelope "$T/room" 10000
    stop room
}

@test "--envelope: an envelope that is none ends sending, with its line" {
    printf '%s\n' '{"message":1}' '' '{"message":2,"con":1}' '{"message":3}' >in
    stdin=in serve server -k --envelope -n 1 "$T/s.sock"
    peer connect "$T/s.sock" script 'recv; sleep 1; send "a"; half-close; wait-eof' >got
    holds got 1
    finish server 65
    complaint server.err 'line 3: "con" means nothing here'
}

@test "--envelope: each example of the schema is understood, and what is printed looks like its examples" {
    local schema=$BATS_TEST_DIRNAME/../../docs/envelope.schema.json shape='del(.message) | map_values(type)'
    jq -c '."$defs".order.examples[]' "$schema" >in
    stdin=in serve server -k --envelope -n 3 "$T/s.sock"
    peer connect "$T/s.sock" script 'send {"n": 1}; raw no JSON; half-close; dump' >got
    holds got 54000000046e756c6c540000000200ff5400000000
    serve tcp -k --envelope -n 1 tcp:127.0.0.1:0
    run -0 ductworks connect -m 1 "$address"
    run -0 ductworks connect -m 1 "$T/s.sock"
    finish server
    finish tcp
    run ! grep -v 'there is no connection 3' server.err
    jq -c "$shape" server.out tcp.out | sort -u >got
    jq -c ".\"\$defs\".event.examples[] | $shape" "$schema" | sort -u | same - got
}

@test "ten slow, ten fast and ten malicious peers: the fast ones do not notice" {
    local at before
    for at in "$T/s.sock" tcp:127.0.0.1:0; do
        serve server -k "$at" -- jq --unbuffered -c '.n+1'
        crowd ask "$address" 1 5
        before=$(entries "${pid[server]}")
        crowd mixed "$address" 10 40
        wait_until at_most "${pid[server]}" "$before"
        crowd ask "$address" 1 5
        stop server
    done
}

@test "out of descriptors: accepting waits without burning a core, and recovers" {
    linux
    local before after
    hold in
    (
        ulimit -n 40
        serve server -k "$T/s.sock"
        declare -p pid >pids
    )
    eval "$(sed 's/declare -A/declare -gA/' pids)"
    stdin=in start crowd "$PYTHON" -I -S "$CROWD" hold "$T/s.sock" 60 "$T/held"
    wait_until test -e held
    wait_until grep -q 'too many open files' server.err
    read -r -a before <"/proc/${pid[server]}/stat"
    read -r -t 1 -u 6 || true
    read -r -a after <"/proc/${pid[server]}/stat"
    ((after[13] + after[14] - before[13] - before[14] < 5)) || fail 'it burns a core' # in hundredths of a second
    release
    finish crowd
    run -0 ductworks connect -m '"recovered"' "$T/s.sock"
    wait_until test -s server.out
    holds server.out '"recovered"'
    kill -TERM "${pid[server]}"
    wait_until gone server
    unset 'pid[server]'
    [[ ! -e s.sock ]]
}

@test "200 peers come and go: descriptors and memory return to where they were" {
    linux
    local before memory
    serve server -k --max-conns 300 -f raw "$T/s.sock"
    run -0 ductworks connect -f raw -m x "$T/s.sock"
    wait_until test -s server.out
    before=$(entries "${pid[server]}")
    hold in
    stdin=in start crowd "$PYTHON" -I -S "$CROWD" hold "$T/s.sock" 200 "$T/held"
    wait_until test -e held
    wait_until at_least "${pid[server]}" $((before + 200))
    memory=$(awk '/^VmRSS/ { print $2 }' "/proc/${pid[server]}/status")
    ((memory < 64 * 1024)) || fail "$memory KiB for 200 silent peers"
    release
    finish crowd
    wait_until at_most "${pid[server]}" "$before"
    stop server
}

@test "1,000 peers that each promise the limit and send nothing: memory stays flat" {
    linux
    local before after
    serve server -k --max-conns 1001 "$T/s.sock"
    run -0 ductworks connect -m '"first"' "$T/s.sock"
    wait_until test -s server.out
    before=$(entries "${pid[server]}")
    hold in
    stdin=in start crowd "$PYTHON" -I -S "$CROWD" promise "$T/s.sock" 1000 "$T/held"
    wait_until test -e held
    wait_until at_least "${pid[server]}" $((before + 1000))
    before=$(peak "${pid[server]}")
    rm held
    echo >&9
    wait_until test -e held
    # Who comes after them is served after their headers have been read, or beside that.
    run -0 ductworks connect -m '"last"' "$T/s.sock"
    wait_until at_ease "${pid[server]}"
    after=$(peak "${pid[server]}")
    echo "# $before KiB with 1,000 peers, $after KiB after they promised 64 GiB" >&3
    ((after - before < 16 * 1024)) || fail "memory grew from $before to $after KiB"
    release
    finish crowd
    stop server
    holds server.out '"first"' '"last"'
}

# at_ease PID: the process has used no processor time for a while.
at_ease() {
    local before
    before=$(cut -d ' ' -f 14,15 "/proc/$1/stat")
    sleep 0.1
    [[ $before == "$(cut -d ' ' -f 14,15 "/proc/$1/stat")" ]]
}

# inherit FAMILY CMD… starts CMD as `server`, with a listening socket as descriptor 3, as systemd and inetd do.
inherit() {
    rm -f inherited inherited.sock
    start server "$PYTHON" -I -S -c '
import os, socket, sys
unix = sys.argv[1] == "unix"
s = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
s.bind("inherited.sock" if unix else ("127.0.0.1", 0))
s.listen(100)
with open("inherited.new", "w") as file:
    print("inherited.sock" if unix else "tcp:127.0.0.1:%d" % s.getsockname()[1], file=file)
os.rename("inherited.new", "inherited")
fd = s.detach()
if fd != 3:
    os.dup2(fd, 3)
os.set_inheritable(3, True)
os.execv(sys.argv[2], sys.argv[2:])' "$@"
    wait_until test -e inherited
}

@test "fd:3, an inherited listening socket, is served and stays for the next one" {
    local family
    for family in unix tcp; do
        inherit "$family" "$BIN" listen -k fd:3 --each -- jq -c '.n+1'
        crowd ask "$(<inherited)" 5 5
        kill -TERM "${pid[server]}"
        finish server 143
        holds server.err
        [[ $family == tcp || -S inherited.sock ]]
    done
}

@test "the units for systemd start what they say" {
    local command
    command=$(sed -n 's/^ExecStart=ductworks //p' "$EXAMPLES/systemd/store.service")
    command=${command//%h\/.local\/lib/$EXAMPLES}
    read -r -a command <<<"${command//%S/$T}"
    inherit unix "$BIN" "${command[@]}"
    run -0 ductworks connect "$T/inherited.sock" < <(printf '%s\n' '{"set":"a","value":[1]}' '{"get":"a"}')
    equal "$output" $'true\n[1]'
    kill -TERM "${pid[server]}"
    finish server 143
    [[ -d store ]]
}

@test "flags that make no sense together are 64, before anything is bound" {
    local flags
    while read -r flags; do
        printf '%s\n' "$flags"
        # shellcheck disable=SC2086 # words are meant
        run --separate-stderr ductworks listen "$T/s.sock" $flags </dev/null
        refused 64
    done <<'END'
--each -- cat
--envelope
--max-conns 3
--stall-timeout 3
-k --each
-k --envelope -- cat
-k --envelope -f text
-k --envelope --out hex
-k -n 1 -- cat
-k -q 1
-k -E
-k --send-only
-k --each -q 1 -- cat
-k --each -m 1 -- cat
-k --each --recv-only -- cat
-k --max-conns 0
-k --max-conns many
-k --stall-timeout soon
END
    [[ ! -e s.sock ]]
}

@test "what the configuration says of one conversation, or of many peers, does no harm to the other kind" {
    mkdir -p "$XDG_CONFIG_HOME/ductworks"
    printf '%s\n' 'linger: 1s' 'listen:' '  max-conns: 5' '  stall-timeout: 1s' >"$XDG_CONFIG_HOME/ductworks/config.yaml"
    serve many -k "$T/s.sock"
    run -0 ductworks connect -m 1 "$T/s.sock"
    stop many
    serve one "$T/s.sock"
    run -0 ductworks connect -m 1 "$T/s.sock"
    finish one
}

@test "chat.sh: a room in which everybody hears everybody" {
    room "$EXAMPLES/chat.sh"
    converse ada ductworks connect -f text "$address"
    reply
    equal "$REPLY" '* What is your name?'
    echo Ada >&9
    reply
    equal "$REPLY" '* Ada is here.'
    printf '%s\n' Ada Bob 'hi "all"' /quit >bob.in
    stdin=bob.in start bob ductworks connect -f text "$address"
    finish bob
    holds bob.out '* What is your name?' '* There is a Ada already.' '* Bob is here.' 'Bob: hi "all"'
    local line
    for line in '* Bob is here.' 'Bob: hi "all"' '* Bob has left.'; do
        reply
        equal "$REPLY" "$line"
    done
    stop room
    finish ada
    holds room.err
}

@test "store.sh: keys and values, whatever they are" {
    serve server -k "$T/s.sock" --each -- "$EXAMPLES/store.sh" "$T/store"
    run -0 --separate-stderr ductworks connect "$T/s.sock" <<'END'
{"set": "../a b\n", "value": {"x": "y"}}
{"get": "../a b\n"}
{"get": "none"}
{"set": "f", "value": false}
{"get": "f"}
{"set": "f"}
{"delete": "f"}
{"get": "f"}
END
    equal "$output" $'true\n{"x":"y"}\nnull\ntrue\nfalse\ntrue\nnull'
    stop server
    complaint server.err 'connection 1: message 6 has no reply: the command ended with status 1'
    equal "$(ls -A store)" 'key-..%2Fa%20b%0A'
}

# worker NAME squares numbers.
worker() {
    mkfifo "$1.work"
    # The loop holds only its own end of the pipe, and so ends with the connection.
    start "$1" bash -c '{ echo "\"ready\""
            while read -r job; do jq -c "{result: (.work * .work)}" <<<"$job"; echo "\"ready\""; done <"$1.work"; } |
        "$2" connect "$3" >"$1.work"' - "$1" "$BIN" "$T/room"
}

@test "queue.sh: several workers, and the job of one that dies goes to another" {
    room "$EXAMPLES/queue.sh"
    converse mortal ductworks connect "$address"
    echo '"ready"' >&9
    seq 6 | jq -c '{job: .}' >job.list
    stdin=job.list start client ductworks connect -n 6 "$address"
    reply
    equal "$REPLY" '{"work":1}'
    worker a
    worker b
    wait_until lines client.out 5
    kill -KILL "${pid[mortal]}"
    finish mortal 137
    finish client
    equal "$(jq -c '[.job, .result]' client.out | sort)" "$(seq 6 | jq -c '[., . * .]' | sort)"
    stop room
    finish a
    finish b
}
