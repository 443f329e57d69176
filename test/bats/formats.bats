#!/usr/bin/env bats
# Formats: which records stdin holds, which payloads they are, and how payloads are printed.

# shellcheck disable=SC2030,SC2031,SC2094,SC2154 # variables come from run and test_helper, each test is a subshell
load test_helper

# on_the_wire FORMAT [FLAG…]: the payloads that stdin makes, one a line in hex digits, in ./digits.
on_the_wire() {
    local format=$1
    shift
    peer_serve wire "$T/wire.sock" recv --hex
    ductworks connect --in "$format" "$@" "$T/wire.sock"
    finish wire
    mv wire.out digits
}

# rejected FORMAT PATTERN [PAYLOAD…]: of stdin, these payloads are sent, and then sending ends with 65.
rejected() {
    local format=$1 pattern=$2
    shift 2
    peer_serve wire "$T/wire.sock" recv --raw
    run --separate-stderr ductworks connect --in "$format" "$T/wire.sock"
    refused 65 "$pattern"
    finish wire
    holds wire.out "$@"
}

# shown FORMAT STEPS: what is printed in FORMAT, in ./got, when a peer takes these steps.
shown() {
    local format=$1
    peer_serve wire "$T/wire.sock" script "$2"
    ductworks connect --out "$format" --recv-only "${@:3}" "$T/wire.sock" >got 2>said </dev/null
}

# hidden FORMAT DIGITS… shows frames of these payloads and then `"next"`, of which only the last can be shown.
hidden() {
    local format=$1 digits=$2 status=0
    shown "$format" "bytes $(printf '54%08x' $((${#digits} / 2)))$digits; raw \"next\"" "${@:3}" || status=$?
    equal "$status" 65
    complaint said
    equal "$(<got)" "$([[ $format == json ]] && echo '"next"' || echo next)"
    finish wire
}

@test "json: many documents on a line, documents of many lines, white space around them" {
    on_the_wire json <<<$'{}{}[1]  \t "a" 1 2\n\n\n  [1,\n 2]true false null -1'
    holds digits 7b7d 7b7d 5b315d 226122 31 32 "$(printf '[1,\n 2]' | hex)" \
        "$(printf true | hex)" "$(printf false | hex)" "$(printf null | hex)" 2d31
}

@test "json: the last document needs no newline" {
    on_the_wire json < <(printf '{"a":1}\n12')
    holds digits 7b2261223a317d 3132
}

@test "json: a document of 100 lines is one message and one line, its text otherwise untouched" {
    { echo '['; for ((i = 1; i < 99; i++)); do printf '  {"n" :  %d},\n' "$i"; done; echo ' 1.0]'; } >pretty
    equal "$(wc -l <pretty)" 100
    through json json <pretty
    equal "$(wc -l <through.out)" 1
    contains "$(<through.out)" '[{"n":1},{"n":2},'
    contains "$(<through.out)" ',1.0]'
}

@test "json: a document on one line keeps its spaces" {
    through json json <<<'{ "a" : [ 1,  2 ] }'
    holds through.out '{ "a" : [ 1,  2 ] }'
}

@test "json: a payload with a carriage return is compacted, too" {
    shown json "bytes 540000000$(printf '[1,\r2]' | wc -c)$(printf '[1,\r2]' | hex)"
    holds got '[1,2]'
    finish wire
}

@test "json: numbers, key order, duplicate keys and escapes travel unchanged" {
    {
        printf '%s\n' '{"b":1,"a":2,"b":3}' '[1.0,1e5,1E+400,-0,0.10]' '"\u0041\/\ud83d\ude00"' '"\ud800"'
        "$PYTHON" -c 'print("9" * 5000)'
    } >documents
    through json json <documents
    same through.out documents
}

@test "json: 10,000 levels pass, 10,001 do not" {
    "$PYTHON" -c 'print("[" * 10000 + "]" * 10000)' >deep
    through json json <deep
    same through.out deep
    rejected json 'line 1: ' < <("$PYTHON" -c 'print("[" * 10001 + "]" * 10001)')
}

@test "json: each kind of bad input is 65, names its line, and ends the sending after what was before it" {
    local bad
    for bad in NaN '[1,]' '{"a":1,}' "{'a':1}" $'"\xff"' $'"\xc3"' '01' '+1' '.5' '1.' 'truefalse' 'null-1' 'nul' '"a' '[1' \
        '{"a"}' $'"a\tb"' '"\x"' ']' '/* */ 1'; do
        # An array that nobody closed is found out by what comes in the next line.
        rejected json 'line [34]: ' '{}' 2 < <(printf '{}\n2\n%s\n"after"' "$bad")
    done
}

@test "json: a byte order mark is bad input" {
    rejected json 'line 1: ' < <(printf '\xef\xbb\xbf1\n')
}

@test "json: the line of a fault inside a long document is named" {
    rejected json 'line 4: ' 1 < <(printf '1\n[1,\n2,\n nope]\n')
}

@test "bad input ends the sending alone: what the peer still says is printed" {
    peer_serve wire "$T/wire.sock" script "recv; wait-eof; send 1; send 2"
    run --separate-stderr ductworks connect "$T/wire.sock" < <(printf '"sent"\nbad\n')
    equal "$status" 65
    equal "$output" $'1\n2'
    contains "$stderr" 'line 2: '
    finish wire
}

@test "bad input ends the sending at once, though stdin stays open" {
    hold in
    peer_serve wire "$T/wire.sock" script 'drain; send "seen"'
    stdin=in start client ductworks connect "$T/wire.sock"
    printf '1\n[1,}\n' >&9
    finish client 65
    holds client.out '"seen"'
    finish wire
    holds wire.out 1
}

@test "json: payloads that are no document are not printed, and the next ones are" {
    hidden json ''
    hidden json "$(printf NaN | hex)"
    hidden json "$(printf '1 2' | hex)"
    hidden json "$(printf '[1,]' | hex)"
    hidden json efbbbf31
    hidden json 22ff22
}

@test "an unprintable payload's number and size are on stderr" {
    local status=0
    shown json 'raw 1; raw oops; raw 3; raw oh no; raw 5' || status=$?
    equal "$status" 65
    holds got 1 3 5
    equal "$(wc -l <said)" 2
    contains "$(sed -n 1p said)" 2
    contains "$(sed -n 1p said)" 4
    contains "$(sed -n 2p said)" 'ductworks: '
    finish wire
}

@test "text: a line is a JSON string in which only what must be is escaped" {
    on_the_wire text < <(printf 'plain\n"q" \\b\\\n\b\f\r\t\001\037\177\né😀</>\n\nlast')
    {
        printf '"plain"' | hex && echo
        printf '"\\"q\\" \\\\b\\\\"' | hex && echo
        printf '"\\b\\f\\r\\t\\u0001\\u001f\177"' | hex && echo
        printf '"é😀</>"' | hex && echo
        printf '""' | hex && echo
        printf '"last"' | hex && echo
    } >expected
    same digits expected
}

@test "text: strings are printed as their text, other documents as compact JSON" {
    shown text 'raw "a b"; raw ""; raw {"a": [1, 2.50]}; raw null; raw "\u00e9\ud83d\ude00\t\\"'
    printf '%s\n' 'a b' '' '{"a":[1,2.50]}' null $'é😀\t\\' >expected
    same got expected
    finish wire
}

@test "text: what a line cannot hold is not printed" {
    hidden text "$(printf '"\\ud800"' | hex)"
    hidden text "$(printf '"a\\nb"' | hex)"
    hidden text "$(printf nope | hex)"
}

@test "text: invalid UTF-8 on stdin is bad input" {
    rejected text 'line 2: ' '"a"' < <(printf 'a\n\xff\nb\n')
}

@test "text: with -0, lines may hold newlines" {
    through text text -0 < <(printf 'a\nb\0\0c')
    printf 'a\nb\0\0c\0' >expected
    same through.out expected
}

@test "text: NUL, DEL, CR and a byte order mark are data" {
    printf 'a\0b\177\r\n\xef\xbb\xbfc\n' >lines
    through text text <lines
    same through.out lines
}

@test "raw: a line's bytes, the empty line too, and no JSON" {
    on_the_wire raw < <(printf 'a b\r\n\n\xff\0\nlast')
    holds digits 6120620d '' ff00 6c617374
}

@test "raw: a payload that holds the delimiter is not printed" {
    local status=0
    shown raw 'bytes 5400000003610a62; raw next' || status=$?
    equal "$status" 65
    holds got next
    complaint said
    finish wire
}

@test "raw: -0 and delimiters of several bytes, one that overlaps itself" {
    on_the_wire raw -0 < <(printf 'a\nb\0c')
    holds digits 610a62 63
    on_the_wire raw -d aab < <(printf 'xaaab--aabend')
    holds digits 7861 2d2d 656e64
    on_the_wire raw -d '::' < <(printf 'a:b:::c')
    holds digits 613a62 3a63
}

@test "raw: a payload whose end would make the delimiter come too early is not printed" {
    local status=0
    shown raw 'raw xa; raw b' -d aa || status=$?
    equal "$status" 65
    equal "$(<got)" baa
    complaint said
    finish wire
}

@test "base64 and hex: each line decoded, each payload encoded" {
    on_the_wire base64 < <(printf 'AP8=\n\naGVsbG8=')
    holds digits 00ff '' 68656c6c6f
    on_the_wire hex < <(printf '00ff\n\n48656C6c6f')
    holds digits 00ff '' 48656c6c6f
    shown base64 'bytes 540000000200ff; bytes 5400000000'
    holds got AP8= ''
    finish wire
    shown hex 'bytes 540000000200ff; bytes 5400000000'
    holds got 00ff ''
    finish wire
}

@test "base64 and hex: bad input names its line" {
    rejected base64 'line 2: ' a < <(printf 'YQ==\nY!==\n')
    rejected base64 'line 1: ' < <(printf 'YQ=\n')
    rejected hex 'line 2: ' a < <(printf '61\n6g\n')
    rejected hex 'line 1: ' < <(printf '616\n')
}

@test "frame: frames on stdin are the messages, frames on stdout what came" {
    printf 'T\0\0\0\002hiT\0\0\0\0T\0\0\0\001\n' >frames
    on_the_wire frame <frames
    holds digits 6869 '' 0a
    through frame frame <frames
    same through.out frames
}

@test "frame: a bad or torn frame on stdin is bad input" {
    rejected frame '' a < <(printf 'T\0\0\0\001aX\0\0\0\001b')
    rejected frame '' a < <(printf 'T\0\0\0\001aT\0\0\0\003bc')
    rejected frame '' a < <(printf 'T\0\0\0\001aT\0\0')
}

@test "whole: all of stdin is one message, the empty stdin too" {
    on_the_wire whole < <(printf 'a\nb\0\n')
    holds digits 610a62000a
    on_the_wire whole </dev/null
    holds digits ''
}

@test "whole: payloads are printed with nothing between" {
    shown whole 'raw ab; bytes 5400000000; raw cd'
    equal "$(<got)" abcd
    finish wire
}

@test "each direction can have its own format" {
    peer_serve wire "$T/wire.sock" echo
    run -0 --separate-stderr ductworks connect --in hex --out text "$T/wire.sock" <<<2268c3a922
    equal "$output" 'hé'
    finish wire
    peer_serve wire "$T/wire.sock" echo
    run -0 --separate-stderr ductworks connect -f raw --out hex "$T/wire.sock" <<<a
    equal "$output" 61
    finish wire
}

# random_frames SEED [BYTES] prints 200 frames of up to 300 bytes out of these.
random_frames() {
    "$PYTHON" -c 'import random, struct, sys
random.seed(sys.argv[1])
some = bytes.fromhex(sys.argv[2]) if sys.argv[2:] else bytes(range(256))
for _ in range(200):
    payload = bytes(random.choices(some, k=random.choice([0, 1, 2, 3, 50, 300])))
    sys.stdout.buffer.write(struct.pack(">cI", b"T", len(payload)) + payload)' "$@"
}

# restored FORMAT [FLAG…]: out in FORMAT and in again gives the same bytes.
restored() {
    local format=$1
    shift
    through frame "$format" "$@" <frames
    mv through.out records
    through "$format" frame "$@" <records
    same through.out frames
}

@test "what --out prints, --in reads back: base64, hex and frame, for any bytes" {
    random_frames 1 >frames
    restored base64
    restored hex
    restored frame
}

@test "what --out prints, --in reads back: raw, for payloads without the delimiter" {
    random_frames 2 000109ff0d2054 >frames
    restored raw
    random_frames 3 01090aff0d20 >frames
    restored raw -0
    # Payloads of `b`s and `c`s can neither hold nor complete this delimiter.
    random_frames 4 6263 >frames
    restored raw -d abab
}

@test "what --out prints, --in reads back: text, for any string" {
    "$PYTHON" -c 'import json, random
random.seed(5)
for _ in range(200):
    text = "".join(chr(random.choice([0, 1, 9, 13, 34, 92, 127, 233, 0x2028, 0xfeff, 0x1f600])) for _ in range(9))
    print(json.dumps(text))' >texts
    through json text <texts
    mv through.out lines
    through text json <lines
    diff <("$PYTHON" -c 'import json, sys; [print(json.loads(line)) for line in sys.stdin]' <texts | hex) \
        <("$PYTHON" -c 'import json, sys; [print(json.loads(line)) for line in sys.stdin]' <through.out | hex) >&2
}

@test "-m sends its texts instead of stdin, each exactly one record" {
    on_the_wire json -m '{"a":1}' -m ' [1, 2] ' < <(echo '"not read"')
    holds digits 7b2261223a317d 5b312c20325d
    on_the_wire text -m $'two\nlines' -m 'a,b' -m ''
    holds digits 2274776f5c6e6c696e657322 22612c6222 2222
    on_the_wire raw -m $'two\nlines' -m ''
    holds digits 74776f0a6c696e6573 ''
    on_the_wire hex -m 00ff
    holds digits 00ff
}

@test "-m that is not exactly one record is 65 before anything is connected" {
    local bad
    serve listener "$T/a.sock"
    for bad in '{' '1 2' '' NaN; do
        run --separate-stderr ductworks connect -m 1 -m "$bad" "$T/a.sock" </dev/null
        refused 65
    done
    run --separate-stderr ductworks connect -f hex -m 0 "$T/a.sock" </dev/null
    refused 65
    # The listener's one place is still free.
    ductworks connect -m '"first"' "$T/a.sock"
    finish listener
    holds listener.out '"first"'
}

@test "nobody waits in a buffer while the wire is quiet" {
    local format
    for format in json text raw hex; do
        peer_serve wire "$T/wire.sock" echo
        converse "client-$format" ductworks connect -f "$format" "$T/wire.sock"
        # The start of the next record is there already, and must not hold back the one that is complete.
        printf '22\n3' >&9
        reply
        equal "$REPLY" 22
        echo 3 >&9
        reply
        equal "$REPLY" 33
        release
        finish "client-$format"
        finish wire
    done
}

@test "a json document is sent as soon as it is complete, without a newline" {
    peer_serve wire "$T/wire.sock" echo
    converse client ductworks connect "$T/wire.sock"
    printf '{"a":[]}' >&9
    reply
    equal "$REPLY" '{"a":[]}'
    printf '"b"' >&9
    reply
    equal "$REPLY" '"b"'
    release
    finish client
    finish wire
}

@test "frame: frames are passed on one by one while stdin stays open" {
    peer_serve wire "$T/wire.sock" echo
    converse client ductworks connect --in frame --out raw "$T/wire.sock"
    printf 'T\0\0\0\002hiT\0' >&9
    reply
    equal "$REPLY" hi
    printf '\0\0\001!' >&9
    reply
    equal "$REPLY" '!'
    release
    finish client
    finish wire
}

@test "a format that does not exist is 64 and the ones that do are named" {
    run --separate-stderr ductworks connect -f xml "$T/a.sock" </dev/null
    refused 64 json
}
