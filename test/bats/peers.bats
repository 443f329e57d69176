#!/usr/bin/env bats
# Who may be at the other end of a Unix socket. The stranger is the user nobody.

# shellcheck disable=SC2030,SC2031,SC2094,SC2154 # variables come from run and test_helper, each test is a subshell
load test_helper

# The stranger has to find the program, and the sockets that are meant for him.
prepare_file() {
    export PUBLIC
    PUBLIC=$(mktemp -d /tmp/ductworks-peers.XXXXXX)
    cp "$DUCTWORKS_BIN" "$PUBLIC/ductworks"
    chmod -R a+rX,u+w "$PUBLIC"
}

teardown_file() { rm -rf "$PUBLIC"; }

two_users() {
    ((EUID == 0)) || skip 'only root can be another user'
    linux
}

stranger=65534

# How the stranger runs something, who has no home.
as_stranger=(env HOME=/ XDG_CONFIG_HOME=/nowhere setpriv --reuid "$stranger" --regid "$stranger" --clear-groups)
intrude() { timeout -s KILL 60 "${as_stranger[@]}" "$PUBLIC/ductworks" connect -m '"intruder"' "$@"; }

# abstract puts the address of a socket that has no file mode to guard it into $at.
abstract() { at=@ductworks-test-$BATS_TEST_NUMBER-$$-$RANDOM; }

# refusals N: the listener has reported so many.
refusals() { [[ $(grep -c 'refused a peer' listener.err) == "$1" ]]; }

@test "a stranger at an abstract socket is closed unread, and the rightful peer is served" {
    local attempts
    two_users
    abstract
    serve listener -m '"secret"' "$at"
    for attempts in 1 2 3; do
        run --separate-stderr intrude "$at"
        equal "$output" ''
        wait_until refusals "$attempts"
    done
    contains "$(<listener.err)" "uid $stranger is neither ours (0) nor root"
    run -0 --separate-stderr ductworks connect -m '"welcome"' "$at"
    equal "$output" '"secret"'
    finish listener
    holds listener.out '"welcome"'
}

@test "listen -k, with room for one: strangers at abstract sockets and files take no place, and the rightful one is served" {
    local where attempts
    two_users
    for where in abstract file; do
        abstract
        [[ $where == abstract ]] || at=$PUBLIC/many
        serve listener -k --max-conns 1 --mode 0666 --allow-user root "$at" --each -- cat
        for attempts in 1 2 3; do
            run --separate-stderr intrude "$at"
            equal "$output" ''
            wait_until refusals "$attempts"
        done
        run -0 --separate-stderr ductworks connect -m '"welcome"' "$at"
        equal "$output" '"welcome"'
        kill "${pid[listener]}"
        finish listener 143
    done
}

@test "a stranger who stays connected takes no place either" {
    two_users
    abstract
    serve listener -m '"secret"' "$at"
    hold in
    stdin=in start intruder "${as_stranger[@]}" "$PUBLIC/ductworks" connect "$at"
    wait_until refusals 1
    run -0 --separate-stderr ductworks connect -m '"welcome"' "$at"
    equal "$output" '"secret"'
    finish listener
    holds listener.out '"welcome"'
    holds intruder.out
    release
    wait_until gone intruder
}

@test "a stranger cannot even connect to a socket file, unless --mode lets him" {
    two_users
    serve listener "$PUBLIC/closed"
    run --separate-stderr intrude "$PUBLIC/closed"
    refused 77 'permission denied'
    ductworks connect -m 1 "$PUBLIC/closed"
    finish listener
    serve listener --mode 0666 "$PUBLIC/open"
    run -0 --separate-stderr intrude "$PUBLIC/open"
    finish listener
    holds listener.out '"intruder"'
}

@test "--allow-user says who may, whatever the mode" {
    two_users
    serve listener --mode 0666 --allow-user root "$PUBLIC/open"
    run --separate-stderr intrude "$PUBLIC/open"
    equal "$output" ''
    wait_until grep -q "uid $stranger is none of those that --allow-user names" listener.err
    ductworks connect -m '"welcome"' "$PUBLIC/open"
    finish listener
    holds listener.out '"welcome"'
}

@test "--allow-user takes names, uids and any, and can be repeated; whoever it does not name is left out" {
    local who
    two_users
    for who in "$(id -nu $stranger)" $stranger any; do
        abstract
        serve listener --allow-user 4711 --allow-user "$who" "$at"
        if [[ $who != any ]]; then
            run --separate-stderr ductworks connect -m '"not named"' "$at"
            wait_until grep -q 'uid 0 is none of those' listener.err
        fi
        run -0 --separate-stderr intrude "$at"
        finish listener
        holds listener.out '"intruder"'
    done
}

@test "connect --allow-user demands it of the listener" {
    two_users
    abstract
    serve listener "$at"
    run --separate-stderr ductworks connect --allow-user "$stranger" -m '"secret"' "$at"
    refused 77 'uid 0 is none of those'
    finish listener
    holds listener.out
    abstract
    serve listener "$at"
    ductworks connect --allow-user "$stranger" --allow-user root -m 1 "$at"
    finish listener
    holds listener.out 1
}

@test "exec and pair ask the same of those who connect" {
    two_users
    abstract
    run --separate-stderr ductworks exec --at "$at" "${as_stranger[@]}" "$PUBLIC/ductworks" connect -m 1 "$at" </dev/null
    equal "$output" ''
    [[ $status == 69 ]]
    contains "$stderr" "uid $stranger is neither ours (0) nor root"
    abstract
    run -0 --separate-stderr ductworks exec --at "$at" --allow-user "$stranger" \
        "${as_stranger[@]}" "$PUBLIC/ductworks" connect -m 1 "$at" </dev/null
    equal "$output" 1
    abstract
    serve back "$T/back.sock"
    start pair ductworks pair --allow-user "$stranger" --listen "$at" --connect "$T/back.sock"
    run -0 --separate-stderr intrude "$at"
    finish pair
    finish back
    holds back.out '"intruder"'
}

@test "--allow-user where nobody vouches for a peer, or nobody comes in, is 64" {
    run --separate-stderr ductworks listen --allow-user root tcp::0 </dev/null
    refused 64 'nobody vouches for who is at tcp:127.0.0.1:0'
    run --separate-stderr ductworks connect --allow-user root tcp::1 </dev/null
    refused 64 'nobody vouches'
    run --separate-stderr ductworks exec --via fd --allow-user root true </dev/null
    refused 64 '--allow-user is for an address'
    run --separate-stderr ductworks connect --allow-user nobody-at-all "$T/a.sock" </dev/null
    refused 64 'there is no such user'
}
