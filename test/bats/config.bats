#!/usr/bin/env bats
# Settings: the flag, then DUCTWORKS_<FLAG>, then the configuration file, then the default.

# shellcheck disable=SC2030,SC2031,SC2034,SC2094,SC2154 # variables come from run and test_helper, each test is a subshell
load test_helper

# printed FLAG…: how a payload of `"a"` is printed, which tells the format.
printed() {
    peer_serve peer "$T/a.sock" script 'raw "a"'
    ductworks connect "$@" "$T/a.sock" </dev/null
    finish peer
}

configure() { mkdir -p "$XDG_CONFIG_HOME/ductworks" && cat >"$XDG_CONFIG_HOME/ductworks/config.yaml"; }

@test "the format by default, from the file, from the environment and by the flag, each over the one before" {
    equal "$(printed)" '"a"'
    configure <<<'format: text'
    equal "$(printed)" a
    export DUCTWORKS_FORMAT=hex
    equal "$(printed)" 226122
    equal "$(printed -f base64)" ImEi
}

@test "a flag's own environment variable, with dashes as underscores" {
    peer_serve peer "$T/a.sock" script 'send "12345678"'
    DUCTWORKS_MAX_MESSAGE_SIZE=8 run --separate-stderr ductworks connect "$T/a.sock" </dev/null
    refused 76
    finish peer
    DUCTWORKS_WAIT=0.2 run --separate-stderr inside ductworks connect "$T/nowhere" </dev/null
    refused 69
}

@test "a boolean from the environment" {
    peer_serve peer "$T/a.sock" script 'quiet 0.3; close'
    DUCTWORKS_NO_SHUTDOWN=true ductworks connect "$T/a.sock" </dev/null
    finish peer
    DUCTWORKS_NO_SHUTDOWN=perhaps run --separate-stderr ductworks connect "$T/a.sock" </dev/null
    refused 78 DUCTWORKS_NO_SHUTDOWN
}

@test "--config and DUCTWORKS_CONFIG name the file" {
    echo 'format: hex' >one.yaml
    echo 'format: text' >two.yaml
    equal "$(printed --config one.yaml)" 226122
    export DUCTWORKS_CONFIG=$T/two.yaml
    equal "$(printed)" a
    equal "$(printed --config one.yaml)" 226122
}

@test "--config '' takes neither file nor environment" {
    configure <<<'format: text'
    export DUCTWORKS_FORMAT=hex DUCTWORKS_CONFIG=$T/missing.yaml
    equal "$(printed --config '')" '"a"'
}

@test "a section named after a command overrides for that command" {
    configure <<<$'format: text\nconnect:\n  format: hex\nlisten:\n  format: base64'
    equal "$(printed)" 226122
    serve listener "$T/b.sock"
    peer connect "$T/b.sock" script 'raw "a"'
    finish listener
    holds listener.out ImEi
}

@test "a key that no command has is 78 and names file and key" {
    configure <<<'formt: text'
    run --separate-stderr ductworks connect "$T/a.sock" </dev/null
    refused 78 formt
    contains "$stderr" config.yaml
    configure <<<$'connect:\n  formt: text'
    run --separate-stderr ductworks connect "$T/a.sock" </dev/null
    refused 78 formt
}

@test "a bad value is 78 before anything is bound, and names where it stands" {
    local setting
    for setting in 'format: xml' 'wait: soon' 'max-message-size: lots' 'max-message-size: 5000000000' 'mode: 0999' \
        'no-shutdown: perhaps' 'idle-timeout: [1]'; do
        printf '%s\n' "$setting"
        configure <<<"$setting"
        run --separate-stderr ductworks listen --timeout 5 --address-file name "$T/a.sock" </dev/null
        refused 78 "${setting%%:*}"
        contains "$stderr" config.yaml
        [[ ! -e a.sock && ! -e name ]]
    done
}

@test "a bad environment variable is 78 before anything is bound, and is named" {
    local setting
    for setting in FORMAT=xml WAIT=soon MAX_MESSAGE_SIZE=lots MODE=0999; do
        export "DUCTWORKS_$setting"
        run --separate-stderr ductworks listen "$T/a.sock" </dev/null
        refused 78 "DUCTWORKS_${setting%%=*}"
        [[ ! -e a.sock ]]
        unset "DUCTWORKS_${setting%%=*}"
    done
}

@test "a flag of the command line is 64 even where the environment is right" {
    DUCTWORKS_FORMAT=hex run --separate-stderr ductworks connect -f xml "$T/a.sock" </dev/null
    refused 64
}

@test "values are taken as they are written: sizes, durations, octal modes" {
    configure <<<$'mode: 0640\nmax-message-size: 8\nwait: 30.5s'
    serve listener "$T/a.sock"
    equal "$(stat -c %a a.sock)" 640
    peer connect "$T/a.sock" script 'send "12345678"'
    finish listener 76
    configure <<<'mode: "0640"'
    serve listener "$T/a.sock"
    equal "$(stat -c %a a.sock)" 640
    ductworks connect -m 1 "$T/a.sock"
    finish listener
}

@test "sizes have units" {
    local size
    for size in 8 8B 1KiB 1MiB 64MiB 1GiB 4294967295; do
        peer_serve peer "$T/a.sock" script 'send 1'
        run -0 --separate-stderr ductworks connect --max-message-size "$size" "$T/a.sock" </dev/null
        equal "$output" 1
        finish peer
    done
}

@test "what belongs to one call alone is not taken from the environment or the file" {
    peer_serve peer "$T/a.sock" script 'send 1; send 2; drain'
    run -0 --separate-stderr env DUCTWORKS_COUNT=1 DUCTWORKS_MESSAGE=9 ductworks connect "$T/a.sock" </dev/null
    equal "$output" $'1\n2'
    finish peer
    holds peer.out
    configure <<<'count: 1'
    run --separate-stderr ductworks connect "$T/a.sock" </dev/null
    refused 78 count
}

@test "a file that cannot be parsed is 78, one that is missing only where it was asked for" {
    configure <<<'format: [text'
    run --separate-stderr ductworks connect "$T/a.sock" </dev/null
    refused 78 config.yaml
    rm -r "$XDG_CONFIG_HOME/ductworks"
    equal "$(printed)" '"a"'
    run --separate-stderr ductworks connect --config missing.yaml "$T/a.sock" </dev/null
    refused 66 missing.yaml
    DUCTWORKS_CONFIG=missing.yaml run --separate-stderr ductworks connect "$T/a.sock" </dev/null
    [[ $status == 66 || $status == 78 ]]
    refused "$status" missing.yaml
}

@test "an empty file and an empty variable set nothing" {
    configure </dev/null
    equal "$(DUCTWORKS_FORMAT='' printed)" '"a"'
}

@test "config shows each setting and where it comes from, and a wrong one is 78" {
    configure <<<$'format: text\nlisten:\n  mode: 0640'
    DUCTWORKS_WAIT=3 run -0 --separate-stderr ductworks config listen --timeout 1m
    equal "${lines[0]}" "# configuration file: $XDG_CONFIG_HOME/ductworks/config.yaml"
    local line
    for line in "format text file $XDG_CONFIG_HOME/ductworks/config.yaml:1" 'wait 3s environment DUCTWORKS_WAIT' \
        "mode 0640 file $XDG_CONFIG_HOME/ductworks/config.yaml:3" 'timeout 1m0s flag' 'quiet false default'; do
        contains "$(tr -s ' ' <<<"$output")"$'\n' "listen $line"$'\n'
    done
    run -0 --separate-stderr ductworks --config '' config connect
    equal "${lines[0]}" '# no configuration file is read'
    [[ $output != *file\ /* ]]
    configure <<<'mode: rw'
    run --separate-stderr ductworks config
    refused 78 config.yaml:1
}
