#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes a development authority, one node certificate per participant and a revocation list. See README.md beside it.
set -euo pipefail
umask 077

usage() {
    cat <<'TEXT'
usage: make-dev-pki.sh FOLDER [NAME=URN[,DNS:host][,IP:address]...]... [--revoke NAME]...

  make-dev-pki.sh /tmp/dev-pki 'port=urn:uscc:91350211M000100Y43,DNS:port.example,IP:127.0.0.1'

Keeps an authority that is already in FOLDER, adds the participants and renews the revocation list.
Refuses a FOLDER inside a git working tree: keys do not belong there.
TEXT
}

fail() {
    echo "make-dev-pki.sh: error: $1" >&2
    [ -z "${2:-}" ] || echo "make-dev-pki.sh: hint: $2" >&2
    exit "${3:-1}"
}

[ $# -ge 1 ] || { usage >&2; exit 64; }
case "$1" in -h | --help) usage; exit 0 ;; -*) usage >&2; exit 64 ;; esac
folder=$1
shift
command -v openssl >/dev/null || fail 'the command `openssl` is missing' 'install the package openssl'

# The folder may not exist yet: look at the nearest one above it that does. Links are resolved, so none leads back into a tree.
folder=$(realpath -m -- "$folder")
above=$folder
while [ ! -d "$above" ]; do above=$(dirname -- "$above"); done
while :; do
    [ ! -e "$above/.git" ] || fail "\`$folder\` is inside the git working tree \`$above\`" 'choose a folder outside of it, as /tmp/dev-pki' 73
    [ "$above" != / ] || break
    above=$(dirname -- "$above")
done

participants=()
revoked=()
while [ $# -gt 0 ]; do
    case "$1" in
    --revoke)
        [ $# -ge 2 ] || fail '`--revoke` needs a name' '' 64
        revoked+=("$2")
        shift 2
        ;;
    *=urn:*)
        participants+=("$1")
        shift
        ;;
    *) fail "\`$1\` is not NAME=URN[,DNS:host][,IP:address]" 'see make-dev-pki.sh --help' 64 ;;
    esac
done
for participant in "${participants[@]}"; do
    [[ ${participant%%=*} =~ ^[a-z0-9][a-z0-9-]*$ && ${participant%%=*} != root ]] ||
        fail "\`${participant%%=*}\` is not a name" 'use lower-case letters, digits and hyphens, other than root' 64
    [[ ${participant#*=} =~ ^urn:(uscc|lei|reg):[A-Za-z0-9:._-]+(,(DNS:[A-Za-z0-9.*-]+|IP:[0-9A-Fa-f.:]+))*$ ]] ||
        fail "\`${participant#*=}\` is not a participant and its addresses" 'see make-dev-pki.sh --help' 64
done
for name in "${revoked[@]}"; do [ -f "$folder/$name.pem" ] || fail "there is no certificate \`$folder/$name.pem\`"; done

mkdir -p -- "$folder"
cd -- "$folder"
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

# The database of issued and revoked certificates that `openssl ca` keeps.
[ -f index.txt ] || : >index.txt
[ -f index.txt.attr ] || echo 'unique_subject = no' >index.txt.attr
[ -f crlnumber ] || echo 01 >crlnumber
cat >"$work/ca.cnf" <<CONFIG
[ca]
default_ca = development
[development]
database = $folder/index.txt
crlnumber = $folder/crlnumber
certificate = $folder/root.pem
private_key = $folder/root-key.pem
new_certs_dir = $work
rand_serial = yes
default_md = default
default_days = 90
default_crl_days = 30
policy = anything
crl_extensions = list
copy_extensions = none
[anything]
commonName = supplied
[list]
authorityKeyIdentifier = keyid
[root]
basicConstraints = critical, CA:TRUE, pathlen:1
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[req]
distinguished_name = name
prompt = no
[name]
commonName = Kouan development root
CONFIG

if [ ! -f root.pem ]; then
    [ -f root-key.pem ] || openssl genpkey -algorithm ed25519 -out root-key.pem
    openssl req -x509 -new -key root-key.pem -config "$work/ca.cnf" -extensions root -days 3650 -out root.pem
fi

for participant in "${participants[@]}"; do
    name=${participant%%=*}
    names=${participant#*=}
    [ -f "$name-key.pem" ] || openssl genpkey -algorithm ed25519 -out "$name-key.pem"
    cat >"$work/$name.cnf" <<CONFIG
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = URI:$names
CONFIG
    openssl req -new -key "$name-key.pem" -config "$work/ca.cnf" -subj "/CN=$name" -out "$work/$name.csr"
    openssl ca -batch -notext -config "$work/ca.cnf" -extfile "$work/$name.cnf" -in "$work/$name.csr" -out "$name.pem" 2>"$work/log" ||
        { cat "$work/log" >&2; fail "cannot issue a certificate for \`$name\`"; }
    cp -- "$name.pem" "$name-chain.pem"
done

for name in "${revoked[@]}"; do
    openssl ca -config "$work/ca.cnf" -revoke "$name.pem" 2>"$work/log" ||
        { cat "$work/log" >&2; fail "cannot revoke \`$name\`"; }
    [ ! -f "$name-key.pem" ] || mv -- "$name-key.pem" "$name-key.revoked" # the next certificate gets a new key
done
openssl ca -config "$work/ca.cnf" -gencrl -out crl.pem 2>"$work/log" || { cat "$work/log" >&2; fail 'cannot make the revocation list'; }
for file in *.pem; do case "$file" in *-key.pem) chmod 600 -- "$file" ;; *) chmod 644 -- "$file" ;; esac; done

for participant in "${participants[@]}"; do
    openssl verify -CAfile root.pem -CRLfile crl.pem -crl_check_all "${participant%%=*}.pem" ||
        fail "the certificate of \`${participant%%=*}\` does not verify" 'was it just revoked?'
done
echo "made $folder: root.pem, crl.pem and ${#participants[@]} node certificates"
