#!/usr/bin/env bats
# The examples: programs in several languages that hold an end of a duct, each in its own way.

# shellcheck disable=SC2030,SC2031,SC2094,SC2154 # variables come from run and test_helper, each test is a subshell
load test_helper

EXAMPLES=$BATS_TEST_DIRNAME/../../examples

@test "each example can be run, says how, and has a test" {
    local path
    for path in "$EXAMPLES"/*; do
        printf '%s\n' "$path"
        [[ -x $path ]]
        if [[ $path == */tls-ca.sh ]]; then continue; fi # which holds no end, and is tested in tls.bats
        if [[ -d $path ]]; then continue; fi             # units, which are tested in serve.bats
        contains "$(sed -n 2p "$path")" ":  ductworks *examples/${path##*/}"
        grep -q "EXAMPLES/${path##*/}" "$BATS_TEST_DIRNAME"/*.bats
    done
}

@test "echo.py answers a hundred pings and ends with 0 after null" {
    local number
    converse exec ductworks exec "$EXAMPLES/echo.py" '{}'
    for ((number = 1; number <= 100; number++)); do
        printf '{"ping": %d}\n' "$number" >&9
        reply
        equal "$REPLY" "{\"ping\": $number}"
    done
    # Its stdin stays open.
    echo null >&9
    finish exec
    holds exec.err
}

@test "echo.py ends with 0 when the duct does" {
    run -0 --separate-stderr ductworks exec "$EXAMPLES/echo.py" '{}' <<<'"last"'
    equal "$output" '"last"'
    equal "$stderr" ''
}

@test "echo.py takes nothing for a message that is none" {
    local wrong
    for wrong in 5500000001 5400000002; do
        peer_serve wire "$T/wire.sock" script "bytes ${wrong}31; half-close; dump"
        run -1 --separate-stderr "$EXAMPLES/echo.py" "$T/wire.sock"
        finish wire
        holds wire.out ''
    done
}

@test "calculator.mjs is told a path, or a host and a port" {
    local at
    for at in "$T/a.sock" tcp::0 '[::1]:0'; do
        run -0 --separate-stderr ductworks exec --at "$at" "$EXAMPLES/calculator.mjs" < <(printf '[6, "*", 7] [1,"/",8]')
        equal "$output" $'42\n0.125'
    done
    run -0 --separate-stderr ductworks exec "$EXAMPLES/calculator.mjs" <<<'[1, "-", 2]'
    equal "$output" -1
    equal "$stderr" ''
}

@test "calculator.mjs puts frames together from pieces" {
    peer_serve wire "$T/wire.sock" script 'split 1; raw [1,"+",2]; raw [3,"+",4]; recv 2'
    DUCTWORKS_PATH=$T/wire.sock "$EXAMPLES/calculator.mjs"
    finish wire
    holds wire.out 3 7
}

@test "upper.pl inherits a descriptor" {
    run -0 --separate-stderr ductworks exec --via fd "$EXAMPLES/upper.pl" < <(printf '"stra\\u00dfe"\n""\n"\\u0436"\n')
    equal "$output" $'"STRASSE"\n""\n"Ж"'
    equal "$stderr" ''
}

@test "upper.pl says so where it has no duct" {
    DUCTWORKS_FD=99 run --separate-stderr "$EXAMPLES/upper.pl"
    ((status != 0))
    contains "$stderr" 'upper.pl: '
}

@test "greeter.sh asks and listens by turns over one descriptor" {
    printf '%s\n' Ada London 'Grace' 'New York' '' Nobody >answers
    run -0 --separate-stderr ductworks exec --via fd -f text "$EXAMPLES/greeter.sh" <answers
    equal "$stderr" ''
    printf '%s\n' "$output" >got
    holds got 'Who are you?' \
        'Hello, Ada! Where are you from?' 'So Ada is from London. Who is next?' \
        'Hello, Grace! Where are you from?' 'So Grace is from New York. Who is next?'
}

@test "greeter.sh ends with 69 when nobody answers any more" {
    run -69 --separate-stderr ductworks exec --via fd -f text "$EXAMPLES/greeter.sh" <<<Ada
    equal "$output" $'Who are you?\nHello, Ada! Where are you from?'
}

@test "guess.sh and think.sh play to the end" {
    local number
    for number in 1 42 50 99 100; do
        run -0 --separate-stderr ductworks pair "$EXAMPLES/guess.sh" :: "$EXAMPLES/think.sh" "$number"
        equal "$output" ''
        equal "$stderr" "It is $number!"
    done
    run -0 --separate-stderr ductworks pair "$EXAMPLES/guess.sh" :: "$EXAMPLES/think.sh"
    contains "$stderr" 'It is '
}

@test "guess.sh gives up on a number that is out of range" {
    run -1 --separate-stderr ductworks pair "$EXAMPLES/guess.sh" :: "$EXAMPLES/think.sh" 101
    equal "$stderr" 'I give up.'
}

@test "a recording of the game shows every message with its direction" {
    ductworks pair --record - "$EXAMPLES/guess.sh" :: "$EXAMPLES/think.sh" 37 >record
    jq -c '[.conn, .direction, .size, .message]' record >got
    holds got '[1,"send",2,50]' '[1,"recv",7,"lower"]' '[1,"send",2,25]' '[1,"recv",8,"higher"]' \
        '[1,"send",2,37]' '[1,"recv",7,"right"]'
}

@test "total.py speaks frames on stdin and stdout" {
    run -0 --separate-stderr ductworks exec --via pipe "$EXAMPLES/total.py" < <(printf '1 2 3.5')
    equal "$output" $'1\n3\n6.5'
    equal "$stderr" ''
}
