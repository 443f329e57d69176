#!/usr/bin/env bats
# The documents: each recipe is read out of the document that has it, run in a fresh folder, and has to print what stands below it.
#
# In README.md and docs/*.md every block of code is one of these, as the line above it says:
#
#     <!-- recipe: NAME -->   is run. The next block of text is what it prints, stdout and stderr together; without one, nothing.
#     <!-- file: NAME -->     is a file that lies in the folder where recipes are run.
#     <!-- screen: NAME -->   is what a terminal shows; terminal.bats types it.

# shellcheck disable=SC2030,SC2031,SC2094,SC2154 # variables come from run and test_helper, each test is a subshell
load test_helper

ROOT=$BATS_TEST_DIRNAME/../..
# Where Go finds its settings and keeps what it has built. Each test has a home of its own.
CALLER=(HOME="$HOME" XDG_CONFIG_HOME="${XDG_CONFIG_HOME:-}")

# extract FOLDER DOCUMENT… writes recipes/NAME.sh, what they print as recipes/NAME.txt, and files/NAME.
extract() {
    mkdir -p "$1/recipes" "$1/files" "$1/screens"
    awk -v folder="$1" '
        function complain(what) { print FILENAME ": line " FNR ": " what >"/dev/stderr"; failed = 1 }
        inside && /^```$/ { inside = 0; close(path); next }
        inside { print >path; next }
        mark != "" && NF && !/^```/ { complain("no block follows the mark of " name); mark = "" }
        /^<!-- (recipe|file|screen): [^ ]+ -->$/ { mark = $2; name = $3; next }
        !/^```/ { next }
        {
            language = substr($0, 4)
            if (mark == "recipe:" && language == "sh") path = folder "/recipes/" (printer = name) ".sh"
            else if (mark == "file:") path = folder "/files/" name
            else if (mark == "screen:" && language == "text") path = folder "/screens/" name
            else if (mark == "" && language == "text" && printer != "") {
                path = folder "/recipes/" printer ".txt"
                printer = ""
            } else { complain("a block that no test would run"); path = "/dev/null" }
            if (path in seen) complain("there is another one of this name")
            seen[path]
            printf "" >path
            inside = 1
            mark = ""
        }
        END { exit failed }' "${@:2}"
}

documents() { extract "$T" "$ROOT/README.md" "$ROOT"/docs/*.md; }

# recipe NAME runs a recipe as somebody would who has pasted it, and compares what it prints.
recipe() {
    documents
    cd "$T/files" || return 1
    ln -s "$ROOT/examples" examples
    printed "$T/recipes/$1.sh" >"$T/got"
    touch "$T/recipes/$1.txt"
    diff -u --label documented --label printed "$T/recipes/$1.txt" "$T/got" >&2
}

# How soon a peer is there depends on the machine.
printed() {
    timeout --kill-after=5 60 sh "$1" </dev/null >"$T/all" 2>&1 3>&- 6>&- ||
        fail "ended with $?:" "$(<"$T/all")" || return 1
    grep -v '^ductworks: waiting for ' "$T/all" || true
}

# clone puts what a clone holds of the program where the recipe is run. What Go has built before, it need not build anew.
clone() {
    local name
    for name in GOENV GOCACHE GOMODCACHE; do
        export "$name=$(env "${CALLER[@]}" go env "$name")"
    done
    mkdir "$T/files"
    cp -R "$ROOT"/{go.mod,go.sum,*.go,cmd,internal,man} "$T/files"
}

unhex() { "$PYTHON" -I -S -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))'; }

@test "there are recipes, and each has a test" {
    local recipes
    documents
    recipes=$(cd recipes && printf '%s\n' *.sh | sed 's/\.sh$//' | sort)
    (($(wc -l <<<"$recipes") > 10)) || fail "no more than these: $recipes"
    diff <(sed -n 's/^@test "recipe: \(.*\)" {.*/\1/p' "$BATS_TEST_FILENAME" | sort) - <<<"$recipes" >&2
}

@test "a block of code that no test would run is found" {
    printf '%s\n' '```sh' 'echo lost' '```' >lost.md
    run -1 --separate-stderr extract out lost.md
    contains "$stderr" 'lost.md: line 1: '
}

@test "what the documents link to is there" {
    local document link
    for document in "$ROOT/README.md" "$ROOT"/docs/*.md; do
        while IFS= read -r link; do
            [[ -e ${document%/*}/$link ]] || fail "$document: no $link" || return 1
        done < <(grep -o '](\([^)]*\))' "$document" | sed 's/^](//; s/[#)].*//' | grep -v '^https:')
    done
}

@test "recipe: install" {
    clone
    export CGO_ENABLED=0 # as the program under test was built, which spares the compiler doing it again
    recipe install
    "$HOME/.local/bin/ductworks" version
    [[ -s $HOME/.local/share/man/man1/ductworks-listen.1 ]]
}

@test "recipe: first" { recipe first; }
@test "recipe: scripts" { recipe scripts; }
@test "recipe: request" { recipe request; }
@test "recipe: wrap" { recipe wrap; }
@test "recipe: python" { recipe python; }
@test "recipe: exec-address" { recipe exec-address; }
@test "recipe: node" { recipe node; }
@test "recipe: perl" { recipe perl; }
@test "recipe: shell-loop" { recipe shell-loop; }
@test "recipe: lock" { recipe lock; }
@test "recipe: pipe" { recipe pipe; }
@test "recipe: pair" { recipe pair; }
@test "recipe: pair-record" { recipe pair-record; }
@test "recipe: pair-addresses" { recipe pair-addresses; }
@test "recipe: between" { recipe between; }
@test "recipe: replay" { recipe replay; }
@test "recipe: serve-each" { recipe serve-each; }
@test "recipe: serve-command" { recipe serve-command; }
@test "recipe: serve-all" { recipe serve-all; }
@test "recipe: envelope-events" { recipe envelope-events; }
@test "recipe: envelope" { recipe envelope; }
@test "recipe: poke" { recipe poke; }
@test "recipe: mistake" { recipe mistake; }
@test "recipe: base64" { recipe base64; }
@test "recipe: file" { recipe file; }
@test "recipe: nul" { recipe nul; }
@test "recipe: config" { recipe config; }
@test "recipe: settings" { recipe settings; }
@test "recipe: wire" { recipe wire; }
@test "recipe: peer" { recipe peer; }

# It is what runs this test, so it is only looked at.
@test "recipe: tests" {
    documents
    [[ -x $ROOT/$(<recipes/tests.sh) ]]
}

@test "vectors: payloads become these frames, and frames these payloads" {
    jq -r '.frames[].payload' "$ROOT/docs/vectors.json" >payloads
    jq -j '.frames[].frame' "$ROOT/docs/vectors.json" >frames
    [[ -s payloads && -s frames ]]
    peer_serve writer "$T/writer.sock" script dump
    ductworks connect --in hex "$T/writer.sock" <payloads
    finish writer
    equal "$(<writer.out)" "$(<frames)"
    peer_serve reader "$T/reader.sock" script "bytes $(<frames)"
    ductworks connect --out hex "$T/reader.sock" </dev/null >got
    finish reader
    same got payloads
    unhex <frames | through frame frame
    equal "$(hex <through.out)" "$(<frames)"
}

@test "vectors: streams give these payloads, this status and this diagnosis" {
    local name stream status says number=0
    while IFS='|' read -r name stream status says; do
        printf '%s\n' "$name"
        jq -r ".streams[$number].payloads[]" "$ROOT/docs/vectors.json" >payloads
        diagnose "$stream" "$status" "$says"
        number=$((number + 1))
    done < <(jq -r '.streams[] | "\(.name)|\(.stream)|\(.status)|\(.says)"' "$ROOT/docs/vectors.json")
    ((number > 10))
}

# diagnose HEX STATUS SAYS: the stream from a peer, then the same stream on stdin, where a fault is bad input.
diagnose() {
    local ended=0
    peer_serve peer "$T/peer.sock" script "${1:+bytes $1}"
    ductworks connect --out hex "$T/peer.sock" </dev/null >got 2>said || ended=$?
    equal "$ended" "$2"
    same got payloads
    [[ $2 == 0 ]] || complaint said "$3"
    finish peer
    unhex <<<"$1" | sent=$(($2 ? 65 : 0)) through frame hex
    same through.out payloads
}
