// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Glibc
import PolicyEngine

/// Written at once: whoever reads a pipe waits for the line.
func say(_ line: String, to descriptor: Int32 = STDOUT_FILENO) {
    let bytes = Array((line + "\n").utf8)
    var done = 0
    while done < bytes.count {
        let written = bytes[done...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard written > 0 else { exit(1) }
        done += written
    }
}

func fail(_ message: String) -> Never {
    say("kouan-bench: error: \(message)", to: STDERR_FILENO)
    exit(2)
}

var words = CommandLine.arguments.dropFirst()
switch words.popFirst() {
case "policy":
    // A case and a time on each line in, one JSON object on each line out: the peers take their turns in between.
    var cases = PolicyCases()
    while let line = readLine() {
        let parts = line.split(separator: " ")
        guard parts.count == 2, let seconds = Double(parts[1]), let figures = cases.run(String(parts[0]), seconds: seconds) else {
            fail("`\(line)` is no case and a number of seconds")
        }
        say(figures.canonicalText)
    }
case "policy-input":
    // What `kouan policy evaluate` reads for the case `small` or `weekdays`.
    switch words.popFirst() {
    case "small": say(Cases.evaluateInput(Cases.policy(0, target: Cases.target + "0", grants: true)).canonicalText)
    case "weekdays": say(Cases.evaluateInput(Cases.weekdays()).canonicalText)
    default: fail("name `small` or `weekdays`")
    }
default: fail("usage: kouan-bench policy | policy-input small|weekdays")
}
