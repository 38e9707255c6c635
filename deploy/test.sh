#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Dependencies, build, all tests, and the checks in another language. Arguments go on to `swift test` (--filter Sealing).
set -euo pipefail
cd "$(dirname "$0")/.."

deploy/install-deps.sh --tests

# The readers in Python take the distribution's packages, so this works without a package index.
venv=.build/venv
[ -x "$venv/bin/python3" ] || /usr/bin/python3 -m venv --system-site-packages "$venv"
export PATH="$PWD/$venv/bin:$PATH"
python3 -c 'import cryptography, zstandard' 2>/dev/null || python3 -m pip install -q -r Tests/Interop/requirements.txt >&2

# One debug build serves the tests and proves that every import is a declared dependency.
swift build --build-tests --explicit-target-dependency-import-check error
# One after the other: some tests measure the memory of the process, others hold it busy.
swift test --skip-build --no-parallel "$@"

echo
echo "test: reading the package vectors with Tests/Interop/read_package.py"
python3 Tests/Interop/read_package.py --vectors Tests/Vectors/sealed-package

if command -v systemd-analyze >/dev/null; then
    echo "test: exposure of deploy/kouan.service, at most 2.0"
    systemd-analyze security --offline=true --threshold=20 deploy/kouan.service | tail -n 1
fi
