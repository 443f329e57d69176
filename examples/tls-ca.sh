#!/bin/sh
# Makes a certificate authority to throw away, for trying out tls: addresses:  examples/tls-ca.sh [FOLDER [HOST...]]
# In FOLDER (.) are then ca.pem, for --tls-ca on both sides, and server.pem, server-key.pem, client.pem and
# client-key.pem, for --tls-cert and --tls-key of either side. The server's certificate is for this machine alone and
# for each HOST, which is a name or an IP address. All of them are good for DAYS (30) days.
set -eu
umask 077
folder=${1:-.}
[ $# -eq 0 ] || shift
days=${DAYS:-30}
mkdir -p "$folder"
cd "$folder"

names=DNS:localhost,IP:127.0.0.1,IP:::1
for host; do
    case $host in
    *:* | *[0-9].[0-9]*.[0-9]*.[0-9]*) names=$names,IP:$host ;;
    *) names=$names,DNS:$host ;;
    esac
done

# quietly CMD... shows what CMD says only if it fails.
quietly() { "$@" 2>openssl.log || { cat openssl.log >&2 && exit 1; }; }

key() { quietly openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

# sign NAME EXTENSION... makes NAME.pem and NAME-key.pem.
sign() {
    name=$1
    shift
    key "$name-key.pem"
    printf '%s\n' basicConstraints=CA:FALSE keyUsage=digitalSignature "$@" >extensions
    quietly openssl req -new -key "$name-key.pem" -subj "/CN=ductworks $name" -out request
    quietly openssl x509 -req -in request -days "$days" -CA ca.pem -CAkey ca-key.pem -set_serial "0x$(openssl rand -hex 16)" \
        -extfile extensions -out "$name.pem"
    rm request extensions
}

key ca-key.pem
cat >config <<'END'
[req]
distinguished_name = name
x509_extensions = authority
prompt = no
[name]
CN = ductworks throw-away CA
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
END
quietly openssl req -x509 -new -config config -key ca-key.pem -days "$days" -out ca.pem
sign server extendedKeyUsage=serverAuth "subjectAltName=$names"
sign client extendedKeyUsage=clientAuth
# Whoever had the key of the authority could pass for anybody.
rm ca-key.pem config openssl.log
