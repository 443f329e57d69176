# shellcheck shell=bash
# What every file of this folder loads. The program under test is $DUCTWORKS_BIN, on the PATH as `ductworks`.
#
# Each test works in a folder of its own, $T. What runs in the background is begun by `start NAME CMD…` and
# waited for by `finish NAME [STATUS]`; its standard streams are $T/NAME.out and $T/NAME.err, its stdin is ${stdin}.
# Nothing sleeps and hopes: what has to be waited for is waited for by `wait_until`.

bats_require_minimum_version 1.5.0

# What is the same for each test of a file is found out once: starting a process is most of what a test costs.
setup_file() {
    [[ -x ${DUCTWORKS_BIN:-} ]] || {
        echo 'set DUCTWORKS_BIN to the program under test, or run scripts/test bats' >&2
        return 1
    }
    # Python is started often, so what a version manager puts before it is skipped.
    PYTHON=${PYTHON:-$(python3 -c 'import sys; print(sys.executable)')}
    mkdir "$BATS_FILE_TMPDIR/bin"
    ln -s "$(realpath "$DUCTWORKS_BIN")" "$BATS_FILE_TMPDIR/bin/ductworks"
    PATH=$BATS_FILE_TMPDIR/bin:$PATH
    mkfifo "$BATS_FILE_TMPDIR/nap"
    export PYTHON PATH
    # A file may have something of its own to make once.
    if declare -F prepare_file >/dev/null; then prepare_file; fi
}

setup() {
    T=$BATS_TEST_TMPDIR
    BIN=$BATS_FILE_TMPDIR/bin/ductworks
    PEER=$BATS_TEST_DIRNAME/../peers/peer.py
    SWEEP=$BATS_TEST_DIRNAME/../peers/sweep.py
    stdin=/dev/null
    declare -gA pid=()
    clean_environment
    exec 6<>"$BATS_FILE_TMPDIR/nap"
    cd "$T" || return 1
}

# The caller's own configuration must not reach the program under test, and DUCTWORKS_BIN would be taken for a setting.
clean_environment() {
    local name
    for name in ${!DUCTWORKS@} NO_COLOR; do unset "$name"; done
    export XDG_CONFIG_HOME=$T/config XDG_STATE_HOME=$T/state HOME=$T/home XDG_RUNTIME_DIR=$T/run TMPDIR=$T/tmp
    mkdir "$XDG_CONFIG_HOME" "$HOME" "$TMPDIR" "$XDG_RUNTIME_DIR"
}

teardown() { reap; }

# A test that failed half-way leaves processes behind; each is ended by its own number.
reap() {
    local name
    for name in "${!pid[@]}"; do
        kill -CONT "${pid[$name]}" 2>/dev/null || true
        kill -KILL "${pid[$name]}" 2>/dev/null || true
        wait "${pid[$name]}" 2>/dev/null || true
        report "$name"
    done
}

# Bats shows this beside a failed test only.
report() {
    printf '%s had not been waited for; its stderr:\n' "$1"
    head -c 1000 "$T/$1.err" 2>/dev/null || true
}

fail() {
    printf '%s\n' "$@" >&2
    return 1
}

# wait_until [-t SECONDS] CMD… runs CMD again and again until it succeeds, for at most 20 seconds.
wait_until() {
    local limit=20 deadline
    if [[ $1 == -t ]]; then
        limit=$2
        shift 2
    fi
    deadline=$((SECONDS + limit))
    until "$@"; do
        ((SECONDS <= deadline)) || fail "not within ${limit} s: $*" || return 1
        nap
    done
}

# A moment's pause without a process of its own, since there are many of them: nothing comes from this pipe.
nap() { read -r -t 0.01 -u 6 || true; }

# start NAME CMD… runs CMD in the background. Descriptors 7 to 9 belong to the test (it holds pipes open with them),
# and 3 to bats, which would wait for whoever holds it.
start() {
    local name=$1 stream
    shift
    case $1 in
    ductworks) set -- "$BIN" "${@:2}" ;;
    peer) set -- "$PYTHON" -I -S "$PEER" "${@:2}" ;;
    esac
    # At once, not when the job gets so far: what an earlier one of this name left must not be taken for its own.
    for stream in out err; do
        [[ -p $T/$name.$stream ]] || : >"$T/$name.$stream"
    done
    { exec "$@"; } <"$stdin" >"$T/$name.out" 2>"$T/$name.err" 3>&- 4>&- 6>&- 7>&- 8>&- 9>&- &
    pid[$name]=$!
}

# serve NAME ADDRESS ARG… starts `ductworks listen` and waits until it can be connected to; $address is where.
serve() {
    local name=$1
    shift
    [[ ! -e $T/$name.addr ]] || rm "$T/$name.addr"
    start "$name" ductworks listen --address-file "$T/$name.addr" "$@"
    wait_until there "$T/$name.addr" "$name"
    address=$(<"$T/$name.addr")
}

# peer_serve NAME ADDRESS BEHAVIOUR… is the same for the Python peer.
peer_serve() {
    local name=$1
    shift
    [[ ! -e $T/$name.addr ]] || rm "$T/$name.addr"
    start "$name" peer --ready "$T/$name.addr" listen "$@"
    wait_until there "$T/$name.addr" "$name"
    # shellcheck disable=SC2034 # for the tests
    address=$(<"$T/$name.addr")
}

# there FILE NAME: is FILE there? If NAME has ended instead, there is no use in waiting on.
there() { [[ -s $1 ]] || gone "$2"; }

# In the foreground the program has a minute, then it is killed (137): `run` would wait for it for ever.
ductworks() { timeout --foreground -s KILL 60 "$BIN" "$@"; }
peer() { "$PYTHON" -I -S "$PEER" "$@"; }
sweep() { "$PYTHON" -I -S "$SWEEP" "$@"; }

gone() { ! kill -0 "${pid[$1]}" 2>/dev/null || zombie "${pid[$1]}"; }
running() { ! gone "$1"; }

# Whoever has ended, and has not been waited for by this shell yet, can still be signalled.
zombie() {
    local state
    read -r state 2>/dev/null <"/proc/$1/stat" && [[ ${state##*) } == Z* ]]
}

# finish [-t SECONDS] NAME [STATUS] waits for the end of NAME, which must have ended with STATUS (0).
finish() {
    local limit=20 name expected status=0
    if [[ $1 == -t ]]; then
        limit=$2
        shift 2
    fi
    name=$1
    expected=${2:-0}
    wait_until -t "$limit" gone "$name" || fail "$name still runs; its stderr: $(<"$T/$name.err")" || return 1
    wait "${pid[$name]}" || status=$?
    unset "pid[$name]"
    [[ $status == "$expected" ]] ||
        fail "$name ended with $status, not $expected; its stderr: $(head -c 2000 "$T/$name.err")"
}

# hold FIFO makes a pipe for `stdin` that stays open until `release`; write to it with `>&9`.
hold() {
    mkfifo "$1"
    exec 9<>"$1"
}
release() { exec 9>&-; }

# converse NAME CMD… starts CMD with pipes that stay open: write to it with `>&9`, read a line from it with `reply`.
converse() {
    hold "$1.in"
    mkfifo "$1.out"
    exec 8<>"$1.out"
    stdin=$1.in start "$@"
}
reply() { read -r -t 20 -u 8 REPLY || fail 'no reply came'; }

equal() {
    [[ $1 == "$2" ]] || fail "got:      ${1:0:2000}" "expected: ${2:0:2000}"
}

# contains TEXT PATTERN matches as [[ == ]] does, anywhere in TEXT.
contains() {
    # shellcheck disable=SC2053 # a pattern is meant
    [[ $1 == *$2* ]] || fail "got:             ${1:0:2000}" "expected in it: $2"
}

# holds FILE [LINE…]: FILE holds exactly these lines.
holds() {
    local file=$1 expected='' got
    shift
    if (($#)); then printf -v expected '%s\n' "$@"; fi
    IFS= read -r -d '' got <"$file" || true
    [[ $got == "$expected" ]] || fail "$file:" "${got:0:2000}" 'expected:' "${expected:0:2000}"
}

same() { cmp "$1" "$2" >&2; }

# complaint FILE [PATTERN]: FILE, someone's stderr, is one line in the program's manner, and PATTERN is in it.
# Where it listens is no complaint.
complaint() {
    local -a said=()
    local line
    while read -r line; do
        [[ $line == 'ductworks: listening on '* ]] || said+=("$line")
    done <"$1"
    ((${#said[@]} == 1)) || fail "one line was due on stderr, not ${#said[@]}:" "${said[@]}" || return 1
    [[ ${said[0]} == 'ductworks: '* ]] || fail "not in the program's manner: ${said[0]}" || return 1
    contains "${said[0]}" "${2:-}"
}

# refused STATUS [PATTERN]: the last `run` ended with STATUS, printed nothing and complained.
refused() {
    # shellcheck disable=SC2154 # set by run --separate-stderr
    {
        [[ $status == "$1" ]] || fail "ended with $status, not $1; stderr: $stderr" || return 1
        equal "$output" '' || return 1
        printf '%s\n' "$stderr" >"$T/complaint"
    }
    complaint "$T/complaint" "${2:-}"
}

# through IN OUT [FLAG…] sends stdin, in format IN, through a duct and prints to $T/through.out what arrives, in format
# OUT. Both statuses must be 0, unless $sent or $received say otherwise.
through() {
    local in=$1 out=$2
    shift 2
    cat >"$T/through.in"
    # The directions in which nothing travels are raw, so that FLAG may be one for delimiters.
    stdin=/dev/null serve through "$T/through.sock" --in raw --out "$out" "$@"
    stdin=$T/through.in start sender ductworks connect --in "$in" --out raw "$@" "$T/through.sock"
    finish sender "${sent:-0}" || return 1
    finish through "${received:-0}"
}

# hex prints stdin as digits.
hex() { od -An -v -tx1 | tr -d ' \n'; }

# payloads FILE prints one line of hex digits for each frame in FILE.
payloads() {
    "$PYTHON" -I -S -c '
import struct, sys
data = open(sys.argv[1], "rb").read()
while data:
    magic, size = struct.unpack(">cI", data[:5])
    assert magic == b"T" and len(data) >= 5 + size
    print(data[5:5 + size].hex())
    data = data[5 + size:]' "$1"
}

# peak PID prints how many KiB of memory the process has had at most.
peak() { awk '/^VmHWM/ { print $2 }' "/proc/$1/status"; }

# bulk prints 10 MB, more than fits in the buffers between two ends, as 1,000 documents of a line each.
bulk() { seq 1000 | awk '{ printf "\"%-10000d\"\n", $1 }'; }

# inside CMD… ends as CMD does, or with 99 if it took as long as it would without the promise under test: --wait has ten
# seconds, and what else might hold it up has more.
inside() {
    local begin=$SECONDS status=0
    "$@" || status=$?
    ((SECONDS - begin < 10)) || {
        printf 'took too long: %s\n' "$*" >&2
        return 99
    }
    return "$status"
}

linux() { [[ $(uname) == Linux ]] || skip 'Linux alone has this'; }

# fresh unix|tcp puts an address to listen at, which nobody has used, into $at.
fresh() {
    serial=$((${serial:-0} + 1))
    # shellcheck disable=SC2034 # for the tests
    case $1 in
    unix) at=$T/duct-$serial.sock ;;
    tcp) at=tcp:127.0.0.1:0 ;;
    esac
}
