#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Dependencies, release build, demo. Arguments go on to `kouan demo`; standard output is the demo's alone.
set -euo pipefail
cd "$(dirname "$0")/.."

deploy/install-deps.sh
echo "demo: building the release (the first time takes some minutes)" >&2
swift build -c release --static-swift-stdlib --product kouan >&2
exec "$(swift build -c release --static-swift-stdlib --show-bin-path)/kouan" demo "$@"
