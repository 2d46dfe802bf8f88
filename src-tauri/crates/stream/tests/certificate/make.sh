#!/bin/sh
# Makes the other forms of root.pem, and the certificates that clients show, anew: ./make.sh, in this folder.
# The authority's key is thrown away. Needs OpenSSL 3 with its legacy provider.
set -eu
openssl x509 -in root.pem -addtrust serverAuth -trustout -out root.trusted.pem
openssl crl2pkcs7 -nocrl -certfile root.pem -out root.p7b
openssl crl2pkcs7 -nocrl -certfile root.pem -outform DER -out root.p7b.der

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd client
key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }
key "$work/authority.key"
openssl req -x509 -new -key "$work/authority.key" -days 36500 -subj "/CN=Clients" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign -out authority.pem
key client.key
openssl req -new -key client.key -subj "/CN=anna" -out "$work/client.csr"
printf 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\n' > "$work/ext"
openssl x509 -req -in "$work/client.csr" -CA authority.pem -CAkey "$work/authority.key" -days 36500 \
    -extfile "$work/ext" -out client.pem 2>"$work/log" || { cat "$work/log"; exit 1; }
openssl ec -in client.key -out client.ec.key 2>"$work/log"
openssl pkcs8 -topk8 -in client.key -passout pass:s3cret -out client.encrypted.key
key other.key
pkcs12() { openssl pkcs12 -export -inkey client.key -in client.pem -certfile authority.pem -name anna "$@"; }
pkcs12 -passout pass:s3cret -out client.p12
pkcs12 -passout pass: -out client.open.p12
# As Windows exports: 3DES for both, or RC2 for the certificates.
pkcs12 -passout pass:s3cret -legacy -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -out client.3des.p12
pkcs12 -passout pass:s3cret -legacy -out client.rc2.p12
