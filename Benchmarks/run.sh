#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Measures kouan beside other programs, in alternating rounds, and prints Markdown tables (docs/performance.md).
# Progress goes to standard error. Servers listen on 127.0.0.1 only and are ended by their process ids.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    cat <<'TEXT'
usage: Benchmarks/run.sh [seal|open|download|start|memory|negotiate|policy|all]…

Needs python3 and: apt-get install --no-install-recommends time zstd pigz age nginx curl
  KOUAN          the program to measure; otherwise the release build, made first where it is missing
  BENCH_ROUNDS   rounds after the warm-up (5)
  BENCH_DIR      where seal and open work: 3 GiB (/dev/shm where that is free, otherwise TMPDIR or /tmp)
  TMPDIR         where the others work: 10 GiB (/tmp)
  KOUAN_BENCH    the tool that measures decisions from inside; otherwise made as KOUAN is. `policy` also needs python3-venv and PyPI,
                 or BENCH_PYTHON, an interpreter that has cedarpy and vakt
  BENCH_MIB, BENCH_DOWNLOAD_MIB, BENCH_MEMORY_MIB, BENCH_NEGOTIATIONS   sizes (256, 1024, 2048, 30)
TEXT
}

parts=("$@")
[ "${#parts[@]}" -gt 0 ] || parts=(all)
for part in "${parts[@]}"; do
    case "$part" in
    seal | open | download | start | memory | negotiate | policy) ;;
    all) parts=(seal open download start memory negotiate policy) ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
done

if [ -z "${KOUAN:-}" ]; then
    swift build -c release --static-swift-stdlib --product kouan >&2
    KOUAN="$(swift build -c release --static-swift-stdlib --show-bin-path)/kouan"
fi
[ -x "$KOUAN" ] || { echo "bench: error: there is no program \`$KOUAN\`" >&2; exit 1; }
KOUAN=$(readlink -f "$KOUAN")
bench_tool=${KOUAN_BENCH:-}
if [ -z "$bench_tool" ] && [[ " ${parts[*]} " == *" policy "* ]]; then
    swift build -c release --static-swift-stdlib --product kouan-bench >&2
    bench_tool="$(swift build -c release --static-swift-stdlib --show-bin-path)/kouan-bench"
fi
for variable in $(compgen -e KOUAN_ || true); do unset "$variable"; done # the user's node is not the one that is measured
[ -z "$bench_tool" ] || export KOUAN_BENCH="$(readlink -f "$bench_tool")"

disk=${TMPDIR:-/tmp}
fast=${BENCH_DIR:-}
if [ -z "$fast" ]; then
    fast=$disk
    free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1 || echo 0)
    [ "$free" -lt $((3 << 20)) ] || fast=/dev/shm
fi

work=""
clean() { [ -z "$work" ] || rm -rf "$work"; }
trap clean EXIT # the programs end their own servers
trap 'exit 130' INT TERM

PYTHONPATH=Benchmarks PYTHONDONTWRITEBYTECODE=1 python3 -c '
import sys, measure
print(measure.machine([sys.argv[1], "--version"], ["zstd", "--version"], ["pigz", "--version"], ["age", "--version"], ["nginx", "-v"],
                      ["curl", "--version"], ["openssl", "version"]))' "$KOUAN"

for part in "${parts[@]}"; do
    echo "bench: $part" >&2
    case "$part" in
    seal | open) program=seal.py work=$(mktemp -d "$fast/kouan-bench-XXXXXX") ;;
    policy) program=policy.py work=$(mktemp -d "$disk/kouan-bench-XXXXXX") ;;
    *) program=exchange.py work=$(mktemp -d "$disk/kouan-bench-XXXXXX") ;;
    esac
    PYTHONDONTWRITEBYTECODE=1 python3 "Benchmarks/$program" "$part" "$KOUAN" "$work"
    rm -rf "$work"
    work=""
done
