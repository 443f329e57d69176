#!/usr/bin/env bats
# By hand: the prompt. A shell runs in a terminal of tmux; the tests type there and look at the screen.

load test_helper

teardown() {
    tmux -S "$T/tmux" kill-server 2>/dev/null || true
    reap
}

# terminal makes a terminal with a shell in $T. The server of tmux is the test's own.
terminal() {
    tmux -u -S "$T/tmux" -f /dev/null new-session -d -x 200 -y 30 \
        "PS1='$ ' exec bash --norc --noprofile" 3>&- 4>&- 6>&-
    wait_until shows '$ '
    types 'stty -g >before'
}

keys() { tmux -S "$T/tmux" send-keys "$@"; }

# types LINE… types each and presses Enter.
types() {
    local line
    for line; do
        keys -l "$line"
        keys Enter
    done
}

# types_to_shell LINE… is for a shell that perhaps waits for a program to end, which would take what is typed.
types_to_shell() {
    wait_until shows '$'
    types "$@"
}

# screen prints what is on it, empty lines at its end apart.
screen() { tmux -S "$T/tmux" capture-pane -p "$@"; }

# shows TEXT: the screen ends with TEXT and spaces.
shows() {
    local now
    now=$'\n'$(screen)
    while [[ $now == *[[:space:]] ]]; do now=${now%[[:space:]]}; done
    [[ $now == *"${1%"${1##*[![:space:]]}"}" ]]
}

# look LINE… waits until these are the last lines on the screen.
look() {
    local IFS=$'\n'
    wait_until shows $'\n'"$*" || fail 'the screen:' "$(screen)"
}

# colour TEXT waits until TEXT is on the screen, escapes for its colours included.
colour() {
    wait_until coloured "$1" || fail 'the screen:' "$(screen -e)"
}
coloured() { [[ $(screen -e) == *"$1"* ]]; }

# shellcheck disable=SC2154 # fresh sets at and serial
# talk [FLAG…] has the shell listen with FLAGs at $at, where a peer connects: write to it with `>&9`, read with `reply`.
talk() {
    fresh unix
    types_to_shell "clear; ductworks listen $at $*"
    wait_until test -S "$at"
    peer=peer$serial
    converse "$peer" ductworks connect -f "${format:-json}" "$at"
    wait_until shows '> '
}

# answers LINE… have come to the peer.
answers() {
    local expected
    for expected; do
        reply || return 1
        equal "$REPLY" "$expected" || return 1
    done
}

# ended STATUS: the shell has the terminal again, as it was, and the program ended with STATUS.
ended() {
    types_to_shell "echo status \$?; stty -g >after"
    look "status $1" '$'
    same before after
    rm after
}

@test "what is typed is sent, a document on many lines and many on a line too; what is wrong is explained" {
    terminal
    talk
    types '{"a":1}' '{' '"b":[1,' '2]}' '1 [2]"x"' hello '{' ']' '[3]'
    look '> {"a":1}' '> {' '. "b":[1,' '. 2]}' '> 1 [2]"x"' '> hello' \
        "ductworks: not JSON: \"hello\" is no value (use -f text for lines of plain text)" \
        '> {' '. ]' \
        "ductworks: line 2: not JSON: ']' where a name should stand (names have double quotation marks in JSON)" \
        '> [3]' '>'
    answers '{"a":1}' '{"b":[1,2]}' 1 '[2]' '"x"' '[3]'
    keys C-d
    look '> ^D'
    echo '"later"' >&9
    look '> ^D' '< "later"'
    release
    finish "$peer"
    ended 0
}

@test "the README's screen is what one sees" {
    terminal
    awk '/^<!-- screen: hand -->/ { on = 1; next } on && /^```$/ { exit } on && !/^```/' \
        "$BATS_TEST_DIRNAME/../../README.md" >picture
    converse peer ductworks listen --address-file ready app.sock
    wait_until test -s ready
    types clear
    wait_until shows '$ '
    local -a due=()
    local line last
    last=$(tail -n 1 picture)
    while IFS= read -r line; do
        # What is typed before its prompt is there, the terminal itself shows; what arrives before the line above it
        # has been taken stands above that.
        case $line in
        [\$\>.]\ *) wait_until has "${due[@]}" "${line:0:1}" ;;
        '< '*) wait_until has "${due[@]}" '>' ;;
        esac
        due+=("$line")
        case $line in
        "$last") keys -l "${line:2}" ;;
        [\$\>.]\ *) types "${line:2}" ;;
        '< '*) printf '%s\n' "${line:2}" >&9 ;;
        esac
        wait_until has "${due[@]}" || fail 'the screen:' "$(screen)"
    done <picture
    look "${due[@]}"
}
# has LINE…: these lines are on the screen, whatever follows.
has() {
    local IFS=$'\n'
    [[ $'\n'$(screen) == *$'\n'"$*"* ]]
}

@test "what arrives stands above the line that is being typed, on which every key still does what it should" {
    terminal
    talk
    keys -l '{"half":"日本'
    look '> {"half":"日本'
    printf '%s\n' '{"n":1}' '"two"' >&9
    look '< {"n":1}' '< "two"' '> {"half":"日本'
    types '"}'
    answers '{"half":"日本"}'
    # Lines longer than the terminal is wide, typed and arriving, and another width.
    tmux -S "$T/tmux" resize-window -x 70 -y 30
    keys -l "$(printf '%0100d' 1)"
    look "> $(printf '%068d' 0)" "$(printf '%032d' 1)"
    printf '"long%0130d"\n' 5 >&9
    look "$(printf '%067d"' 5)" "> $(printf '%068d' 0)" "$(printf '%032d' 1)"
    tmux -S "$T/tmux" resize-window -x 50 -y 30
    look "> $(printf '%048d' 0)" "$(printf '%050d' 0)" 01
    keys C-a '"' C-e '"' Enter
    answers "\"$(printf '%0100d' 1)\""
}

@test "history: kept between runs, for nobody else, and it gives back what was wrong" {
    terminal
    talk
    types 1 '[2' '' '3' wrong
    look '> wrong' "ductworks: not JSON: \"wrong\" is no value (use -f text for lines of plain text)" '>'
    release
    finish "$peer"
    look 'ductworks: the peer has ended the conversation' '$'
    ended 0
    equal "$(stat -c %a state/ductworks state/ductworks/history)" $'700\n600'
    format=text talk -f text
    keys C-p
    look '> wrong'
    keys BSpace BSpace Enter
    keys C-r
    keys -l '2'
    keys Enter
    answers wro '[2  3'
}

@test "a history that cannot be kept is no reason to fail" {
    terminal
    echo >state
    talk -v
    contains "$(screen)" 'ductworks: no history: mkdir '
    types 1
    answers 1
}

@test "a paste of many lines gives all its records, one of a long line too" {
    terminal
    talk
    local i
    for ((i = 0; i < 200; i++)); do printf '{"n":\n%d}\n' $i; done >pasted
    printf '"%030000d"\n' 1 >>pasted
    tmux -S "$T/tmux" load-buffer pasted
    tmux -S "$T/tmux" paste-buffer -p
    for ((i = 0; i < 200; i++)); do answers "{\"n\":$i}"; done
    answers "\"$(printf '%030000d' 1)\""
}

@test "Ctrl-C ends by SIGINT, other signals by themselves, and the terminal is as it was" {
    terminal
    talk
    keys -l '[1,'
    look '> [1,'
    keys C-c
    look '> [1,' '' '$'
    ended 130
    talk
    types "[" # in the middle of a record
    look '> [' '.'
    kill -TERM "$(pgrep -f "ductworks listen $at")"
    ended 143
    equal "$(timeout 1 cat <&8)" ''
}

@test "Ctrl-Z gives the terminal to the shell, and fg the line back" {
    terminal
    talk
    keys -l '[1,'
    look '> [1,'
    keys C-z
    wait_until stopped
    types 'stty -g >after; clear'
    wait_until test -s after
    same before after
    types fg
    wait_until shows '> [1,'
    types 2]
    answers '[1,2]'
}
stopped() { [[ $(screen) == *Stopped* ]]; }

@test "the peer's end ends the conversation, all that was accepted having been sent" {
    terminal
    talk
    types '[1]'
    answers '[1]'
    keys -l '[2'
    look '> [2'
    release
    look '> [2' 'ductworks: the peer has ended the conversation' '$'
    finish "$peer"
    ended 0
    equal "$(timeout 1 cat <&8)" ''
}

@test "colours: where people look, unless they want none" {
    local green=$'\e[32m>\e[39m' cyan=$'\e[36m< 1' red=$'\e[31mductworks:'
    terminal
    talk
    colour "$green"
    echo 1 >&9
    colour "$cyan"
    types wrong
    colour "$red"
    keys C-c
    talk --color never
    echo 1 >&9
    look '< 1' '>'
    types wrong
    look '< 1' '> wrong' 'ductworks: not JSON: "wrong" is no value (use -f text for lines of plain text)' '>'
    run ! coloured $'\e['
    keys C-c
    types_to_shell 'export NO_COLOR=1'
    talk
    run ! coloured $'\e['
    keys C-c
    talk --color always
    colour "$green"
    # A pipe gets no colour, unless for errors that is asked for.
    run ductworks connect --color always nowhere://
    contains "$output" $'\e[31mductworks: \e[0m'
    run ductworks connect nowhere://
    run ! contains "$output" $'\e'
}

@test "a terminal that can do nothing but print, and formats without lines, have no prompt" {
    terminal
    types 'export TERM=dumb'
    talk_plainly
    types 'export TERM=xterm'
    talk_plainly --in whole
    talk_plainly -m 1
}

# talk_plainly FLAG… is talk without a prompt: the screen shows what arrives as it is.
talk_plainly() {
    fresh unix
    types "clear; ductworks listen $at $*"
    wait_until test -S "$at"
    ductworks connect -m '"it"' "$at"
    look '"it"' '$' # not marked
}

@test "nothing of a peer can move the cursor or turn the text round" {
    terminal
    talk
    printf '%s\n' '"\u001b[31m"' $'"a\u202eb\u2028"' >&9
    look '< "\u001b[31m"' '< "a\u202eb\u2028"' '>'
    release
    finish "$peer"
    format=raw talk
    printf '\e[31mred\u009b\n' >&9
    look '< \x1b[31mred\u009b' '>'
}

@test "listen -k: the prompt is for all peers; an envelope that is none is explained" {
    terminal
    talk -k --envelope
    look '< {"conn":1,"event":"open","peer":"unix:","uid":'"$UID}" '>'
    types '{"conn":1,"massage":1}' '{"conn":1,"message":' '1}'
    look '> {"conn":1,"massage":1}' \
        'ductworks: "massage" means nothing here (an envelope is {"conn":3,"message":…}, {"message":…} for all, or {"conn":3,"close":true})' \
        '> {"conn":1,"message":' '. 1}' '>'
    answers 1
    echo '"me"' >&9
    look '< {"conn":1,"message":"me"}' '>'
    keys C-c
    ended 130
}
