# SPDX-License-Identifier: Apache-2.0
# Short names for what people type often. Each is one command that can be typed by hand.
.PHONY: build test demo format lint fuzz fuzz-policy bench policies clean

build: ## debug build of everything
	swift build

test: ## dependencies, build, all tests, Python readers
	deploy/test.sh

demo: ## dependencies, release build, the whole exchange on this machine
	deploy/demo.sh

format: ## rewrite the sources in the house's format
	swift format -i -r Sources Tests Package.swift

lint: ## fail where the format differs
	swift format lint --strict -r Sources Tests Package.swift

fuzz: ## feed every parser of peer bytes for a minute each
	KOUAN_FUZZ_SECONDS=60 deploy/test.sh --filter "Fuzz|Totality|fuzz"

fuzz-policy: ## ten million random policies, requests and worlds, in a release build
	KOUAN_FUZZ_RUNS=$${KOUAN_FUZZ_RUNS:-10000000} swift test -c release -Xswiftc -enable-testing --filter TotalityTests

bench: ## measure beside the peers of docs/performance.md
	Benchmarks/run.sh all

policies: ## embed Policies/ into the program again
	deploy/embed-policies.sh

clean: ## forget all builds
	rm -rf .build
