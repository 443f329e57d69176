#!/usr/bin/env bats
# Addresses: how they are written and printed, and which socket files are made, kept, replaced and removed.

# shellcheck disable=SC2030,SC2031,SC2094,SC2154 # variables come from run and test_helper, each test is a subshell
load test_helper

# reachable PRINTED LISTEN [CONNECT]: listening at LISTEN is printed as PRINTED, and CONNECT (PRINTED) reaches it.
reachable() {
    serve listener "$2"
    contains "$address" "$1"
    ductworks connect -m '"hello"' "${3:-$address}"
    finish listener
    holds listener.out '"hello"'
}

@test "a Unix socket: unix:PATH, a word with a slash, a bare word; printed whole and absolute" {
    reachable "unix:$T/a.sock" "unix:$T/a.sock" "$T/a.sock"
    reachable "unix:$T/b.sock" "$T/b.sock" "unix:$T/b.sock"
    reachable "unix:$T/c.sock" ./c.sock unix:c.sock
    reachable "unix:$T/plain" plain ./plain
    reachable "unix:$T/with:colon" ./with:colon
    reachable "unix:$T/with space é" 'unix:with space é'
}

@test "an abstract socket leaves nothing in the file system" {
    linux
    reachable "unix:@ductworks-$$-$BATS_TEST_NUMBER" "@ductworks-$$-$BATS_TEST_NUMBER"
    reachable "unix:@ductworks-$$-$BATS_TEST_NUMBER" "unix:@ductworks-$$-$BATS_TEST_NUMBER" "@ductworks-$$-$BATS_TEST_NUMBER"
    equal "$(find . -type s)" ''
}

@test "TCP: a free port, no host, localhost; a port that we chose is named on stderr" {
    reachable 'tcp:127.0.0.1:[1-9]*' tcp:127.0.0.1:0
    equal "$(<listener.err)" "ductworks: listening on $address"
    reachable 'tcp:127.0.0.1:[1-9]*' 127.0.0.1:0
    serve listener :0
    contains "$address" tcp:127.0.0.1:
    ductworks connect -m 1 ":${address##*:}"
    finish listener
    serve listener tcp::0
    ductworks connect -m 1 "localhost:${address##*:}"
    finish listener
    holds listener.out 1
}

@test "TCP over IPv6 is written with brackets" {
    "$PYTHON" -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null || skip 'no IPv6 here'
    reachable 'tcp:\[::1\]:[1-9]*' '[::1]:0'
}

@test "localhost with only one family served is found" {
    "$PYTHON" -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null || skip 'no IPv6 here'
    serve listener '[::1]:0'
    getent ahosts localhost | grep -q ::1 || skip 'localhost has no IPv6 address here'
    ductworks connect -m 1 "localhost:${address##*:}"
    finish listener
}

@test "a port that was in use a moment ago can be listened at again" {
    serve listener tcp:127.0.0.1:0
    ductworks connect -m 1 "$address"
    finish listener
    serve listener "$address"
    ductworks connect -m 2 "$address"
    finish listener
    holds listener.out 2
}

@test "a port in use is 69 and its holder notices nothing" {
    serve listener tcp:127.0.0.1:0
    run --separate-stderr ductworks listen "$address" </dev/null
    refused 69 "${address#tcp:}"
    ductworks connect -m 1 "$address"
    finish listener
    holds listener.out 1
}

@test "what is no address is 64, with a hint" {
    local bad command
    for command in listen connect; do
        for bad in 8080 http://127.0.0.1:80 tcp:127.0.0.1 tcp:127.0.0.1:65536 127.0.0.1:-1 unix: fd:x fd: '' ::1:80; do
            run --separate-stderr ductworks "$command" "$bad" </dev/null
            printf '%s %s\n' "$command" "$bad"
            refused 64
        done
        run --separate-stderr ductworks "$command" 8080 </dev/null
        refused 64 :8080
    done
    run --separate-stderr ductworks connect tcp:127.0.0.1:0 </dev/null
    refused 64
}

@test "a path of 107 bytes works, one of 108 is an error that says so, and nothing is made" {
    linux
    local longest
    longest=$T/$(printf '%*s' $((107 - ${#T} - 1)) '' | tr ' ' x)
    equal "${#longest}" 107
    reachable "unix:$longest" "$longest"
    run --separate-stderr ductworks listen "${longest}y" </dev/null
    refused 64 107
    run --separate-stderr ductworks connect "${longest}y" </dev/null
    refused 64 107
    equal "$(find . -name 'xxx*')" ''
}

# --- No address.

@test "listen without an address: a fresh socket, mode 0600, in a folder of mode 0700, and both removed" {
    local path
    serve listener
    contains "$address" "unix:$XDG_RUNTIME_DIR/ductworks-"
    equal "$(<listener.err)" "ductworks: listening on $address"
    path=${address#unix:}
    equal "$(stat -c %a "$path")" 600
    equal "$(stat -c %a "${path%/*}")" 700
    ductworks connect -m 1 "$address"
    finish listener
    equal "$(ls -A "$XDG_RUNTIME_DIR")" ''
}

@test "the fresh socket is in the first folder that will do" {
    export XDG_RUNTIME_DIR=$T/missing
    serve listener
    contains "$address" "unix:$TMPDIR/ductworks-"
    ductworks connect -m 1 "$address"
    finish listener
    XDG_RUNTIME_DIR=$T/$(printf '%*s' 100 '' | tr ' ' d)
    mkdir "$XDG_RUNTIME_DIR"
    serve listener
    contains "$address" "unix:$TMPDIR/ductworks-"
    ductworks connect -m 1 "$address"
    finish listener
    equal "$(find "$TMPDIR" "$XDG_RUNTIME_DIR" -mindepth 1)" ''
}

@test "two listeners without an address do not meet" {
    serve one
    local first=$address
    serve two
    [[ $first != "$address" ]]
    ductworks connect -m 2 "$address"
    ductworks connect -m 1 "$first"
    finish one
    finish two
    holds one.out 1
}

@test "connect without an address takes DUCTWORKS_FD, then DUCTWORKS_ADDRESS, and without both it is 64" {
    run --separate-stderr ductworks connect </dev/null
    refused 64
    serve listener "$T/a.sock"
    DUCTWORKS_ADDRESS="unix:$T/a.sock" ductworks connect -m 1
    finish listener
    holds listener.out 1
    DUCTWORKS_ADDRESS="unix:$T/a.sock" peer spawn script 'recv' -- ductworks connect -m 2 >got
    holds got 2
}

# --- Descriptors.

@test "fd:N connects over an inherited socket" {
    # shellcheck disable=SC2016 # for the inner shell
    peer spawn script 'recv; send {"a": 1}' -- bash -c 'ductworks connect "fd:$DUCTWORKS_FD" <<<"[1]" >got'
    holds got '{"a": 1}'
}

@test "fd:N listens on an inherited listener" {
    "$PYTHON" -c 'import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
os.dup2(listener.fileno(), 5)
open("bound", "w")
os.execvp("ductworks", ["ductworks", "listen", "fd:5"])' "$T/a.sock" >out 2>err </dev/null 3>&- &
    pid[listener]=$!
    wait_until test -e bound
    ductworks connect -m '"inherited"' "$T/a.sock"
    mv out listener.out
    mv err listener.err
    finish listener
    holds listener.out '"inherited"'
}

@test "fd:N that is not open, no socket, or the wrong kind of socket is 64" {
    run --separate-stderr ductworks connect fd:42 </dev/null
    refused 64
    run --separate-stderr ductworks connect fd:5 </dev/null 5</dev/null
    refused 64
    run --separate-stderr ductworks listen fd:5 </dev/null 5</dev/null
    refused 64
    # shellcheck disable=SC2016 # for the inner shell
    run --separate-stderr peer spawn script '' -- bash -c 'exec ductworks listen "fd:$DUCTWORKS_FD"' </dev/null
    refused 64
    run --separate-stderr "$PYTHON" -c 'import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind("l.sock")
listener.listen()
os.dup2(listener.fileno(), 5)
os.execvp("ductworks", ["ductworks", "connect", "fd:5"])' </dev/null
    refused 64
}

@test "a shell script that inherits a duct can ask again and again, and still read the descriptor itself" {
    cat >child <<'END'
set -e
for number in {1..100}; do
    [[ $(ductworks connect -m "$number" -n 1) == "$number" ]]
done
# The socket still blocks: a read that finds nothing waits for what comes.
printf 'T\0\0\0\003"7"' >&"$DUCTWORKS_FD"
[[ $(head -c 8 <&"$DUCTWORKS_FD" | od -An -tx1) == ' 54 00 00 00 03 22 37 22' ]]
END
    peer spawn echo -- bash child
}

@test "-n on a descriptor takes not one byte past the last frame" {
    # shellcheck disable=SC2016 # for the inner shell
    peer spawn script 'raw 1; raw 2; raw 3; bytes 212223; recv' -- bash -c '
        ductworks connect -n 1 --recv-only && ductworks connect -n 2 --recv-only
        head -c 3 <&$DUCTWORKS_FD | od -An -tx1
        ductworks connect -m 4 -q 0' >got
    holds got 1 2 3 ' 21 22 23' 4
}

@test "the flags of a shared socket are left as they are" {
    linux
    # shellcheck disable=SC2016 # for the inner shell
    peer spawn script 'recv; send 1; recv; send 2; recv' -- bash -c '
        flags() { grep ^flags "/proc/self/fdinfo/$DUCTWORKS_FD"; }
        before=$(flags)
        ductworks connect -m 1 -n 1
        [[ $(flags) == "$before" ]] || echo changed
        mkfifo hold
        exec 9<>hold
        echo 2 >&9
        ductworks connect -n 1 <hold 9>&-
        [[ $(flags) == "$before" ]] || echo changed
        ductworks connect -m 3 -q 0
        [[ $(flags) == "$before" ]] || echo changed' >got
    holds got 1 1 2 2 3
}

# --- Socket files.

# bystander KIND makes something at ./there that is none of our business.
bystander() {
    rm -rf there target
    case $1 in
    file) echo data >there ;;
    directory) mkdir there ;;
    link) echo data >target && ln -s target there ;;
    dangling) ln -s target there ;;
    stale-link) stale target && ln -s target there ;;
    fifo) mkfifo there ;;
    esac
}

# stale PATH makes a socket file as a crash leaves it.
stale() {
    "$PYTHON" -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$1"
}

look() { stat -c '%n %F %i %s %a' there target 2>/dev/null || true; }

@test "a file, directory, link or FIFO at the path is refused (69) and left alone" {
    local kind before
    for kind in file directory link dangling stale-link fifo; do
        printf '%s\n' "$kind"
        bystander "$kind"
        before=$(look)
        run --separate-stderr ductworks listen "$T/there" </dev/null
        refused 69 there
        equal "$(look)" "$before"
    done
}

@test "a stale socket file is replaced" {
    stale a.sock
    reachable "unix:$T/a.sock" "$T/a.sock"
    [[ ! -e a.sock ]]
}

@test "a listener killed by SIGKILL leaves a socket file that the next one replaces" {
    serve first "$T/a.sock"
    kill -KILL "${pid[first]}"
    finish first 137
    [[ -S a.sock ]]
    reachable "unix:$T/a.sock" "$T/a.sock"
}

@test "a listener killed at any moment never stands in the next one's way, again and again" {
    run -0 sweep kills "$BIN" "$T"
    contains "$output" "${TEST_TIMES:-1000} runs, 0 wrong"
    serve listener "$T/one.sock"
    ductworks connect -m 1 "$T/one.sock"
    finish listener
    holds listener.out 1
}

@test "a live listener is left alone (69), and has not lost its one place" {
    serve listener "$T/a.sock"
    run --separate-stderr ductworks listen "$T/a.sock" </dev/null
    refused 69 a.sock
    ductworks connect -m 1 "$T/a.sock"
    finish listener
    holds listener.out 1
    peer_serve peer "$T/a.sock" recv
    run --separate-stderr ductworks listen "$T/a.sock" </dev/null
    refused 69 a.sock
    ductworks connect -m 2 "$T/a.sock"
    finish peer
    holds peer.out 2
}

@test "a socket that is bound and does not listen yet is left alone (69)" {
    "$PYTHON" -c 'import socket, time
sock = socket.socket(socket.AF_UNIX)
sock.bind("a.sock")
open("bound", "w")
time.sleep(30)' 3>&- &
    pid[holder]=$!
    wait_until test -e bound
    run --separate-stderr ductworks listen "$T/a.sock" </dev/null
    refused 69 a.sock
    [[ -S a.sock ]]
}

# as_nobody CMD…: the superuser may write everywhere, so somebody else has to try.
as_nobody() {
    if ((EUID)); then "$@"; else setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; fi
}

@test "a missing folder and one that cannot be written to are errors that name the path" {
    run --separate-stderr ductworks listen "$T/missing/a.sock" </dev/null
    refused 69 missing/a.sock
    ((EUID)) || command -v setpriv >/dev/null || skip 'nobody else can be had here'
    mkdir -m 0555 locked
    cp "$(realpath "$BIN")" "$BATS_RUN_TMPDIR/ductworks-$$"
    chmod 0755 "$BATS_RUN_TMPDIR/ductworks-$$" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$T"
    run --separate-stderr as_nobody "$BATS_RUN_TMPDIR/ductworks-$$" listen "$T/locked/a.sock" </dev/null
    rm "$BATS_RUN_TMPDIR/ductworks-$$"
    chmod 0755 locked
    refused 69 locked/a.sock
}

@test "the mode is 0600 under any umask, and --mode sets it exactly" {
    local mask mode
    for mask in 000 022 077; do
        for mode in 0600 0660 0666 0620; do
            umask "$mask"
            flags=(--mode "$mode")
            [[ $mode != 0600 ]] || flags=()
            serve listener "${flags[@]}" "$T/a.sock"
            equal "$(stat -c %#a a.sock)" "$mode"
            ductworks connect -m 1 "$T/a.sock"
            finish listener
        done
    done
}

@test "the socket is never wider than 0600, not for a moment" {
    local number
    umask 000
    "$PYTHON" -c 'import os
seen = set()
open("watching", "w").close()
while not os.path.exists("stop"):
    try:
        seen.add(oct(os.stat("a.sock").st_mode & 0o777))
    except FileNotFoundError:
        pass
print(*seen)' >watcher.out 2>watcher.err 3>&- &
    pid[watcher]=$!
    wait_until test -e watching
    for number in {1..10}; do
        run --separate-stderr ductworks listen --wait 20ms "$T/a.sock" </dev/null
        refused 124
    done
    touch stop
    finish watcher
    holds watcher.out 0o600
}

@test "the umask of CMD is the caller's" {
    umask 027
    serve listener -f raw "$T/a.sock" -- sh -c umask
    run -0 --separate-stderr ductworks connect -f raw "$T/a.sock" </dev/null
    equal "$output" 0027
    finish listener
}

@test "a mode that is none is 64" {
    run --separate-stderr ductworks listen --mode 0999 "$T/a.sock" </dev/null
    refused 64
    run --separate-stderr ductworks listen --mode rw "$T/a.sock" </dev/null
    refused 64
}

@test "the path is replaced by another program while we listen: not removed" {
    local kind
    for kind in file socket; do
        serve listener "$T/a.sock"
        mv a.sock moved.sock
        if [[ $kind == file ]]; then echo data >a.sock; else stale a.sock; fi
        ductworks connect -m 1 "$T/moved.sock"
        finish listener
        holds listener.out 1
        [[ -e a.sock ]]
        rm a.sock moved.sock
    done
}

@test "thirty starts at once on one path: one winner, clear errors for the rest" {
    local number winners=0 losers=0 ended
    for number in {1..30}; do start "racer-$number" ductworks listen "$T/a.sock"; done
    wait_until all_but_one_gone
    ductworks connect -m '"winner"' "$T/a.sock"
    for number in {1..30}; do
        ended=0
        wait "${pid[racer-$number]}" || ended=$?
        unset "pid[racer-$number]"
        if ((ended)); then
            equal "$ended" 69
            complaint "racer-$number.err" a.sock
            losers=$((losers + 1))
        else
            holds "racer-$number.out" '"winner"'
            winners=$((winners + 1))
        fi
    done
    equal "$winners winner, $losers losers" '1 winner, 29 losers'
}

all_but_one_gone() {
    local name left=0
    for name in "${!pid[@]}"; do
        if running "$name"; then left=$((left + 1)); fi
    done
    ((left == 1))
}
