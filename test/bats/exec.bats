#!/usr/bin/env bats
# exec: a child gets the other end of a duct, by an address, a descriptor or its standard streams.

# shellcheck disable=SC2030,SC2031,SC2034,SC2094,SC2154,SC2016 # variables come from run and test_helper, each test is a
# subshell, and $ in single quotes is for inner shells
load test_helper

# Whatever happened, no socket and no folder may be left.
teardown() {
    reap
    equal "$(find "$XDG_RUNTIME_DIR" "$TMPDIR" -mindepth 1)" ''
}

@test "a child that takes an address as its argument echoes a hundred pings, and null ends both" {
    local number
    converse parent ductworks exec "$PYTHON" -I -S "$PEER" connect {} echo
    for ((number = 1; number <= 100; number++)); do
        printf '{"ping": %d}\n' "$number" >&9
        reply
        equal "$REPLY" "{\"ping\": $number}"
    done
    echo null >&9
    reply
    equal "$REPLY" null
    finish parent
    release
}

@test "a child that never connected is 69 at once, and its status is named" {
    run --separate-stderr inside ductworks exec sh -c 'exit 7' </dev/null
    refused 69 7
    run --separate-stderr inside ductworks exec true </dev/null
    refused 69 connect
    hold in
    stdin=in start parent ductworks exec sh -c 'kill -TERM $$'
    finish -t 2 parent 69
    complaint parent.err
}

@test "a child that connected and exits with 7 gives 7, one killed by TERM 143" {
    run -7 --separate-stderr ductworks exec sh -c '"$DUCTWORKS" connect -m 1; exit 7' </dev/null
    equal "$output" 1
    run -143 --separate-stderr ductworks exec sh -c '"$DUCTWORKS" connect -m 1; kill -TERM $$' </dev/null
    equal "$output" 1
}

@test "each status from 0 to 255 is passed on" {
    export BIN
    seq 0 255 | xargs -P 4 -I{} sh -c \
        '"$BIN" exec --via fd sh -c "exit {}" </dev/null; [ $? = {} ] || echo "{}: $?"' >wrong
    holds wrong
}

@test "a missing CMD is 127, one that cannot be executed 126, none at all 64" {
    echo data >file
    local via
    for via in address fd pipe; do
        run -127 --separate-stderr ductworks exec --via "$via" no-such-command </dev/null
        refused 127 no-such-command
        run --separate-stderr ductworks exec --via "$via" "$T/file" </dev/null
        refused 126 file
    done
    run --separate-stderr ductworks exec </dev/null
    refused 64
    run --separate-stderr ductworks exec --via telepathy true </dev/null
    refused 64
}

@test "flags after CMD are CMD's" {
    run -0 --separate-stderr ductworks exec sh -c '"$DUCTWORKS" connect -f text -m "$*" -q 0' - -v --via -n 3 -- x </dev/null
    equal "$output" '"-v --via -n 3 -- x"'
}

# child_says FLAG… puts what a child sees of the variables that concern it into ./got, its arguments into ./arguments.
child_says() {
    cat >child <<'END'
for name in DUCTWORKS_ADDRESS DUCTWORKS_PATH DUCTWORKS_HOST DUCTWORKS_PORT DUCTWORKS_FD; do
    printf '%s=%s\n' "$name" "${!name-unset}"
done | "$DUCTWORKS" connect -f text
for argument; do printf '%s\n' "$argument"; done >arguments
END
    ductworks exec -f text "$@" bash child '{}' '{host}' '{port}' 'x{}' '{} ' </dev/null 2>said >got
}

@test "--via address: a fresh address in the environment and for each argument that is exactly {}" {
    child_says
    local path
    path=$(head -n 1 arguments)
    contains "$path" "$XDG_RUNTIME_DIR/"
    holds got "DUCTWORKS_ADDRESS=unix:$path" "DUCTWORKS_PATH=$path" DUCTWORKS_{HOST,PORT,FD}=unset
    holds arguments "$path" '{host}' '{port}' 'x{}' '{} '
}

@test "--at tcp::0: host and port, and a word of warning" {
    child_says --at tcp::0
    local port
    port=$(sed -n 3p arguments)
    [[ $port =~ ^[1-9][0-9]*$ ]] || fail "not a port: $port"
    holds got "DUCTWORKS_ADDRESS=tcp:127.0.0.1:$port" DUCTWORKS_PATH=unset DUCTWORKS_HOST=127.0.0.1 \
        "DUCTWORKS_PORT=$port" DUCTWORKS_FD=unset
    holds arguments "127.0.0.1:$port" 127.0.0.1 "$port" 'x{}' '{} '
    grep -q '^ductworks: ' said
}

@test "--at PATH: the socket is there, and gone" {
    run -0 --separate-stderr ductworks exec --at "$T/a.sock" sh -c 'echo "\"$DUCTWORKS_ADDRESS\"" | "$DUCTWORKS" connect' </dev/null
    equal "$output" "\"unix:$T/a.sock\""
    [[ ! -e a.sock ]]
}

@test "--via fd: descriptor 3, and nothing is named in the file system" {
    child_says --via fd
    holds got DUCTWORKS_{ADDRESS,PATH,HOST,PORT}=unset DUCTWORKS_FD=3
    hold in
    stdin=in start parent ductworks exec --via fd sh -c 'touch up; read -r _ <&3'
    wait_until test -e up
    equal "$(find "$XDG_RUNTIME_DIR" "$TMPDIR" -mindepth 1)" ''
    release
    finish parent 1
}

@test "--via fd: a shell script asks again and again, and each gets its own reply" {
    cat >child <<'END'
set -e
for number in {1..100}; do
    [[ $("$DUCTWORKS" connect -m "$number" -n 1) == "[$number]" ]]
done
END
    # The parent's other half is a pipe to something that answers.
    mkfifo replies
    ductworks exec --via fd bash child <replies | sed -u 's/.*/[&]/' >replies
    equal "${PIPESTATUS[*]}" '0 0'
}

@test "--via pipe: CMD's stdin and stdout carry frames" {
    run -0 --separate-stderr ductworks exec --via pipe cat < <(seq 3)
    equal "$output" $'1\n2\n3'
    peer_serve peer "$T/a.sock" script 'recv; wait-eof; send 2'
    run -0 --separate-stderr ductworks exec --via pipe ductworks connect -f frame "$T/a.sock" <<<1
    equal "$output" 2
    finish peer
    holds peer.out 1
}

@test "CMD's stdin is empty, its stdout goes to our stderr, its stderr is ours" {
    local via
    for via in address fd; do
        run -0 --separate-stderr ductworks exec --via "$via" sh -c \
            'cat; echo aside; echo apart >&2; "$DUCTWORKS" connect -m 1 --send-only' <<<'"mine"'
        equal "$output" 1
        equal "$stderr" $'aside\napart'
    done
}

@test "\$DUCTWORKS is the running program, and an outer duct's variables do not reach the child" {
    export DUCTWORKS=/nowhere DUCTWORKS_ADDRESS=unix:/nowhere DUCTWORKS_PATH=/nowhere DUCTWORKS_HOST=nowhere \
        DUCTWORKS_PORT=1 DUCTWORKS_FD=99
    child_says --via fd
    holds got DUCTWORKS_{ADDRESS,PATH,HOST,PORT}=unset DUCTWORKS_FD=3
    child_says
    contains "$(sed -n 1p got)" "DUCTWORKS_ADDRESS=unix:$XDG_RUNTIME_DIR/"
    equal "$(sed -n 5p got)" DUCTWORKS_FD=unset
}

@test "a duct inside a duct" {
    run -0 --separate-stderr ductworks exec sh -c \
        '"$DUCTWORKS" exec --via fd sh -c "\"\$DUCTWORKS\" connect -m 1 -q 0" </dev/null | "$DUCTWORKS" connect' </dev/null
    equal "$output" 1
}

@test "a child that connects twice has one duct" {
    run -0 --separate-stderr ductworks exec sh -c \
        '"$DUCTWORKS" connect -m 1 -q 0; "$DUCTWORKS" connect --wait 0 -m 2 || echo "second: $?"' </dev/null
    equal "$output" 1
    contains "$stderr" 'second: 69'
}

@test "a child that closes its end without exiting is waited for" {
    run -4 --separate-stderr ductworks exec sh -c '"$DUCTWORKS" connect -m 1 -q 0; sleep 0.3; touch slept; exit 4' </dev/null
    equal "$output" 1
    [[ -e slept ]]
}

@test "a child that exits with messages unread: what it sent is printed, and exec ends" {
    hold in
    stdin=in start parent ductworks exec --via fd sh -c 'printf "T\0\0\0\00111" | head -c 6 >&3; touch sent; head -c 6 <&3 >/dev/null'
    wait_until test -e sent
    printf '1\n2\n3\n' >&9
    wait_until -t 5 gone parent
    holds parent.out 1
    # Whether the last message was read cannot be known to all: 74 says so.
    wait "${pid[parent]}" || equal "$?" 74
    unset 'pid[parent]'
    release
}

@test "the child's end is the last word: a last message and at once the exit, again and again" {
    local i
    for ((i = 0; i < ${TEST_TIMES:-1000} / 4; i++)); do
        equal "$(ductworks exec --via fd sh -c 'printf "T\0\0\0\0017" >&3' </dev/null)" 7
    done
}

@test "a grandchild in its own session that keeps stdout and the duct open does not keep us" {
    run -0 --separate-stderr inside ductworks exec --via fd sh -c \
        'printf "T\0\0\0\0011" >&3; setsid sleep 60 & echo $! >grandchild' </dev/null 3>&-
    equal "$output" 1
    kill "$(<grandchild)"
    run -0 --separate-stderr inside ductworks exec sh -c \
        'setsid sleep 60 & echo $! >grandchild; "$DUCTWORKS" connect -m 1 -q 0' </dev/null 3>&-
    equal "$output" 1
    kill "$(<grandchild)"
}

@test "signals go to the child's whole group, and nothing stays behind" {
    local signal
    for signal in TERM:143 HUP:129 INT:130; do
        rm -f group
        # A background job is started with INT ignored, and under nohup HUP is.
        start parent env --default-signal=INT,HUP,TERM ductworks exec --via fd sh -c \
            'echo $$ >>group; sh -c "echo \$\$ >>group; exec sleep 300"; exit'
        wait_until eval '[[ -e group ]] && (($(wc -l <group) == 2))'
        kill -"${signal%:*}" "${pid[parent]}"
        finish -t 15 parent "${signal#*:}"
        wait_until -t 5 none_lives group
    done
}

none_lives() {
    local number
    while read -r number; do
        run ! alive "$number" || return 1
    done <"$1"
}

# A zombie that nobody has collected yet is dead.
alive() { grep -s '^State' "/proc/$1/status" | grep -qv Z; }

@test "a child that ignores TERM is killed after a while" {
    start parent ductworks exec --via fd sh -c 'trap "" TERM; echo $$ >group; while :; do sleep 0.1; done'
    wait_until test -s group
    kill "${pid[parent]}"
    finish -t 30 parent 143
    wait_until -t 5 none_lives group
}

@test "our death by SIGKILL: the child sees the end of its duct" {
    hold in # or the child would see the end of our stdin, and be gone before us
    stdin=in start parent ductworks exec --via fd sh -c 'touch up; cat <&3 >/dev/null; touch ended'
    wait_until test -e up
    kill -KILL "${pid[parent]}"
    finish parent 137
    wait_until test -e ended
}

@test "the child has its standard streams and the duct, and no other descriptor" {
    linux
    # The last one is what ls itself reads the folder with.
    run -0 --separate-stderr ductworks exec --via fd sh -c 'exec ls -C /proc/self/fd >&2' </dev/null 7</dev/null
    equal "$(xargs <<<"$stderr")" '0 1 2 3 4'
    run -69 --separate-stderr ductworks exec sh -c 'exec ls -C /proc/self/fd >&2' </dev/null
    equal "$(xargs <<<"${stderr_lines[0]}")" '0 1 2 3'
}

@test "the child's signal dispositions are the default, and no signal is blocked" {
    linux
    run -0 --separate-stderr env --default-signal ductworks exec --via fd \
        sh -c 'exec grep -E "SigIgn|SigBlk" /proc/self/status >&2' </dev/null
    equal "$stderr" $'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000'
}

@test "the child's arguments are byte for byte what was given" {
    ductworks exec --via fd sh -c 'printf "%s\n" "$@" >arguments' - '' $'a\nb' $'\xff' '*' ' -- ' </dev/null
    printf '%s\n' '' $'a\nb' $'\xff' '*' ' -- ' >expected
    same arguments expected
}

@test "exec takes a conversation's flags: -m, -n, -f, --timeout" {
    run -0 --separate-stderr ductworks exec -f text -m hello -n 1 "$PYTHON" -I -S "$PEER" connect {} echo </dev/null
    equal "$output" hello
    start parent ductworks exec --timeout 0.3 --via fd sleep 300
    finish -t 15 parent 124
    complaint parent.err
}

@test "many runs leave no process, socket or folder" {
    local times=${TEST_TIMES:-1000}
    seq $((times * 9 / 10)) | xargs -P 4 -I{} "$BIN" exec --via fd true
    seq $((times / 10)) | xargs -P 4 -I{} "$BIN" exec sh -c 'exec "$DUCTWORKS" connect -q 0'
    equal "$(find "$XDG_RUNTIME_DIR" "$TMPDIR" -mindepth 1)" ''
    run ! pgrep -f "^$BIN"
}
