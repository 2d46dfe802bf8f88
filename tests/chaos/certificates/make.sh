#!/bin/sh
# Makes the certificates of the chaos suite anew: ./make.sh, in this folder. The authority's key is thrown away.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$1.key"; }
request() { openssl req -new -key "$work/$1.key" -subj "/CN=$2" -out "$work/$1.csr"; }
# sign WHOSE-REQUEST FROM UNTIL EXTENSIONS ARGUMENTS…
sign() {
    printf "%b" "$4" > "$work/ext"
    of=$1 from=$2 until=$3
    shift 4
    : > "$work/index"
    openssl ca -batch -notext -config "$work/ca.cnf" -startdate "$from" -enddate "$until" -extfile "$work/ext" \
        -in "$work/$of.csr" -out "$work/signed.pem" "$@" 2>"$work/log" || { cat "$work/log"; exit 1; }
}
cat > "$work/ca.cnf" <<CNF
[ca]
default_ca = ours
[ours]
database = $work/index
new_certs_dir = $work
default_md = sha256
policy = any
rand_serial = yes
unique_subject = no
[any]
commonName = supplied
CNF

key authority
request authority "Gloria chaos tests"
sign authority 20200101000000Z 21260101000000Z 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n' \
    -selfsign -keyfile "$work/authority.key"
cp "$work/signed.pem" authority.pem
key server
request server localhost
openssl pkcs8 -topk8 -nocrypt -in "$work/server.key" -outform DER -out server.key.der
leaf='basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName='
here="$leaf"'DNS:localhost,IP:127.0.0.1\n'
# leaf NAME FROM UNTIL EXTENSIONS ARGUMENTS…
leaf() {
    name=$1 from=$2 until=$3 extensions=$4
    shift 4
    sign server "$from" "$until" "$extensions" "$@"
    openssl x509 -in "$work/signed.pem" -outform DER -out "$name.der"
}
by_authority="-cert authority.pem -keyfile $work/authority.key"
# shellcheck disable=SC2086
{
    leaf good 20200101000000Z 21260101000000Z "$here" $by_authority
    leaf expired 20200101000000Z 20210101000000Z "$here" $by_authority
    leaf not-yet-valid 21200101000000Z 21260101000000Z "$here" $by_authority
    leaf other-name 20200101000000Z 21260101000000Z "$leaf"'DNS:other.example\n' $by_authority
}
leaf self-signed 20200101000000Z 21260101000000Z "$here" -selfsign -keyfile "$work/server.key"
