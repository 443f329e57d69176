#!/usr/bin/env bats
# The page about reliability names tests. They are there, and each flaw that it says is put back has its patch.

# shellcheck disable=SC2016,SC2094 # backquotes are meant; known and named are files as well as functions
load test_helper

# named prints each test that the page names: PACKAGE FUNCTION, or FILE.bats: TITLE.
named() { grep -oE '`([a-z]+ (Test|Fuzz)[A-Za-z0-9]+|[a-z]+\.bats: [^`]+)`' "$1" | tr -d '`'; }

# known prints each test that there is, in the same way.
known() (
    cd "$BATS_TEST_DIRNAME/../.." || exit
    grep -rHoE --include='*_test.go' '^func (Test|Fuzz)[A-Za-z0-9]+' internal cmd |
        sed -E 's#^(.*/)?([a-z]+)/[^/]*:func #\2 #'
    grep -HE '^@test ' test/bats/*.bats | sed -E 's#^.*/([a-z]+\.bats):@test "(.*)" \{$#\1: \2#'
)

@test "every test that docs/reliability.md names exists" {
    known | sort -u >known
    named "$BATS_TEST_DIRNAME/../../docs/reliability.md" | sort -u >named
    (($(wc -l <named) > 100))
    comm -23 named known >missing
    holds missing
    # The check itself can fail.
    named - <<<'see `relay TestOfNothing` and `wire.bats: nothing at all`' | sort -u | comm -23 - known >missing
    holds missing 'relay TestOfNothing' 'wire.bats: nothing at all'
}

@test "every flaw of test/mutations is in the table of docs/reliability.md, with its test, and can still be put back" {
    local patch subject name
    for patch in "$BATS_TEST_DIRNAME"/../mutations/*.patch; do
        read -r subject name <<<"$(sed -n 's/^Test: //p' "$patch")"
        case $subject in
        *.bats) name="${subject##*/}: $name" ;;
        *) name="${subject##*/} $name" ;;
        esac
        grep -qF "\`$name\`" "$BATS_TEST_DIRNAME/../../docs/reliability.md" || fail "$patch: $name is not in the table"
        (cd "$BATS_TEST_DIRNAME/../.." && git apply --check "$patch") || fail "$patch does not fit the code any more"
    done
}
