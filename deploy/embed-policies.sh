#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Writes Sources/kouan/EmbeddedPolicies.swift and Sources/PolicyEngine/Profiles/EmbeddedProfiles.swift from Policies/, so that the
# program carries its templates and profiles wherever it is copied.
# A test fails when the two differ; run this after changing a template.
set -euo pipefail
cd "$(dirname "$0")/.."

dictionary() { # directory [.template]: policies, or the questions about them
    local file
    for file in "$1"/*.json; do
        case "$file" in
        *.cases.json) continue ;;
        *.template.json) [ "${2:-}" = .template ] || continue ;;
        *) [ -z "${2:-}" ] || continue ;;
        esac
        printf '        "%s": #"""\n' "$(basename "$file" "${2:-}.json")"
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
    echo '    /// What to ask before one of them is used, by its name.'
    echo '    static let forms: [String: String] = ['
    dictionary Policies/templates .template
    echo '    ]'
    echo
    echo '    /// Policies/examples: for demos and tests.'
    echo '    static let examples: [String: String] = ['
    dictionary Policies/examples
    echo '    ]'
    echo '}'
} > Sources/kouan/EmbeddedPolicies.swift.new
mv Sources/kouan/EmbeddedPolicies.swift.new Sources/kouan/EmbeddedPolicies.swift

profiles=Sources/PolicyEngine/Profiles/EmbeddedProfiles.swift
{
    echo '// SPDX-License-Identifier: Apache-2.0'
    echo
    echo '// swift-format-ignore-file'
    echo '// Made by deploy/embed-policies.sh from Policies/profiles. Do not edit.'
    echo
    echo 'enum EmbeddedProfiles {'
    echo '    static let all: [String: String] = ['
    dictionary Policies/profiles
    echo '    ]'
    echo '}'
} > "$profiles.new"
mv "$profiles.new" "$profiles"
