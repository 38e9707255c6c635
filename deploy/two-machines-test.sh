#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs docs/guide/two-machines.md: each host of the guide in a network namespace of its own, with its own loopback and host names.
set -uo pipefail

usage() {
    cat <<'TEXT'
usage: two-machines-test.sh [--verbose] [--keep]

Needs root, `ip` and a kouan program: KOUAN, or .build/release/kouan. Where network namespaces cannot be made it says SKIPPED, why, and
succeeds. `scp` is a stand-in that copies between the hosts' home directories. Everything it makes is removed at the end.
TEXT
}

options=()
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help) usage; exit 0 ;;
    --verbose | --keep) options+=("$1") ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
skip() {
    echo "two-machines-test.sh: SKIPPED: $1"
    exit 0
}

[ "$(id -u)" = 0 ] || skip 'making network namespaces needs root'
command -v ip >/dev/null || skip 'there is no command `ip` (package iproute2)'
command -v curl >/dev/null || skip 'there is no command `curl`'
program=${KOUAN:-$root/.build/release/kouan}
[ ! -d "$program" ] || program=$program/kouan
if [ ! -x "$program" ]; then
    echo "two-machines-test.sh: error: there is no program \`$program\`" >&2
    echo 'two-machines-test.sh: hint: build one with deploy/demo.sh, or name one in KOUAN' >&2
    exit 1
fi

battery=kouan-battery-$$ car=kouan-car-$$
work=$(mktemp -d "${TMPDIR:-/tmp}/kouan-machines-XXXXXX") || exit 1
made=() had_etc_netns=no
[ ! -d /etc/netns ] || had_etc_netns=yes

# Deleting a namespace deletes the ends of the cable inside it.
cleanup() {
    local name
    for name in "${made[@]}"; do
        ip netns delete "$name" 2>/dev/null
        rm -rf -- "/etc/netns/$name"
    done
    [ $had_etc_netns = yes ] || rmdir /etc/netns 2>/dev/null
    rm -rf -- "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

try() {
    local why
    why=$("$@" 2>&1) || skip "\`$*\` failed: $why"
}

for name in $battery $car; do
    try ip netns add "$name"
    made+=("$name")
    try mkdir -p "/etc/netns/$name"
    printf '127.0.0.1 localhost\n192.0.2.10 battery.example\n192.0.2.20 car.example\n' >"/etc/netns/$name/hosts" ||
        skip "/etc/netns/$name/hosts cannot be written"
    try ip -n "$name" link set lo up
done
try ip -n $battery link add wire type veth peer name wire netns $car
try ip -n $battery address add 192.0.2.10/24 dev wire
try ip -n $car address add 192.0.2.20/24 dev wire
try ip -n $battery link set wire up
try ip -n $car link set wire up
# One look through the namespace: its own mounts need rights that some containers do not give.
try ip netns exec $battery grep -q car.example /etc/hosts

mkdir "$work/bin"
cat >"$work/bin/scp" <<'SHELL'
#!/usr/bin/env bash
# Stands in for scp between the hosts of the guide: `scp FILE... HOST.example:`.
set -eu
target=${!#}
host=${target%%.example:*}
[ "$target" = "$host.example:" ] || { echo "scp: this stand-in copies to HOST.example: only" >&2; exit 2; }
mkdir -p -- "$HOME/../home-$host"
cp -- "${@:1:$#-1}" "$HOME/../home-$host/"
SHELL
chmod +x "$work/bin/scp"

status=0
KOUAN=$program "$root/deploy/check-readme.sh" "${options[@]}" --path "$work/bin" \
    --terminal "battery=ip netns exec $battery" --terminal "car=ip netns exec $car" --terminal ca=env \
    "$root/docs/guide/two-machines.md" || status=$?
[ $status != 0 ] || echo 'two-machines-test.sh: the guide works between two network namespaces'
exit $status
