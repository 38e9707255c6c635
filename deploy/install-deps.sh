#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that building, trying and testing Kouan needs, and does nothing when all are there.
# Messages go to standard error, so that the output of what follows can be read by programs.
set -euo pipefail

# What the program links: TLS and crypto, two codecs, HTTP client, database. git fetches the Swift packages.
packages=(libssl-dev libdeflate-dev libzstd-dev libcurl4-openssl-dev libsqlite3-dev git ca-certificates)
# What only tests use: readers in another language, an independent openssl and curl, network namespaces.
test_packages=(python3 python3-venv python3-cryptography python3-zstandard openssl curl iproute2)

usage() {
    cat <<'TEXT'
usage: install-deps.sh [--tests]

Installs with apt, as root or through sudo:
  always      libssl-dev libdeflate-dev libzstd-dev libcurl4-openssl-dev libsqlite3-dev git ca-certificates
  with --tests also python3 python3-venv python3-cryptography python3-zstandard openssl curl iproute2
TEXT
}

case "${1:-}" in
'') ;;
--tests) packages+=("${test_packages[@]}") ;;
-h | --help) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac

say() { echo "install-deps: $*" >&2; }

command -v swift >/dev/null || {
    say "error: there is no swift command"
    say "hint: install Swift 6.3 for Debian 12 from https://www.swift.org/install/linux/ and put its usr/bin on the PATH"
    exit 1
}

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        say "error: missing packages: ${missing[*]}"
        say "hint: run as root: apt-get install ${missing[*]}"
        exit 1
    }
    as_root=(sudo)
fi

say "installing with apt: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get -q update >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}" >&2
