#!/usr/bin/env bats
# Help pages, and what shells complete.

# shellcheck disable=SC2030,SC2031,SC2034,SC2094,SC2154 # variables come from run and test_helper, each test is a subshell
load test_helper

@test "each command's help is a screen: examples, then flags" {
    local command
    for command in listen connect exec pair config; do
        run -0 --separate-stderr ductworks "$command" --help
        ((${#lines[@]} <= 50)) || fail "$command: ${#lines[@]} lines"
        contains "$output" $'\nExamples:\n  '
        contains "${output#*Examples:}" $'\nSeeing:\n'
        equal "$stderr" ''
    done
}

@test "the completions are scripts that their shells can read" {
    local shell
    for shell in bash zsh fish; do
        ductworks completion "$shell" >script
        if command -v "$shell" >/dev/null; then "$shell" -n script; fi
    done
    [[ $(ductworks completion powershell) == *Register-ArgumentCompleter* ]]
}

# What bash-completion has, as far as it is needed here.
_get_comp_words_by_ref() {
    cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
}
__ltrim_colon_completions() { :; }
compopt() { :; }

# completes WORD… : the last one is being typed; prints what is offered.
completes() {
    COMP_WORDS=(ductworks "$@") COMP_CWORD=$# COMP_TYPE=9 COMPREPLY=()
    __start_ductworks
    printf '%s\n' "${COMPREPLY[@]%% *}"
}

@test "bash completes commands, formats, sockets and programs" {
    # shellcheck disable=SC1090 # made by the program
    source <(ductworks completion bash)
    serve listener "$T/a.sock"
    equal "$(completes conn)" connect
    equal "$(completes connect -f te)" text
    equal "$(completes connect "$T/a")" "$T/a.sock"
    equal "$(completes exec --via pi)" pipe
    equal "$(completes listen -- ductw)" ductworks
    ductworks connect -m 1 "$T/a.sock"
    finish listener
}

@test "the commonest mistakes have a hint" {
    run --separate-stderr ductworks listen "$T/$(printf 'x%.0s' {1..108})"
    refused 64 'choose a shorter directory'
    run --separate-stderr ductworks connect -w 0 "$T/nobody"
    refused 69 'is anybody listening there?'
    run --separate-stderr ductworks connect -m hello "$T/nobody"
    refused 65 'use -f text'
    peer_serve peer "$T/a.sock" script 'raw "in two\nlines"'
    run --separate-stderr ductworks connect -f text "$T/a.sock" </dev/null
    refused 65 'use -0'
    finish peer
    local hint
    local -A visitors=(['a web client']=474554202f20 ['tls: address']=160301020001)
    for hint in "${!visitors[@]}"; do
        serve listener "$T/b.sock"
        peer connect "$T/b.sock" script "bytes ${visitors[$hint]}"
        finish listener 76
        complaint listener.err "$hint"
    done
}
