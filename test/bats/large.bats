#!/usr/bin/env bats
# Size and pressure: limits are checked before memory is taken, and nobody waits for somebody who waits for him.

# shellcheck disable=SC2030,SC2031,SC2034,SC2094,SC2154 # variables come from run and test_helper, each test is a subshell
load test_helper

limit=$((64 * 1024 * 1024))

# A JSON string of so many bytes in all.
string_of() { printf '"' && head -c $(($1 - 2)) /dev/zero | tr '\0' a && printf '"'; }

@test "seq 1000000 as text arrives whole and in order" {
    seq 1000000 >many
    serve listener -f text "$T/a.sock"
    ductworks connect -f text "$T/a.sock" <many
    finish listener
    same listener.out many
}

@test "a million lines over TCP, as documents, in both directions at once" {
    seq 1000000 >many
    stdin=many serve listener tcp:127.0.0.1:0
    ductworks connect "$address" <many >got
    finish listener
    same listener.out many
    same got many
}

@test "documents, lines and raw messages of 64 MiB pass" {
    { string_of "$limit"; echo; } >document
    through json json <document
    same through.out document
    # In text the two quotes belong to the payload.
    { head -c $((limit - 2)) /dev/zero | tr '\0' b; echo; } >line
    through text text <line
    same through.out line
    { head -c "$limit" /dev/zero | tr '\0' c; echo; } >line
    through raw raw <line
    same through.out line
    head -c "$limit" line >whole
    through whole whole <whole
    same through.out whole
}

@test "one byte over the limit on stdin is 65, and nothing of it is sent" {
    local format
    { echo 1; string_of "$limit"; echo; echo 2; } >lines
    for format in text raw; do
        # The quotes make it 2 bytes over as text; raw gets one byte more.
        [[ $format == text ]] || { echo 1; string_of $((limit + 1)); echo; echo 2; } >lines
        peer_serve peer "$T/a.sock" recv --hex
        run --separate-stderr ductworks connect -f "$format" "$T/a.sock" <lines
        refused 65 'line 2: '
        finish peer
        equal "$(wc -l <peer.out)" 1
    done
    { echo 1; string_of $((limit + 1)); echo; echo 2; } >documents
    peer_serve peer "$T/a.sock" recv
    run --separate-stderr ductworks connect "$T/a.sock" <documents
    refused 65 'line 2: '
    finish peer
    holds peer.out 1
    head -c $((limit + 1)) /dev/zero >whole
    peer_serve peer "$T/a.sock" recv --hex
    run --separate-stderr ductworks connect -f whole "$T/a.sock" <whole
    refused 65
    finish peer
    holds peer.out
}

@test "one byte over the limit from the peer is 76, before it has come" {
    peer_serve peer "$T/a.sock" script "send 1; bytes $(printf '54%08x' $((limit + 1))); wait-eof"
    run --separate-stderr inside ductworks connect "$T/a.sock" </dev/null
    equal "$output" 1
    equal "$status" 76
    contains "$stderr" $((limit + 1))
    wait_until gone peer
}

@test "--max-message-size both ways, to the byte" {
    through raw raw --max-message-size 4 <<<abcd
    holds through.out abcd
    sent=65 through raw raw --max-message-size 4 < <(printf 'abcd\nabcde\nfgh\n')
    holds through.out abcd
    peer_serve peer "$T/a.sock" script 'raw abcd; raw abcde; raw fgh'
    run --separate-stderr ductworks connect -f raw --max-message-size 4 "$T/a.sock" </dev/null
    equal "$status" 76
    equal "$output" abcd
    wait_until gone peer
}

# The most that a process may have had when it carries a stream of small or large messages.
modest=$((48 * 1024))

# measured FILE CMD… runs CMD and writes to FILE how many KiB of memory it had at most.
measured() {
    "$PYTHON" -I -S -c 'import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=open(sys.argv[1], "w"))
sys.exit(status)' "$@"
}

# whole_through SIZE: a file of so many bytes goes through a duct; $T/listener.out is where it comes out.
whole_through() {
    local all=(-f whole --max-message-size 4294967295)
    measured listener.peak "$BIN" listen "${all[@]}" --address-file name "$T/a.sock" \
        >listener.out 2>listener.err </dev/null 3>&- &
    pid[listener]=$!
    wait_until test -s name
    measured sender.peak "$BIN" connect "${all[@]}" "$T/a.sock" <"$1"
    finish -t 60 listener
    local peak
    for peak in "$(<listener.peak)" "$(<sender.peak)"; do
        ((peak < 32 * 1024)) || fail "had $peak KiB of memory"
    done
}

@test "a whole file goes to a file in little memory" {
    head -c 300000000 /dev/urandom >some
    whole_through some
    same listener.out some
}

# With less than a thousand repetitions of what races, this is also done with less: reading it takes as long as the file is.
@test "a whole file as large as can be goes to a pipe in little memory" {
    truncate -s $((${TEST_TIMES:-1000} < 1000 ? 1 << 30 : (1 << 32) - 1)) huge
    mkfifo listener.out
    cmp listener.out huge 3>&- >cmp.out 2>cmp.err &
    pid[cmp]=$!
    whole_through huge
    finish -t 60 cmp
}

@test "a whole file of 4 GiB is 65, and nothing is on the wire" {
    truncate -s 4294967296 huge
    peer_serve peer "$T/a.sock" script dump
    run --separate-stderr inside ductworks connect -f whole --max-message-size 4294967295 "$T/a.sock" <huge
    refused 65
    finish peer
    holds peer.out ''
}

@test "whole from a pipe arrives as one message" {
    head -c 20000000 /dev/urandom >some
    serve listener -f whole "$T/a.sock"
    ductworks connect -f whole "$T/a.sock" < <(cat some)
    finish listener
    same listener.out some
    equal "$(find "$TMPDIR" -type f)" ''
}

@test "both sides send 64 MiB before either reads" {
    head -c "$limit" /dev/urandom >mine
    peer_serve peer "$T/a.sock" script "fill $limit; recv-size"
    ductworks connect -f whole "$T/a.sock" <mine >got
    finish peer
    equal "$(wc -c <got)" "$limit"
    holds peer.out "$limit"
}

@test "two ductworks send each other 64 MiB at once" {
    head -c "$limit" /dev/urandom >mine
    stdin=mine serve listener -f whole tcp:127.0.0.1:0
    ductworks connect -f whole "$address" <mine >got
    finish listener
    same got mine
    same listener.out mine
}

# at_rest NAME: the process has moved no byte for a while.
at_rest() {
    local before
    before=$(grep char "/proc/${pid[$1]}/io")
    sleep 0.3
    [[ $before == "$(grep char "/proc/${pid[$1]}/io")" ]]
}

@test "stdout that stalls with 256 MiB on the way: bounded memory, nothing lost" {
    linux
    # Lines of 8 KiB.
    "$PYTHON" -c 'for number in range(32768): print(("%d " % number).ljust(8191, "."))' >many
    mkfifo listener.out
    exec 8<>listener.out
    serve listener -f raw "$T/a.sock"
    stdin=many start client ductworks connect -f raw "$T/a.sock"
    wait_until at_rest client
    wait_until at_rest listener
    (($(peak "${pid[listener]}") < modest)) || fail "listener: $(peak "${pid[listener]}") KiB"
    (($(peak "${pid[client]}") < modest)) || fail "client: $(peak "${pid[client]}") KiB"
    cat listener.out >got 8>&- 3>&- &
    pid[cat]=$!
    wait_until test -s got
    exec 8>&-
    finish client
    finish listener
    wait_until gone cat
    wait "${pid[cat]}"
    unset 'pid[cat]'
    same got many
}

@test "a peer that does not read does not keep us from receiving" {
    bulk >many
    peer_serve peer "$T/a.sock" script "wait-data; send 1; send 2; await $T/go; drain"
    stdin=many start client ductworks connect "$T/a.sock"
    wait_until grep -q 2 client.out
    touch go
    finish client
    finish peer
    same peer.out many
}

@test "ten thousand small messages to and fro over the smallest socket buffers" {
    # shellcheck disable=SC2016 # for the inner shell
    seq 10000 >many
    "$PYTHON" -c 'import socket, subprocess, sys
ours, theirs = socket.socketpair()
for sock in ours, theirs:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
echo = subprocess.Popen(["ductworks", "connect", "-f", "raw", "fd:%d" % theirs.fileno(), "--", "cat"],
                        pass_fds=[theirs.fileno()])
theirs.close()
status = subprocess.call(["ductworks", "connect", "-f", "raw", "fd:%d" % ours.fileno()], pass_fds=[ours.fileno()],
                         stdin=open("many"), stdout=open("got", "w"))
ours.close()
sys.exit(status or echo.wait())'
    same got many
}

@test "an idle conversation uses no processor" {
    linux
    peer_serve peer "$T/a.sock" script "send 1; await $T/go"
    hold in
    stdin=in start client ductworks connect "$T/a.sock"
    wait_until test -s client.out
    local before after
    before=$(awk '{ print $14 + $15 }' "/proc/${pid[client]}/stat")
    sleep 1
    after=$(awk '{ print $14 + $15 }' "/proc/${pid[client]}/stat")
    ((after - before <= 2)) || fail "$((after - before)) ticks in a second"
    touch go
    finish client
    finish peer
}
