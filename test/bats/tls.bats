#!/usr/bin/env bats
# tls: addresses. The independent peer is Python's ssl; openssl makes the certificates.

# shellcheck disable=SC2030,SC2031,SC2094,SC2154 # variables come from run and test_helper, each test is a subshell
load test_helper

prepare_file() {
    export CA=$BATS_FILE_TMPDIR/ca OTHER=$BATS_FILE_TMPDIR/other
    export TLS_PEER=$BATS_TEST_DIRNAME/../peers/tls_peer.py EXAMPLES=$BATS_TEST_DIRNAME/../../examples
    "$EXAMPLES/tls-ca.sh" "$CA" server.test
    "$EXAMPLES/tls-ca.sh" "$OTHER"
}

# What either side shows, and whom it trusts.
server=(--tls-cert "$CA/server.pem" --tls-key "$CA/server-key.pem")
client=(--tls-cert "$CA/client.pem" --tls-key "$CA/client-key.pem")
trust=(--tls-ca "$CA/ca.pem")

# How to run the Python peer, with the same.
python_server() { python=("$PYTHON" -I -S "$TLS_PEER" --cert "$CA/server.pem" --key "$CA/server-key.pem"); }
python_client() { python=("$PYTHON" -I -S "$TLS_PEER" --cert "$CA/client.pem" --key "$CA/client-key.pem" --ca "$CA/ca.pem"); }

# python_serve NAME STEPS [OPTION…] starts a Python listener; $address is where.
python_serve() {
    local name=$1 steps=$2
    shift 2
    python_server
    rm -f "$T/$name.addr"
    start "$name" "${python[@]}" --ready "$T/$name.addr" "$@" listen 0 "$steps"
    wait_until there "$T/$name.addr" "$name"
    address=$(<"$T/$name.addr")
}

@test "tls-ca.sh says how it is run, and makes what both sides need, for nobody else to read" {
    contains "$(sed -n 2p "$EXAMPLES/tls-ca.sh")" ':  examples/tls-ca.sh'
    equal "$(cd "$CA" && printf '%s ' *)" 'ca.pem client-key.pem client.pem server-key.pem server.pem '
    equal "$(find "$CA" -type f -perm /077)" ''
    run ! "$EXAMPLES/tls-ca.sh" /dev/null/folder
}

@test "both sides talk, each having proved who it is" {
    echo '"from listen"' >text
    stdin=text serve listener "${server[@]}" "${trust[@]}" tls::0
    contains "$address" 'tls:127.0.0.1:'
    run -0 --separate-stderr ductworks connect "${client[@]}" "${trust[@]}" "$address" <<<'"from connect"'
    equal "$output" '"from listen"'
    equal "$stderr" ''
    finish listener
    holds listener.out '"from connect"'
    holds listener.err "ductworks: listening on $address"
}

@test "ten megabytes, both ways at once" {
    bulk >bulk
    stdin=bulk serve listener "${server[@]}" tls::0
    ductworks connect "${trust[@]}" "$address" <bulk >got
    finish listener
    same bulk got
    same bulk listener.out
}

@test "a Python client half-closes, and still receives" {
    stdin=/dev/null serve listener "${server[@]}" "${trust[@]}" -m '"to python"' tls::0
    python_client
    run -0 "${python[@]}" connect "${address##*:}" 'send {"to": "ductworks"}; half-close; drain; close'
    equal "$output" '"to python"'
    finish listener
    holds listener.out '{"to": "ductworks"}'
}

@test "connect half-closes to a Python listener, and still receives" {
    python_serve python 'recv; wait-eof; send "after the end"; close' --ca "$CA/ca.pem"
    run -0 --separate-stderr ductworks connect "${client[@]}" "${trust[@]}" -m '"last"' "$address"
    equal "$output" '"after the end"'
    equal "$stderr" ''
    finish python
    holds python.out '"last"'
}

@test "listen half-closes to a Python client" {
    stdin=/dev/null serve listener "${server[@]}" tls::0
    python_client
    run -0 "${python[@]}" connect "${address##*:}" 'wait-eof; send 1; close'
    finish listener
    holds listener.out 1
}

@test "whoever ends in good order says goodbye, however it came to its end" {
    local end
    for end in '--recv-only' '--no-shutdown' '-n 1'; do
        python_serve python 'send 1; half-close; wait-eof; close'
        # shellcheck disable=SC2086 # words
        run -0 --separate-stderr ductworks connect "${trust[@]}" $end "$address" </dev/null
        equal "$output" 1
        finish python
    done
}

@test "a peer that says goodbye and leaves is a clean end, though it does not read our goodbye" {
    python_serve python 'send 1; close'
    converse connect ductworks connect "${trust[@]}" "$address"
    reply
    equal "$REPLY" 1
    finish python
    release
    finish connect
    holds connect.err
}

@test "a stream that is cut is 76, at a frame's end too, and what came before is printed" {
    local how
    for how in cut cut-inside; do
        # With our goodbye unread it would be a reset.
        python_serve python "wait-eof; send 1; $how"
        run --separate-stderr ductworks connect "${trust[@]}" "$address" </dev/null
        equal "$output" 1
        output='' refused 76 'the TLS stream was cut without its close'
        finish python
        serve listener "${server[@]}" tls::0
        python_client
        run -0 "${python[@]}" connect "${address##*:}" "wait-eof; send 1; $how"
        finish listener 76
        holds listener.out 1
        complaint listener.err 'the TLS stream was cut without its close'
    done
}

@test "connect refuses a listener: wrong authority, wrong name, TLS 1.2, no TLS; and the listener goes on" {
    serve listener "${server[@]}" tls::0
    run --separate-stderr ductworks connect -m 1 "$address"
    refused 77 'signed by no authority that we trust; --tls-ca'
    run --separate-stderr ductworks connect --tls-ca "$OTHER/ca.pem" -m 1 "$address"
    refused 77 'signed by no authority that we trust'
    run --separate-stderr ductworks connect "${trust[@]}" --tls-name other.test -m 1 "$address"
    refused 77 'not other.test; --tls-name'
    wait_until grep -c -q 'was refused by a peer' listener.err
    ductworks connect "${trust[@]}" --tls-name server.test -m '"welcome"' "$address"
    finish listener
    holds listener.out '"welcome"'
    python_serve python 'recv' --tls12
    run --separate-stderr ductworks connect "${trust[@]}" -m 1 "$address"
    refused 77 'TLS 1.3'
    finish python 3
}

@test "listen refuses a client: none or another's certificate, TLS 1.2, no TLS; and goes on, and prints nothing of theirs" {
    serve listener "${server[@]}" "${trust[@]}" -m '"secret"' tls::0
    run --separate-stderr ductworks connect "${trust[@]}" -m '"intruder"' "$address"
    refused 77 'it demands a certificate; --tls-cert'
    run --separate-stderr ductworks connect "${trust[@]}" --tls-cert "$OTHER/client.pem" --tls-key "$OTHER/client-key.pem" -m '"intruder"' "$address"
    refused 77 'does not trust the authority that signed our certificate'
    run --separate-stderr ductworks connect "${trust[@]}" "${server[@]}" -m '"intruder"' "$address"
    refused 77 'does not accept our certificate' # which is no client's
    bulk >bulk
    run --separate-stderr ductworks connect "${trust[@]}" "$address" <bulk
    refused 77 'it demands a certificate'
    python_client
    run --separate-stderr -3 "${python[@]}" --tls12 connect "${address##*:}" 'send "intruder"; drain'
    equal "$output" ''
    run --separate-stderr ductworks connect -m '"intruder"' "tcp${address#tls}"
    refused 76 'a TLS alert'
    wait_until grep -q 'does not speak TLS; it has to connect' listener.err
    grep -q 'it has no certificate' listener.err
    grep -q 'does not speak TLS 1.3' listener.err
    run -0 --separate-stderr ductworks connect "${trust[@]}" "${client[@]}" -m '"welcome"' "$address"
    equal "$output" '"secret"'
    finish listener
    holds listener.out '"welcome"'
}

@test "connect with TLS to a listener without: 77 here, 76 there" {
    serve listener tcp::0
    run --separate-stderr ductworks connect "${trust[@]}" -m 1 "tls${address#tcp}"
    refused 77 'TLS; is it a tcp: address?'
    finish listener 76
    complaint listener.err 'a TLS handshake'
    holds listener.out
}

@test "handshakes that stall hold up nobody" {
    local port
    serve listener "${server[@]}" tls::0
    port=${address##*:}
    exec 7<>"/dev/tcp/127.0.0.1/$port" 8<>"/dev/tcp/127.0.0.1/$port"
    printf '\x16\x03\x01' >&7
    inside ductworks connect "${trust[@]}" -m 1 "$address"
    finish listener
    holds listener.out 1
    exec 7>&- 8>&-
}

@test "listen -k, with room for one: a client that is refused takes no place" {
    serve listener -k --max-conns 1 "${server[@]}" "${trust[@]}" tls::0 --each -- cat
    for _ in 1 2; do
        run --separate-stderr ductworks connect "${trust[@]}" -m '"intruder"' "$address"
        refused 77 'it demands a certificate'
    done
    run -0 --separate-stderr ductworks connect "${trust[@]}" "${client[@]}" -m '"welcome"' "$address"
    equal "$output" '"welcome"'
    kill "${pid[listener]}"
    finish listener 143
}

@test "--tls-insecure believes anybody, and says so" {
    serve listener "${server[@]}" tls::0
    run -0 --separate-stderr ductworks connect --tls-insecure -m 1 "$address"
    contains "$stderr" "--tls-insecure: whoever is at $address is believed"
    finish listener
}

@test "the key may stand in the file of the certificate" {
    cat "$CA/server.pem" "$CA/server-key.pem" >both.pem
    serve listener --tls-cert both.pem tls::0
    ductworks connect "${trust[@]}" -m 1 "$address"
    finish listener
}

@test "files that cannot be used are 66, and named together with their flag" {
    echo nothing >nothing
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -pass pass:x -out locked.pem
    try() {
        run --separate-stderr ductworks connect "$@" tls::1 </dev/null
    }
    try --tls-ca missing
    refused 66 '--tls-ca: open missing: no such file'
    try --tls-cert missing --tls-key "$CA/client-key.pem"
    refused 66 '--tls-cert: open missing'
    try --tls-cert "$CA/client.pem" --tls-key missing
    refused 66 '--tls-key: open missing'
    try --tls-ca nothing
    refused 66 '--tls-ca: nothing holds no PEM block'
    try --tls-cert nothing
    refused 66 '--tls-cert: nothing holds no PEM block'
    try --tls-cert "$CA/client.pem"
    refused 66 'no PEM block "PRIVATE KEY"'
    try --tls-cert "$CA/client.pem" --tls-key locked.pem
    refused 66 'passphrase'
    try --tls-cert "$CA/client.pem" --tls-key "$CA/server-key.pem"
    refused 66 'does not match'
}

@test "flags that have no meaning are 64, with the way out" {
    run --separate-stderr ductworks listen tls::0 </dev/null
    refused 64 '--tls-cert and --tls-key name them'
    run --separate-stderr ductworks connect "${trust[@]}" tcp::1 </dev/null
    refused 64 '--tls-ca is for tls: addresses'
    run --separate-stderr ductworks listen "${server[@]}" "$T/a.sock" </dev/null
    refused 64 '--tls-cert is for tls: addresses'
    run --separate-stderr ductworks connect --tls-key "$CA/client-key.pem" tls::1 </dev/null
    refused 64 '--tls-cert'
    run --separate-stderr ductworks connect --tls-insecure "${trust[@]}" tls::1 </dev/null
    refused 64 'contradicts'
    run --separate-stderr ductworks exec "${server[@]}" true </dev/null
    refused 64 '--tls-cert is for tls: addresses'
}

@test "what the environment and the configuration file say of TLS leaves other addresses alone" {
    export DUCTWORKS_TLS_CA=$CA/ca.pem
    serve listener "$T/a.sock"
    ductworks connect -m 1 "$T/a.sock"
    finish listener
    serve listener "${server[@]}" tls::0
    ductworks connect "${client[@]}" -m 2 "$address"
    finish listener
    holds listener.out 2
}

@test "an address that others can reach is warned about, unless it demands certificates" {
    local -A warning=([tcp]='can connect, and read and change' [tls]='--tls-ca demands a certificate')
    local scheme
    for scheme in tcp tls; do
        [[ $scheme == tcp ]] || set -- "${server[@]}"
        serve listener "$@" "$scheme:0.0.0.0:0"
        grep -q -e "${warning[$scheme]}" listener.err
        kill "${pid[listener]}"
        finish listener 143
        serve listener "$@" --quiet "$scheme:0.0.0.0:0"
        kill "${pid[listener]}"
        finish listener 143
        holds listener.err
        serve listener "$@" "$scheme:127.0.0.1:0"
        kill "${pid[listener]}"
        finish listener 143
        holds listener.err "ductworks: listening on $address"
    done
    serve listener "$@" "${trust[@]}" tls:0.0.0.0:0
    kill "${pid[listener]}"
    finish listener 143
    holds listener.err "ductworks: listening on $address"
}

@test "a pair stands between TLS and a plain socket" {
    serve back "$T/back.sock"
    start pair ductworks pair "${server[@]}" --listen tls::0 --connect "$T/back.sock"
    wait_until grep -q 'listening on' pair.err
    address=$(sed -n 's/.*listening on //p' pair.err)
    ductworks connect "${trust[@]}" -m '"through"' "$address"
    finish pair
    finish back
    holds back.out '"through"'
}

@test "exec hands out a tls: address" {
    # shellcheck disable=SC2016 # for the inner shell
    run -0 --separate-stderr ductworks exec "${server[@]}" --at tls::0 \
        sh -c '"$DUCTWORKS" connect --tls-ca "$CA/ca.pem" -m "\"$1\""' - '{}' </dev/null
    contains "$output" '"127.0.0.1:'
}
