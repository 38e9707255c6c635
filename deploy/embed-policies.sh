#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Writes Sources/kouan/EmbeddedPolicies.swift from Policies/, so that the program carries its templates wherever it is copied.
# A test fails when the two differ; run this after changing a template.
set -euo pipefail
cd "$(dirname "$0")/.."

dictionary() { # directory
    local file
    for file in "$1"/*.json; do
        case "$file" in *.cases.json) continue ;; esac
        printf '        "%s": #"""\n' "$(basename "$file" .json)"
        sed 's/^/            /' "$file"
        printf '\n            """#,\n'
    done
}

{
    echo '// SPDX-License-Identifier: Apache-2.0'
    echo
    echo '// swift-format-ignore-file'
    echo '// Made by deploy/embed-policies.sh from Policies/. Do not edit.'
    echo
    echo '/// The policies that come with the program.'
    echo 'enum EmbeddedPolicies {'
    echo '    /// Policies/templates: what people start from.'
    echo '    static let all: [String: String] = ['
    dictionary Policies/templates
    echo '    ]'
    echo
    echo '    /// Policies/examples: for demos and tests.'
    echo '    static let examples: [String: String] = ['
    dictionary Policies/examples
    echo '    ]'
    echo '}'
} > Sources/kouan/EmbeddedPolicies.swift.new
mv Sources/kouan/EmbeddedPolicies.swift.new Sources/kouan/EmbeddedPolicies.swift
