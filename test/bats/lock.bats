#!/usr/bin/env bats
# connect --lock: several processes send on one descriptor.

# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154 # the scripts are for other shells; variables come from run and test_helper
load test_helper

# sharing BEHAVIOUR runs the script from stdin, whose $DUCTWORKS_FD is one end of a duct and $fd its address. The Python
# peer at the other end has the BEHAVIOUR and prints to peer.out. The status is the script's.
sharing() {
    { printf 'fd=fd:$DUCTWORKS_FD\n' && cat; } >script
    PATH=$PATH peer spawn "$@" -- bash script >peer.out
}

# holder NAME takes the lock until `release`, with another program's flock(2).
holder() {
    hold "$1.in"
    stdin=$1.in start "$1" "$PYTHON" -I -S -c 'import fcntl, sys
with open("lock", "w") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    open("held", "w").close()
    sys.stdin.read()'
    wait_until test -e held
}

@test "eight processes send 10,000 messages each through one descriptor: all whole, each in its own order" {
    # One in a thousand is larger than any buffer between the two ends.
    "$PYTHON" -I -S - "$BIN" <<'END'
import os, socket, struct, subprocess, sys

WRITERS, MESSAGES = 8, 10000

def size(n):
    return 300000 + n if n % 1000 == 0 else 3000 if n % 20 == 0 else n % 60

bodies = [b" %d " % n + b"x" * size(n) for n in range(MESSAGES)]
ours, theirs = socket.socketpair()
command = [sys.argv[1], "connect", "-f", "raw", "--lock", "lock", "fd:%d" % theirs.fileno()]
writers = []
for number in range(WRITERS):
    with open("input", "wb") as file:
        file.writelines(b"%d%s\n" % (number, body) for body in bodies)
    writers.append(subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=open("input", "rb")))
    os.unlink("input")
theirs.close()
last = [-1] * WRITERS
ours.settimeout(30)
stream = ours.makefile("rb", 1 << 16)
while header := stream.read(5):
    magic, length = struct.unpack(">cI", header)
    assert magic == b"T", "message %d begins with %r" % (sum(last), magic)
    payload = stream.read(length)
    writer, n = int(payload[:1]), int(payload.split(b" ", 2)[1])
    assert n == last[writer] + 1, "writer %d: %d after %d" % (writer, n, last[writer])
    assert payload[1:] == bodies[n], "writer %d: message %d is not whole" % (writer, n)
    last[writer] = n
assert last == [MESSAGES - 1] * WRITERS, last
assert [writer.wait() for writer in writers] == [0] * WRITERS
END
}

@test "nothing is read, and nothing is shut down" {
    sharing script 'send "reply"; recv 3; wait-eof' <<'END'
set -e
ductworks connect -m 1 --lock lock "$fd"
ductworks connect --lock lock "$fd" <<<2
[[ $(ductworks connect -m 3 -n 1 "$fd") == '"reply"' ]]
END
    holds peer.out 1 2 3
    equal "$(stat -c %a:%s lock 2>/dev/null || stat -f %Lp:%z lock)" 600:0
}

@test "the lock is not held while more is waited for, be it the rest of a large message" {
    sharing script 'recv-size; recv-size; recv-size' <<'END'
set -e
mkfifo pipe
ductworks connect --in frame --lock lock "$fd" <pipe &
exec 9>pipe
{ printf 'T\0\0\0\4true'; printf 'T\0\40\0\0'; head -c 1000000 /dev/zero; } >&9
until ductworks connect -m '"in between"' --lock lock --timeout 20 "$fd"; do exit 1; done
head -c 1097152 /dev/zero >&9
exec 9>&-
wait $!
END
    sort -n peer.out >sizes
    holds sizes 4 12 2097152
}

@test "who waits for the lock can be told to stop, and has sent nothing" {
    holder other
    sharing script 'recv; wait-eof' <<'END'
ductworks connect -m 1 --lock lock --timeout 0.05 "$fd" 2>late
[[ $? == 124 ]] || exit 1
ductworks connect -m 2 --lock lock -i 0.05 "$fd" 2>idle
[[ $? == 124 ]] || exit 2
ductworks connect -v -m 3 --lock lock "$fd" 2>told &
until grep -q connected told; do sleep 0.01; done
kill -TERM $!
wait $!
[[ $? == 143 ]] || exit 3
ductworks connect -m 4 --lock another "$fd"
END
    complaint late timeout
    holds peer.out 4
    release
    finish other
}

@test "who waits for the lock goes on as soon as it is free" {
    holder other
    start waiting peer spawn script recv -- \
        bash -c 'ductworks connect -v -m 1 --lock lock "fd:$DUCTWORKS_FD" 2>told'
    wait_until grep -q connected told
    release
    finish other
    finish waiting
    holds waiting.out 1
}

@test "a process that is killed with the lock leaves it free" {
    # The peer does not read, so what is larger than the system's buffers is not done with.
    sharing script 'wait-data; mark begun; await free' <<'END'
ductworks connect --in whole --lock lock "$fd" < <(head -c 8000000 /dev/zero) &
until [[ -e begun ]]; do sleep 0.01; done
kill -KILL $!
"$PYTHON" -I -S -c 'import fcntl
with open("lock") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
open("free", "w").close()'
END
}

@test "who is stopped in the middle of a message ends the stream: nobody else's is taken for the rest" {
    run sharing script 'wait-data; mark begun; await next; drain' <<'END'
ductworks connect --in whole --lock lock "$fd" < <(head -c 8000000 /dev/zero) &
until [[ -e begun ]]; do sleep 0.01; done
kill -TERM $!
wait $!
[[ $? == 143 ]] || exit 2
ductworks connect -m '"next"' --lock lock "$fd"
echo "$?" >status
touch next
END
    contains "$output" 'ended inside a payload'
    holds status 74
}

@test "contradictions are 64, a file that cannot be had is 66" {
    local words
    for words in '-n 1 fd:0' '--recv-only fd:0' 'fd:0 -- cat' ''; do
        # shellcheck disable=SC2086 # several words
        run --separate-stderr ductworks connect --lock lock $words </dev/null
        refused 64
    done
    [[ ! -e lock ]]
    run --separate-stderr ductworks connect --lock missing/lock fd:0 </dev/null
    refused 66 'missing/lock: no such file'
    run --separate-stderr ductworks connect --lock "$T" fd:0 </dev/null
    refused 66 'is a directory'
}

@test "it may be had for a connection of our own" {
    serve listener "$T/a.sock"
    ductworks connect -m 1 --lock lock "$T/a.sock"
    finish listener
    holds listener.out 1
    [[ -e lock ]]
}

@test "in the environment it is for those who share a descriptor" {
    serve listener "$T/a.sock"
    DUCTWORKS_LOCK=lock ductworks connect -m 1 "$T/a.sock"
    finish listener
    holds listener.out 1
    [[ ! -e lock ]]
    sharing script 'send 0; recv' <<'END'
DUCTWORKS_LOCK=lock ductworks connect -m 2 "$fd"
END
    holds peer.out 2
}
